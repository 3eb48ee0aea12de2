"""A person's view of an outage: the backend is turned off, five fans are answered and a note is changed, the desktop is
closed and opened again, the backend is turned on.

Everything is done by clicks and keys on the real window. With HUNTAZE_PICTURES each step leaves a picture there, to be
held against the drawings.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QApplication, QPlainTextEdit, QWidget

from huntaze_desktop.demo.hands import Hands
from huntaze_desktop.model.entities import ConversationRow, Message
from huntaze_desktop.ui_kit.buttons import IconButton
from huntaze_desktop.ui_kit.chat import MessageRole
from huntaze_desktop.ui_kit.conversation_list import RowRole
from tests.e2e.house import OWNER, House, furnished
from tests.ui.app.conftest import SOON_S, Desk, Seat

pytestmark = [pytest.mark.e2e, pytest.mark.gui, pytest.mark.timeout(240)]

NOTE, CHANGED = "Likes trains.", "Likes trains, and night trains most of all."
ANSWERS = [
    "The first, while nobody hears it.",
    "The second goes to somebody else.",
    "The third as well.",
    "The fourth is short.",
    "The fifth comes in two parts:",
    "this is the other one.",
]


class Person:
    """Reads the window and acts on it."""

    def __init__(self, seat: Seat, pictures: Path | None, part: str) -> None:
        self.seat = seat
        self.hands = Hands(seat.window, pictures / part if pictures else None)

    async def until(self, condition: object, what: str) -> None:
        await self.hands.until(condition, SOON_S, what)  # type: ignore[arg-type]

    def rows(self) -> list[tuple[QModelIndex, ConversationRow]]:
        view = self.hands.find(QAbstractItemView, "messages.list")
        model = view.model() if view is not None else None
        found = [model.index(number, 0) for number in range(model.rowCount())] if model is not None else []
        return [(index, index.data(RowRole)) for index in found if isinstance(index.data(RowRole), ConversationRow)]

    def bubbles(self) -> dict[str, Message]:
        """Of the conversation that is open, by their text."""
        view = self.hands.find(QAbstractItemView, "messages.timeline")
        if view is None:
            return {}
        found = (view.model().index(number, 0).data(MessageRole) for number in range(view.model().rowCount()))
        return {message.text: message for message in found if isinstance(message, Message)}

    async def opens(self, conversation_id: str) -> None:
        view = await self.hands.wait_for(QAbstractItemView, "messages.list")

        def is_open() -> bool:
            timeline = self.hands.find(QAbstractItemView, "messages.timeline")
            return timeline is not None and timeline.property("conversationId") == conversation_id

        await self.until(lambda: conversation_id in {row.id for _, row in self.rows()}, "the conversation in the list")
        index = next(index for index, row in self.rows() if row.id == conversation_id)
        await self.hands.click_row(view, index)
        await self.until(is_open, "the conversation")

    async def answers(self, conversation_id: str, text: str, *, by_mouse: bool) -> None:
        await self.opens(conversation_id)
        composer = await self.hands.wait_for(QWidget, "messages.composer")
        await self.hands.type(composer, text)
        if by_mouse:
            await self.hands.click(await self.hands.wait_for(QWidget, "messages.send"))
        else:
            await self.hands.press(composer, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        await self.until(lambda: text in self.bubbles(), f"the bubble {text!r}")

    async def writes_the_note(self, text: str) -> None:
        field = await self.hands.wait_for(QPlainTextEdit, "messages.note.text")
        await self.hands.clear(field)
        await self.hands.type(field, text)
        await self.hands.click(await self.hands.wait_for(QWidget, "messages.note.save"))
        await self.until(lambda: self.note_is(text), "the note on its card")

    def note_is(self, text: str) -> bool:
        """Whether a card shows this note, read as a screen reader does."""
        return any(name.startswith(f"{text}, ") for name in self.notes())

    def notes(self) -> list[str]:
        panel = self.hands.find(QWidget, "messages.context")
        every = panel.findChildren(QWidget) if panel is not None else []
        return [widget.accessibleName() for widget in every if widget.isVisible() and hasattr(widget, "note")]

    def pencils(self) -> list[IconButton]:
        """The buttons that change one's own notes."""
        every = self.seat.window.findChildren(IconButton)
        return [one for one in every if one.isVisible() and one.accessibleName() == "Edit the note"]

    def in_the_outbox(self) -> list[QWidget]:
        """One button to change it for each message in the outbox that is open."""
        outbox = self.hands.find(QWidget, "outbox")
        return outbox.findChildren(QWidget, "outbox.edit") if outbox is not None else []

    def connection(self) -> str:
        return self.seat.connection


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with furnished(tmp_path / "house", fans=12, messages=120) as made:
        yield made


