"""The life of an outgoing message: states, legal transitions, and the pure `step` that both sides run.

A message that a person sent is never lost and never sent twice. That promise is kept here and nowhere else: the
client's outbox, the backend's dispatcher, the simulation and the tests all call `step(message, event)` and carry out
the effects it returns. Nothing in this module does I/O, reads a clock or knows a database; it uses the standard library
only.

The rules, with their measurements, are in DESIGN §4 and docs/adr/0006. In short: only a certain failure is `failed`;
a timeout, a 5xx after bytes left or a crash is `unknown`; an unknown message is looked for on the platform, and only
after a quarantine and two complete listings without it is it `ready` again; three attempts, then a person decides; late
proof of delivery always wins.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

__all__ = [
    "DEFAULT_TIMING",
    "EDITABLE",
    "EXPIRES_AFTER",
    "HOLDS_HEAD",
    "MAX_TEXT",
    "RELEASES_HEAD",
    "TRANSITIONS",
    "Accept",
    "Ambiguous",
    "AskPerson",
    "Attempt",
    "Bind",
    "Cancel",
    "Confirm",
    "Deny",
    "Due",
    "Effect",
    "Event",
    "Expire",
    "HeadReleased",
    "HoldForApproval",
    "IllegalTransitionError",
    "ListAgain",
    "Listed",
    "NotExecuted",
    "Outgoing",
    "Overtake",
    "PauseAccount",
    "Proof",
    "Queue",
    "Reconcile",
    "Refuse",
    "Reject",
    "Release",
    "Retry",
    "Schedule",
    "Settle",
    "State",
    "Succeed",
    "Throttle",
    "Timing",
    "Verdict",
    "step",
]

MAX_TEXT = 10_000
"""Longest text of a message, in characters (code points) after normalisation to NFC."""

EXPIRES_AFTER = timedelta(hours=24)
"""A message that waited longer than this in the outbox is never sent by itself (Signal and TDLib use the same)."""


class State(StrEnum):
    """Where an outgoing message stands."""

    DRAFT = "draft"
    QUEUED_LOCAL = "queued_local"
    ACCEPTED = "accepted"
    WAITING_APPROVAL = "waiting_approval"
    SCHEDULED = "scheduled"
    READY = "ready"
    LIMITED = "limited"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    RECONCILING = "reconciling"
    NEEDS_HUMAN = "needs_human"
    NEEDS_REVIEW = "needs_review"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"


HOLDS_HEAD = frozenset({State.READY, State.LIMITED, State.SENDING, State.UNKNOWN, State.RECONCILING, State.NEEDS_HUMAN})
"""States in which a message has a place in its conversation's order; a later one waits behind it."""

RELEASES_HEAD = frozenset({State.SENT, State.FAILED, State.REJECTED, State.CANCELLED, State.EXPIRED})
"""States in which a message no longer holds up the ones behind it."""

EDITABLE = frozenset(
    {
        State.QUEUED_LOCAL,
        State.WAITING_APPROVAL,
        State.SCHEDULED,
        State.READY,
        State.LIMITED,
        State.NEEDS_REVIEW,
        State.EXPIRED,
    }
)
"""States in which a message's text may still change, and only before its first attempt: proof goes by the text."""

_S = State
TRANSITIONS: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        _S.DRAFT: frozenset({_S.QUEUED_LOCAL}),
        _S.QUEUED_LOCAL: frozenset({_S.ACCEPTED, _S.REJECTED, _S.CANCELLED, _S.EXPIRED, _S.NEEDS_REVIEW}),
        _S.ACCEPTED: frozenset({_S.WAITING_APPROVAL, _S.SCHEDULED, _S.READY, _S.CANCELLED}),
        _S.WAITING_APPROVAL: frozenset({_S.READY, _S.SCHEDULED, _S.REJECTED, _S.CANCELLED}),
        _S.SCHEDULED: frozenset({_S.READY, _S.CANCELLED}),
        _S.READY: frozenset({_S.LIMITED, _S.SENDING, _S.CANCELLED, _S.SENT}),
        _S.LIMITED: frozenset({_S.READY, _S.CANCELLED, _S.SENT}),
        _S.SENDING: frozenset({_S.SENT, _S.FAILED, _S.UNKNOWN, _S.READY, _S.LIMITED, _S.CANCELLED}),
        _S.UNKNOWN: frozenset({_S.RECONCILING, _S.SENT}),
        _S.RECONCILING: frozenset({_S.SENT, _S.READY, _S.NEEDS_HUMAN, _S.CANCELLED}),
        _S.NEEDS_HUMAN: frozenset({_S.SENT, _S.READY, _S.FAILED}),
        _S.NEEDS_REVIEW: frozenset({_S.ACCEPTED, _S.CANCELLED}),
        _S.FAILED: frozenset({_S.READY, _S.SENT, _S.CANCELLED}),
        _S.EXPIRED: frozenset({_S.ACCEPTED, _S.CANCELLED}),
        _S.CANCELLED: frozenset({_S.SENT}),
        _S.SENT: frozenset(),
        _S.REJECTED: frozenset(),
    }
)
"""Every legal transition; anything else is a bug and raises."""


