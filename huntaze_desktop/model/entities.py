"""The things a desktop shows, as frozen dataclasses: what the cache returns and what plugins see.

Times are aware UTC datetimes from the server's clock; money is integer minor units of `currency`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from huntaze_contract.ids import Id
from huntaze_contract.outgoing import EDITABLE, HOLDS_HEAD, State


class MessageKind(StrEnum):
    TEXT = "text"
    PPV = "ppv"
    TIP = "tip"
    SUBSCRIPTION = "subscription"


class CreatorState(StrEnum):
    CONNECTED = "connected"
    SESSION_EXPIRED = "session_expired"
    DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True)
class Member:
    id: Id
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Creator:
    id: Id
    name: str
    username: str
    platform: str
    timezone: str
    state: CreatorState
    state_since: datetime
    send_limit: int
    paused_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class FanTotals:
    currency: str = "USD"
    lifetime: int = 0
    last_30_days: int = 0
    tips: int = 0
    ppv: int = 0
    subscriptions: int = 0
    weeks: tuple[int, ...] = ()
    bought: int = 0
    offered: int = 0


@dataclass(frozen=True, slots=True)
class FanField:
    """A fact that the team keeps of a fan: `nickname`, `about` or `birthday`."""

    name: str
    value: str
    ver: int
    by: str
    at: datetime
    pending: bool = False
    """Changed on this computer; the backend does not have it yet."""


@dataclass(frozen=True, slots=True)
class Fan:
    id: Id
    creator_id: Id
    platform_id: str
    name: str
    username: str
    language: str | None = None
    location: str | None = None
    timezone: str | None = None
    subscribed_at: datetime | None = None
    renews_at: datetime | None = None
    active: bool = True
    last_seen_at: datetime | None = None
    totals: FanTotals = FanTotals()
    tags: tuple[str, ...] = ()
    pending_tags: frozenset[str] = frozenset()
    """Of `tags`, those that only this computer knows of."""
    fields: tuple[FanField, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    id: Id
    fan_id: Id
    text: str
    author_name: str
    created_at: datetime
    edited_at: datetime | None
    mine: bool
    ver: int
    pending: bool = False
    """Written or changed on this computer; the backend does not have it yet."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """A PPV message that was offered to a fan, bought or not."""

    message_id: Id
    title: str
    price: int
    currency: str
    offered_at: datetime
    bought_at: datetime | None
    media_type: str


_PENDING = HOLDS_HEAD | {State.QUEUED_LOCAL, State.ACCEPTED, State.WAITING_APPROVAL, State.SCHEDULED}


@dataclass(frozen=True, slots=True)
class Message:
    """One row of a timeline: the server's, or one that waits in this computer's outbox.

    `state` is null for what a fan wrote. `local` is true while the backend has not answered for it. `id` stays the same
    from the first bubble to the delivered message.
    """

    id: Id
    conversation_id: Id
    direction: str
    kind: MessageKind
    text: str
    at: datetime
    state: State | None = None
    reason: str | None = None
    not_before: datetime | None = None
    title: str | None = None
    price: int | None = None
    currency: str = "USD"
    media_types: tuple[str, ...] = ()
    bought_at: datetime | None = None
    author_id: Id | None = None
    author_name: str | None = None
    mine: bool = False
    read_at: datetime | None = None
    local: bool = False
    attempt_no: int = 0
    lane: str = "live"
    edited_at: datetime | None = None
    unsend: str | None = None
    """Of a delivered message that someone takes back: requested, done or failed."""
    unsent_at: datetime | None = None
    hold_until: datetime | None = None
    """Not given to the backend before then: Send can be undone."""
    ver: int = 0

    @property
    def outgoing(self) -> bool:
        return self.direction == "out"

    @property
    def pending(self) -> bool:
        """On its way, but not delivered: it will stand after everything that is on the platform already."""
        return self.state in _PENDING

    @property
    def editable(self) -> bool:
        """Its text may still change: it waits, and no attempt to send it was ever made."""
        return self.outgoing and self.state in EDITABLE and self.attempt_no == 0


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """One row of the conversation list: a conversation joined with its fan, its newest message and what is unsent."""

    id: Id
    creator_id: Id
    fan_id: Id
    fan_name: str
    spent: int
    currency: str
    fan_is_new: bool
    unread: int
    waiting_since: datetime | None
    last_at: datetime
    last_text: str = ""
    last_kind: MessageKind = MessageKind.TEXT
    last_outgoing: bool = False
    last_mine: bool = False
    last_author: str | None = None
    last_read: bool = False
    last_price: int | None = None
    last_bought: bool = False
    last_state: State | None = None
    queued: int = 0
    """Own messages that the platform does not have yet."""
    failed: int = 0
    """Own messages that need a person: failed, rejected, expired, needs_review, needs_human."""
    colleague: str | None = None
    """A colleague who has the conversation open or types in it."""
    colleague_types: bool = False
    can_send: bool = True
    cannot_send_reason: str | None = None
    reply_rev: int = 0
    marked_unread: bool = False
    assignee_id: Id | None = None
    assignee_name: str | None = None
    assigned_to_me: bool = False
    handover_note: str | None = None
    """What the colleague who handed it over to the assignee wants to say."""
    handover_by: str | None = None
    snoozed_until: datetime | None = None
    done: bool = False
    """Dealt with; the fan has not written since."""
    replying: str | None = None
    """A colleague who holds the reply lease."""
    changes: int = 0
    """Changes of it that this computer has not brought to the backend yet."""


@dataclass(frozen=True, slots=True)
class MissedMessage:
    """A message that came while one's own was written."""

    outgoing: bool
    text: str
    at: datetime
    author_name: str | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """Why a message in `needs_review` or `expired` waits for a person."""

    message_id: Id
    text: str
    composed_at: datetime
    reason: str
    """colleague_replied, fan_wrote_on, lease_lost, expired, or restored: the server lost it, it may have been sent."""
    missed: tuple[MissedMessage, ...] = ()
    holder: str | None = None


