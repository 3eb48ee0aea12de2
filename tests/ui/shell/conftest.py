"""A shown main window with one page, a fixed clock, and a theme that does not move."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import QCoreApplication, QTranslator
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from huntaze_desktop.ui.state import ConnectionView, CreatorView, PersonView
from huntaze_desktop.ui.window import PANE_PROPERTY, MainWindow
from huntaze_desktop.ui_kit.buttons import Button
from huntaze_desktop.ui_kit.theme import Look
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

NOW = datetime(2026, 3, 6, 14, 36, tzinfo=UTC)


class HandClock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **span: float) -> None:
        self.now += timedelta(**span)


class TwoPanes(QWidget):
    """A page with a searched list and a reading pane."""

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        self.list, self.reader = QWidget(), QWidget()
        self.search = QLineEdit()
        self.search.setObjectName("inbox.search")
        self.reply = Button(theme, "Reply")
        for pane, control in ((self.list, self.search), (self.reader, self.reply)):
            pane.setProperty(PANE_PROPERTY, True)
            QVBoxLayout(pane).addWidget(control)
            column.addWidget(pane)


class Pseudo(QTranslator):
    """Translates every text to itself in brackets and a third longer, as French may be."""

    def isEmpty(self) -> bool:
        return False

    def translate(self, context: str, text: str, disambiguation: str | None = None, n: int = -1) -> str:
        return f"[{text}{'·' * (len(text) // 3)}]"


@pytest.fixture
def theme(qapp: QApplication) -> ThemeManager:
    return ThemeManager(qapp, "light", look=Look(less_motion=True))


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def bare(qtbot: QtBot, theme: ThemeManager, clock: HandClock) -> MainWindow:
    """A window without pages, person or creators."""
    window = MainWindow(theme, version="0.1.0", clock=clock)
    qtbot.addWidget(window, before_close_func=lambda window: window.close_for_good())
    with qtbot.waitActive(window):
        window.show()
    return window


@pytest.fixture
def page(theme: ThemeManager) -> TwoPanes:
    return TwoPanes(theme)


@pytest.fixture
def window(bare: MainWindow, page: TwoPanes) -> MainWindow:
    """A window with a page, a person and creators, online."""
    bare.add_page("messages", "Messages", "message-square", page, "Ctrl+2")
    bare.set_person(PersonView("sam", "Sam Ortega", "Chatter", "SO"))
    bare.set_creators([CreatorView("mara", "Mara Lind", "ML"), CreatorView("nora", "Nora Bell", "NB")])
    bare.set_connection(ConnectionView("online", NOW, NOW - timedelta(seconds=4), outbox=2, failures=0))
    return bare


@pytest.fixture
def pseudo(qapp: QApplication) -> Iterator[Pseudo]:
    translator = Pseudo()
    QCoreApplication.installTranslator(translator)
    yield translator
    QCoreApplication.removeTranslator(translator)