class IllegalTransitionError(Exception):
    """An event that has no meaning in the message's present state."""

    def __init__(self, state: State, event: "Event") -> None:
        super().__init__(f"{type(event).__name__} has no meaning for a message that is {state}")
        self.state = state
        self.event = event


@dataclass(frozen=True, slots=True)
class Timing:
    """How long to wait for what, one set per platform.

    The quarantine is the time after which an attempt can no longer become visible: the gateway refuses to act
    `attempt_ttl` after it pulled the work, its call ends after `call_timeout`, and the platform shows an executed
    message at most `listing_lag` later.
    """

    attempt_ttl: timedelta = timedelta(seconds=20)
    call_timeout: timedelta = timedelta(seconds=15)
    listing_lag: timedelta = timedelta(seconds=15)
    margin: timedelta = timedelta(seconds=5)
    listing_gap: timedelta = timedelta(seconds=5)
    unlistable_after: timedelta = timedelta(minutes=15)
    unlistable_times: int = 3
    """How many listings in a row must have failed over `unlistable_after` before a person is asked: who was down for an
    hour and whose first listing fails has not found out anything yet."""
    max_attempts: int = 3

    @property
    def quarantine(self) -> timedelta:
        """From the start of an attempt until its absence can be proven; 55 s by default."""
        return self.attempt_ttl + self.call_timeout + self.listing_lag + self.margin

    @property
    def longest_flight(self) -> timedelta:
        """From the start of an attempt until it can no longer reach the platform; 35 s by default."""
        return self.attempt_ttl + self.call_timeout


DEFAULT_TIMING = Timing()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What `step` needs to know of a message. All times are UTC on the clock of whoever keeps the row."""

    id: str
    state: State = State.DRAFT
    place: int | None = None
    """Order within the conversation, given on first entering `ready`; a retry after `failed` gets a new one."""
    attempt_no: int = 0
    """How many attempts were ever opened; late proof is believed only where this is not zero."""
    spent: int = 0
    """Attempts that ended without an answer since a person last decided; at `max_attempts` one decides again."""
    attempt_started_at: datetime | None = None
    not_before: datetime | None = None
    """When a ready, limited or scheduled message may go at the earliest."""
    complete_listings: int = 0
    """Complete listings without the message, taken after the quarantine; two prove its absence."""
    last_listing_at: datetime | None = None
    failed_listings: int = 0
    """Listings in a row that proved nothing, the first of them at `unlistable_since`."""
    unlistable_since: datetime | None = None
    stop: bool = False
    """A person asked for no further attempts while one was open."""
    platform_message_id: str | None = None
    reason: str | None = None
    """A stable code of why it failed, was refused, or waits for a person."""

    @property
    def holds_head(self) -> bool:
        return self.state in HOLDS_HEAD

    @property
    def editable(self) -> bool:
        return self.state in EDITABLE and self.attempt_no == 0


# --- events -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Queue:
    """The person pressed Send."""


@dataclass(frozen=True, slots=True)
class Accept:
    """The backend has it, durably."""


@dataclass(frozen=True, slots=True)
class Reject:
    """Refused for good: by the backend at the door (403, 404, 422) or by a person at approval."""

    reason: str


@dataclass(frozen=True, slots=True)
class Expire:
    """It waited too long; a person must decide."""


@dataclass(frozen=True, slots=True)
class Overtake:
    """The conversation went on without it while it was offline; a person must look."""

    reason: str = "overtaken"


@dataclass(frozen=True, slots=True)
class Confirm:
    """A person says of an expired or overtaken message: send it."""


@dataclass(frozen=True, slots=True)
class HoldForApproval:
    """The creator's policy asks for a person's yes."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """It goes at a time to come."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Release:
    """Nothing holds it back any more: it enters the conversation's order at `place`."""

    place: int


