"""A process that is killed leaves no reservation behind, and nothing that it bought is free."""

import asyncio
import json
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from huntaze_backend.core.db import Database
from huntaze_backend.engines.ledger import budgets
from huntaze_backend.engines.ledger.adapters.sql_ledger import SqlLedger
from huntaze_backend.engines.ledger.batches import expire
from huntaze_backend.engines.ledger.budgets import Limits
from huntaze_backend.engines.ledger.periods import Period
from huntaze_backend.engines.ledger.port import BudgetExceededError
from huntaze_backend.engines.ledger.tables import AttemptRow
from tests.helpers.ledgers import AGENCY, PRICES, charge
from tests.plugins.databases import DATABASE_KEY

ROOT = Path(__file__).resolve().parents[3]
CALLS, TTL_S, BOUND, COST = 20, 0.3, 200_000, 10_000


async def killed_at_work(url: str, after: int) -> list[tuple[str, int, int | None]]:
    """What a process said of its attempts before SIGKILL met it."""
    command = [sys.executable, "-m", "tests.helpers.ledger_process", url, str(CALLS), str(TTL_S)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    said = [json.loads(await process.stdout.readline()) for _ in range(after)]
    process.kill()
    said += [json.loads(line) async for line in process.stdout if line.endswith(b"\n")]
    await process.wait()
    return [(attempt_id, bound, cost) for attempt_id, bound, cost in said]


def states(session: Session) -> dict[str, int]:
    return dict(session.execute(select(AttemptRow.state, func.count()).group_by(AttemptRow.state)).all())


@pytest.mark.parametrize("after", [7, CALLS])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_leases_end_by_themselves_and_what_was_asked_is_booked(
    request: pytest.FixtureRequest, kind: str, after: int
) -> None:
    url = request.getfixturevalue("sqlite_url" if kind == "sqlite" else "migrated_postgres_url")
    key = DATABASE_KEY if kind == "sqlite" else None
    before = Database.open(url, key=key)
    limits = Limits("UTC", None, CALLS * BOUND)
    budget_id = await before.write(lambda session: budgets.create(session, AGENCY, None, Period.MONTH, limits))
    await before.close()

    said = await killed_at_work(url, after)
    assert len(said) >= after

    database = Database.open(url, key=key)
    await asyncio.sleep(TTL_S)
    while await database.write(lambda session: expire(session, 5)):
        pass
    found = await database.read(states)
    assert "open" not in found

    def rows(session: Session) -> dict[str, AttemptRow]:
        return {row.attempt_id: row for row in session.scalars(select(AttemptRow))}

    stored = await database.read(rows)
    for attempt_id, bound, cost in said:
        row = stored[attempt_id]
        assert (row.state, row.cost) in {("settled", cost), ("expired", bound)}
        assert row.estimated == (row.state == "expired")
        if cost is None:
            assert row.state == "expired"
    meter = (await database.read(lambda session: budgets.one(session, AGENCY, budget_id))).meter
    assert (meter.spent, meter.held) == (sum(row.cost for row in stored.values()), 0)
    ledger = SqlLedger(database, PRICES)
    with pytest.raises(BudgetExceededError):
        while True:
            await ledger.reserve(charge(), ttl_s=30)
    assert meter.spent + (await database.read(states))["open"] * BOUND <= CALLS * BOUND
    await ledger.drain()
    await database.close()
