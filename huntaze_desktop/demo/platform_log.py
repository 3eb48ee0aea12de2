"""The platform's own controls: what it refused with 429, which no journal holds, and how it is to misbehave."""

import asyncio
from collections.abc import Sequence
from typing import Any

__all__ = ["refusals", "set_faults"]

ANSWERS_WITHIN_S = 60.0
AGAIN_S = 0.1


async def refusals(port: int, key: str) -> int:
    """How often the sandbox on this port answered 429 since it started."""
    return int((await _call(port, key, "GET", "/admin/status"))["throttled"])


async def set_faults(port: int, key: str, rules: Sequence[dict[str, Any]]) -> None:
    """Put these fault rules in the place of all others; a sandbox that is just starting again is waited for."""
    await _call(port, key, "PUT", "/admin/faults", {"rules": list(rules)})


async def _call(port: int, key: str, method: str, path: str, body: object = None) -> Any:
    import httpx2  # not before the first paint

    deadline = asyncio.get_running_loop().time() + ANSWERS_WITHIN_S
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        while True:
            try:
                answer = await client.request(method, path, json=body, headers={"Authorization": f"Bearer {key}"})
            except httpx2.TransportError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(AGAIN_S)
                continue
            answer.raise_for_status()
            return answer.json()
