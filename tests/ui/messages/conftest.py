"""A theme and a filled context for the tests of the Messages page."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from huntaze_desktop.ui_kit.theme import Look
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.page import MessagesPage
from tests.ui.messages.evening import shift
from tests.ui.messages.fakes import FakeContext
from tests.ui.messages.hands import shown


@pytest.fixture
def theme(qapp: QApplication) -> ThemeManager:
    return ThemeManager(qapp, "light", look=Look(less_motion=True))


@pytest.fixture
def context(theme: ThemeManager) -> FakeContext:
    filled = FakeContext(theme)
    shift(filled)
    return filled


@pytest.fixture
def page(qtbot: QtBot, context: FakeContext) -> MessagesPage:
    return shown(qtbot, context)
