"""`make bench`: runs the benchmarks one after the other, prints a table and writes bench-output/report.json.

Start it with `python -m tests.benchmarks.run` or as a file, from anywhere. Nothing here is collected by pytest: a busy
machine must not turn a test red.
"""

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tests.benchmarks import (  # noqa: E402
    bench_accept,
    bench_ai,
    bench_backfill,
    bench_change_log,
    bench_compliance,
    bench_ledger,
    bench_limits,
    bench_queue,
    bench_sync,
    bench_window,
)
from tests.benchmarks.agency import agency  # noqa: E402
from tests.benchmarks.figures import Figure, load, table, write  # noqa: E402
from tests.plugins.databases import DATABASE_KEY, migrated  # noqa: E402
from tests.plugins.postgres import running_server  # noqa: E402

OUTPUT = ROOT / "bench-output"
PARTS = ("embedded", "postgresql")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", choices=PARTS, help="the embedded database with the desktop, or PostgreSQL")
    parser.add_argument("--report", type=Path, default=OUTPUT / "report.json")
    only = parser.parse_args()
    figures = bench_compliance.run()
    with tempfile.TemporaryDirectory(prefix="huntaze-bench-") as folder:
        for part in PARTS if only.only is None else (only.only,):
            _say(f"{part} (load {load()})")
            figures += _embedded(Path(folder)) if part == "embedded" else _postgresql(Path(folder))
    sys.stdout.write(f"\n{table(figures)}\n\nload at the end: {load()}\n")
    write(figures, only.report)
    return 0


def _embedded(folder: Path) -> list[Figure]:
    cache = OUTPUT / "pycache"
    profile = folder / "profile"
    migrated(f"sqlite:///{folder / 'ai.db'}", DATABASE_KEY)
    _say("the AI path")
    ai = bench_ai.run(f"sqlite:///{folder / 'ai.db'}", DATABASE_KEY)
    _say("limits, the change log and the job store")
    units = ai + _units_of_work(f"sqlite:///{folder / 'units.db'}", DATABASE_KEY, "SQLite")
    with agency(folder / "sqlite", cache) as filled:
        figures = bench_backfill.run(filled, "SQLite")
        _say(f"snapshots (load {load()})")
        figures += bench_sync.server(filled, "SQLite")
        figures += bench_sync.desktop(filled, profile, cache)
        _say(f"the window (load {load()})")
        figures += bench_window.run(filled, profile, cache)
        _say(f"accepting messages (load {load()})")
        return units + figures + bench_accept.run(filled, "SQLite")


def _postgresql(folder: Path) -> list[Figure]:
    with running_server(durable=True) as server:
        _say("limits, the change log and the job store")
        units = _units_of_work(server.url(server.create()), None, "PostgreSQL")
        return units + _postgresql_agency(folder, server.url(server.create()))


def _postgresql_agency(folder: Path, url: str) -> list[Figure]:
    with agency(folder / "postgresql", OUTPUT / "pycache", url) as filled:
        figures = bench_backfill.run(filled, "PostgreSQL")
        figures += bench_sync.server(filled, "PostgreSQL")
        return figures + bench_accept.run(filled, "PostgreSQL")


def _units_of_work(url: str, key: str | None, name: str) -> list[Figure]:
    """What needs a database and no agency."""
    migrated(url, key)
    figures = bench_limits.run(url, key, name) + bench_change_log.run(url, key, name)
    return figures + bench_queue.run(url, key, name) + bench_ledger.run(url, key, name)


def _say(what: str) -> None:
    sys.stdout.write(f"bench: {what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
