"""How long `POST /api/v2/messages` takes until the message is safe, while the worker delivers."""

import asyncio
import time
from datetime import UTC, datetime
from itertools import count

import httpx2

from huntaze_contract.ids import new_id
from tests.benchmarks.agency import Agency
from tests.benchmarks.figures import Figure, percentile

__all__ = ["run"]

SENDS = {1: 200, 16: 480}
GOAL_P95_MS = 50.0


def run(agency: Agency, name: str) -> list[Figure]:
    return asyncio.run(_run(agency, name))


async def _run(agency: Agency, name: str) -> list[Figure]:
    async with agency.client() as client:
        conversations = await _conversations(client)
        await _send(client, conversations[:20], 1)  # the first ones compile statements
        figures = []
        start = 20
        for at_once, sends in SENDS.items():
            took = await _send(client, conversations[start : start + sends], at_once)
            start += sends
            for share, goal in ((0.5, None), (0.95, GOAL_P95_MS if at_once == 1 else None), (0.99, None)):
                label = f"accept a message, {name}, {at_once} at once, p{share * 100:.0f}"
                figures.append(Figure(label, percentile(took, share), "ms", goal))
    return figures


async def _conversations(client: httpx2.AsyncClient) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    wanted = 20 + sum(SENDS.values())
    while len(found) < wanted:
        params = {"limit": 100, **({"cursor": cursor} if cursor else {})}
        page = (await client.get("/conversations", params=params)).raise_for_status().json()
        found += [row["id"] for row in page["items"] if row["can_send"]]
        cursor = page["next_cursor"]
    return found


async def _send(client: httpx2.AsyncClient, conversations: list[str], at_once: int) -> list[float]:
    """Milliseconds of each; one sender writes to one conversation after the other."""
    took: list[float] = []
    numbers = count(1)
    waiting = list(conversations)

    async def sender() -> None:
        device = new_id()
        while waiting:
            body = {
                "conversation_id": waiting.pop(),
                "text": "Thank you, that made my evening!",
                "composed_at": datetime.now(UTC).isoformat(),
                "device_id": device,
                "device_seq": next(numbers),
            }
            began = time.perf_counter()
            answer = await client.post("/messages", json=body, headers={"Idempotency-Key": new_id()})
            took.append((time.perf_counter() - began) * 1000)
            answer.raise_for_status()

    await asyncio.gather(*(sender() for _ in range(at_once)))
    return took
