"""Somebody who knows nothing of the ledger keeps the provider's side of the books; at the end both have the same sums.

The bookkeeper has the price list in dollars, and fractions; what a call used is decided by a seeded model of a provider
that fails, cuts streams off, has parts of prompts cached, and is asked again or twice at once.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from huntaze_backend.core.db import Database
from huntaze_backend.engines.ledger import budgets
from huntaze_backend.engines.ledger.adapters.sql_ledger import SqlLedger
from huntaze_backend.engines.ledger.batches import expire
from huntaze_backend.engines.ledger.budgets import Limits
from huntaze_backend.engines.ledger.checking import reconcile
from huntaze_backend.engines.ledger.periods import Period
from huntaze_backend.engines.ledger.port import Usage
from huntaze_backend.engines.ledger.prices import PriceTable
from huntaze_backend.engines.ledger.tables import AttemptRow, RollupRow
from tests.helpers.ledgers import AGENCY, charge, end_leases

# Dollars per million tokens as the providers' pages list them: input, cached input, output; and above 200,000 tokens.
LIST = {
    ("openai", "gpt-4o-mini"): ("0.15", "0.075", "0.60"),
    ("openai", "gpt-4o"): ("2.50", "1.25", "10.00"),
    ("azure_openai", "gpt-4o-mini@datazone"): ("0.165", "0.083", "0.66"),
    ("azure_openai", "gpt-5-nano"): ("0.05", "0.005", "0.40"),
    ("azure_foundry", "DeepSeek-R1"): ("1.35", "1.35", "5.40"),
    ("gemini", "gemini-2.5-pro"): ("1.25", "0.125", "10.00"),
}
LONG = {("gemini", "gemini-2.5-pro"): ("2.50", "0.25", "15.00")}
CREATORS = ["c1", "c2", "c3", None]
INPUT, OUTPUT = 260_000, 4_000
Booking = tuple[str | None, str, str]


@dataclass
class Bookkeeper:
    """The provider's bill: nano-dollars and tokens by creator, provider and model."""

    bill: Counter[Booking] = field(default_factory=Counter)
    tokens: Counter[Booking] = field(default_factory=Counter)
    attempts: int = 0

    def note(self, creator: str | None, model: tuple[str, str], sent: int, cached: int, wrote: int) -> int:
        prices = LONG[model] if model in LONG and sent > 200_000 else LIST[model]
        parts = zip((sent - cached, cached, wrote), prices, strict=True)
        cost = ceil(sum(Fraction(many) * Fraction(price) / 10**6 for many, price in parts) * 10**9)
        self.bill[creator, *model] += cost
        self.tokens[creator, *model] += sent + wrote
        return cost


@dataclass
class Shift:
    """Members of an agency who make calls, one after the other each, all at once."""

    ledger: SqlLedger
    books: Bookkeeper
    chance: random.Random

    async def work(self, calls: Iterator[int]) -> None:
        for _ in calls:
            creator = self.chance.choice(CREATORS)
            while not await self.attempt(creator):
                pass  # asked again, as after a failure

    async def attempt(self, creator: str | None) -> bool:
        """One attempt; False if it is to be made again."""
        chance, model = self.chance, self.chance.choice(list(LIST))
        sent = chance.randint(1, INPUT) if chance.random() < 0.1 else chance.randint(1, 3_000)
        cached = chance.randint(0, sent) if chance.random() < 0.6 else 0
        wrote = chance.randint(0, OUTPUT)
        made = charge(
            creator_id=creator, provider=model[0], model=model[1], input_tokens=INPUT, max_output_tokens=OUTPUT
        )
        await self.ledger.reserve(made, ttl_s=60)
        self.books.attempts += 1
        if chance.random() < 0.3:
            await asyncio.sleep(0)
        fate = chance.choices(
            ["ok", "failed", "cut", "hedged", "forgotten", "repeated", "late"], [70, 10, 5, 5, 1, 5, 4]
        )[0]
        if fate == "failed":  # refused before it did anything
            await self.ledger.release(made.attempt_id, outcome="rate_limited")
            return chance.random() < 0.2
        if fate == "forgotten":  # the process died: the bound is booked
            self.books.note(creator, model, INPUT, 0, OUTPUT)
            return True
        outcome = {"cut": "incomplete", "hedged": "hedge_lost"}.get(fate, "ok")
        if fate == "cut":
            wrote //= 2
        usage = Usage(sent, cached, wrote, wrote // 3, estimated=fate in {"cut", "hedged"})
        owed = self.books.note(creator, model, sent, cached, wrote)
        for _ in range(2 if fate == "repeated" else 1):
            cost = await self.ledger.settle(made.attempt_id, usage, outcome=outcome, latency_ms=5, ttft_ms=None)
            assert cost == owed
        return True


@pytest.mark.timeout(600)
async def test_the_ledger_and_the_provider_agree_to_the_nano_dollar(database: Database) -> None:
    calls = 50_000 if database.embedded else 5_000
    ledger, books = SqlLedger(database, PriceTable.shipped()), Bookkeeper()
    limits = Limits("UTC", None, 10**15)
    scopes: list[str | None] = [None, "c1"]

    def limit(session: Session) -> list[str]:
        return [budgets.create(session, AGENCY, scope, Period.MONTH, limits) for scope in scopes]

    ids = await database.write(limit)
    numbers = iter(range(calls))
    await asyncio.gather(*(Shift(ledger, books, random.Random(seed)).work(numbers) for seed in range(200)))
    await ledger.drain()
    await database.write(end_leases)
    while await database.write(lambda session: expire(session, 500)):
        pass

    assert books.attempts >= calls
    assert await database.read(_by_attempts) == (books.attempts, +books.bill, +books.tokens)
    for grain in ("hour", "day"):
        assert await database.read(lambda session, grain=grain: _by_rollups(session, grain)) == +books.bill
    spent = [(await database.read(lambda session, id_=id_: budgets.one(session, AGENCY, id_))).meter for id_ in ids]
    assert [(meter.spent, meter.held) for meter in spent] == [
        (books.bill.total(), 0),
        (sum(cost for (creator, *_), cost in books.bill.items() if creator == "c1"), 0),
    ]
    assert not await reconcile(database, since=datetime.now(UTC) - timedelta(days=2))


def _by_attempts(session: Session) -> tuple[int, Counter[Booking], Counter[Booking]]:
    key = (AttemptRow.creator_id, AttemptRow.provider, AttemptRow.model)
    tokens = func.sum(AttemptRow.input_tokens + AttemptRow.output_tokens)
    rows = session.execute(select(*key, func.count(), func.sum(AttemptRow.cost), tokens).group_by(*key)).all()
    bill = Counter({tuple(row[:3]): int(row[4]) for row in rows})
    return sum(row[3] for row in rows), +bill, +Counter({tuple(row[:3]): int(row[5]) for row in rows})


def _by_rollups(session: Session, grain: str) -> Counter[Booking]:
    key = (RollupRow.creator_id, RollupRow.provider, RollupRow.model)
    rows = session.execute(select(*key, func.sum(RollupRow.cost)).where(RollupRow.grain == grain).group_by(*key))
    return +Counter({(row[0] or None, row[1], row[2]): int(row[3]) for row in rows})
