"""From a window of messages to the rows of a timeline: groups, day dividers, the offline divider. Pure, no Qt.

Every row has a key that stays the same while it is the same thing, so that the model can tell a changed row from a new
one. The first row (head) and the last (tail) are always there: they carry the room above and below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo

from huntaze_desktop.model.entities import Message, MessageKind
from huntaze_desktop.model.window import MessageWindow

GROUP_PAUSE = timedelta(minutes=30)
"""A longer silence starts a new group, although the same person writes."""


@dataclass(frozen=True, slots=True)
class HeadRow:
    """Above the oldest row: that older ones are coming, or nothing."""

    more: bool
    key: str = "head"


@dataclass(frozen=True, slots=True)
class DayRow:
    day: date
    key: str


@dataclass(frozen=True, slots=True)
class OfflineRow:
    """What follows was written here and the backend does not have it yet."""

    key: str = "offline"


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A bubble, a card or an event, with its place in its group."""

    message: Message
    first: bool
    last: bool
    named: bool
    """Says above it who wrote it: once per group of ours."""

    @property
    def key(self) -> str:
        return self.message.id


@dataclass(frozen=True, slots=True)
class TailRow:
    types: bool
    key: str = "tail"


Row = HeadRow | DayRow | OfflineRow | MessageRow | TailRow


def rows_of(
    window: MessageWindow,
    zone: tzinfo | None = None,
    *,
    named: bool = True,
    offline: bool = True,
    now: datetime | None = None,
) -> tuple[Row, ...]:
    """The timeline's rows, top to bottom. `zone` is the reader's (None: this computer's).

    `offline` puts a divider before what the backend does not have; online that is a matter of seconds. A message that
    waits for its few seconds for Undo is a queued one like others offline, where it waits for the network, and, with
    `now`, once they are over.
    """
    rows: list[Row] = [HeadRow(more=not window.has_oldest and bool(window.rows))]
    messages = tuple(
        replace(one, hold_until=None) if _let_go(one, now, offline=offline) else one for one in window.rows
    )
    day: date | None = None
    divided = not offline
    for index, message in enumerate(messages):
        here = message.at.astimezone(zone).date()
        broken = False
        if here != day:
            rows.append(DayRow(here, f"day:{here.isoformat()}"))
            day, broken = here, True
        if message.local and not divided:
            rows.append(OfflineRow())
            divided = broken = True
        rows.append(_message_row(messages, index, zone, after_divider=broken, named=named, offline=offline))
    rows.append(TailRow(types=window.fan_types))
    return _unique_days(rows)


def _let_go(message: Message, now: datetime | None, *, offline: bool) -> bool:
    if message.hold_until is None:
        return False
    return offline or (now is not None and message.hold_until <= now)


def _message_row(
    messages: Sequence[Message], index: int, zone: tzinfo | None, *, after_divider: bool, named: bool, offline: bool
) -> MessageRow:
    message = messages[index]
    before = messages[index - 1] if index else None
    after = messages[index + 1] if index + 1 < len(messages) else None
    first = before is None or after_divider or not _together(before, message)
    last = (
        after is None
        or not _together(message, after)
        or (offline and after.local and not message.local)
        or after.at.astimezone(zone).date() != message.at.astimezone(zone).date()
    )
    return MessageRow(
        message, first=first, last=last, named=named and first and message.outgoing and not is_event(message)
    )


def is_event(message: Message) -> bool:
    """Tips and subscriptions stand in the middle, outside any group."""
    return message.kind in (MessageKind.TIP, MessageKind.SUBSCRIPTION)


def _together(one: Message, two: Message) -> bool:
    if is_event(one) or is_event(two):
        return False
    same = (one.direction, one.author_id, one.mine) == (two.direction, two.author_id, two.mine)
    return same and two.at - one.at <= GROUP_PAUSE


def _unique_days(rows: list[Row]) -> tuple[Row, ...]:
    # A local row's clock may lie before the last server row's, so a day can come twice; keys must not.
    seen: set[str] = set()
    unique: list[Row] = []
    for row in rows:
        if isinstance(row, DayRow):
            key = row.key
            while key in seen:
                key += "'"
            seen.add(key)
            row = DayRow(row.day, key)
        unique.append(row)
    return tuple(unique)


def countdown(until: datetime, now: datetime) -> str | None:
    """`0:04` until a time to come, rounded up; None when it has passed."""
    seconds = -int((now - until).total_seconds() // 1)
    if seconds <= 0:
        return None
    return f"{seconds // 60}:{seconds % 60:02d}"
