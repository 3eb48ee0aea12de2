"""No hard budget is ever passed, however many ask at once."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from huntaze_backend.core.db import Database
from huntaze_backend.core.errors import ConflictError, NotFoundError
from huntaze_backend.engines.ledger import budgets
from huntaze_backend.engines.ledger.adapters.sql_ledger import SqlLedger
from huntaze_backend.engines.ledger.batches import expire
from huntaze_backend.engines.ledger.budgets import Limits
from huntaze_backend.engines.ledger.checking import reconcile
from huntaze_backend.engines.ledger.periods import Period
from huntaze_backend.engines.ledger.port import BudgetExceededError, Reserved, Usage
from tests.helpers.ledgers import AGENCY, CREATOR, PRICES, MovedClock, charge, end_leases, pass_time
from tests.plugins.databases import DATABASE_KEY

BOUND = 200_000


def limits(hard: int | None = None, soft: int | None = None, timezone: str = "UTC") -> Limits:
    return Limits(timezone, soft, hard)


async def budget(
    database: Database, limits: Limits, creator_id: str | None = None, period: Period = Period.MONTH
) -> str:
    return await database.write(lambda session: budgets.create(session, AGENCY, creator_id, period, limits))


async def counters(database: Database, id_: str) -> tuple[int, int]:
    standing = await database.read(lambda session: budgets.one(session, AGENCY, id_))
    return standing.meter.spent, standing.meter.held


async def settle(ledger: SqlLedger, reserved: Reserved, usage: Usage) -> None:
    await ledger.settle(reserved.attempt_id, usage, outcome="ok", latency_ms=1, ttft_ms=None)


async def test_of_200_at_once_those_are_admitted_for_whom_there_is_room(database: Database) -> None:
    """Half of them ask by another ledger, as another process would."""
    id_ = await budget(database, limits(hard=10 * BOUND + BOUND - 1))
    ledgers = [SqlLedger(database, PRICES), SqlLedger(database, PRICES)]
    asked = [ledgers[number % 2].reserve(charge(), ttl_s=30) for number in range(200)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    admitted = [answer for answer in answers if isinstance(answer, Reserved)]
    assert len(admitted) == 10
    assert {type(answer) for answer in answers} == {Reserved, BudgetExceededError}
    assert await counters(database, id_) == (0, 10 * BOUND)
    for reserved in admitted:
        await settle(ledgers[0], reserved, Usage(100, 0, 25))
    for ledger in ledgers:
        await ledger.drain()
    assert await counters(database, id_) == (10 * 150_000, 0)
    assert not await reconcile(database, since=datetime.now(UTC) - timedelta(days=2))


async def test_what_is_not_used_is_there_for_the_next(database: Database, ledger: SqlLedger) -> None:
    await budget(database, limits(hard=BOUND))
    for _ in range(3):
        reserved = await ledger.reserve(charge(), ttl_s=30)
        with pytest.raises(BudgetExceededError):
            await ledger.reserve(charge(), ttl_s=30)
        await ledger.release(reserved.attempt_id, outcome="unreachable")
    reserved = await ledger.reserve(charge(), ttl_s=30)
    await settle(ledger, reserved, Usage(1))
    with pytest.raises(BudgetExceededError):
        await ledger.reserve(charge(), ttl_s=30)


async def test_all_budgets_that_apply_must_have_room_or_none_is_touched(database: Database, ledger: SqlLedger) -> None:
    agency = await budget(database, limits(hard=5 * BOUND))
    creator = await budget(database, limits(hard=2 * BOUND), CREATOR, Period.DAY)
    for _ in range(2):
        await ledger.reserve(charge(creator_id=CREATOR), ttl_s=30)
    with pytest.raises(BudgetExceededError, match="creator's budget of the day"):
        await ledger.reserve(charge(creator_id=CREATOR), ttl_s=30)
    assert await counters(database, agency) == (0, 2 * BOUND)
    for _ in range(3):
        await ledger.reserve(charge(creator_id="another"), ttl_s=30)
    with pytest.raises(BudgetExceededError, match="agency's budget of the month"):
        await ledger.reserve(charge(), ttl_s=30)
    assert await counters(database, creator) == (0, 2 * BOUND)


async def test_another_agencys_budget_is_none_of_ours(database: Database, ledger: SqlLedger) -> None:
    await budget(database, limits(hard=0))
    assert await ledger.reserve(charge(agency_id="other"), ttl_s=30)


async def test_a_soft_budget_warns_and_admits(database: Database, ledger: SqlLedger) -> None:
    await budget(database, limits(soft=BOUND))
    first = await ledger.reserve(charge(), ttl_s=30)
    second = await ledger.reserve(charge(), ttl_s=30)
    assert (first.soft_exceeded, second.soft_exceeded) == (False, True)


async def test_what_costs_nothing_is_admitted_by_an_empty_budget(database: Database, ledger: SqlLedger) -> None:
    await budget(database, limits(hard=0))
    assert (await ledger.reserve(charge(provider="local", model="templates"), ttl_s=30)).bound_nano_usd == 0
    with pytest.raises(BudgetExceededError):
        await ledger.reserve(charge(), ttl_s=30)


async def test_a_lease_that_ends_still_counts_until_a_settlement_says_less(
    database: Database, ledger: SqlLedger
) -> None:
    id_ = await budget(database, limits(hard=BOUND))
    reserved = await ledger.reserve(charge(), ttl_s=30)
    await database.write(end_leases)
    with pytest.raises(BudgetExceededError):
        await ledger.reserve(charge(), ttl_s=30)
    await database.write(lambda session: expire(session, 100))
    assert await counters(database, id_) == (BOUND, 0)
    with pytest.raises(BudgetExceededError):
        await ledger.reserve(charge(), ttl_s=30)
    await settle(ledger, reserved, Usage(0))
    await ledger.drain()
    assert await counters(database, id_) == (0, 0)


async def test_a_new_period_begins_with_nothing_spent(database: Database, ledger: SqlLedger) -> None:
    id_ = await budget(database, limits(hard=2 * BOUND), period=Period.DAY)
    spent = await ledger.reserve(charge(), ttl_s=30)
    await settle(ledger, spent, Usage(100, 0, 50))
    held = await ledger.reserve(charge(), ttl_s=30)
    await ledger.drain()
    assert await counters(database, id_) == (BOUND, BOUND)
    await database.write(lambda session: pass_time(session, timedelta(days=1)))
    assert await counters(database, id_) == (0, 0)
    for _ in range(2):
        await ledger.reserve(charge(), ttl_s=30)
    await settle(ledger, held, Usage(100, 0, 50))  # it was of yesterday
    await ledger.drain()
    assert await counters(database, id_) == (0, 2 * BOUND)


async def test_a_budget_that_is_made_in_a_period_counts_what_was_before_it(
    database: Database, ledger: SqlLedger
) -> None:
    spent = await ledger.reserve(charge(creator_id=CREATOR), ttl_s=30)
    await settle(ledger, spent, Usage(50))
    await ledger.reserve(charge(), ttl_s=30)
    await ledger.drain()
    assert await counters(database, await budget(database, limits(hard=10))) == (50_000, BOUND)
    assert await counters(database, await budget(database, limits(hard=10), CREATOR)) == (50_000, 0)


async def test_a_budget_that_is_changed_counts_anew(database: Database, ledger: SqlLedger) -> None:
    id_ = await budget(database, limits(hard=BOUND), period=Period.DAY)
    await ledger.reserve(charge(), ttl_s=30)
    changed = limits(hard=3 * BOUND, timezone="Asia/Kathmandu")
    before = await database.write(lambda session: budgets.change(session, AGENCY, id_, changed))
    assert before == limits(hard=BOUND)
    assert await counters(database, id_) == (0, BOUND)
    for _ in range(2):
        await ledger.reserve(charge(), ttl_s=30)
    with pytest.raises(BudgetExceededError):
        await ledger.reserve(charge(), ttl_s=30)


async def test_a_budget_that_is_removed_limits_nobody(database: Database, ledger: SqlLedger) -> None:
    id_ = await budget(database, limits(hard=0))
    with pytest.raises(NotFoundError):
        await database.write(lambda session: budgets.remove(session, "other", id_))
    await database.write(lambda session: budgets.remove(session, AGENCY, id_))
    assert await ledger.reserve(charge(), ttl_s=30)


async def test_there_is_one_budget_of_a_scope_and_period(database: Database) -> None:
    await budget(database, limits(hard=1))
    await budget(database, limits(hard=1), CREATOR)
    await budget(database, limits(hard=1), period=Period.DAY)
    with pytest.raises(ConflictError):
        await budget(database, limits(hard=2))


async def test_a_clock_that_is_put_back_does_not_bring_back_yesterdays_budget(sqlite_url: str) -> None:
    clock = MovedClock(datetime(2026, 11, 21, 0, 0, 1, tzinfo=UTC))
    database = Database.open(sqlite_url, key=DATABASE_KEY, clock=clock)
    ledger = SqlLedger(database, PRICES)
    id_ = await budget(database, limits(hard=2 * BOUND), period=Period.DAY)
    await ledger.reserve(charge(), ttl_s=30)
    clock.at -= timedelta(seconds=2)
    reserved = await ledger.reserve(charge(), ttl_s=30)
    with pytest.raises(BudgetExceededError):
        await ledger.reserve(charge(), ttl_s=30)
    await settle(ledger, reserved, Usage(0))
    await ledger.drain()
    assert await counters(database, id_) == (0, BOUND)
    await database.close()


async def test_a_sum_that_is_wrong_is_found_and_mended(database: Database, ledger: SqlLedger) -> None:
    id_ = await budget(database, limits(hard=9 * BOUND))
    await settle(ledger, await ledger.reserve(charge(), ttl_s=30), Usage(50))
    await ledger.reserve(charge(), ttl_s=30)
    await ledger.drain()
    since = datetime.now(UTC) - timedelta(days=2)
    assert not await reconcile(database, since=since)

    def harm(session: Session) -> None:
        session.execute(text("UPDATE ledger_rollups SET cost = cost - 7 WHERE grain = 'day'"))
        session.execute(text("UPDATE ledger_budgets SET held = 3"))

    await database.write(harm)
    found = await reconcile(database, since=since)
    assert [sums["cost"] for sums in found.rollups.values()] == [7]
    assert found.budgets == [id_]
    assert await counters(database, id_) == (50_000, BOUND)
    assert not await reconcile(database, since=since)
