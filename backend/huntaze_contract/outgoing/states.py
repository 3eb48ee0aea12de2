"""The states of an outgoing message, what they mean for its conversation's order, and every legal transition."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

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

RELEASES_HEAD = frozenset(
    {State.SENT, State.FAILED, State.REJECTED, State.CANCELLED, State.EXPIRED, State.WAITING_APPROVAL}
)
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
        _S.SCHEDULED: frozenset({_S.READY, _S.CANCELLED, _S.WAITING_APPROVAL}),
        _S.READY: frozenset({_S.LIMITED, _S.SENDING, _S.CANCELLED, _S.SENT, _S.FAILED, _S.WAITING_APPROVAL}),
        _S.LIMITED: frozenset({_S.READY, _S.CANCELLED, _S.SENT, _S.FAILED, _S.WAITING_APPROVAL}),
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
