"""The limiter's adapters pass the conformance suite, and gates that are wrong in the common ways do not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import Phase
from sqlalchemy import func, select

from huntaze_backend.engines.limits.adapters.sql_log import SqlRateGate
from huntaze_backend.engines.limits.port import RateGate
from huntaze_backend.engines.limits.tables import PermitRow
from huntaze_contract.ids import new_id
from tests.integration.limits import conformance, wrong_gates
from tests.integration.limits.grounds import Ground
from tests.integration.limits.hammer import Order, Sent, hammer, most_at_once
from tests.integration.limits.wrong_gates import Approximate, FailsOpen, OneAfterTheOther, Unlocked
from tests.plugins.databases import DATABASE_KEY

ADAPTERS: list[Callable[[], RateGate]] = [SqlRateGate]
OVER_THE_LIMIT: dict[str, Callable[[], RateGate]] = {
    "GCRA": partial(Approximate, wrong_gates.Gcra),
    "token bucket": partial(Approximate, wrong_gates.Bucket),
    "fixed window": partial(Approximate, wrong_gates.FixedWindow),
    "sliding counter": partial(Approximate, wrong_gates.SlidingCounter),
    "window from the permit": wrong_gates.FromThePermit,
    "free when uncertain": wrong_gates.FreeWhenUncertain,
}
WORKERS = 8


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_never_over_the_limit_in_any_window(ground: Ground, adapter: Callable[[], RateGate]) -> None:
    conformance.never_over_the_limit_in_any_window(ground, adapter, examples=25)


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_it_answers_exactly_what_a_brute_force_journal_says(ground: Ground, adapter: Callable[[], RateGate]) -> None:
    conformance.exactly_what_the_journal_says(ground, adapter, examples=25)


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_sends_that_lag_behind_their_permits(ground: Ground, adapter: Callable[[], RateGate]) -> None:
    conformance.sends_that_lag_behind_their_permits(ground, adapter, minutes=3)


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize("rule", conformance.RULES)
def test_a_rule_of_the_port(
    ground: Ground, rule: Callable[[Ground, conformance.MakeGate], None], adapter: Callable[[], RateGate]
) -> None:
    rule(ground, adapter)


def test_an_accounts_log_does_not_grow_with_its_age(ground: Ground) -> None:
    play = conformance.Play(ground, SqlRateGate(), conformance.Rules.of(10, spaced=True))
    meters = play.rules.for_send(0, campaign=True)
    for _ in range(30):
        play.settle(str(play.ask(meters).permit), certain=True)
        play.advance(conformance.WINDOW)
    rows = select(func.count()).select_from(PermitRow).where(PermitRow.key.in_([meter.key for meter in meters]))
    assert ground.unit(lambda session: session.scalar(rows) or 0) < 30, "120 rows were written, 4 of them count"


# --- the suite itself -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", OVER_THE_LIMIT)
def test_the_suite_sees_what_a_wrong_gate_lets_through(sqlite_store: Ground, wrong: str) -> None:
    with pytest.raises(AssertionError, match="over the limit"):
        conformance.never_over_the_limit_in_any_window(
            sqlite_store,
            OVER_THE_LIMIT[wrong],
            examples=1000,
            phases=[Phase.generate],  # that it fails is enough, no smallest example
        )


@pytest.mark.parametrize("wrong", ["GCRA", "token bucket", "fixed window", "sliding counter", "window from the permit"])
def test_the_suite_sees_that_a_window_from_the_permit_is_not_one_of_sends(sqlite_store: Ground, wrong: str) -> None:
    with pytest.raises(AssertionError, match="over the limit"):
        conformance.sends_that_lag_behind_their_permits(sqlite_store, OVER_THE_LIMIT[wrong], minutes=4)


@pytest.mark.parametrize(
    ("wrong", "most"), [("GCRA", 19), ("token bucket", 19), ("fixed window", 20), ("sliding counter", 14)]
)
def test_the_suite_sees_what_a_burst_buys(sqlite_store: Ground, wrong: str, most: int) -> None:
    with pytest.raises(AssertionError, match=f"over the limit: {most} of 10"):
        conformance.a_burst_buys_nothing_later(sqlite_store, OVER_THE_LIMIT[wrong])


def test_the_suite_sees_a_gate_that_asks_its_meters_one_after_the_other(sqlite_store: Ground) -> None:
    with pytest.raises(AssertionError, match="a denial took something"):
        conformance.all_meters_or_none(sqlite_store, OneAfterTheOther)


def test_the_suite_sees_a_gate_that_fails_open(sqlite_store: Ground) -> None:
    with pytest.raises(AssertionError, match="let through"):
        conformance.a_store_that_fails_lets_nothing_through(sqlite_store, FailsOpen)


# --- many at once ---------------------------------------------------------------------------------------------------


def hammered(order: Order, gate: Callable[[], RateGate]) -> list[Sent]:
    """What eight workers sent together, each on a loop and connections of its own."""
    orders = [replace(order, seed=seed) for seed in range(WORKERS)]
    with ThreadPoolExecutor(WORKERS) as threads:
        every: Sequence[list[Sent]] = list(threads.map(lambda one: asyncio.run(hammer(one, gate())), orders))
    return [one for sent in every for one in sent]


def an_order(url: str, key: str | None) -> Order:
    return Order(url, key, account=new_id(), limit=10, window_s=1.5, seconds=2.5, seed=0)


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_eight_at_once_on_one_account_admit_no_more_than_one_would(request: pytest.FixtureRequest, store: str) -> None:
    if store == "sqlite":
        order = an_order(request.getfixturevalue("sqlite_url"), DATABASE_KEY)
    else:
        order = an_order(request.getfixturevalue("migrated_postgres_url"), None)
    sent = hammered(order, SqlRateGate)
    most = most_at_once(order, sent)
    assert {key: count for key, (count, limit) in most.items() if count > limit} == {}
    assert most[f"account:{order.account}"] == (10, 10), "the limit was not even reached"


def test_the_hammer_sees_a_gate_that_does_not_hold_its_meters(migrated_postgres_url: str) -> None:
    order = an_order(migrated_postgres_url, None)
    most = most_at_once(order, hammered(order, Unlocked))
    assert any(count > limit for count, limit in most.values())
