"""A theme that does not move, and a bench: a shown window on which tests put widgets."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from huntaze_desktop.ui_kit.theme import Look
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

Bench = Callable[..., QWidget]


@pytest.fixture
def theme(qapp: QApplication) -> ThemeManager:
    return ThemeManager(qapp, "light", look=Look(less_motion=True))


@pytest.fixture
def bench(qtbot: QtBot, theme: ThemeManager) -> Bench:
    """Shows widgets in one window and waits until they are on screen and active."""

    # Tests look at their widgets, not at the window: somebody must hold it.
    windows: list[QWidget] = []

    def show(*widgets: QWidget, size: tuple[int, int] = (640, 480)) -> QWidget:
        window = QWidget()
        column = QVBoxLayout(window)
        for widget in widgets:
            column.addWidget(widget)
        column.addStretch(1)
        window.resize(*size)
        windows.append(window)
        qtbot.addWidget(window)
        with qtbot.waitActive(window):
            window.show()
        return window

    return show
