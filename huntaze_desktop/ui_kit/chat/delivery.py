"""What a bubble says about the delivery of its message, and what a person can do about it. Pure, no Qt.

Which actions exist follows the table of legal transitions (`huntaze_contract.outgoing`): a message that may already be
on its way offers no way to send it again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from huntaze_contract.outgoing import State
from huntaze_desktop.model.entities import Message, MessageKind

UNSEND_WITHIN = timedelta(hours=24)
"""Longer ago than this a platform lets no message be taken back."""


class Look(StrEnum):
    """The ground of a bubble."""

    PLAIN = "plain"
    OUTLINED = "outlined"
    CHECKING = "checking"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class Delivery(StrEnum):
    """What stands at the end of a bubble."""

    NONE = "none"
    SENT = "sent"
    READ = "read"
    QUEUED = "queued"
    HELD = "held"
    """Not given to the backend yet: Send can be undone."""
    SENDING = "sending"
    SCHEDULED = "scheduled"
    APPROVAL = "approval"
    LIMITED = "limited"
    CHECKING = "checking"
    FAILED = "failed"
    REJECTED = "rejected"
    DECIDE = "decide"
    EXPIRED = "expired"
    REVIEW = "review"
    CANCELLED = "cancelled"
    UNSENDING = "unsending"
    UNSENT = "unsent"
    NOT_UNSENT = "not_unsent"
    """The platform did not let a delivered message go."""


class Action(StrEnum):
    """What a person can do with one message."""

    RETRY = "retry"
    UNDO = "undo"
    """Take Send back within its few seconds."""
    SEND_NOW = "send_now"
    """Send a scheduled message without waiting for its time."""
    REVIEW = "review"
    DECIDE = "decide"
    EDIT = "edit"
    """Change what still waits, or write anew what was refused: the text goes to the composer."""
    TAKE_BACK = "take_back"
    """Stop a message that is not yet on its way."""
    DISCARD = "discard"
    UNSEND = "unsend"
    """Take a delivered message back from the platform."""


_DELIVERIES: dict[State, Delivery] = {
    State.QUEUED_LOCAL: Delivery.QUEUED,
    State.ACCEPTED: Delivery.QUEUED,
    State.READY: Delivery.QUEUED,
    State.SENDING: Delivery.SENDING,
    State.SCHEDULED: Delivery.SCHEDULED,
    State.WAITING_APPROVAL: Delivery.APPROVAL,
    State.LIMITED: Delivery.LIMITED,
    State.UNKNOWN: Delivery.CHECKING,
    State.RECONCILING: Delivery.CHECKING,
    State.FAILED: Delivery.FAILED,
    State.REJECTED: Delivery.REJECTED,
    State.NEEDS_HUMAN: Delivery.DECIDE,
    State.EXPIRED: Delivery.EXPIRED,
    State.NEEDS_REVIEW: Delivery.REVIEW,
    State.CANCELLED: Delivery.CANCELLED,
}

_LOOKS: dict[Delivery, Look] = {
    Delivery.QUEUED: Look.OUTLINED,
    Delivery.HELD: Look.OUTLINED,
    Delivery.SENDING: Look.OUTLINED,
    Delivery.SCHEDULED: Look.OUTLINED,
    Delivery.APPROVAL: Look.OUTLINED,
    Delivery.LIMITED: Look.OUTLINED,
    Delivery.CANCELLED: Look.OUTLINED,
    Delivery.CHECKING: Look.CHECKING,
    Delivery.DECIDE: Look.CHECKING,
    Delivery.EXPIRED: Look.CHECKING,
    Delivery.REVIEW: Look.CHECKING,
    Delivery.FAILED: Look.FAILED,
    Delivery.REJECTED: Look.FAILED,
    Delivery.UNSENT: Look.WITHDRAWN,
}

_UNSENDS: dict[str, Delivery] = {
    "requested": Delivery.UNSENDING,
    "done": Delivery.UNSENT,
    "failed": Delivery.NOT_UNSENT,
}

_VISIBLE: dict[Delivery, tuple[Action, ...]] = {
    Delivery.FAILED: (Action.RETRY,),
    Delivery.REJECTED: (Action.EDIT,),
    Delivery.HELD: (Action.UNDO,),
    Delivery.EXPIRED: (Action.REVIEW,),
    Delivery.REVIEW: (Action.REVIEW,),
    Delivery.DECIDE: (Action.DECIDE,),
}

_STOPPABLE = frozenset(
    {State.QUEUED_LOCAL, State.ACCEPTED, State.WAITING_APPROVAL, State.SCHEDULED, State.READY, State.LIMITED}
)


def delivery_of(message: Message) -> Delivery:
    """Where an outgoing message stands; NONE for what a fan wrote."""
    if not message.outgoing:
        return Delivery.NONE
    if message.state is None or message.state is State.SENT:
        if message.unsend is not None:
            return _UNSENDS.get(message.unsend, Delivery.SENT)
        return Delivery.READ if message.read_at is not None else Delivery.SENT
    if message.state is State.QUEUED_LOCAL:
        if message.hold_until is not None:
            return Delivery.HELD
        if message.not_before is not None:
            return Delivery.SCHEDULED
    return _DELIVERIES.get(message.state, Delivery.QUEUED)


def look_of(message: Message) -> Look:
    return _LOOKS.get(delivery_of(message), Look.PLAIN)


def actions_in_bubble(message: Message) -> tuple[Action, ...]:
    """The actions that are written out in the bubble, most useful first."""
    if message.state is State.REJECTED and message.local:
        # The server never had it: its text can go once more, as a new message.
        return (Action.RETRY,)
    return _VISIBLE.get(delivery_of(message), ())


def actions_of(message: Message, now: datetime | None = None) -> tuple[Action, ...]:
    """All actions, for the context menu; without `now` those that do not depend on a time."""
    visible = actions_in_bubble(message)
    state = message.state
    if not message.outgoing:
        return ()
    if state in (State.FAILED, State.EXPIRED, State.NEEDS_REVIEW):
        return (*visible, Action.DISCARD)
    if state is State.REJECTED and message.local:
        return (*visible, Action.EDIT, Action.DISCARD)
    if state in _STOPPABLE:
        sooner = (Action.SEND_NOW,) if delivery_of(message) is Delivery.SCHEDULED else ()
        edit = (Action.EDIT,) if message.editable else ()
        return (*visible, *sooner, *edit, Action.TAKE_BACK)
    if can_unsend(message, now):
        return (*visible, Action.UNSEND)
    return visible


def can_unsend(message: Message, now: datetime | None) -> bool:
    """Whether a delivered message of ours can be taken back from the platform at this moment."""
    delivered = message.outgoing and message.state is State.SENT and message.kind in (MessageKind.TEXT, MessageKind.PPV)
    return delivered and message.unsend in (None, "failed") and now is not None and now - message.at < UNSEND_WITHIN
