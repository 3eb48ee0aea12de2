"""The window of a timeline: the part of a conversation's messages that is in memory, as a pure value.

The window knows whether its ends are the ends of the conversation, and carries a generation number, so that an answer
to a question asked before the last reset is recognised as late and dropped. Server rows are ordered by (at, id), those
that wait to be delivered after those that are; rows that only the outbox has come last, in the order of writing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from huntaze_contract.ids import Id
from huntaze_desktop.model.entities import Message

MAX_ROWS = 400
PAGE = 60


@dataclass(frozen=True, slots=True)
class MessageWindow:
    conversation_id: Id
    generation: int = 0
    rows: tuple[Message, ...] = ()
    """Oldest first; local rows last."""
    has_oldest: bool = False
    has_newest: bool = True
    loading: bool = True
    error: str | None = None
    """A stable code when the conversation could not be loaded."""
    fan_types: bool = False
    as_of: datetime | None = None
    """When the store last heard from the backend; the window may have missed what happened since."""

    def reset(self) -> "MessageWindow":
        """An empty window of the next generation: answers to older questions no longer fit."""
        return MessageWindow(self.conversation_id, generation=self.generation + 1)

    def with_newest(self, generation: int, rows: Iterable[Message], *, has_oldest: bool) -> "MessageWindow":
        """The newest page, replacing what was there."""
        if generation != self.generation:
            return self
        return self.refreshed(generation, rows, has_oldest=has_oldest, has_newest=True)

    def with_older(self, generation: int, rows: Iterable[Message], *, has_oldest: bool) -> "MessageWindow":
        """A page before the first row; trims the far end beyond MAX_ROWS."""
        if generation != self.generation:
            return self
        merged = _merge(self.rows, rows)
        has_newest = self.has_newest
        if len(merged) > MAX_ROWS:
            # Local rows stand at the newest end: where that is cut off, all of them go.
            merged, has_newest = tuple(row for row in merged[:MAX_ROWS] if not row.local), False
        return replace(self, rows=merged, has_oldest=has_oldest, has_newest=has_newest, loading=False)

    def with_newer(self, generation: int, rows: Iterable[Message], *, has_newest: bool) -> "MessageWindow":
        """A page after the last row; trims the near end beyond MAX_ROWS."""
        if generation != self.generation:
            return self
        merged = _merge(self.rows, rows)
        has_oldest = self.has_oldest
        if len(merged) > MAX_ROWS:
            merged, has_oldest = merged[-MAX_ROWS:], False
        return replace(self, rows=merged, has_oldest=has_oldest, has_newest=has_newest, loading=False)

    def refreshed(
        self, generation: int, rows: Iterable[Message], *, has_oldest: bool, has_newest: bool
    ) -> "MessageWindow":
        """The shown part as it is now, read again; beyond MAX_ROWS the oldest rows go."""
        if generation != self.generation:
            return self
        ordered = _ordered(rows)
        if len(ordered) > MAX_ROWS:
            ordered, has_oldest = ordered[-MAX_ROWS:], False
        return replace(self, rows=ordered, has_oldest=has_oldest, has_newest=has_newest, loading=False, error=None)

    def check_invariants(self) -> None:
        """Raise AssertionError where the window contradicts itself; tests call it after every change."""
        ids = [row.id for row in self.rows]
        if len(ids) != len(set(ids)):
            raise AssertionError("a message stands twice in the window")
        if list(self.rows) != sorted(self.rows, key=_key):
            raise AssertionError("the window is out of order")
        if len(self.rows) > MAX_ROWS:
            raise AssertionError("the window is larger than it may be")
        if any(row.conversation_id != self.conversation_id for row in self.rows):
            raise AssertionError("a message of another conversation stands in the window")
        if not self.has_newest and any(row.local for row in self.rows):
            raise AssertionError("local rows stand at the newest end only")


def _key(row: Message) -> tuple[bool, bool, object, str]:
    # A message that waits was accepted before those that were delivered meanwhile, but will be delivered after them.
    return (row.local, row.pending, row.at, row.id)


def _ordered(rows: Iterable[Message]) -> tuple[Message, ...]:
    return tuple(sorted({row.id: row for row in rows}.values(), key=_key))


def _merge(old: Iterable[Message], new: Iterable[Message]) -> tuple[Message, ...]:
    # What comes later is newer knowledge of the same message: a page is read after the rows that are already shown.
    return _ordered((*old, *new))
