"""Pictures of the whole window around the page: what lies over it, in both themes, as drawn and at its smallest.

With HUNTAZE_PICTURES set to a folder they are saved there, to be laid beside the drawings.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from huntaze_desktop.sdk import ConnectionState, Creator, CreatorState, OutboxItem
from huntaze_desktop.ui.outbox import OutboxPopover
from huntaze_desktop.ui.state import ConnectionView, CostsView, CreatorView, PersonView
from huntaze_desktop.ui.window import MainWindow
from huntaze_desktop.ui_kit.dialog import Dialog
from huntaze_desktop.ui_kit.theme import Look
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.page import MessagesPage
from tests.ui.messages.evening import shift
from tests.ui.messages.fakes import NOW, FakeContext, State, message
from tests.ui.messages.test_messages_pictures import held_back, suggestions, undecided

SIZES = {"drawn": (1440, 900), "smallest": (1024, 680)}


class Seat:
    """The window with the page in it, over a filled context."""

    def __init__(self, theme: ThemeManager) -> None:
        self.theme = theme
        self.context = FakeContext(theme)
        shift(self.context)
        self.window = MainWindow(theme, version="2.4.0", clock=lambda: NOW)
        self.window.set_person(PersonView("me", "Sofia Ortega", "chatter", "SO"))
        self.window.set_creators([CreatorView("mara", "Mara Lind", "ML")])
        self.window.set_connection(ConnectionView("online", NOW, NOW))
        self.window.set_outbox_opens(True)
        self.context.shell.toast = self._toast  # type: ignore[method-assign]
        self.page = MessagesPage(self.context)
        self.window.add_page("messages", "Messages", "message-square", self.page)
        self.popover: OutboxPopover | None = None

    def _toast(self, text: str, *, action: str | None = None, **more: Any) -> None:
        self.window.toasts.show(text, action=action or "", **more)

    def goes_offline(self, queued: int = 0) -> None:
        self.context.go(ConnectionState.OFFLINE)
        self.window.set_connection(ConnectionView("offline", NOW, NOW, outbox=queued))

    def send(self, *texts: str) -> None:
        for text in texts:
            self.page.thread_pane.composer.set_text(text)
            self.page.thread_pane.composer.send.click()


def answers_quickly(seat: Seat) -> None:
    seat.page.open("c-daniel")
    seat.send("Yes! I picked them up this morning", "They came out better than I hoped", "Which one do you want first?")
    seat.page.thread_pane.composer.set_text("Want a first look before Friday?")


def opens_the_outbox(seat: Seat) -> None:
    seat.page.open("c-daniel")
    seat.goes_offline(queued=3)
    texts = ("Yes! I picked them up this morning", "They came out better than I hoped")
    waiting = [("c-daniel", "Daniel Reyes", text) for text in texts] + [
        ("c-pieter", "Pieter Vos", "Happy you liked it")
    ]
    for conversation, _, text in waiting:
        held = {"state": State.QUEUED_LOCAL, "local": True, "hold_until": NOW + timedelta(seconds=5)}
        seat.context.messages.add(conversation, message(conversation, text, at=NOW, **held))
    mara = Creator("mara", "Mara Lind", "mara", "onlyfans", "Europe/Berlin", CreatorState.CONNECTED, NOW, 10)
    items = tuple(
        OutboxItem(f"m{n}", conversation, "mara", name, text, State.QUEUED_LOCAL, NOW, fan_id=f"f-{conversation[2:]}")
        for n, (conversation, name, text) in enumerate(waiting)
    )
    seat.popover = OutboxPopover(seat.theme)
    seat.popover.show_outbox(items, (), (mara,), online=False, now=NOW)
    seat.popover.open_at(seat.window.status.state, above=True, gap=8)


def reviews(seat: Seat) -> None:
    held_back(seat.page, seat.context)


def decides(seat: Seat) -> None:
    undecided(seat.page, seat.context)


def suggested(seat: Seat) -> None:
    """As drawn: three suggestions, a word that a rule minds, and what it costs."""
    seat.window.set_costs(CostsView(6_420_000_000, 81_000_000_000, 15_000_000_000))
    suggestions(seat.page, seat.context)
    seat.page.thread_pane.assistant.rewriting.run("tone", tone="warm")
    suggestions(seat.page, seat.context)


SCENES: dict[str, Callable[[Seat], None]] = {
    "suggested": suggested,
    "answering": answers_quickly,
    "outbox": opens_the_outbox,
    "review": reviews,
    "decide": decides,
}
ALL = [(look, size) for look in ("light", "dark") for size in SIZES]
DAILY = [("light", "drawn"), ("dark", "smallest")]


def place(seat: Seat, widget: QWidget) -> QRect:
    return QRect(widget.mapTo(seat.window, QPoint(0, 0)), widget.size())


@pytest.fixture
def sit_down(qtbot: QtBot, qapp: QApplication) -> Iterator[Callable[[str, str], Seat]]:
    theme = ThemeManager(qapp, "light", look=Look(less_motion=True))

    def sit(look: str, size: str) -> Seat:
        theme.set_choice(look)  # type: ignore[arg-type]
        seat = Seat(theme)
        seat.window.resize(*SIZES[size])
        qtbot.addWidget(seat.window, before_close_func=lambda _window: seat.window.close_for_good())
        with qtbot.waitExposed(seat.window):
            seat.window.show()
        return seat

    yield sit
    theme.set_choice("light")


@pytest.mark.parametrize(("look", "size"), ALL if "HUNTAZE_PICTURES" in os.environ else DAILY)
@pytest.mark.parametrize("scene", SCENES)
def test_what_lies_over_the_page_lies_inside_the_window(
    sit_down: Callable[[str, str], Seat], scene: str, look: str, size: str
) -> None:
    seat = sit_down(look, size)
    SCENES[scene](seat)
    for _ in range(4):
        QApplication.processEvents()
    assert seat.window.size().toTuple() == SIZES[size]
    over: list[QWidget] = [*seat.window.findChildren(Dialog), *seat.window.toasts.shown]
    over += [seat.popover] if seat.popover is not None else []
    assert over
    assert all(seat.window.rect().contains(place(seat, widget).center()) for widget in over)
    folder = os.environ.get("HUNTAZE_PICTURES")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        assert seat.window.grab().save(str(Path(folder) / f"window-{scene}-{look}-{size}.png"))


@pytest.mark.parametrize("size", SIZES)
def test_a_notice_covers_neither_the_composer_nor_the_status_bar(
    sit_down: Callable[[str, str], Seat], size: str
) -> None:
    seat = sit_down("light", size)
    answers_quickly(seat)
    QApplication.processEvents()
    (notice,) = seat.window.toasts.shown
    assert notice.accessibleName() == "3 messages queued"
    box = place(seat, notice)
    assert not box.intersects(place(seat, seat.window.status))
    painted = box.adjusted(40, 20, -40, -40)  # without its shadow
    assert not painted.intersects(place(seat, seat.page.thread_pane.composer))
