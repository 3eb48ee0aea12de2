"""What a conversation's row says about its timeline: the newest row, how many are unread, since when a fan waits.

All of it is derived from the set of messages and from marks that members made, never counted up or down: events may
then come in any order and any number of times and the conversation ends the same. `derive` is the rule; `thread_store`
runs the same rule in SQL for many conversations at once, and a test holds the two together.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from huntaze_contract.outgoing import State
from huntaze_contract.wire import MessageKind

ASKING = frozenset({MessageKind.TEXT, MessageKind.PPV})
"""Kinds that a fan waits for an answer to, and that answer one. A tip or a renewal is news, not a question."""

NEVER_LAST = frozenset({State.CANCELLED, State.REJECTED})
"""A message that will not be sent is not the newest of its conversation."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What the rule needs to know of a timeline row."""

    id: str
    at: datetime
    incoming: bool
    kind: MessageKind = MessageKind.TEXT
    state: State | None = None

    @property
    def delivered(self) -> bool:
        return not self.incoming and self.state is State.SENT and self.kind in ASKING


@dataclass(frozen=True, slots=True)
class Marks:
    """What members asked of a conversation, each with the newest message that was there when they asked.

    A message that is newer than `…_seen` ends the mark: one that asks ends `snooze_until` and `done_at`, a delivered
    answer ends being marked unread. A late report of an older one does not, and a mark that a message ended is back
    when the fan takes that message back.
    """

    snooze_until: datetime | None = None
    snooze_seen: datetime | None = None
    done_at: datetime | None = None
    done_seen: datetime | None = None
    unread_seen: datetime | None = None
    """None: it is not marked unread."""


_UNMARKED = Marks()


@dataclass(frozen=True, slots=True)
class Thread:
    """The derived fields of a conversation."""

    unread: int = 0
    waiting_since: datetime | None = None
    last_id: str | None = None
    last_at: datetime | None = None
    marked_unread: bool = False
    snoozed_until: datetime | None = None
    done_at: datetime | None = None


def derive(entries: Iterable[Entry], read_up_to: datetime | None, marks: Marks = _UNMARKED) -> Thread:
    """Derive a conversation's fields.

    An answer counts from its delivery; what a fan wrote at the very moment of an answer counts as answered. Who
    answered has read: an answer from another tool or a phone clears `unread` as well.
    """
    rows = list({entry.id: entry for entry in entries}.values())
    answered = max((row.at for row in rows if row.delivered), default=None)
    asking = [row.at for row in rows if row.incoming and row.kind in ASKING]
    waiting = [at for at in asking if answered is None or at > answered]
    unread = [at for at in waiting if read_up_to is None or at > read_up_to]
    shown = [row for row in rows if row.state not in NEVER_LAST]
    last = max(shown, key=lambda row: (row.at, row.id), default=None)
    heard = max(asking, default=None)
    return Thread(
        unread=len(unread),
        waiting_since=min(waiting, default=None),
        last_id=last.id if last else None,
        last_at=last.at if last else None,
        marked_unread=marks.unread_seen is not None and not _after(answered, marks.unread_seen),
        snoozed_until=None if _after(heard, marks.snooze_seen) else marks.snooze_until,
        done_at=None if _after(heard, marks.done_seen) else marks.done_at,
    )


def _after(at: datetime | None, seen: datetime | None) -> bool:
    return at is not None and seen is not None and at > seen


def read_mark_from_count(asking_newest_first: Iterable[datetime], unread: int) -> datetime | None:
    """Where the read mark stands if the platform says that the newest `unread` incoming messages are unread.

    None when all of them are, or when there is nothing.
    """
    for index, at in enumerate(asking_newest_first):
        if index == unread:
            return at
    return None
