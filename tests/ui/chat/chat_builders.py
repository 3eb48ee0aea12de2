"""Builders of messages and windows, and a clock that tests set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

from huntaze_contract.outgoing import State
from huntaze_desktop.model.entities import Message, MessageKind
from huntaze_desktop.model.window import MessageWindow
from huntaze_desktop.ui_kit.chat import ChatPeople

NOW = datetime(2026, 11, 13, 14, 36, tzinfo=UTC).astimezone()
CONVERSATION = "00000000-0000-7000-8000-000000000001"
PEOPLE = ChatPeople("fan-1", "Daniel Reyes", "creator-1", "Mara Lind", "me", "Sofia Ortega")
_numbers = count(1)


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time

    def pass_(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def message(text: str = "", *, minutes_ago: float = 10, **fields: object) -> Message:
    """A message from the fan, unless `state`, `mine` or `direction` say otherwise."""
    own = "state" in fields or bool(fields.get("mine")) or "author_name" in fields
    values: dict[str, object] = {
        "id": f"m{next(_numbers):06d}",
        "conversation_id": CONVERSATION,
        "direction": "out" if own else "in",
        "kind": MessageKind.TEXT,
        "text": text,
        "at": NOW - timedelta(minutes=minutes_ago),
    }
    if own and "author_name" not in fields:
        values |= {"mine": True, "author_id": "me"}
    if own:
        values["state"] = State.SENT
    return Message(**(values | fields))  # type: ignore[arg-type]


def window(*rows: Message, **fields: object) -> MessageWindow:
    ordered = tuple(sorted(rows, key=lambda row: (row.local, row.at, row.id)))
    values: dict[str, object] = {"rows": ordered, "has_oldest": True, "has_newest": True, "loading": False}
    shown = MessageWindow(CONVERSATION, **(values | fields))  # type: ignore[arg-type]
    shown.check_invariants()
    return shown


def talk(count_: int, *, start_minutes_ago: float | None = None) -> tuple[Message, ...]:
    """A conversation of so many messages, one a minute, lengths varied."""
    start = count_ if start_minutes_ago is None else start_minutes_ago
    line = "A walk by the river, then the old bookshop, and a long talk about trains. "
    return tuple(
        message(line * (1 + index % 4), minutes_ago=start - index, **({"mine": True} if index % 3 == 0 else {}))
        for index in range(count_)
    )
