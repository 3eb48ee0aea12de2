"""Every attempt is reserved, ends once, and is counted once, whatever happens in between."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar, cast

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from huntaze_backend.core.db import Database
from huntaze_backend.engines.ledger.adapters.sql_ledger import SqlLedger
from huntaze_backend.engines.ledger.batches import expire
from huntaze_backend.engines.ledger.port import Charge, UnknownAttemptError, UnknownPriceError, Usage
from huntaze_backend.engines.ledger.tables import AttemptRow, RollupRow
from tests.helpers.ledgers import AGENCY, PRICES, MovedClock, charge, end_leases

T = TypeVar("T")
USED = Usage(100, 40, 20, 5)
COST = 60 * 1000 + 40 * 500 + 20 * 2000


async def row(database: Database, attempt_id: str) -> AttemptRow:
    return await database.read(lambda session: session.get_one(AttemptRow, attempt_id))


async def settle(ledger: SqlLedger, made: Charge, usage: Usage = USED, outcome: str = "ok") -> int:
    return await ledger.settle(made.attempt_id, usage, outcome=outcome, latency_ms=700, ttft_ms=200)


def hour_sums(session: Session) -> dict[str, int]:
    rows = session.scalars(select(RollupRow).where(RollupRow.grain == "hour")).all()
    names = ("calls", "errors", "estimated", "input_tokens", "cached_tokens", "output_tokens", "cost")
    return {name: sum(getattr(found, name) for found in rows) for name in names}


async def test_a_reservation_holds_the_bound_before_the_attempt_is_made(database: Database, ledger: SqlLedger) -> None:
    made = charge()
    reserved = await ledger.reserve(made, ttl_s=30)
    assert (reserved.bound_nano_usd, reserved.price_version) == (200_000, PRICES.version)
    assert not reserved.soft_exceeded
    stored = await row(database, made.attempt_id)
    assert (stored.state, stored.bound, stored.cost) == ("open", 200_000, 0)
    assert (stored.expires_at - stored.at).total_seconds() == 30


async def test_a_settlement_is_booked_with_everything_that_is_known(database: Database, ledger: SqlLedger) -> None:
    made = charge(creator_id="c", member_id="m")
    await ledger.reserve(made, ttl_s=30)
    assert await settle(ledger, made) == COST
    await ledger.drain()
    stored = await row(database, made.attempt_id)
    assert (stored.state, stored.cost, stored.outcome, stored.estimated) == ("settled", COST, "ok", False)
    assert (stored.input_tokens, stored.cached_tokens, stored.output_tokens, stored.reasoning_tokens) == (
        100,
        40,
        20,
        5,
    )
    assert (stored.latency_ms, stored.ttft_ms, stored.creator_id, stored.member_id) == (700, 200, "c", "m")
    assert stored.ended_at is not None
    sums = await database.read(hour_sums)
    assert sums == {
        "calls": 1,
        "errors": 0,
        "estimated": 0,
        "input_tokens": 100,
        "cached_tokens": 40,
        "output_tokens": 20,
        "cost": COST,
    }


async def test_settling_again_changes_nothing(database: Database, ledger: SqlLedger) -> None:
    made = charge()
    await ledger.reserve(made, ttl_s=30)
    first = await settle(ledger, made)
    assert await settle(ledger, made, Usage(100, 0, 50)) == first
    await ledger.release(made.attempt_id, outcome="cancelled")
    assert (await database.read(hour_sums))["cost"] == COST
    assert (await row(database, made.attempt_id)).outcome == "ok"


async def test_what_was_released_is_recorded_and_costs_nothing(database: Database, ledger: SqlLedger) -> None:
    made = charge()
    await ledger.reserve(made, ttl_s=30)
    await ledger.release(made.attempt_id, outcome="rate_limited")
    await ledger.release(made.attempt_id, outcome="rate_limited")
    assert await settle(ledger, made) == 0
    stored = await row(database, made.attempt_id)
    assert (stored.state, stored.cost, stored.outcome) == ("released", 0, "rate_limited")
    sums = await database.read(hour_sums)
    assert (sums["calls"], sums["errors"], sums["input_tokens"]) == (1, 1, 0)


@pytest.mark.parametrize(
    ("outcome", "errors"), [("cancelled", 0), ("hedge_lost", 0), ("incomplete", 1), ("timeout", 1)]
)
async def test_the_error_rate_counts_what_went_wrong(
    database: Database, ledger: SqlLedger, outcome: str, errors: int
) -> None:
    made = charge()
    await ledger.reserve(made, ttl_s=30)
    await settle(ledger, made, Usage(100, 0, 10, estimated=True), outcome)
    await ledger.drain()
    sums = await database.read(hour_sums)
    assert (sums["errors"], sums["estimated"]) == (errors, 1)


async def test_what_nobody_ends_is_booked_at_its_bound(database: Database, ledger: SqlLedger) -> None:
    made = charge()
    await ledger.reserve(made, ttl_s=30)
    assert await database.write(lambda session: expire(session, 100)) == 0
    await database.write(end_leases)
    assert await database.write(lambda session: expire(session, 100)) == 1
    assert await database.write(lambda session: expire(session, 100)) == 0
    stored = await row(database, made.attempt_id)
    assert (stored.state, stored.cost, stored.estimated, stored.outcome) == ("expired", 200_000, True, "expired")
    assert (await database.read(hour_sums))["cost"] == 200_000


async def test_a_settlement_that_comes_late_corrects_the_bound(database: Database, ledger: SqlLedger) -> None:
    made = charge()
    await ledger.reserve(made, ttl_s=30)
    await database.write(end_leases)
    await database.write(lambda session: expire(session, 100))
    assert await settle(ledger, made) == COST
    await ledger.drain()
    sums = await database.read(hour_sums)
    assert (sums["calls"], sums["cost"], sums["estimated"], sums["errors"]) == (1, COST, 0, 0)


async def test_another_process_may_settle_what_this_one_reserved(database: Database, ledger: SqlLedger) -> None:
    made = charge()
    await ledger.reserve(made, ttl_s=30)
    other = SqlLedger(database, PRICES)
    assert await settle(other, made) == COST
    assert await settle(ledger, made) == COST
    await ledger.drain()
    assert (await database.read(hour_sums))["calls"] == 1


async def test_what_nobody_reserved_cannot_be_ended(ledger: SqlLedger) -> None:
    with pytest.raises(UnknownAttemptError):
        await settle(ledger, charge())
    with pytest.raises(UnknownAttemptError):
        await ledger.release(charge().attempt_id, outcome="cancelled")


async def test_a_model_without_a_price_is_not_bought(database: Database, ledger: SqlLedger) -> None:
    with pytest.raises(UnknownPriceError):
        await ledger.reserve(charge(model="unheard-of"), ttl_s=30)
    assert await database.read(lambda session: session.scalars(select(AttemptRow)).all()) == []


async def test_an_attempt_is_reserved_once(database: Database, ledger: SqlLedger) -> None:
    made = charge()
    await ledger.reserve(made, ttl_s=30)
    with pytest.raises(ValueError, match="reserved already"):
        await ledger.reserve(made, ttl_s=30)
    with pytest.raises(Exception, match="ledger_attempts"):
        await SqlLedger(database, PRICES).reserve(made, ttl_s=30)


async def test_one_call_that_cannot_be_stored_does_not_harm_those_beside_it(
    database: Database, ledger: SqlLedger
) -> None:
    twice = charge()
    await ledger.reserve(twice, ttl_s=30)
    await settle(ledger, twice)
    others = [charge() for _ in range(5)]
    asked = [ledger.reserve(made, ttl_s=30) for made in (*others, twice)]
    *given, refused = await asyncio.gather(*asked, return_exceptions=True)
    assert [reserved.attempt_id for reserved in given] == [made.attempt_id for made in others]  # type: ignore[union-attr]
    assert isinstance(refused, Exception)
    assert (await database.read(hour_sums))["cost"] == COST


async def test_a_local_answer_is_recorded_when_it_ends(database: Database, ledger: SqlLedger) -> None:
    made = charge(provider="local", model="templates")
    assert (await ledger.reserve(made, ttl_s=30)).bound_nano_usd == 0
    assert await database.read(lambda session: session.get(AttemptRow, made.attempt_id)) is None
    assert await settle(ledger, made, Usage(10, 0, 20)) == 0
    await ledger.drain()
    stored = await row(database, made.attempt_id)
    assert (stored.state, stored.cost, stored.output_tokens) == ("settled", 0, 20)
    assert (await database.read(hour_sums))["calls"] == 1


async def test_a_caller_that_goes_away_while_it_reserves_leaves_nothing_behind(
    database: Database, ledger: SqlLedger
) -> None:
    made = charge()
    asking = asyncio.create_task(ledger.reserve(made, ttl_s=30))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await ledger.drain()
    stored = await database.read(lambda session: session.get(AttemptRow, made.attempt_id))
    assert stored is None or (stored.state, stored.cost) == ("released", 0)


async def test_a_count_that_contradicts_itself_is_booked_as_an_estimate(database: Database, ledger: SqlLedger) -> None:
    made = charge()
    await ledger.reserve(made, ttl_s=30)
    assert await settle(ledger, made, Usage(100, 130, 10)) == 100 * 1000 + 10 * 2000
    await ledger.drain()
    assert (await row(database, made.attempt_id)).estimated


async def test_everything_of_an_agency_is_its_own(database: Database, ledger: SqlLedger) -> None:
    for agency in (AGENCY, "other"):
        made = charge(agency_id=agency)
        await ledger.reserve(made, ttl_s=30)
        await settle(ledger, made)
    await ledger.drain()

    def agencies(session: Session) -> set[tuple[str, int]]:
        return {(found.agency_id, found.calls) for found in session.scalars(select(RollupRow))}

    assert await database.read(agencies) == {(AGENCY, 1), ("other", 1)}


class Away:
    """A database that cannot be had for a while. It stands in for `Database` where the ledger writes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.clock = MovedClock(datetime.now(UTC))
        self.refusals = 0
        self.commits_unheard = False

    async def write(self, work: Callable[[Session], T]) -> T:
        if self.refusals > 0:
            self.refusals -= 1
            if self.commits_unheard:
                await self._database.write(work)
            raise ConnectionResetError
        return await self._database.write(work)


async def test_without_a_database_nothing_is_reserved_and_settlements_wait(database: Database) -> None:
    away = Away(database)
    ledger = SqlLedger(cast("Database", away), PRICES)
    made = charge()
    await ledger.reserve(made, ttl_s=30)
    away.refusals = 3
    assert await settle(ledger, made) == COST
    with pytest.raises(ConnectionResetError):
        await ledger.reserve(charge(), ttl_s=30)
    await ledger.drain()
    assert away.refusals == 0
    assert (await row(database, made.attempt_id)).cost == COST
    assert (await database.read(hour_sums))["calls"] == 1


async def test_a_reservation_whose_commit_was_not_heard_of_is_given_back(database: Database) -> None:
    away = Away(database)
    away.refusals, away.commits_unheard = 1, True
    ledger = SqlLedger(cast("Database", away), PRICES)
    made = charge()
    with pytest.raises(ConnectionResetError):
        await ledger.reserve(made, ttl_s=30)
    await ledger.drain()
    stored = await row(database, made.attempt_id)
    assert (stored.state, stored.cost) == ("released", 0)
