"""The pure step itself. Whoever drives a message, on either side and in the simulation, calls this and nothing else."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from huntaze_contract.outgoing.events import (
    Accept,
    Ambiguous,
    AskPerson,
    Attempt,
    Bind,
    Cancel,
    Confirm,
    Deny,
    Due,
    Effect,
    Event,
    Expire,
    Forbid,
    HeadReleased,
    HoldForApproval,
    ListAgain,
    Listed,
    NotExecuted,
    Overtake,
    PauseAccount,
    Proof,
    Queue,
    Reconcile,
    Refuse,
    Reject,
    Release,
    Retry,
    Schedule,
    Settle,
    Succeed,
    Throttle,
    Verdict,
)
from huntaze_contract.outgoing.message import DEFAULT_TIMING, Outgoing, Timing
from huntaze_contract.outgoing.states import RELEASES_HEAD, TRANSITIONS, State


class IllegalTransitionError(Exception):
    """An event that has no meaning in the message's present state."""

    def __init__(self, state: State, event: "Event") -> None:
        super().__init__(f"{type(event).__name__} has no meaning for a message that is {state}")
        self.state = state
        self.event = event


_Result = tuple[Outgoing, tuple[Effect, ...]]


def step(message: Outgoing, event: Event, timing: Timing = DEFAULT_TIMING) -> _Result:
    """Apply one event.

    Returns the message as it is afterwards and the effects to carry out in the same transaction (or, for timers, after
    it). Raises IllegalTransitionError and changes nothing when the event has no meaning in the present state.
    """
    after, effects = _apply(message, event, timing)
    if after.state is not message.state:
        if after.state not in TRANSITIONS[message.state]:
            raise IllegalTransitionError(message.state, event)
        if message.holds_head and after.state in RELEASES_HEAD:
            effects = (*effects, HeadReleased())
    return after, effects


def _apply(m: Outgoing, event: Event, timing: Timing) -> _Result:
    match event:
        case Proof(platform_message_id) | Succeed(platform_message_id):
            return _delivered(m, event, platform_message_id)
        case Cancel():
            return _cancelled(m, event)
        case Queue() | Accept() | Reject() | Expire() | Overtake() | Confirm() | HoldForApproval() | Schedule():
            return _before_order(m, event)
        case Release(place):
            return _released(m, event, place)
        case Retry(place) if m.state is State.FAILED:
            fresh = Outgoing(id=m.id, state=State.READY, place=place, attempt_no=m.attempt_no)
            return fresh, ()
        case Deny(until) if m.state is State.READY:
            return replace(m, state=State.LIMITED, not_before=until), ()
        case Forbid(reason) if m.state in (State.READY, State.LIMITED):
            return replace(m, state=State.FAILED, not_before=None, reason=reason), ()
        case Due() if m.state is State.LIMITED:
            return replace(m, state=State.READY, not_before=None), ()
        case Attempt(at) if m.state is State.READY:
            opened = replace(
                m,
                state=State.SENDING,
                attempt_no=m.attempt_no + 1,
                attempt_started_at=at,
                not_before=None,
                complete_listings=0,
                last_listing_at=None,
                failed_listings=0,
                unlistable_since=None,
                reason=None,
            )
            return opened, ()
        case Refuse() | NotExecuted() | Throttle() | Ambiguous() if m.state is State.SENDING:
            return _answered(m, event)
        case Reconcile() if m.state is State.UNKNOWN:
            return replace(m, state=State.RECONCILING), (ListAgain(_started(m)),)
        case Listed() if m.state is State.RECONCILING:
            return _listed(m, event, timing)
        case Verdict() if m.state is State.NEEDS_HUMAN:
            return _judged(m, event)
    raise IllegalTransitionError(m.state, event)


_SIMPLE: Mapping[tuple[State, type], State] = MappingProxyType(
    {
        (State.DRAFT, Queue): State.QUEUED_LOCAL,
        (State.QUEUED_LOCAL, Accept): State.ACCEPTED,
        (State.QUEUED_LOCAL, Reject): State.REJECTED,
        (State.QUEUED_LOCAL, Expire): State.EXPIRED,
        (State.QUEUED_LOCAL, Overtake): State.NEEDS_REVIEW,
        (State.EXPIRED, Confirm): State.ACCEPTED,
        (State.NEEDS_REVIEW, Confirm): State.ACCEPTED,
        (State.ACCEPTED, HoldForApproval): State.WAITING_APPROVAL,
        (State.SCHEDULED, HoldForApproval): State.WAITING_APPROVAL,
        (State.READY, HoldForApproval): State.WAITING_APPROVAL,
        (State.LIMITED, HoldForApproval): State.WAITING_APPROVAL,
        (State.ACCEPTED, Schedule): State.SCHEDULED,
        (State.WAITING_APPROVAL, Schedule): State.SCHEDULED,
        (State.WAITING_APPROVAL, Reject): State.REJECTED,
    }
)


