"""Domain events, by which areas meet: a lower area announces, a higher one listens.

An event is told after the unit of work that caused it has committed, inside this process, at most once: whoever must
not miss one keeps the need in the database as well and looks there when it starts.
"""

from huntaze_backend.events.bus import EventBus, emit
from huntaze_backend.events.types import (
    BackfillRequested,
    ConnectionCreated,
    ConnectionDeleted,
    CostsChanged,
    CreatorStateChanged,
    MessageReady,
    MessageSettled,
)

__all__ = [
    "BackfillRequested",
    "ConnectionCreated",
    "ConnectionDeleted",
    "CostsChanged",
    "CreatorStateChanged",
    "EventBus",
    "MessageReady",
    "MessageSettled",
    "emit",
]
