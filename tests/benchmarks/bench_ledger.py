"""What an attempt costs the ledger: reserving and settling it, by how many callers there are at once.

CPU beside wall, because a commit waits for the disk. The two stores' budgets are those of an agency that sets all of
them: a day and a month, for itself and for the creator. A bare insert with its commit takes turns with them.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import text

from huntaze_backend.core.db import Database
from huntaze_backend.engines.ledger import budgets
from huntaze_backend.engines.ledger.adapters.sql_ledger import SqlLedger
from huntaze_backend.engines.ledger.budgets import Limits
from huntaze_backend.engines.ledger.periods import Period
from huntaze_backend.engines.ledger.port import Usage
from huntaze_contract.ids import new_id
from tests.benchmarks.figures import Figure
from tests.helpers.ledgers import AGENCY, CREATOR, PRICES, charge

__all__ = ["run"]

CALLS = {1: 200, 16: 1600, 64: 3200}
"""By how many callers there are."""
ROUNDS = 3
NO_END = Limits("UTC", None, 10**15)
USED = Usage(90, 10, 20, 5)


@dataclass(frozen=True, slots=True)
class _Cost:
    """Microseconds a call."""

    cpu: float
    wall: float


def run(url: str, key: str | None, name: str) -> list[Figure]:
    """On a migrated database."""
    insert, by_callers = asyncio.run(_run(url, key))
    figures = [Figure(f"insert one row and commit, CPU, {name}", insert.cpu, "µs")]
    for callers, cost in by_callers.items():
        what = f"reserve and settle, {callers} at once"
        figures.append(Figure(f"{what}, CPU, {name}", cost.cpu, "µs", None, "same run"))
        figures.append(Figure(f"{what}, wall, {name}", cost.wall, "µs", None, "same run"))
    return figures


async def _run(url: str, key: str | None) -> tuple[_Cost, dict[int, _Cost]]:
    """The least of some rounds, which is what the neighbours on the machine disturbed least."""
    database = Database.open(url, key=key)
    ledger = SqlLedger(database, PRICES)

    async def insert() -> None:
        row = {"id": new_id()}
        await database.write(lambda session: session.execute(text("INSERT INTO bench_ledger VALUES (:id)"), row))

    async def call() -> None:
        made = charge(creator_id=CREATOR, member_id=CREATOR)
        await ledger.reserve(made, ttl_s=60)
        await ledger.settle(made.attempt_id, USED, outcome="ok", latency_ms=1, ttft_ms=1)

    try:
        await database.write(lambda session: session.execute(text("CREATE TABLE bench_ledger (id varchar(36))")))
        for creator_id in (None, CREATOR):
            for period in Period:
                await database.write(
                    lambda session, creator_id=creator_id, period=period: budgets.create(  # type: ignore[misc]
                        session, AGENCY, creator_id, period, NO_END
                    )
                )
        inserts: list[_Cost] = []
        costs: dict[int, list[_Cost]] = {callers: [] for callers in CALLS}
        for _ in range(ROUNDS):
            inserts.append(await _timed(insert, 1, CALLS[1], ledger))
            for callers, calls in CALLS.items():
                costs[callers].append(await _timed(call, callers, calls, ledger))
        return _least(inserts), {callers: _least(found) for callers, found in costs.items()}
    finally:
        await database.close()


async def _timed(work: Callable[[], Awaitable[None]], callers: int, calls: int, ledger: SqlLedger) -> _Cost:
    async def caller() -> None:
        for _ in range(calls // callers):
            await work()

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    await ledger.drain()
    return _Cost((time.process_time() - cpu) / calls * 1e6, (time.perf_counter() - wall) / calls * 1e6)


def _least(found: list[_Cost]) -> _Cost:
    return _Cost(min(cost.cpu for cost in found), min(cost.wall for cost in found))
