"""A theme, a fixed clock and a shown timeline for the timeline's tests."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from huntaze_desktop.ui_kit.chat import Timeline
from huntaze_desktop.ui_kit.theme import Look
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from tests.ui.chat.chat_builders import PEOPLE, Clock


@pytest.fixture
def theme(qapp: QApplication) -> ThemeManager:
    return ThemeManager(qapp, "light", look=Look(less_motion=True))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timeline(qtbot: QtBot, theme: ThemeManager, clock: Clock) -> Timeline:
    pane = Timeline(theme, clock)
    pane.resize(676, 476)
    pane.set_people(PEOPLE)
    qtbot.addWidget(pane)
    with qtbot.waitExposed(pane):
        pane.show()
    return pane
