"""The events themselves: what happened, by ids only, so that a listener reads the present state and not an old one."""

from dataclasses import dataclass

__all__ = [
    "BackfillRequested",
    "ConnectionCreated",
    "ConnectionDeleted",
    "CostsChanged",
    "CreatorStateChanged",
    "MessageReady",
    "MessageSettled",
]


@dataclass(frozen=True, slots=True)
class ConnectionCreated:
    """A platform connection was made and its creators are known; nothing of their history has been read."""

    connection_id: str
    agency_id: str


@dataclass(frozen=True, slots=True)
class BackfillRequested:
    """Someone asked to read a connection's history again."""

    connection_id: str
    agency_id: str


@dataclass(frozen=True, slots=True)
class ConnectionDeleted:
    """A connection was removed; its creators stay, disconnected, with their history."""

    connection_id: str
    agency_id: str


@dataclass(frozen=True, slots=True)
class CostsChanged:
    """Attempts of AI calls ended: the agency's totals are others now."""

    agency_id: str


@dataclass(frozen=True, slots=True)
class CreatorStateChanged:
    """A creator was connected, lost its session, was disconnected, or its pause began or ended."""

    creator_id: str
    agency_id: str


@dataclass(frozen=True, slots=True)
class MessageReady:
    """An outgoing message may be sent, as far as its conversation's order goes."""

    message_id: str
    conversation_id: str
    creator_id: str
    agency_id: str


@dataclass(frozen=True, slots=True)
class MessageSettled:
    """An attempt to send came to an end, whichever."""

    message_id: str
    conversation_id: str
    creator_id: str
    agency_id: str
    unclear: bool
    """Nobody can say whether it was carried out: it is to be searched for."""
