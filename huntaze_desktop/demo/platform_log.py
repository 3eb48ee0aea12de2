"""What the platform itself counted during a shift and its journal does not hold: the requests it refused with 429."""

__all__ = ["refusals"]


async def refusals(port: int, key: str) -> int:
    """How often the sandbox on this port answered 429 since it started."""
    import httpx2  # not before the first paint

    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        answer = await client.get("/admin/status", headers={"Authorization": f"Bearer {key}"})
        answer.raise_for_status()
        return int(answer.json()["throttled"])
