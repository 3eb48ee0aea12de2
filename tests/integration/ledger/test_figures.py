"""Figures of any stretch in any zone are what one gets by adding up the attempts."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from huntaze_backend.core.db import Database
from huntaze_backend.engines.ledger.adapters.sql_ledger import SqlLedger
from huntaze_backend.engines.ledger.figures import Figures, Question, figures, total
from huntaze_backend.engines.ledger.periods import Period, end_of, start_of
from huntaze_backend.engines.ledger.port import Usage
from tests.helpers.ledgers import AGENCY, PRICES, MovedClock, charge
from tests.plugins.databases import DATABASE_KEY

BEGINNING = datetime(2026, 10, 20, tzinfo=UTC)


class Past:
    """Forty days of an agency, and the list of what was spent when."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.spent: list[tuple[datetime, str, str, int]] = []

    async def fill(self, clock: MovedClock) -> None:
        chance, ledger = random.Random(4), SqlLedger(self.database, PRICES)
        for _ in range(300):
            clock.at = BEGINNING + timedelta(seconds=chance.randint(0, 40 * 86_400))
            creator, model = chance.choice(["c1", "c2", ""]), chance.choice(["whole", "odd"])
            made = charge(creator_id=creator or None, model=model)
            await ledger.reserve(made, ttl_s=30)
            usage = Usage(chance.randint(1, 100), 0, chance.randint(0, 50))
            cost = await ledger.settle(made.attempt_id, usage, outcome="ok", latency_ms=1, ttft_ms=None)
            self.spent.append((clock.at, creator, model, cost))
        await ledger.drain()

    def between(self, start: datetime, end: datetime) -> list[tuple[datetime, str, str, int]]:
        return [found for found in self.spent if start <= found[0] < end]


@pytest.fixture
async def past(sqlite_url: str) -> AsyncIterator[Past]:
    clock = MovedClock(BEGINNING)
    database = Database.open(sqlite_url, key=DATABASE_KEY, clock=clock)
    past = Past(database)
    await past.fill(clock)
    yield past
    await database.close()


async def test_any_stretch_adds_up(past: Past) -> None:
    chance = random.Random(5)
    for _ in range(100):
        start = BEGINNING + timedelta(minutes=chance.randint(-100, 40 * 1440))
        end = start + timedelta(minutes=chance.choice([0, 7, 90, 1500, 30_000]) * chance.random())
        found = await past.database.read(partial(total, asked=Question(AGENCY, start, end)))
        wanted = past.between(start, end)
        assert (found.calls, found.cost) == (len(wanted), sum(entry[3] for entry in wanted))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Stockholm", "Asia/Kolkata", "Asia/Kathmandu"])
@pytest.mark.parametrize("period", Period)
async def test_periods_of_every_zone_add_up(past: Past, zone: str, period: Period) -> None:
    at = BEGINNING - timedelta(days=1)
    counted = 0
    while at < BEGINNING + timedelta(days=41):
        start, end = start_of(period, at, zone), end_of(period, at, zone)
        found = await past.database.read(partial(total, asked=Question(AGENCY, start, end)))
        assert found.cost == sum(entry[3] for entry in past.between(start, end))
        counted += found.calls
        at = end
    assert counted == len(past.spent)


async def test_by_dimension_and_of_one_creator(past: Past) -> None:
    start, end = BEGINNING + timedelta(minutes=50), BEGINNING + timedelta(days=30, minutes=10)
    wanted = past.between(start, end)
    whole = Question(AGENCY, start, end)
    by = await past.database.read(lambda session: figures(session, whole, ("creator_id", "model")))
    keys = {(creator, model) for _, creator, model, _ in wanted}
    assert by.keys() == keys
    for key, found in by.items():
        assert found.cost == sum(entry[3] for entry in wanted if entry[1:3] == key)
    assert sum(by.values(), Figures()) == await past.database.read(lambda session: total(session, whole))
    one = Question(AGENCY, start, end, "c1")
    alone = await past.database.read(lambda session: total(session, one))
    assert alone.cost == sum(entry[3] for entry in wanted if entry[1] == "c1")


async def test_answers_from_the_response_cache_are_counted_apart(past: Past) -> None:
    ledger = SqlLedger(past.database, PRICES)
    before = await past.database.read(lambda session: total(session, everything()))
    made = charge(provider="local", model="response-cache")
    await ledger.reserve(made, ttl_s=30)
    await ledger.settle(made.attempt_id, Usage(0), outcome="ok", latency_ms=0, ttft_ms=None)
    await ledger.drain()
    assert await past.database.read(lambda session: total(session, everything())) == before
    assert (await past.database.read(lambda session: total(session, everything(cache_hits=True)))).calls == 1


def everything(*, cache_hits: bool = False) -> Question:
    return Question(AGENCY, BEGINNING, BEGINNING + timedelta(days=60), cache_hits=cache_hits)
