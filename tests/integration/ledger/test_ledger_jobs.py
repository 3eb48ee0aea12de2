"""The worker does the ledger's own jobs: leases that ended are booked, sums that are wrong are mended."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from huntaze_backend import jobs
from huntaze_backend.core.db import Database
from huntaze_backend.engines.ledger.adapters.sql_ledger import SqlLedger
from huntaze_backend.engines.ledger.port import Usage
from huntaze_backend.engines.ledger.tables import RollupRow
from huntaze_backend.engines.queue.handlers import Registry
from huntaze_backend.engines.queue.port import Leased, claim, enqueue
from tests.helpers.ledgers import charge, end_leases


async def do(database: Database, name: str) -> None:
    """The job that the schedule of this name makes."""
    registry = Registry()
    jobs.register(registry)
    schedule = next(schedule for schedule in jobs.SCHEDULES if schedule.name == name)

    def take(session: Session) -> Leased:
        enqueue(session, schedule.job(session.info["huntaze.clock"].now()))
        session.flush()
        return claim(session, "test", 1, timedelta(seconds=30))[0]

    leased = await database.write(take)
    handler = registry.of(leased.job.kind)
    assert handler is not None
    await handler(leased, database)


def spent(session: Session) -> int:
    return session.execute(select(func.sum(RollupRow.cost)).where(RollupRow.grain == "day")).scalar_one() or 0


async def test_leases_that_ended_are_booked(database: Database, ledger: SqlLedger) -> None:
    await ledger.reserve(charge(), ttl_s=30)
    await do(database, "ledger.expire")
    assert await database.read(spent) == 0
    await database.write(end_leases)
    await do(database, "ledger.expire")
    assert await database.read(spent) == 200_000


@pytest.mark.parametrize("harm", ["UPDATE ledger_rollups SET cost = 1", "DELETE FROM ledger_rollups"])
async def test_sums_that_are_wrong_are_mended(database: Database, ledger: SqlLedger, harm: str) -> None:
    reserved = await ledger.reserve(charge(), ttl_s=30)
    await ledger.settle(reserved.attempt_id, Usage(7), outcome="ok", latency_ms=1, ttft_ms=None)
    await ledger.drain()
    await database.write(lambda session: session.execute(text(harm)))
    await do(database, "ledger.reconcile")
    assert await database.read(spent) == 7_000