@dataclass(frozen=True, slots=True)
class AttemptSeen:
    """One attempt to send; `outcome` is sent, refused, not_executed, throttled, ambiguous, or None while open."""

    no: int
    started_at: datetime
    outcome: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message of ours that the platform lists and that was not there before the first attempt."""

    platform_id: str
    text: str
    at: datetime
    same_text: bool
    taken: bool
    """It is known to be another message of ours."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a person who decides about a message in `needs_human` can go by."""

    message_id: Id
    text: str
    attempts: tuple[AttemptSeen, ...]
    candidates: tuple[Candidate, ...]
    listed_at: datetime
    complete: bool
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class PendingChange:
    """A change that waits on this computer for the backend; `kind` is that of its op, such as add_note."""

    id: Id
    kind: str
    what: str
    """A short text of it for a list: the note's text, the tag, the time."""
    fan_name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ChangeNotice:
    """What became of a change otherwise than its author expected, until it is dismissed.

    `outcome` is merged, superseded or refused. `mine` is what was wanted, `theirs` what stands.
    """

    id: Id
    kind: str
    outcome: str
    code: str | None
    fan_name: str
    mine: str
    theirs: str | None
    by: str | None
    at: datetime
    can_restore: bool
    """Whether `restore` can make it stand after all."""


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """A message in the outbox, as the outbox popover lists it."""

    id: Id
    conversation_id: Id
    creator_id: Id
    fan_name: str
    text: str
    state: State
    composed_at: datetime
    reason: str | None = None
    send_at: datetime | None = None
    hold_until: datetime | None = None
    editable: bool = True
    fan_id: Id = ""


@dataclass(frozen=True, slots=True)
class SendBudget:
    """What a creator account may still send in the current 60 s; `waiting` and `empty_at` are an estimate."""

    creator_id: Id
    limit: int
    remaining: int
    next_at: datetime | None = None
    waiting: int = 0
    empty_at: datetime | None = None
