"""What a bubble says about the delivery of its message, and what a person can do about it. Pure, no Qt.

Which actions exist follows the table of legal transitions (`huntaze_contract.outgoing`): a message that may already be
on its way offers no way to send it again.
"""

from __future__ import annotations

from enum import StrEnum

from huntaze_contract.outgoing import State
from huntaze_desktop.model.entities import Message


class Look(StrEnum):
    """The ground of a bubble."""

    PLAIN = "plain"
    OUTLINED = "outlined"
    CHECKING = "checking"
    FAILED = "failed"


class Delivery(StrEnum):
    """What stands at the end of a bubble."""

    NONE = "none"
    SENT = "sent"
    READ = "read"
    QUEUED = "queued"
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


class Action(StrEnum):
    """What a person can do with one message."""

    RETRY = "retry"
    SEND_NOW = "send_now"
    DISCARD = "discard"
    TAKE_BACK = "take_back"
    EDIT = "edit"
    """Write it anew: the text goes back to the composer."""


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
}

_VISIBLE: dict[Delivery, tuple[Action, ...]] = {
    Delivery.FAILED: (Action.RETRY,),
    Delivery.REJECTED: (Action.EDIT,),
    Delivery.EXPIRED: (Action.SEND_NOW, Action.DISCARD),
    Delivery.REVIEW: (Action.SEND_NOW, Action.DISCARD),
}


def delivery_of(message: Message) -> Delivery:
    """Where an outgoing message stands; NONE for what a fan wrote."""
    if not message.outgoing:
        return Delivery.NONE
    if message.state is None or message.state is State.SENT:
        return Delivery.READ if message.read_at is not None else Delivery.SENT
    return _DELIVERIES.get(message.state, Delivery.QUEUED)


def look_of(message: Message) -> Look:
    return _LOOKS.get(delivery_of(message), Look.PLAIN)


def actions_in_bubble(message: Message) -> tuple[Action, ...]:
    """The actions that are written out in the bubble, most useful first."""
    if message.state is State.REJECTED and message.local:
        # The server never had it: its text can go once more, as a new message.
        return (Action.RETRY,)
    return _VISIBLE.get(delivery_of(message), ())


def actions_of(message: Message) -> tuple[Action, ...]:
    """All actions, for the context menu."""
    visible = actions_in_bubble(message)
    if message.state is State.FAILED:
        return (*visible, Action.DISCARD)
    if message.state is State.REJECTED and message.local:
        return (*visible, Action.EDIT, Action.DISCARD)
    if message.outgoing and message.state in (State.QUEUED_LOCAL, State.ACCEPTED, State.READY, State.LIMITED):
        return (*visible, Action.TAKE_BACK)
    return visible
