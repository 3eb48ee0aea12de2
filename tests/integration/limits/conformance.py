"""The suite that every adapter of the limiter's port must pass. Each check raises AssertionError and says what it saw.

A check gets a store on a clock of its own and a maker of gates. Two oracles judge: what a platform would have executed
(a send lands at some moment between its permit and its answer, and without one at the latest when its longest flight
ends), and a brute-force journal that says for each question what the answer had to be, so that a gate that is too
strict fails as well. Keys are new each time, so that checks may share a store.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Literal

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from huntaze_backend.engines.limits.port import Decision, Meter, RateGate
from huntaze_contract.ids import new_id
from tests.integration.limits.grounds import Ground
from tests.integration.limits.reference import Journal, most_in_any_window

WINDOW = timedelta(seconds=60)
FLIGHT = timedelta(seconds=35)
SECOND = timedelta(seconds=1)
MakeGate = Callable[[], RateGate]


# --- what happens to a gate -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Send:
    """Ask after `wait` seconds; if granted, the platform executes at `executes` (0 to 1) of the `flight` in seconds."""

    wait: float
    flight: float
    executes: float
    ends: Literal["answered", "uncertain", "crashed", "never left"]
    fan: int
    campaign: bool


@dataclass(frozen=True)
class Pause:
    """The platform asks for a pause of the account."""

    wait: float
    seconds: float


@dataclass(frozen=True)
class StepBack:
    """The server's clock is set back."""

    seconds: float


Step = Send | Pause | StepBack

SENDS = st.builds(
    Send,
    wait=st.sampled_from([0.0, 0.0, 0.0, 0.5, 1.0, 3.0, 5.0, 14.0, 20.0, 31.0, 60.0, 61.0]),
    flight=st.sampled_from([0.0, 0.1, 2.0, 10.0, 34.0]),
    executes=st.sampled_from([0.0, 0.5, 1.0]),
    ends=st.sampled_from(["answered", "answered", "answered", "uncertain", "crashed", "never left"]),
    fan=st.integers(0, 2),
    campaign=st.booleans(),
)
PAUSES = st.builds(Pause, wait=st.sampled_from([0.0, 2.0]), seconds=st.sampled_from([1.0, 30.0, 90.0]))
STEPS_BACK = st.builds(StepBack, seconds=st.sampled_from([0.2, 2.0, 30.0]))


