"""What a person feels of the window: its start, opening conversations, and what it costs to leave it open."""

from pathlib import Path

from tests.benchmarks.agency import Agency
from tests.benchmarks.figures import Figure, percentile
from tests.benchmarks.window_process import Window

__all__ = ["run"]

STARTS = 7


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
    ]
