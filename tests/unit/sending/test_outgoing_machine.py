"""One message driven by chance, against a platform that knows the truth: never lost, never doubled.

The model platform executes or loses an attempt behind the machine's back. Whatever the order of answers, proofs,
listings, crashes and persons' decisions, the invariants of DESIGN §4 hold after every step. Wrong pipelines are run
through the same model, so that a model that sees nothing would be noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntaze_contract import outgoing as o
from huntaze_contract.outgoing import Outgoing, State, step

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PLATFORM = o.Timing()
STEPS = 80
Action = Callable[[], None]


class Life:
    """A message from the pen to wherever it ends. A person is assumed to read the platform correctly."""

    timing = PLATFORM
    failed_listings_count = False

    def __init__(self, *, may_cancel: bool) -> None:
        self.may_cancel = may_cancel
        self.now = NOON
        self.message = Outgoing(id="m")
        self.executed: list[str] = []
        """Platform ids, in order of execution: more than one is a doubled message."""
        self.under_way: datetime | None = None
        """When the attempt began whose call may still be executed."""
        self.places: list[int] = []
        self.next_place = 1
        self.do(o.Queue())
        self.do(o.Accept())

    def do(self, event: o.Event) -> None:
        before = self.message
        after, effects = step(before, event, self.timing)
        assert after.state is before.state or after.state in o.TRANSITIONS[before.state]
        if before.state in o.HOLDS_HEAD and after.state in o.HOLDS_HEAD:
            assert after.place == before.place
        if after.place != before.place:
            assert after.place is not None
            self.places.append(after.place)
        released = any(isinstance(effect, o.HeadReleased) for effect in effects)
        assert released == (before.state in o.HOLDS_HEAD and after.state in o.RELEASES_HEAD)
        self.message = after

    def check(self) -> None:
        assert len(self.executed) <= 1, "sent twice"
        if self.message.state is State.SENT:
            assert self.executed == [self.message.platform_message_id], "said to be sent, and is not there"
        if self.message.state is State.FAILED:
            assert not self.executed, "said to have failed, and is there"
        assert self.places == sorted(set(self.places)), "a place was given twice"
        assert self.message.spent <= self.timing.max_attempts

    # --- what may happen next -------------------------------------------------------------------------------------

    def actions(self) -> Sequence[Action]:
        return [*(partial(self._wait, s) for s in (1, 5, 20, 60)), *self._platform(), *self._ours(), *self._persons()]

    def _wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        if self.under_way is not None and self.now >= self.under_way + PLATFORM.longest_flight:
            self.under_way = None  # the gateway did not act in time, or its call has ended

    def _platform(self) -> Sequence[Action]:
        actions: list[Action] = []
        if self.under_way is not None:
            actions.append(self._execute)
        if self.executed and self.message.attempt_no > 0:
            actions.append(lambda: self.do(o.Proof(self.executed[0])))  # a webhook
        return actions

    def _execute(self) -> None:
        self.executed.append(f"p{len(self.executed)}")
        self.under_way = None

    def _ours(self) -> Sequence[Action]:
        match self.message.state:
            case State.ACCEPTED:
                return [self._release]
            case State.READY:
                return [self._attempt, lambda: self.do(o.Deny(self.now + timedelta(seconds=3)))]
            case State.LIMITED:
                return [lambda: self.do(o.Due())]
            case State.SENDING:
                return self._answers()
            case State.UNKNOWN:
                return [lambda: self.do(o.Reconcile())]
            case State.RECONCILING:
                return [self._list, lambda: self.do(o.Listed(self.now, complete=self.failed_listings_count))]
        return []

    def _release(self) -> None:
        self.do(o.Release(self.next_place))
        self.next_place += 1

    def _attempt(self) -> None:
        assert self.under_way is None, "two attempts are open at once"
        self.do(o.Attempt(self.now))
        self.under_way = self.now

    def _answers(self) -> Sequence[Action]:
        lost: list[Action] = [lambda: self.do(o.Ambiguous("lost")), lambda: self.do(o.Ambiguous("crash"))]
        if self.executed:
            return [*lost, lambda: self.do(o.Succeed(self.executed[-1]))]
        if self.under_way is None:
            return lost
        certain = (
            o.Refuse("blocked"),
            o.NotExecuted(self.now + timedelta(seconds=1)),
            o.Throttle(self.now + timedelta(seconds=30)),
        )
        return [*lost, *(partial(self._not_executed, event) for event in certain)]

    def _not_executed(self, event: o.Event) -> None:
        self.under_way = None
        self.do(event)

    def _list(self) -> None:
        self.do(o.Proof(self.executed[0]) if self.executed else o.Listed(self.now, complete=True))

    def _persons(self) -> Sequence[Action]:
        match self.message.state:
            case State.NEEDS_HUMAN if self.executed:
                return [lambda: self.do(o.Verdict(sent=True, platform_message_id=self.executed[0]))]
            case State.NEEDS_HUMAN if self.under_way is None:
                return [lambda: self.do(o.Verdict(sent=False)), lambda: self.do(o.Verdict(sent=False, again=True))]
            case State.FAILED:
                return [self._retry]
            case State.READY | State.LIMITED | State.SENDING | State.UNKNOWN | State.RECONCILING if self.may_cancel:
                return [lambda: self.do(o.Cancel())]
        return []

    def _retry(self) -> None:
        self.do(o.Retry(self.next_place))
        self.next_place += 1


def live(life: Life, choices: Sequence[int]) -> None:
    for choice in choices:
        actions = life.actions()
        actions[choice % len(actions)]()
        life.check()


@given(st.lists(st.integers(0, 5039), max_size=STEPS), st.booleans())
def test_whatever_happens_it_is_sent_once_or_known_not_to_be(choices: list[int], may_cancel: bool) -> None:
    live(Life(may_cancel=may_cancel), choices)


def _by_chance(kind: type[Life], lives: int) -> None:
    for seed in range(lives):
        chance = Random(seed)
        live(kind(may_cancel=seed % 4 == 0), [chance.randrange(5040) for _ in range(STEPS)])


def test_the_same_for_many_lives_by_chance() -> None:
    _by_chance(Life, 1500)


class WithoutQuarantine(Life):
    """Believes that an attempt is over at once."""

    timing = o.Timing(
        attempt_ttl=timedelta(0), call_timeout=timedelta(0), listing_lag=timedelta(0), margin=timedelta(0)
    )


class BelievingFailedListings(Life):
    """Takes a listing that failed for one that showed nothing."""

    failed_listings_count = True


@pytest.mark.parametrize("wrong", [WithoutQuarantine, BelievingFailedListings])
def test_the_model_sees_what_a_wrong_pipeline_does(wrong: type[Life]) -> None:
    with pytest.raises(AssertionError, match=r"sent twice|two attempts"):
        _by_chance(wrong, 6000)