@dataclass(frozen=True)
class Rules:
    """An account's meters as dispatch makes them: its own limit, the fan's, the campaigns' share, and spacing."""

    account: Meter
    fans: tuple[Meter, ...]
    campaigns: Meter
    spacing: Meter | None

    @classmethod
    def of(cls, limit: int, *, spaced: bool, window: timedelta = WINDOW) -> Rules:
        key = new_id()
        return cls(
            account=Meter(f"account:{key}", limit, window),
            fans=tuple(Meter(f"fan:{key}:{fan}", max(1, limit * 6 // 10), window) for fan in range(3)),
            campaigns=Meter(f"campaign:{key}", max(1, limit * 7 // 10), window),
            spacing=Meter(f"spacing:{key}", 1, window / 20, "spacing") if spaced else None,
        )

    def for_send(self, fan: int, *, campaign: bool) -> list[Meter]:
        extra = [self.campaigns] if campaign else []
        return [self.account, self.fans[fan], *extra, *([self.spacing] if self.spacing else [])]


class Play:
    """One account's life under a gate: what was asked and answered, and what the platform executed when."""

    def __init__(self, ground: Ground, gate: RateGate, rules: Rules, longest_flight: timedelta = FLIGHT) -> None:
        self.ground, self.gate, self.rules, self.longest_flight = ground, gate, rules, longest_flight
        self.executed: dict[str, list[datetime]] = {}
        """By meter key, in true time: the clock's and what it was set back by."""
        self.journal = Journal()
        self.set_back = timedelta(0)
        self._answers: list[tuple[datetime, int, str, bool]] = []
        self._numbers = count()

    @property
    def true_time(self) -> datetime:
        return self.ground.at + self.set_back

    def advance(self, wait: timedelta) -> None:
        """Let time pass, and the answers of this time come in at their moments."""
        until = self.true_time + wait
        for answer in sorted(self._answers):
            at, _, permit, certain = answer
            if at > until:
                break
            self._answers.remove(answer)
            self.ground.at = max(self.ground.at, at - self.set_back)
            self.settle(permit, certain=certain)
        self.ground.at = until - self.set_back

    def settle(self, permit: str, *, certain: bool) -> None:
        self.ground.unit(lambda session: self.gate.settle(session, permit, certain=certain))
        self.journal.settle(permit, self.ground.at, certain=certain)

    def ask(self, meters: Sequence[Meter]) -> Decision:
        decision = self.ground.unit(
            lambda session: self.gate.acquire(session, meters, longest_flight=self.longest_flight)
        )
        assert decision.granted == (decision.permit is not None), "a grant is a permit"
        return decision

    def send(self, send: Send) -> Decision:
        meters = self.rules.for_send(send.fan, campaign=send.campaign)
        decision = self.ask(meters)
        if decision.permit is None:
            return decision
        permit = decision.permit
        self.journal.note(permit, meters, self.ground.at, self.longest_flight)
        if send.ends == "never left":
            self.ground.unit(lambda session: self.gate.refund(session, permit))
            self.journal.refund(permit)
            return decision
        flight = timedelta(seconds=send.flight) if send.ends == "answered" else self.longest_flight
        self.lands(meters, flight * send.executes)
        if send.ends != "crashed":
            # Who gives up says so at once; the send itself may still land until its longest flight is over.
            self.ends(permit, timedelta(seconds=send.flight), certain=send.ends == "answered")
        return decision

    def lands(self, meters: Sequence[Meter], after: timedelta) -> None:
        """The platform executes a send so long from now."""
        for meter in meters:
            self.executed.setdefault(meter.key, []).append(self.true_time + after)

    def ends(self, permit: str, after: timedelta, *, certain: bool) -> None:
        """Whoever sent it learns so long from now how it ended, or gives up."""
        self._answers.append((self.true_time + after, next(self._numbers), permit, certain))

    def pause(self, pause: Pause) -> None:
        until = self.ground.at + timedelta(seconds=pause.seconds)
        self.ground.unit(lambda session: self.gate.penalise(session, self.rules.account.key, until))
        self.journal.pause(self.rules.account.key, until)

    def never_over_the_limit(self) -> None:
        for meter in (self.rules.account, *self.rules.fans, self.rules.campaigns):
            most = most_in_any_window(self.executed.get(meter.key, ()), meter.window)
            assert most <= meter.limit, f"over the limit: {most} of {meter.limit} in one window of {meter.key}"


# --- the checks -----------------------------------------------------------------------------------------------------


def never_over_the_limit_in_any_window(
    ground: Ground, make: MakeGate, examples: int, phases: Sequence[Phase] = tuple(Phase)
) -> None:
    """Whatever is asked when and however sends end, also when the server's clock is set back."""

    @settings(max_examples=examples, deadline=None, database=None, phases=phases)
    @given(st.sampled_from([3, 4]), st.booleans(), st.lists(st.one_of(SENDS, SENDS, SENDS, STEPS_BACK), min_size=5))
    def check(limit: int, spaced: bool, steps: list[Send | StepBack]) -> None:
        play = Play(ground, make(), Rules.of(limit, spaced=spaced))
        for step in steps:
            if isinstance(step, StepBack):
                play.ground.at -= timedelta(seconds=step.seconds)
                play.set_back += timedelta(seconds=step.seconds)
            else:
                play.advance(timedelta(seconds=step.wait))
                play.send(step)
        play.never_over_the_limit()

    check()


def exactly_what_the_journal_says(ground: Ground, make: MakeGate, examples: int) -> None:
    """Each answer is the one that the brute-force journal gives: neither too much nor too little is let through."""

    @settings(max_examples=examples, deadline=None, database=None)
    @given(st.sampled_from([3, 10]), st.booleans(), st.lists(st.one_of(SENDS, SENDS, SENDS, PAUSES), min_size=5))
    def check(limit: int, spaced: bool, steps: list[Send | Pause]) -> None:
        play = Play(ground, make(), Rules.of(limit, spaced=spaced))
        for step in steps:
            play.advance(timedelta(seconds=step.wait))
            if isinstance(step, Pause):
                play.pause(step)
                continue
            meters = play.rules.for_send(step.fan, campaign=step.campaign)
            at, journal = ground.at, play.journal
            expected = journal.admits(meters, at)
            room = {meter.key: journal.room(meter, at) for meter in meters if meter.kind == "log"}
            still_open = journal.any_open(meters)
            retry_at = journal.admits_at(meters, at)
            decision = play.send(step)
            assert decision.granted == expected, f"granted {decision.granted}, the journal says {expected}"
            assert decision.remaining == {key: left - expected for key, left in room.items()}
            if not expected:
                assert decision.retry_at is not None
                assert decision.retry_at > at
                assert still_open or decision.retry_at == retry_at

    check()


def sends_that_lag_behind_their_permits(ground: Ground, make: MakeGate, minutes: int) -> None:
    """Sends take up to `D` seconds and somebody asks as often as allowed: never more than 10 land in any 60 s.

    Counting from the permit alone lets 15 to 17 through.
    """
    for slowest in (0.5, 2.0, 10.0):
        chance = random.Random(f"{slowest}")
        play = Play(ground, make(), Rules.of(10, spaced=False))
        end = ground.at + timedelta(minutes=minutes)
        while ground.at < end:
            flight = chance.uniform(0, slowest)
            decision = play.ask([play.rules.account])
            if decision.permit is None:
                play.advance(SECOND)
                continue
            play.lands([play.rules.account], timedelta(seconds=flight))
            play.ends(decision.permit, timedelta(seconds=flight), certain=True)
        play.never_over_the_limit()
        least = 10 * (minutes - 1) * 60 / (60 + slowest) - 10
        assert len(play.executed[play.rules.account.key]) >= least, "the gate wastes what is allowed"


def a_burst_buys_nothing_later(ground: Ground, make: MakeGate) -> None:
    """All at once, then asking every second: the minute that began with the burst holds no eleventh.

    GCRA and a token bucket let 19 through, a fixed window 20, and nothing has to lag or to go wrong for that.
    """
    play = Play(ground, make(), Rules.of(10, spaced=False))
    account = play.rules.account
    play.advance(
        WINDOW / 2 - timedelta(seconds=ground.at.second)
    )  # a burst on the full minute would suit fixed windows
    end = ground.at + 2 * WINDOW
    while ground.at < end:
        decision = play.ask([account])
        if decision.permit is None:
            play.advance(SECOND)
            continue
        play.lands([account], timedelta(0))
        play.settle(decision.permit, certain=True)
    play.never_over_the_limit()
    assert len(play.executed[account.key]) == 2 * account.limit, "the gate wastes what is allowed"


def all_meters_or_none(ground: Ground, make: MakeGate) -> None:
    """A denial by one meter takes nothing of the others, in whatever order they are named."""
    gate, rules = make(), Rules.of(10, spaced=False)
    play = Play(ground, gate, rules)
    meters = rules.for_send(0, campaign=True)
    while play.ask(meters).granted:
        pass
    taken = rules.fans[0].limit
    denied = play.ask(list(reversed(meters)))
    assert (denied.granted, denied.blocking) == (False, rules.fans[0]), "the fan's own limit is the one that blocks"
    others = [rules.account, rules.fans[1], rules.campaigns]
    left = ground.unit(lambda session: gate.peek(session, others)).remaining
    assert left == {
        rules.account.key: 10 - taken,
        rules.fans[1].key: rules.fans[1].limit,
        rules.campaigns.key: rules.campaigns.limit - taken,
    }, "a denial took something"


def a_denial_says_when_to_ask_again(ground: Ground, make: MakeGate) -> None:
    """Not a microsecond too early, and not too late, if nothing else happens."""
    play = Play(ground, make(), Rules.of(3, spaced=False))
    meter = play.rules.account
    for _ in range(meter.limit):
        play.settle(str(play.ask([meter]).permit), certain=True)
        play.advance(SECOND)
    denied = play.ask([meter])
    assert (denied.granted, denied.blocking, denied.remaining) == (False, meter, {meter.key: 0})
    assert denied.retry_at == ground.at + WINDOW - meter.limit * SECOND
    ground.at = denied.retry_at - timedelta(microseconds=1)
    assert not play.ask([meter]).granted, "too early by a microsecond"
    ground.at = denied.retry_at
    assert play.ask([meter]).granted


def spacing_runs_from_the_answer_but_never_waits_for_one(ground: Ground, make: MakeGate) -> None:
    play = Play(ground, make(), Rules.of(3, spaced=True))
    spacing = play.rules.spacing
    assert spacing is not None
    permit = play.ask([spacing]).permit
    play.advance(2 * SECOND)
    play.settle(str(permit), certain=True)
    play.advance(2 * SECOND)
    assert not play.ask([spacing]).granted, "too soon after the answer"
    play.advance(SECOND)
    assert play.ask([spacing]).granted
    play.advance(3 * SECOND)
    assert play.ask([spacing]).granted, "one send without an answer silences the account"


def what_never_went_does_not_count(ground: Ground, make: MakeGate) -> None:
    gate, rules = make(), Rules.of(3, spaced=True)
    play = Play(ground, gate, rules)
    meters = rules.for_send(0, campaign=True)
    permit = str(play.ask(meters).permit)
    ground.unit(lambda session: gate.refund(session, permit))
    assert ground.unit(lambda session: gate.peek(session, meters)).remaining[rules.account.key] == 3
    assert play.ask(meters).granted, "the refund forgot a meter"


def an_answered_send_cannot_be_refunded(ground: Ground, make: MakeGate) -> None:
    gate, rules = make(), Rules.of(3, spaced=False)
    play = Play(ground, gate, rules)
    permit = str(play.ask([rules.account]).permit)
    play.settle(permit, certain=True)
    ground.unit(lambda session: gate.refund(session, permit))
    assert ground.unit(lambda session: gate.peek(session, [rules.account])).remaining == {rules.account.key: 2}


def settling_twice_changes_nothing(ground: Ground, make: MakeGate) -> None:
    gate, rules = make(), Rules.of(1, spaced=False)
    play = Play(ground, gate, rules)
    permit = str(play.ask([rules.account]).permit)
    play.settle(permit, certain=True)
    free_at = ground.at + WINDOW
    for certain in (True, False):
        play.advance(10 * SECOND)
        play.settle(permit, certain=certain)
    assert play.ask([rules.account]).retry_at == free_at


def a_pause_stops_everything_and_is_never_shortened(ground: Ground, make: MakeGate) -> None:
    gate, rules = make(), Rules.of(3, spaced=False)
    play = Play(ground, gate, rules)
    key, begun = rules.account.key, ground.at
    for seconds in (30, 10):
        ground.unit(lambda session, until=begun + seconds * SECOND: gate.penalise(session, key, until))
    denied = play.ask(rules.for_send(1, campaign=False))
    assert (denied.granted, denied.penalised, denied.retry_at) == (False, True, begun + 30 * SECOND)
    assert denied.remaining[key] == 0
    ground.at = begun + 30 * SECOND
    assert play.ask([rules.account]).granted


def peeking_takes_nothing(ground: Ground, make: MakeGate) -> None:
    gate, rules = make(), Rules.of(3, spaced=True)
    meters = rules.for_send(0, campaign=True)
    for _ in range(5):
        assert ground.unit(lambda session: gate.peek(session, meters)).granted
    assert Play(ground, gate, rules).ask(meters).granted


def the_forecast_is_what_happens_if_nothing_else_does(ground: Ground, make: MakeGate) -> None:
    gate, rules = make(), Rules.of(3, spaced=True)
    play = Play(ground, gate, rules)
    assert rules.spacing is not None
    meters = [rules.account, rules.spacing]
    told = ground.unit(lambda session: gate.forecast(session, meters, 7))
    came: list[datetime] = []
    while len(came) < 7:
        decision = play.ask(meters)
        if decision.permit is None:
            assert decision.retry_at is not None
            ground.at = decision.retry_at
            continue
        play.settle(decision.permit, certain=True)
        came.append(ground.at)
    assert told == came


def a_store_that_fails_lets_nothing_through(ground: Ground, make: MakeGate) -> None:
    """Whichever statement fails: no grant, and nothing taken."""
    gate, rules = make(), Rules.of(3, spaced=True)
    meters = rules.for_send(0, campaign=True)
    for number in count(1):
        answer = _with_failing_statement(ground, gate, meters, number)
        if answer == "not reached":
            assert number > 3, "the store was hardly asked"
            return
        assert not (isinstance(answer, Decision) and answer.granted), f"let through without statement {number}"
        left = ground.unit(lambda session: gate.peek(session, meters)).remaining
        assert left[rules.account.key] == 3, f"something was taken without statement {number}"


def _with_failing_statement(
    ground: Ground, gate: RateGate, meters: Sequence[Meter], number: int
) -> Decision | Literal["failed", "not reached"]:
    """Ask, while the store fails at the statement of that number. A whole answer is taken back again."""
    seen = 0

    def fail(*_of_the_statement: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            raise OperationalError("the store is away", None, Exception("the store is away"))

    def work(session: Session) -> Decision:
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", fail)
        return gate.acquire(session, meters, longest_flight=FLIGHT)

    try:
        answer = ground.unit(work)
    except OperationalError:
        return "failed"
    return answer if seen >= number else "not reached"


RULES: tuple[Callable[[Ground, MakeGate], None], ...] = (
    a_burst_buys_nothing_later,
    all_meters_or_none,
    a_denial_says_when_to_ask_again,
    spacing_runs_from_the_answer_but_never_waits_for_one,
    what_never_went_does_not_count,
    an_answered_send_cannot_be_refunded,
    settling_twice_changes_nothing,
    a_pause_stops_everything_and_is_never_shortened,
    peeking_takes_nothing,
    the_forecast_is_what_happens_if_nothing_else_does,
    a_store_that_fails_lets_nothing_through,
)
"""The single rules of the port; the three checks above them search."""
