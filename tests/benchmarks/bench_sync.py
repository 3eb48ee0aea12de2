"""How fast the server hands out a whole agency, and how fast a desktop with an empty store takes it in."""

import asyncio
import time
from pathlib import Path

from tests.benchmarks.agency import Agency
from tests.benchmarks.figures import Figure
from tests.benchmarks.window_process import Window

__all__ = ["desktop", "server"]

GOAL_SERVER_ROWS = 10_000
GOAL_DESKTOP_ROWS = 5_000
GOAL_GAP_P99_MS = 12.0
ROUNDS = 3


def server(agency: Agency, name: str) -> list[Figure]:
    """The snapshot alone, page after page, bytes only; the best of three."""
    rows, seconds = max((asyncio.run(_pages(agency)) for _ in range(ROUNDS)), key=lambda found: found[0] / found[1])
    rate = rows / seconds
    return [
        Figure(
            f"snapshot of {rows:,} rows, server alone, {name}", rate, "rows/s", GOAL_SERVER_ROWS, more_is_better=True
        )
    ]


async def _pages(agency: Agency) -> tuple[int, float]:
    async with agency.client() as client:
        began = time.perf_counter()
        page: str | None = None
        while True:
            answer = await client.get("/sync/snapshot", params={"page": page} if page else {})
            found = answer.raise_for_status().json()
            page = found["next_page"]
            if page is None:
                return int(found["done"]), time.perf_counter() - began


def desktop(agency: Agency, profile: Path, cache: Path) -> list[Figure]:
    """A first sign-in: from its answer to the last row stored, with the list in view."""
    told = Window(agency.url, profile, cache).sync()
    return [
        Figure(
            f"first sync of {agency.messages:,} messages into the desktop",
            told["rows"] / told["seconds"],
            "rows/s",
            GOAL_DESKTOP_ROWS,
            more_is_better=True,
        ),
        Figure("first sync: until the list is filled", told["list_s"] * 1000, "ms"),
        Figure("first sync: GUI gap p99", told["gap_p99_ms"], "ms", GOAL_GAP_P99_MS, peer="4 ms timer"),
        Figure("first sync: GUI gap at most", told["gap_max_ms"], "ms", peer="4 ms timer"),
        Figure("first sync: desktop CPU", told["cpu_s"], "s"),
    ]
