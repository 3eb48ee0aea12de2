"""What a person feels of the window: its start, opening conversations, and what it costs to leave it open."""

from pathlib import Path
from typing import Any

from tests.benchmarks.agency import Agency
from tests.benchmarks.figures import Figure, percentile
from tests.benchmarks.window_process import Window
from tests.benchmarks.window_store import grow

__all__ = ["run"]

STARTS = 7
NO_SERVER = "http://127.0.0.1:9"
"""Discard: nobody listens. A server would find that the copies in the large store are not its own."""


def run(agency: Agency, profile: Path, cache: Path) -> list[Figure]:
    """On a profile that has been synced."""
    window = Window(agency.url, profile, cache)
    window.start()  # compiles what is not yet
    starts = [window.start() for _ in range(STARTS)]
    work = window.work()
    wall, cpu = work["wall_ms"], work["cpu_ms"]
    peer = f"min of {STARTS}, source, offscreen"
    return [
        Figure("start to first paint", min(one["paint_ms"] for one in starts), "ms", 300, peer),
        Figure("start to first paint, CPU", min(one["paint_cpu_ms"] for one in starts), "ms", None, peer),
        Figure("start to the filled list", min(one["list_ms"] for one in starts), "ms", 800, peer),
        Figure("open a conversation, GUI CPU p50", percentile(cpu, 0.5), "ms", None, f"{len(cpu)} switches"),
        Figure("open a conversation, GUI CPU p95", percentile(cpu, 0.95), "ms", 20, f"{len(cpu)} switches"),
        Figure("open a conversation, wall p50", percentile(wall, 0.5), "ms", None, f"{len(wall)} switches"),
        Figure("open a conversation, wall p95", percentile(wall, 0.95), "ms", None, f"{len(wall)} switches"),
        Figure("memory after the switches", work["rss_mb"], "MB", 180, "resident, 10^6 bytes"),
        Figure("CPU when nothing happens", work["idle_percent"], "%", 0.1, "of one core, over 10 s"),
        *_large(Window(NO_SERVER, profile, cache)),
    ]


def _large(window: Window) -> list[Figure]:
    """The same window over the store of a big agency; what the GUI thread computes is judged, the clock beside it."""
    fans, messages = grow(window.profile)
    work = window.large()
    peer = f"{fans:,} fans, {messages:,} messages"
    return [
        *_judged("large: open a conversation", work["open"], 20, peer),
        *_judged("large: scroll frame", work["scroll"], 4, peer),
        *_judged("large: keystroke to filtered list", work["filter"], 25, peer),
        Figure("large: memory", work["rss_mb"], "MB", 180, peer),
    ]


def _judged(name: str, measured: dict[str, Any], goal: float, peer: str) -> list[Figure]:
    beside = f"{len(measured['cpu_ms'])} times, {peer}"
    return [
        Figure(f"{name}, GUI CPU p95", percentile(measured["cpu_ms"], 0.95), "ms", goal, beside),
        Figure(f"{name}, wall p50", percentile(measured["wall_ms"], 0.5), "ms", None, beside),
        Figure(f"{name}, wall p95", percentile(measured["wall_ms"], 0.95), "ms", None, beside),
    ]
