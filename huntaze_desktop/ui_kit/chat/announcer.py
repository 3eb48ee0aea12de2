"""Says to a screen reader what happened in the open conversation, politely: at most one sentence per 5 seconds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from huntaze_desktop.model.entities import Message
from huntaze_desktop.model.window import MessageWindow
from huntaze_desktop.ui_kit.chat import words
from huntaze_desktop.ui_kit.chat.delivery import Look, look_of
from huntaze_desktop.ui_kit.chat.people import ChatPeople

PAUSE = timedelta(seconds=5)


class Announcer:
    """Compares windows of one conversation; failures go before new messages."""

    def __init__(self, now: Callable[[], datetime], say: Callable[[str], None]) -> None:
        self._now = now
        self._say = say
        self._before: MessageWindow | None = None
        self._last: datetime | None = None

    def forget(self) -> None:
        self._before = None

    def shown(self, window: MessageWindow, people: ChatPeople) -> None:
        """A window is on screen; what is new in it since the last one is said, unless something was just said."""
        before, self._before = self._before, window
        if before is None or before.conversation_id != window.conversation_id or not before.rows:
            return
        news = _news(before, window)
        now = self._now()
        if news is not None and (self._last is None or now - self._last >= PAUSE):
            self._last = now
            self._say(words.spoken_message(news, people, now))


def _news(before: MessageWindow, after: MessageWindow) -> Message | None:
    known = {row.id: row for row in before.rows}
    newest = before.rows[-1].at
    arrived = None
    for row in reversed(after.rows):
        old = known.get(row.id)
        if old is not None and look_of(row) is Look.FAILED and look_of(old) is not Look.FAILED:
            return row
        if old is None and arrived is None and not row.outgoing and row.at >= newest:
            arrived = row
    return arrived