def _before_order(m: Outgoing, event: Event) -> _Result:
    state = _SIMPLE.get((m.state, type(event)))
    if state is None or (isinstance(event, HoldForApproval) and m.attempt_no > 0):
        # What was tried may be with the fan: no yes can come before that.
        raise IllegalTransitionError(m.state, event)
    not_before = event.at if isinstance(event, Schedule) else None
    reason = event.reason if isinstance(event, Reject | Overtake) else None
    return replace(m, state=state, not_before=not_before, reason=reason), ()


def _released(m: Outgoing, event: Event, place: int) -> _Result:
    if m.state not in (State.ACCEPTED, State.WAITING_APPROVAL, State.SCHEDULED):
        raise IllegalTransitionError(m.state, event)
    return replace(m, state=State.READY, place=place, not_before=None), ()


def _delivered(m: Outgoing, event: Event, platform_message_id: str) -> _Result:
    if m.state is State.SENT:
        # A repeated proof is normal (answer, webhook, listing); a second platform id is a copy we did not make.
        if m.platform_message_id == platform_message_id:
            return m, ()
        raise IllegalTransitionError(m.state, event)
    if m.attempt_no == 0:
        raise IllegalTransitionError(m.state, event)
    if m.state in (State.READY, State.LIMITED):
        # Proven absent and yet here: the platform showed it later than its known lag. It must not go again.
        sent = replace(m, state=State.SENT, platform_message_id=platform_message_id, reason=None, not_before=None)
        return sent, (Bind(platform_message_id),)
    effects: tuple[Effect, ...] = (Bind(platform_message_id),)
    if m.state is State.SENDING:
        effects = (Settle(certain=True), *effects)
    return replace(m, state=State.SENT, platform_message_id=platform_message_id, reason=None), effects


def _cancelled(m: Outgoing, event: Event) -> _Result:
    if m.state in (State.SENDING, State.UNKNOWN, State.RECONCILING):
        return replace(m, stop=True), ()
    if m.state in (State.NEEDS_HUMAN, State.SENT, State.REJECTED, State.CANCELLED, State.DRAFT):
        raise IllegalTransitionError(m.state, event)
    return replace(m, state=State.CANCELLED, not_before=None), ()


def _answered(m: Outgoing, event: Refuse | NotExecuted | Throttle | Ambiguous) -> _Result:
    match event:
        case Refuse(reason):
            return replace(m, state=State.FAILED, reason=reason), (Settle(certain=True),)
        case Ambiguous(reason):
            return replace(m, state=State.UNKNOWN, spent=m.spent + 1, reason=reason), (Settle(certain=False),)
        case Throttle(until):
            state = State.CANCELLED if m.stop else State.LIMITED
            return replace(m, state=state, not_before=until), (Settle(certain=True), PauseAccount(until))
        case NotExecuted(retry_at, reason):
            state = State.CANCELLED if m.stop else State.READY
            return replace(m, state=state, not_before=retry_at, reason=reason), (Settle(certain=True),)


def _listed(m: Outgoing, event: Listed, timing: Timing) -> _Result:
    quarantine_ends = _started(m) + timing.quarantine
    if not event.complete:
        since = m.unlistable_since or event.at
        failed = replace(m, failed_listings=m.failed_listings + 1, unlistable_since=since)
        if event.at >= since + timing.unlistable_after and failed.failed_listings >= timing.unlistable_times:
            return replace(failed, state=State.NEEDS_HUMAN, reason="cannot_list"), (AskPerson("cannot_list"),)
        return failed, (ListAgain(event.at + timing.listing_gap),)
    m = replace(m, failed_listings=0, unlistable_since=None)
    if event.at < quarantine_ends:
        # Seen early, absence means nothing: the attempt may still be under way.
        return m, (ListAgain(min(event.at + timing.listing_gap, quarantine_ends)),)
    if m.last_listing_at is not None and event.at < m.last_listing_at + timing.listing_gap:
        return m, (ListAgain(m.last_listing_at + timing.listing_gap),)
    seen = replace(m, complete_listings=m.complete_listings + 1, last_listing_at=event.at)
    if seen.complete_listings < 2:
        return seen, (ListAgain(event.at + timing.listing_gap),)
    if m.stop:
        return replace(seen, state=State.CANCELLED), ()
    if m.spent >= timing.max_attempts:
        return replace(seen, state=State.NEEDS_HUMAN, reason="attempts_used_up"), (AskPerson("attempts_used_up"),)
    return replace(seen, state=State.READY, not_before=event.at), ()


def _judged(m: Outgoing, event: Verdict) -> _Result:
    if event.sent:
        effects: tuple[Effect, ...] = (Bind(event.platform_message_id),) if event.platform_message_id else ()
        return replace(m, state=State.SENT, platform_message_id=event.platform_message_id, reason=None), effects
    if event.again:
        return replace(m, state=State.READY, spent=0, reason=None, stop=False), ()
    return replace(m, state=State.FAILED, reason="given_up"), ()


def _started(m: Outgoing) -> datetime:
    if m.attempt_started_at is None:  # a state that only an attempt leads to
        raise ValueError(f"message {m.id} is {m.state} without an attempt")
    return m.attempt_started_at
