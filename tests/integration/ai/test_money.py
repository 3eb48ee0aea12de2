"""The whole path over the real ledger: the same sum as the provider's own books, budgets that hold, nothing leaked."""

import asyncio
import contextlib
import json
import os
import random
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from fractions import Fraction
from importlib.resources import files
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from huntaze_backend.core.db import Database
from huntaze_backend.engines.ai import tokens
from huntaze_backend.engines.ai.port import AiError, AiRequest, AttemptSeen, Final, Incomplete, Part, Tier
from huntaze_backend.engines.ledger import budgets
from huntaze_backend.engines.ledger.adapters.sql_ledger import SqlLedger
from huntaze_backend.engines.ledger.batches import expire
from huntaze_backend.engines.ledger.budgets import Limits
from huntaze_backend.engines.ledger.periods import Period
from huntaze_backend.engines.ledger.prices import PriceTable, bound_of
from huntaze_backend.engines.ledger.tables import AttemptRow
from tests.helpers.ai_house import AiHouse, ai_house, asking, until
from tests.helpers.ai_provider import Behaviour, FakeProvider, troubled
from tests.helpers.ledgers import AGENCY, end_leases
from tests.plugins.databases import DATABASE_KEY

ROOT = Path(__file__).resolve().parents[3]
CALLS = 400
_TABLE = json.loads(files("huntaze_resources").joinpath("prices", "prices.json").read_text("utf-8"))["prices"]


def prices(provider: str, model: str) -> tuple[Fraction, Fraction, Fraction]:
    """Nano-USD per token, read without the ledger's arithmetic."""
    row = next(row for row in _TABLE if (row["provider"], row["model"]) == (provider, model))
    return Fraction(row["input"], 1000), Fraction(row["cached"], 1000), Fraction(row["output"], 1000)


@pytest.fixture
async def ledger(database: Database) -> AsyncIterator[SqlLedger]:
    made = SqlLedger(database, PriceTable.shipped())
    yield made
    await made.drain()


def attempts(session: Session) -> list[AttemptRow]:
    return list(session.scalars(select(AttemptRow)))


def spent(session: Session) -> int:
    return session.scalar(select(func.coalesce(func.sum(AttemptRow.cost), 0))) or 0


async def _ask(house: AiHouse, request: AiRequest, *, stream: bool) -> tuple[AttemptSeen, ...]:
    if not stream:
        try:
            return (await house.orchestrator.complete(request)).attempts
        except AiError as error:
            return error.attempts
    try:
        last = [event async for event in house.orchestrator.stream(request)][-1]
    except AiError as error:
        return error.attempts
    assert isinstance(last, Final | Incomplete)
    return last.answer.attempts if isinstance(last, Final) else last.attempts


async def test_the_ledger_and_the_provider_agree_to_the_nano_dollar(database: Database, ledger: SqlLedger) -> None:
    chance = random.Random(11)
    async with ai_house(ledger) as house:
        house.fake.behave = troubled(7)

        async def one(place: int) -> tuple[AttemptSeen, ...]:
            head = (Part("system", f"You answer as creator {place % 3}. " * 30),)
            text = "tell me more, please " * chance.randint(1, 12)
            critical = place % 10 == 0
            # asked one after the other in each of eight lines, so that retries and caches do what they do
            return await _ask(
                house,
                asking(text, agency_id=AGENCY, head=head, critical=critical, cacheable=place % 7 == 0),
                stream=place % 3 == 0,
            )

        async def line(start: int) -> list[AttemptSeen]:
            return [seen for place in range(start, CALLS, 8) for seen in await one(place)]

        seen = [attempt for line_ in await asyncio.gather(*map(line, range(8))) for attempt in line_]
        bills = house.fake.bills
        owed = house.fake.owed(prices)
        # Of a stream that broke off nobody hears what was in the provider's cache: it is booked at the full price.
        house.fake.bills = [replace(bill, cached=0) if bill.how == "cut" else bill for bill in bills]
        known = house.fake.owed(prices)
        assert {"whole", "streamed", "cut"} <= {bill.how for bill in bills}
        assert sum(bill.cached for bill in bills if bill.how != "cut") > 0
    await ledger.drain()

    rows = await database.read(attempts)
    assert sum(row.cost for row in rows) == known >= owed
    told = [row for row in rows if not row.estimated]
    assert sum(row.cached_tokens for row in told) == sum(bill.cached for bill in bills if bill.how != "cut")
    for column, of_bill in (("input_tokens", "input"), ("output_tokens", "output")):
        counted = sum(getattr(row, column) for row in rows if row.state == "settled" and row.cost)
        assert counted == sum(getattr(bill, of_bill) for bill in bills)
    assert sum(attempt.cost_nano_usd for attempt in seen) == known
    assert {row.attempt_id for row in rows} == {attempt.attempt_id for attempt in seen}
    assert {row.state for row in rows} == {"settled", "released"}
    assert len({row.outcome for row in rows}) >= 6


