"""Conformance of a rate gate: exact in any window, as the platform sees it, on a virtual clock.

The platform sees a send at some moment between its permit and its answer; without an answer, at the latest when its
longest flight ends. Gates that are wrong in the ways that are commonly built must fail this suite.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from huntaze_backend.core.clock import CLOCK_KEY
from huntaze_backend.core.schema import Base
from huntaze_backend.engines.limits.adapters.sql_log import SqlRateGate
from huntaze_backend.engines.limits.port import Decision, Meter, RateGate
from huntaze_backend.engines.limits.tables import MeterRow, PermitRow
from huntaze_contract.ids import new_id

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
WINDOW = timedelta(seconds=60)
FLIGHT = timedelta(seconds=35)
METER = Meter("account:a", 3, WINDOW)
SPACING = Meter("spacing:a", 1, timedelta(seconds=3), "spacing")


class VirtualClock:
    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - NOON).total_seconds()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.at += timedelta(seconds=seconds)


@contextmanager
def a_session(clock: VirtualClock) -> Iterator[Session]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine, tables=[Base.metadata.tables[t.__tablename__] for t in (MeterRow, PermitRow)])
    with Session(engine) as session:
        session.info[CLOCK_KEY] = clock
        yield session
    engine.dispose()


@dataclass(frozen=True)
class Try:
    """Ask after `wait`; if granted, the platform executes at `executes` of the flight, and answers at its end."""

    wait: float
    flight: float
    executes: float
    answered: bool


TRIES = st.lists(
    st.builds(
        Try,
        wait=st.sampled_from([0.0, 0.0, 0.5, 1.0, 5.0, 14.0, 20.0, 31.0, 60.0, 61.0]),
        flight=st.sampled_from([0.0, 0.1, 2.0, 10.0, 34.0]),
        executes=st.sampled_from([0.0, 0.5, 1.0]),
        answered=st.booleans(),
    ),
    min_size=5,
    max_size=16,
)


def executions(session: Session, gate: RateGate, tries: Sequence[Try]) -> list[datetime]:
    """When the platform executed what the gate let through, on a meter of its own."""
    clock: VirtualClock = session.info[CLOCK_KEY]
    meter = replace(METER, key=new_id())
    done: list[datetime] = []
    answers: list[tuple[datetime, str, bool]] = []

    def settle_until(at: datetime) -> None:
        for when, permit, certain in sorted(answers):
            if when <= at:
                clock.at = max(clock.at, when)
                gate.settle(session, permit, certain=certain)
                answers.remove((when, permit, certain))
        clock.at = at

    for one in tries:
        settle_until(clock.at + timedelta(seconds=one.wait))
        decision = gate.acquire(session, [meter], longest_flight=FLIGHT)
        assert decision.granted == (decision.permit is not None)
        if decision.permit is None:
            continue
        flight = timedelta(seconds=one.flight) if one.answered else FLIGHT
        done.append(clock.at + flight * one.executes)
        # Without an answer somebody gives up within the flight and says so, or (a crash) nobody ever does.
        if one.answered or one.flight:
            answers.append((clock.at + timedelta(seconds=one.flight), decision.permit, one.answered))
    return sorted(done)


def most_in_any_window(times: Sequence[datetime], window: timedelta) -> int:
    return max((sum(1 for t in times if start <= t < start + window) for start in times), default=0)


def conforms(gate: Callable[[], RateGate], *, examples: int, phases: Sequence[Phase] = tuple(Phase)) -> None:
    with a_session(VirtualClock()) as session:

        @settings(max_examples=examples, deadline=None, database=None, phases=phases)
        @given(TRIES)
        def in_any_window(tries: list[Try]) -> None:
            most = most_in_any_window(executions(session, gate(), tries), WINDOW)
            assert most <= METER.limit, "over the limit"

        in_any_window()


def test_never_more_than_the_limit_in_any_window() -> None:
    conforms(SqlRateGate, examples=120)


class TokenBucket:
    """A bucket of `limit`, refilled evenly: what GCRA and most libraries do."""

    def __init__(self) -> None:
        self.tokens: float = METER.limit
        self.at: datetime | None = None

    def acquire(self, session: Session, meters: Sequence[Meter], *, longest_flight: timedelta) -> Decision:
        at = session.info[CLOCK_KEY].now()
        (meter,) = meters
        self.tokens = min(meter.limit, self.tokens + (at - (self.at or at)) / meter.window * meter.limit)
        self.at = at
        if self.tokens < 1:
            return Decision(granted=False, retry_at=at + meter.window / meter.limit)
        self.tokens -= 1
        return Decision(granted=True, permit=new_id())

    def peek(self, session: Session, meters: Sequence[Meter]) -> Decision:
        return Decision(granted=self.tokens >= 1)

    def forecast(self, session: Session, meters: Sequence[Meter], count: int) -> list[datetime]:
        return [NOON] * count

    def settle(self, session: Session, permit: str, *, certain: bool) -> None:
        return None

    def refund(self, session: Session, permit: str) -> None:
        return None

    def penalise(self, session: Session, key: str, until: datetime) -> None:
        return None


class FromThePermit(SqlRateGate):
    """An exact log that counts each send from its permit, as if it reached the platform that moment."""

    def acquire(self, session: Session, meters: Sequence[Meter], *, longest_flight: timedelta) -> Decision:
        return super().acquire(session, meters, longest_flight=timedelta(0))

    def settle(self, session: Session, permit: str, *, certain: bool) -> None:
        return None


class FreeWhenUncertain(SqlRateGate):
    """Gives the slot of a send without an answer back."""

    def settle(self, session: Session, permit: str, *, certain: bool) -> None:
        if certain:
            super().settle(session, permit, certain=True)
        else:
            self.refund(session, permit)


@pytest.mark.parametrize("wrong", [TokenBucket, FromThePermit, FreeWhenUncertain])
def test_the_suite_sees_what_a_wrong_gate_lets_through(wrong: Callable[[], RateGate]) -> None:
    with pytest.raises(AssertionError, match="over the limit"):
        conforms(wrong, examples=1000, phases=[Phase.generate])  # that it fails is enough, no smallest example


# --- single rules -------------------------------------------------------------------------------------------------


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def session(clock: VirtualClock) -> Iterator[Session]:
    with a_session(clock) as made:
        yield made


def take(session: Session, *meters: Meter) -> Decision:
    return SqlRateGate().acquire(session, meters or (METER,), longest_flight=FLIGHT)


def test_a_denial_says_when_asking_again_is_worth_it(session: Session, clock: VirtualClock) -> None:
    permits = []
    for _ in range(METER.limit):
        permits.append(take(session).permit)
        clock.at += timedelta(seconds=1)
    for permit in permits:
        SqlRateGate().settle(session, str(permit), certain=True)
    denied = take(session)
    assert (denied.granted, denied.blocking, denied.remaining) == (False, METER, {METER.key: 0})
    assert denied.retry_at == clock.at + WINDOW
    clock.at = denied.retry_at - timedelta(microseconds=1)
    assert not take(session).granted
    clock.at = denied.retry_at
    assert take(session).granted


def test_all_meters_or_none(session: Session, clock: VirtualClock) -> None:
    assert take(session, METER, SPACING).granted
    blocked = take(session, METER, SPACING)
    assert (blocked.granted, blocked.blocking) == (False, SPACING)
    assert SqlRateGate().peek(session, [METER]).remaining == {METER.key: METER.limit - 1}


def test_spacing_runs_from_the_answer_but_never_waits_for_one(session: Session, clock: VirtualClock) -> None:
    permit = take(session, SPACING).permit
    clock.at += timedelta(seconds=2)
    SqlRateGate().settle(session, str(permit), certain=True)
    clock.at += timedelta(seconds=2)
    assert not take(session, SPACING).granted
    clock.at += timedelta(seconds=1)
    assert take(session, SPACING).granted
    clock.at += timedelta(seconds=3)  # and this one is never answered
    assert take(session, SPACING).granted


def test_what_provably_never_went_does_not_count(session: Session) -> None:
    permit = take(session).permit
    SqlRateGate().refund(session, str(permit))
    assert SqlRateGate().peek(session, [METER]).remaining == {METER.key: METER.limit}


def test_an_answered_send_cannot_be_refunded(session: Session) -> None:
    permit = take(session).permit
    SqlRateGate().settle(session, str(permit), certain=True)
    SqlRateGate().refund(session, str(permit))
    assert SqlRateGate().peek(session, [METER]).remaining == {METER.key: METER.limit - 1}


def test_a_pause_of_the_platform_stops_everything_and_is_never_shortened(session: Session, clock: VirtualClock) -> None:
    gate = SqlRateGate()
    gate.penalise(session, METER.key, NOON + timedelta(seconds=30))
    gate.penalise(session, METER.key, NOON + timedelta(seconds=10))
    denied = take(session)
    assert (denied.granted, denied.penalised, denied.retry_at) == (False, True, NOON + timedelta(seconds=30))
    assert denied.remaining == {METER.key: 0}
    clock.at = NOON + timedelta(seconds=30)
    assert take(session).granted


def test_peeking_takes_nothing(session: Session) -> None:
    gate = SqlRateGate()
    for _ in range(METER.limit * 2):
        assert gate.peek(session, [METER]).granted
    assert take(session).granted


def test_the_forecast_is_what_happens_if_nothing_else_does(session: Session, clock: VirtualClock) -> None:
    gate = SqlRateGate()
    meters = (METER, SPACING)
    told = gate.forecast(session, meters, 7)
    came: list[datetime] = []
    while len(came) < 7:
        decision = take(session, *meters)
        if decision.permit is None:
            assert decision.retry_at is not None
            clock.at = decision.retry_at
            continue
        gate.settle(session, decision.permit, certain=True)
        came.append(clock.at)
    assert told == came


@pytest.mark.parametrize("wrong", [("k", 0, WINDOW, "log"), ("k", 1, timedelta(0), "log"), ("k", 2, WINDOW, "spacing")])
def test_a_meter_that_means_nothing_cannot_be_made(wrong: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="meter"):
        Meter(*wrong)
