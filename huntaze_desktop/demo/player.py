"""The scripted chatter: what it does during a shift, in the order in which a person would.

It begins at the filled list, answers one account fast enough to meet its limit, then whoever waits, through whatever
troubles befall the house meanwhile; at the end it watches until everything has left. It acts by clicks and keys through
`Hands` and reads what the lists show, nothing else.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QWidget

from huntaze_desktop.demo.hands import Hands, NotThereError
from huntaze_desktop.demo.intents import IntentLog
from huntaze_desktop.demo.lines import texts
from huntaze_desktop.demo.report import LIMIT
from huntaze_desktop.model.connection import Connection, ConnectionState
from huntaze_desktop.model.entities import ConversationRow, Message
from huntaze_desktop.sdk import LiveView
from huntaze_desktop.ui_kit.chat import MessageRole
from huntaze_desktop.ui_kit.conversation_list import RowRole

__all__ = ["Player", "ShiftPlan", "ShiftResult"]

log = logging.getLogger(__name__)

CLICKS = 4
BURST = 14
"""Messages to one account at the start: more than its limit of 10 in 60 s, so that the limit is reached and seen."""


@dataclass(frozen=True, slots=True)
class ShiftPlan:
    """How long the shift is and what happens in it; all in seconds."""

    length_s: float
    burst: int = BURST
    """Answers to one account at the start; the limit is looked for if there are more of them than it admits."""
    drain_s: float = 180.0
    limit_shows: bool = True
    """Whether a bubble that the limit holds has to be seen; in chaos other things may hold it."""
    pause_s: float = 2.2
    """Between two answers of a steady chatter."""
    seed: int = 7


@dataclass(slots=True)
class ShiftResult:
    """What only the desktop can tell of a shift; the rest is in the platform's journal."""

    offline_s: float = 0.0
    failed_texts: set[str] = field(default_factory=set)
    drained: bool = False
    problems: list[str] = field(default_factory=list)


