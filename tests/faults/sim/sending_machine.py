"""A conversation driven by chance: every event may meet every message in every state, legal or not.

`tests/unit/sending/test_outgoing_machine.py` drives one message through lives that make sense. Here nothing need make
sense: what is illegal must raise and change nothing, and what is legal must follow the table; several messages share
one order, so that a place given twice or a head overtaken shows.
"""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from huntaze_contract import outgoing as o
from huntaze_contract.outgoing import Outgoing, State, step
from tests.faults.sim.platform import NOON

__all__ = ["SendingMachine"]

_MESSAGES = 4
_WHICH = st.integers(0, _MESSAGES - 1)
_GOES = (State.READY, State.LIMITED)


class SendingMachine(RuleBasedStateMachine):
    """Time moves with every event, sometimes past the quarantine."""

    @initialize()
    def begin(self) -> None:
        self.now = NOON
        self.messages = [Outgoing(id=str(number)) for number in range(_MESSAGES)]
        self.next_place = 1
        self.given: list[int] = []

    def _do(self, which: int, event: o.Event) -> None:
        before = self.messages[which]
        copy = Outgoing(**{name: getattr(before, name) for name in Outgoing.__slots__})
        try:
            after, effects = step(before, event)
        except o.IllegalTransitionError:
            assert before == copy, "an illegal event changed the message"
            if isinstance(event, o.Proof):
                assert before.attempt_no == 0 or before.state is State.SENT, "late proof did not win"
            return
        assert before == copy, "step changed its argument"
        assert after.state is before.state or after.state in o.TRANSITIONS[before.state]
        if isinstance(event, o.Proof):
            assert after.state is State.SENT
        released = any(isinstance(effect, o.HeadReleased) for effect in effects)
        assert released == (before.holds_head and after.state in o.RELEASES_HEAD)
        if after.place != before.place:
            assert isinstance(event, o.Release | o.Retry), "a place came from nowhere"
            assert after.place is not None
            self.given.append(after.place)
            self.next_place += 1
        self.messages[which] = after

    def _is_head(self, which: int) -> bool:
        places = [message.place for message in self.messages if message.holds_head and message.place is not None]
        return self.messages[which].place == min(places, default=None)

    @rule(seconds=st.sampled_from([1, 6, 60, 1200]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(which=_WHICH)
    def the_usual_way(self, which: int) -> None:
        """What would come next if nothing were wrong; otherwise hardly any message gets far."""
        message = self.messages[which]
        match message.state:
            case State.DRAFT:
                self._do(which, o.Queue())
            case State.QUEUED_LOCAL:
                self._do(which, o.Accept())
            case State.ACCEPTED | State.SCHEDULED | State.WAITING_APPROVAL:
                self._do(which, o.Release(self.next_place))
            case State.LIMITED:
                self._do(which, o.Due())
            case State.READY if self._is_head(which):
                self._do(which, o.Attempt(self.now))
            case State.SENDING:
                self._do(which, o.Ambiguous("timeout"))
            case State.UNKNOWN:
                self._do(which, o.Reconcile())
            case State.RECONCILING:
                self.now += timedelta(seconds=60)
                self._do(which, o.Listed(self.now, complete=True))
            case State.FAILED:
                self._do(which, o.Retry(self.next_place))

    @rule(
        which=_WHICH,
        kind=st.sampled_from(
            [o.Queue, o.Accept, o.Expire, o.Overtake, o.Confirm, o.HoldForApproval, o.Due, o.Reconcile, o.Cancel]
        ),
    )
    def anything_happens(self, which: int, kind: Any) -> None:
        self._do(which, kind())

    @rule(which=_WHICH, kind=st.sampled_from([o.Reject, o.Refuse, o.Forbid, o.Ambiguous]))
    def it_is_refused_or_lost(self, which: int, kind: Any) -> None:
        self._do(which, kind("because"))

    @rule(which=_WHICH, kind=st.sampled_from([o.Schedule, o.Deny, o.NotExecuted, o.Throttle]))
    def it_has_to_wait(self, which: int, kind: Any) -> None:
        self._do(which, kind(self.now + timedelta(seconds=30)))

    @rule(which=_WHICH, kind=st.sampled_from([o.Release, o.Retry]))
    def it_gets_a_place(self, which: int, kind: Any) -> None:
        self._do(which, kind(self.next_place))

    @rule(which=_WHICH)
    def an_attempt_is_opened(self, which: int) -> None:
        """Only for the head, as claims do; that it *is* the head is what the invariant below watches."""
        if self._is_head(which):
            self._do(which, o.Attempt(self.now))

    @rule(which=_WHICH, complete=st.booleans())
    def its_chat_is_listed(self, which: int, complete: bool) -> None:
        self._do(which, o.Listed(self.now, complete))

    @rule(which=_WHICH, kind=st.sampled_from([o.Proof, o.Succeed]))
    def it_is_seen(self, which: int, kind: Any) -> None:
        self._do(which, kind(f"p{which}"))

    @rule(which=_WHICH, sent=st.booleans(), again=st.booleans())
    def a_person_decides(self, which: int, sent: bool, again: bool) -> None:
        self._do(which, o.Verdict(sent=sent, again=again, platform_message_id=f"p{which}" if sent else None))

    @invariant()
    def places_are_given_once_and_rising(self) -> None:
        given = getattr(self, "given", [])
        assert given == sorted(set(given))

    @invariant()
    def whoever_holds_the_head_is_not_overtaken(self) -> None:
        """Of those that hold a place, only the first can be on its way to the platform."""
        held = sorted(
            (message for message in getattr(self, "messages", []) if message.holds_head),
            key=lambda message: message.place or 0,
        )
        for message in held[1:]:
            assert message.state in _GOES, f"{message.id} is {message.state} behind {held[0].id}"

    @invariant()
    def what_is_sent_is_known_to_the_platform(self) -> None:
        for message in getattr(self, "messages", []):
            if message.state is State.SENT:
                assert message.platform_message_id is not None
                assert message.attempt_no > 0
            assert message.spent <= o.DEFAULT_TIMING.max_attempts