@pytest.fixture
def pictures() -> Path | None:
    folder = os.environ.get("HUNTAZE_PICTURES")
    return Path(folder) / "turned-off" if folder else None


def test_what_is_done_while_the_backend_is_off_survives_a_restart_and_arrives_once(
    qapp: QApplication, tmp_path: Path, house: House, pictures: Path | None
) -> None:
    desk = Desk(qapp, tmp_path / "home")
    meant: list[tuple[str, str]] = []

    async def works_while_it_is_off(seat: Seat) -> None:
        await seat.sign_in(house.url, OWNER.password, OWNER.email)
        await seat.works()
        person = Person(seat, pictures, "1-before")
        await person.until(lambda: person.rows() and person.connection() == "online", "the filled list")
        fans = [row.id for _, row in person.rows() if row.can_send][:5]
        await person.opens(fans[0])
        await person.hands.click(await person.hands.wait_for(QWidget, "messages.note.add"))
        await person.writes_the_note(NOTE)
        await person.until(lambda: not any("waits" in name for name in person.notes()), "the saved note")
        person.hands.screenshot("online")

        await asyncio.to_thread(house.turn_off)
        await person.until(lambda: person.connection() == "offline", "offline mode")
        person.hands.screenshot("turned-off")
        for number, text in enumerate(ANSWERS):
            fan = fans[min(number, len(fans) - 1)]
            await person.answers(fan, text, by_mouse=bool(number % 2))
            meant.append((fan, text))
        person.hands.screenshot("answered")
        await person.opens(fans[0])
        await person.until(lambda: person.note_is(NOTE), "the note of this fan")
        await person.hands.click(person.pencils()[0])
        await person.writes_the_note(CHANGED)
        person.hands.screenshot("note-changed")

    async def comes_back(seat: Seat) -> None:
        await seat.works()
        person = Person(seat, pictures, "2-after")
        await person.until(lambda: person.rows() and person.connection() == "offline", "the list, still offline")
        for fan, text in meant:
            await person.opens(fan)
            await person.until(lambda text=text: text in person.bubbles(), f"{text!r} after the restart")
            state = person.bubbles()[text].state
            assert state is not None
            assert state.value == "queued_local", "it is marked as not sent yet"
        person.hands.screenshot("opened-again")
        await person.opens(meant[0][0])
        await person.until(lambda: person.note_is(CHANGED), "the changed note after the restart")
        assert any("waits" in name for name in person.notes()), "it is marked as not saved yet"
        person.hands.screenshot("note-waits")
        await person.hands.click(await person.hands.wait_for(QWidget, "banner.offline.outbox"))
        await person.until(lambda: len(person.in_the_outbox()) == len(meant), "the outbox with all of them")
        person.hands.screenshot("outbox")
        await person.hands.click(await person.hands.wait_for(QWidget, "outbox.close"))

        await asyncio.to_thread(house.turn_on)
        await person.until(lambda: person.connection() == "online", "online again")
        await person.until(lambda: len(house.delivered()) == len(meant), "all delivered")
        await person.until(lambda: not any("waits" in name for name in person.notes()), "the saved note")
        for fan, text in meant:
            await person.opens(fan)
            await person.until(lambda text=text: _sent(person.bubbles().get(text)), f"{text!r} shown as sent")
        person.hands.screenshot("delivered")

    assert desk.start(works_while_it_is_off) == 0
    assert desk.start(comes_back) == 0

    arrived = [row["text"] for row in house.delivered()]
    assert sorted(arrived) == sorted(text for _, text in meant), "each once"
    assert arrived.index(ANSWERS[4]) < arrived.index(ANSWERS[5])
    assert house.notes() == [CHANGED]


def _sent(message: Message | None) -> bool:
    return message is not None and message.state is not None and message.state.value == "sent"