class Player:
    """Plays one shift on one window."""

    def __init__(
        self,
        hands: Hands,
        intents: IntentLog,
        plan: ShiftPlan,
        connection: LiveView[Connection],
        troubles: Callable[[], Awaitable[None]],
        progress: Callable[[str], None],
    ) -> None:
        self._hands = hands
        self._intents = intents
        self._plan = plan
        self._connection = connection
        self._troubles = troubles
        self._progress = progress
        self._texts: Iterator[str] = texts(plan.seed)
        self._answered: dict[str, datetime] = {}
        self._result = ShiftResult()
        self._offline_since: float | None = None
        self._shift_began = datetime.now(UTC)
        self._last_of_burst: list[str] = []
        """Where the limit is to be seen, as long as it was not."""

    async def play(self) -> ShiftResult:
        """Play the whole shift; returns when everything has left or the time to drain is over."""
        unsubscribe = self._connection.subscribe(self._watch_connection)
        try:
            await self._arrive()
            began = time.monotonic()
            troubles = asyncio.ensure_future(self._troubles())
            await self._burst()
            while time.monotonic() - began < self._plan.length_s:
                if self._last_of_burst:
                    await self._look_for_limited()
                if not await self._answer(self._next_waiting()):
                    await asyncio.sleep(0.25)
                    continue
                await asyncio.sleep(self._plan.pause_s)
            if self._last_of_burst and self._plan.limit_shows:
                self._result.problems.append("no bubble showed the limit")
            await troubles
            await self._tour()
            await self._drain()
            await self._collect_failures()
        finally:
            unsubscribe()
            self._watch_connection(None)
        return self._result

    # --- the parts of a shift -----------------------------------------------------------------------------------

    async def _arrive(self) -> None:
        self._progress("waiting for the conversations")
        await self._hands.wait_for(QAbstractItemView, "messages.list", 120)
        await self._hands.until(
            lambda: bool(self._rows()) and self._state() is ConnectionState.ONLINE, 120, "the filled list"
        )
        self._shift_began = datetime.now(UTC)
        self._hands.screenshot("list")

    async def _burst(self) -> None:
        """Answer many fans of one creator at once."""
        rows = self._rows()
        if not rows:
            return
        busiest = max({row.creator_id for _, row in rows}, key=lambda creator: _count(rows, creator))
        self._progress("answering one creator's fans quickly")
        targets = [row for _, row in rows if row.creator_id == busiest and row.can_send]
        # A small agency has fewer fans than the burst has messages: some of them get two.
        targets = (targets * self._plan.burst)[: self._plan.burst]
        for number, row in enumerate(targets):
            await self._answer(row)
            if number == 0:
                await asyncio.sleep(0.3)
                self._hands.screenshot("first-answer")
        if self._plan.burst > LIMIT:
            self._last_of_burst = [row.id for row in reversed(targets)][: BURST // 3]

    async def _look_for_limited(self) -> None:
        """Go back to where the last quick answers went: ten go out at 3 s each, then the limit holds the rest."""
        for conversation_id in dict.fromkeys(self._last_of_burst):
            if not await self._open(conversation_id):
                continue
            try:
                await self._hands.until(self._limited_on_screen, 0.6, "a limited bubble")
            except NotThereError:
                continue
            self._hands.screenshot("limited")
            self._last_of_burst = []
            return

    async def _tour(self) -> None:
        """A look at what an answer alone does not show: a note, a search, the dark theme."""
        self._progress("a look around")
        await self._write_note()
        search = self._hands.find(QWidget, "messages.search")
        if search is not None:
            await self._hands.type(search, "trip")
            await asyncio.sleep(0.6)
            self._hands.screenshot("search")
            await self._hands.clear(search)
            await asyncio.sleep(0.3)

    async def _write_note(self) -> None:
        add = self._hands.find(QWidget, "messages.note.add")
        if add is None:
            return
        await self._hands.click(add)
        text = self._hands.find(QWidget, "messages.note.text")
        if text is None:
            return
        await self._hands.type(text, "Asked about the next trip, likes trains.")
        save = self._hands.find(QWidget, "messages.note.save")
        if save is not None:
            await self._hands.click(save)
        await asyncio.sleep(0.5)
        self._hands.screenshot("note")

    async def _drain(self) -> None:
        self._progress("waiting until everything has left")
        deadline = time.monotonic() + self._plan.drain_s
        while time.monotonic() < deadline:
            if self._state() is ConnectionState.ONLINE and not any(row.queued for _, row in self._rows()):
                # Twice, because the last delivery may still be on its way into the list.
                await asyncio.sleep(1.0)
                if not any(row.queued for _, row in self._rows()):
                    self._result.drained = True
                    break
            await asyncio.sleep(0.25)
        self._hands.screenshot("end-of-shift")

    # --- one answer ---------------------------------------------------------------------------------------------

    async def _answer(self, row: ConversationRow | None) -> bool:
        """Open a conversation, write, send. False if there was nobody to answer."""
        if row is None:
            return False
        if not await self._open(row.id):
            return False
        try:
            composer = await self._hands.wait_for(QWidget, "messages.composer", 5)
            text = next(self._texts)
            await self._hands.type(composer, text)
            written = composer.property("plainText")
            if written != text:
                raise NotThereError(f"the composer shows {written!r}")
        except NotThereError as missing:
            self._result.problems.append(str(missing))
            return True
        self._intents.write(row.id, row.creator_id, text)
        self._answered[row.id] = datetime.now(UTC)
        await self._hands.press(composer, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        try:
            await self._hands.until(lambda: composer.property("plainText") == "", 5, "an empty composer")
        except NotThereError as missing:
            self._result.problems.append(str(missing))
        return True

    async def _open(self, conversation_id: str) -> bool:
        """Click a conversation in the list; rows move as fans write, so a click that hit another one is repeated."""
        view = self._hands.find(QAbstractItemView, "messages.list")
        for _ in range(CLICKS):
            index = self._index_of(conversation_id)
            if view is None or index is None:
                return False
            await self._hands.click_row(view, index)
            try:
                await self._hands.until(lambda: self._open_conversation() == conversation_id, 2, "the conversation")
            except NotThereError:
                continue
            return True
        self._result.problems.append("a conversation could not be opened by clicking it")
        return False

    def _next_waiting(self) -> ConversationRow | None:
        """The fan who waits longest for an answer that this player did not write yet; live arrivals first."""
        waiting = [
            row
            for _, row in self._rows()
            if row.waiting_since is not None
            and row.can_send
            and (row.id not in self._answered or row.waiting_since > self._answered[row.id])
        ]
        live = [row for row in waiting if row.waiting_since is not None and row.waiting_since >= self._shift_began]
        return min(live or waiting, key=_waits_since, default=None)

    # --- what stands on the screen ------------------------------------------------------------------------------

    def _rows(self) -> list[tuple[QModelIndex, ConversationRow]]:
        view = self._hands.find(QAbstractItemView, "messages.list")
        if view is None:
            return []
        model = view.model()
        found = []
        for number in range(model.rowCount()):
            index = model.index(number, 0)
            row = index.data(RowRole)
            if isinstance(row, ConversationRow):
                found.append((index, row))
        return found

    def _index_of(self, conversation_id: str) -> QModelIndex | None:
        return next((index for index, row in self._rows() if row.id == conversation_id), None)

    def _messages(self) -> list[Message]:
        view = self._hands.find(QAbstractItemView, "messages.timeline")
        if view is None:
            return []
        model = view.model()
        rows = (model.index(number, 0).data(MessageRole) for number in range(model.rowCount()))
        return [row for row in rows if isinstance(row, Message)]

    def _open_conversation(self) -> str | None:
        view = self._hands.find(QAbstractItemView, "messages.timeline")
        shown = view.property("conversationId") if view is not None else None
        return shown if isinstance(shown, str) else None

    def _limited_on_screen(self) -> bool:
        return any(message.state is not None and message.state.value == "limited" for message in self._messages())

    def _state(self) -> ConnectionState:
        return self._connection.value.state

    def _watch_connection(self, connection: Connection | None) -> None:
        offline = connection is not None and connection.state is ConnectionState.OFFLINE
        if offline and self._offline_since is None:
            self._offline_since = time.monotonic()
        elif not offline and self._offline_since is not None:
            self._result.offline_s += time.monotonic() - self._offline_since
            self._offline_since = None

    async def _collect_failures(self) -> None:
        """What the desktop shows as certainly not sent, by opening each conversation that carries the mark."""
        for row in [row for _, row in self._rows() if row.failed]:
            if not await self._open(row.id):
                continue
            await asyncio.sleep(0.2)
            self._result.failed_texts.update(message.text for message in self._messages() if _failed(message))


def _failed(message: Message) -> bool:
    return message.state is not None and message.state.value in ("failed", "rejected", "expired", "cancelled")


def _waits_since(row: ConversationRow) -> datetime:
    return row.waiting_since or row.last_at


def _count(rows: list[tuple[QModelIndex, ConversationRow]], creator_id: str) -> int:
    return sum(row.creator_id == creator_id and row.can_send for _, row in rows)