async def test_what_nobody_can_know_is_booked_at_no_less_than_was_billed(database: Database, ledger: SqlLedger) -> None:
    async with ai_house(ledger) as house:
        house.fake.behave = lambda heard: (
            Behaviour(wait_s=1.0, tokens=300) if heard.provider == "openai" else Behaviour(raw=b"{}")
        )
        await _ask(house, asking("tell me everything " * 30, agency_id=AGENCY, deadline_s=1.2), stream=False)
        await until(lambda: not house.fake.open)
        owed = house.fake.owed(prices)
    await ledger.drain()
    assert await database.read(spent) >= owed > 0


def _bound(request: AiRequest) -> int:
    table = PriceTable.shipped()
    price = next(price for price in table if (price.provider, price.model) == ("openai", "gpt-4o-mini"))
    return bound_of(price, tokens.bound(request, 0), request.max_output_tokens)


async def test_of_two_hundred_at_once_a_budget_for_ten_admits_ten(database: Database, ledger: SqlLedger) -> None:
    hard = 10 * _bound(asking()) + 1
    limits = Limits("UTC", None, hard)
    budget_id = await database.write(lambda session: budgets.create(session, AGENCY, None, Period.DAY, limits))
    async with ai_house(ledger, companies=("openai",), with_local=False) as house:
        house.fake.gate.clear()
        requests = [asking(agency_id=AGENCY, deadline_s=60.0) for _ in range(200)]
        # What would be calibrated to the large model has another bound.
        house.orchestrator.planner._calibration.complexity = lambda *_, **__: 1.0  # type: ignore[method-assign]
        asked = [
            asyncio.create_task(_ask(house, request, stream=place % 2 == 0)) for place, request in enumerate(requests)
        ]
        await until(lambda: sum(task.done() for task in asked) == 190, within_s=30)
        assert house.fake.most_open <= 10
        await until(lambda: house.fake.open == 10)
        house.fake.gate.set()
        answered = await asyncio.gather(*asked)
        assert len(house.fake.heard) == 10
        assert sum(bool(attempts_) for attempts_ in answered) == 10
        owed = house.fake.owed(prices)
    await ledger.drain()
    meter = (await database.read(lambda session: budgets.one(session, AGENCY, budget_id))).meter
    assert (meter.spent, meter.held) == (owed, 0)


async def test_a_local_answer_takes_nothing_from_the_budget(database: Database, ledger: SqlLedger) -> None:
    limits = Limits("UTC", None, 1)
    await database.write(lambda session: budgets.create(session, AGENCY, None, Period.DAY, limits))
    async with ai_house(ledger) as house:
        answer = await house.orchestrator.complete(asking(agency_id=AGENCY))
        assert (answer.local, answer.cost_nano_usd, answer.tier) == (True, 0, Tier.MINI)
        assert house.fake.heard == []


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_process_killed_in_the_middle_of_its_calls_leaks_nothing(
    request: pytest.FixtureRequest, kind: str
) -> None:
    url = request.getfixturevalue("sqlite_url" if kind == "sqlite" else "migrated_postgres_url")
    key = DATABASE_KEY if kind == "sqlite" else None
    before = Database.open(url, key=key)
    limits = Limits("UTC", None, 10**12)
    budget_id = await before.write(lambda session: budgets.create(session, AGENCY, None, Period.DAY, limits))
    await before.close()

    async with FakeProvider() as fake:
        fake.behave = lambda _: Behaviour(stall_after=3) if _.stream else Behaviour(wait_s=60)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.helpers.ai_process", url, "8"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
            env=os.environ | fake.environment,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert await process.stdout.readline() == b"ready\n"
            process.stdin.write(b"\n")
            await until(lambda: fake.open == 8, within_s=30)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        asked = len(fake.heard)

    database = Database.open(url, key=key)
    try:
        await database.write(end_leases)
        while await database.write(lambda session: expire(session, 100)):
            pass
        rows = await database.read(attempts)
        assert len(rows) == asked == 8
        assert {(row.state, row.estimated) for row in rows} == {("expired", True)}
        meter = (await database.read(lambda session: budgets.one(session, AGENCY, budget_id))).meter
        assert (meter.spent, meter.held) == (sum(row.bound for row in rows), 0)
    finally:
        await database.close()