@dataclass(frozen=True, slots=True)
class Deny:
    """The limiter said no; it may ask again at `until`."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """The limiter may be asked again."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt row was committed; from here on the platform may have it."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Succeed:
    """The platform answered with the message it made."""

    platform_message_id: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """The platform refused for a reason that repeating cannot cure."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotExecuted:
    """Proven not executed and repeatable: connection refused, the gateway's deadline passed before it acted."""

    retry_at: datetime
    reason: str = "not_executed"


@dataclass(frozen=True, slots=True)
class Throttle:
    """The platform answered 429: the whole account waits until `until`."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Nobody knows whether it arrived: a timeout, a 5xx after bytes left, a crash."""

    reason: str


@dataclass(frozen=True, slots=True)
class Reconcile:
    """The search on the platform begins."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A listing of the conversation without the message.

    `complete` is true only when the listing succeeded and reaches back past what was visible before the first attempt;
    anything less proves nothing. `place` is where the message keeps standing if its absence is proven.
    """

    at: datetime
    complete: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """The message was seen on the platform: by echo, webhook or listing. Always wins."""

    platform_message_id: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A person read the platform and decided."""

    sent: bool
    again: bool = False
    """Only when not sent: send it again (true) or give it up (false)."""
    platform_message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """A person asks for a failed message to be sent again; it stands at the tail."""

    place: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """A person takes it back; while an attempt is open this means: no further attempts."""


Event = (
    Queue
    | Accept
    | Reject
    | Expire
    | Overtake
    | Confirm
    | HoldForApproval
    | Schedule
    | Release
    | Deny
    | Due
    | Attempt
    | Succeed
    | Refuse
    | NotExecuted
    | Throttle
    | Ambiguous
    | Reconcile
    | Listed
    | Proof
    | Verdict
    | Retry
    | Cancel
)


# --- effects ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Settle:
    """Tell the limiter that the send ended. `certain` is false while it may still be executed (count it longer)."""

    certain: bool


@dataclass(frozen=True, slots=True)
class PauseAccount:
    until: datetime


@dataclass(frozen=True, slots=True)
class ListAgain:
    """List the conversation on the platform, not before `at`."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Bind:
    """Bind the platform's message to this row; the binding is unique."""

    platform_message_id: str


@dataclass(frozen=True, slots=True)
class HeadReleased:
    """The next message of the conversation may go."""


@dataclass(frozen=True, slots=True)
class AskPerson:
    reason: str


Effect = Settle | PauseAccount | ListAgain | Bind | HeadReleased | AskPerson


# --- the step -----------------------------------------------------------------------------------------------------

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
        (_S.DRAFT, Queue): _S.QUEUED_LOCAL,
        (_S.QUEUED_LOCAL, Accept): _S.ACCEPTED,
        (_S.QUEUED_LOCAL, Reject): _S.REJECTED,
        (_S.QUEUED_LOCAL, Expire): _S.EXPIRED,
        (_S.QUEUED_LOCAL, Overtake): _S.NEEDS_REVIEW,
        (_S.EXPIRED, Confirm): _S.ACCEPTED,
        (_S.NEEDS_REVIEW, Confirm): _S.ACCEPTED,
        (_S.ACCEPTED, HoldForApproval): _S.WAITING_APPROVAL,
        (_S.ACCEPTED, Schedule): _S.SCHEDULED,
        (_S.WAITING_APPROVAL, Schedule): _S.SCHEDULED,
        (_S.WAITING_APPROVAL, Reject): _S.REJECTED,
    }
)


def _before_order(m: Outgoing, event: Event) -> _Result:
    state = _SIMPLE.get((m.state, type(event)))
    if state is None:
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
