"""What a permit costs: asking four meters for one and settling it, against inserting one row, all of them committed.

The three take turns call by call on the same store in one run, so that the ratios hold on a busy machine. In production
the permit is taken in the unit of work that opens the attempt anyway; here it pays for a commit of its own.
"""

import asyncio
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from huntaze_backend.core.db import Database
from huntaze_backend.engines.limits.adapters.sql_log import SqlRateGate
from huntaze_backend.engines.limits.port import Meter
from huntaze_contract.ids import new_id
from tests.benchmarks.figures import Figure

__all__ = ["run"]

CALLS = 600
WARM_UP = 20
FLIGHT = timedelta(seconds=35)
MINUTE = timedelta(seconds=60)
GOALS = {"SQLite": 0.24, "PostgreSQL": 0.33}
"""What hand-written prototypes of three meters reached against insert and commit (research/limits-and-queue.md §1)."""


def run(url: str, key: str | None, name: str) -> list[Figure]:
    """On a migrated database."""
    insert, acquire, settle = asyncio.run(_run(url, key))
    goal = GOALS[name]
    return [
        Figure(f"insert one row and commit, {name}", insert * 1000, "ms"),
        Figure(f"take a permit of four meters, {name}", acquire * 1000, "ms"),
        Figure(f"settle a permit, {name}", settle * 1000, "ms"),
        Figure(
            f"permits against insert and commit, {name}", insert / acquire, "x", goal, "same run", more_is_better=True
        ),
        Figure(f"settling against insert and commit, {name}", insert / settle, "x", None, "same run"),
    ]


def _meters(account: int) -> list[Meter]:
    return [
        Meter(f"account:{account}", 10, MINUTE),
        Meter(f"fan:{account}", 6, MINUTE),
        Meter(f"campaign:{account}", 7, MINUTE),
        Meter(f"spacing:{account}", 1, timedelta(seconds=3), "spacing"),
    ]


async def _run(url: str, key: str | None) -> tuple[float, float, float]:
    """Median seconds of an insert, of a permit and of settling it; each of its own account, so all are granted."""
    database = Database.open(url, key=key)
    gate = SqlRateGate()
    took: dict[str, list[float]] = {"insert": [], "acquire": [], "settle": []}

    async def timed(what: str, work: Callable[[Session], Any]) -> Any:
        began = time.perf_counter()
        found = await database.write(work)
        took[what].append(time.perf_counter() - began)
        return found

    try:
        await database.write(lambda session: session.execute(text("CREATE TABLE bench_rows (id varchar(36), at int)")))
        for number in range(CALLS):
            row = {"id": new_id(), "at": number}
            await timed("insert", lambda session, row=row: session.execute(_INSERT, row))  # type: ignore[misc]
            meters = _meters(number)
            decision = await timed(
                "acquire",
                lambda session, meters=meters: gate.acquire(session, meters, longest_flight=FLIGHT),  # type: ignore[misc]
            )
            permit = decision.permit
            await timed("settle", lambda session, permit=permit: gate.settle(session, permit, certain=True))  # type: ignore[misc]
    finally:
        await database.close()
    insert, acquire, settle = (statistics.median(took[what][WARM_UP:]) for what in ("insert", "acquire", "settle"))
    return insert, acquire, settle


_INSERT = text("INSERT INTO bench_rows (id, at) VALUES (:id, :at)")
