"""The ring appears for the keyboard only, goes with the focus, and tooltips follow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFocusFrame, QToolTip, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from huntaze_desktop.ui_kit.buttons import Button
from huntaze_desktop.ui_kit.fields import LineEdit
from huntaze_desktop.ui_kit.focus import RING_PROPERTY
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

if TYPE_CHECKING:
    from tests.ui.kit.conftest import Bench


def ringed(window: QWidget) -> list[QWidget]:
    frames = window.findChildren(QFocusFrame)
    return [frame.widget() for frame in frames if frame.widget() is not None]


@pytest.fixture
def pair(theme: ThemeManager, bench: Bench) -> tuple[QWidget, Button, Button]:
    one, two = Button(theme, "One"), Button(theme, "Two")
    return bench(one, two), one, two


def test_a_mouse_press_focuses_without_a_ring(pair: tuple[QWidget, Button, Button], qtbot: QtBot) -> None:
    window, _, two = pair
    qtbot.mouseClick(two, Qt.MouseButton.LeftButton)
    assert two.hasFocus()
    assert ringed(window) == []


def test_tab_rings_the_widget_it_reaches(pair: tuple[QWidget, Button, Button], qtbot: QtBot) -> None:
    window, one, two = pair
    one.setFocus(Qt.FocusReason.MouseFocusReason)
    qtbot.keyClick(one, Qt.Key.Key_Tab)
    assert two.hasFocus()
    assert ringed(window) == [two]
    qtbot.keyClick(two, Qt.Key.Key_Backtab)
    assert ringed(window) == [one]


def test_the_ring_goes_when_the_mouse_takes_over(pair: tuple[QWidget, Button, Button], qtbot: QtBot) -> None:
    window, one, two = pair
    qtbot.keyClick(one, Qt.Key.Key_Tab)
    qtbot.mouseClick(two if one.hasFocus() else one, Qt.MouseButton.LeftButton)
    assert ringed(window) == []


def test_the_ring_is_two_pixels_of_focus_colour_two_pixels_away(
    theme: ThemeManager, pair: tuple[QWidget, Button, Button], qtbot: QtBot
) -> None:
    window, one, two = pair
    one.setFocus(Qt.FocusReason.MouseFocusReason)
    qtbot.keyClick(one, Qt.Key.Key_Tab)
    image = window.grab().toImage()
    x, top = two.geometry().center().x(), two.geometry().top()
    ring = theme.theme.hex("focus").lower()
    assert [image.pixelColor(x, top - up).name() == ring for up in (1, 2, 3, 4, 5)] == [False, False, True, True, False]


def test_widgets_that_paint_their_own_focus_get_no_ring(pair: tuple[QWidget, Button, Button], qtbot: QtBot) -> None:
    window, one, two = pair
    two.setProperty(RING_PROPERTY, False)
    one.setFocus(Qt.FocusReason.MouseFocusReason)
    qtbot.keyClick(one, Qt.Key.Key_Tab)
    assert two.hasFocus()
    assert ringed(window) == []


def test_a_ring_that_dies_with_its_window_is_forgotten(theme: ThemeManager, bench: Bench, qtbot: QtBot) -> None:
    doomed = QWidget()
    inner = LineEdit(theme, "Inner")
    inner.setParent(doomed)
    with qtbot.waitActive(doomed):
        doomed.show()
    inner.setFocus(Qt.FocusReason.TabFocusReason)
    doomed.deleteLater()
    qtbot.waitUntil(lambda: not isValid(doomed))
    button = Button(theme, "Next")
    window = bench(button)
    button.setFocus(Qt.FocusReason.MouseFocusReason)
    assert ringed(window) == []


def test_a_tooltip_repeats_when_the_keyboard_arrives(
    pair: tuple[QWidget, Button, Button], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, one, two = pair
    shown: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda _at, text, _widget: shown.append(text))
    two.setToolTip("Ctrl+Enter")
    one.setFocus(Qt.FocusReason.MouseFocusReason)
    qtbot.keyClick(one, Qt.Key.Key_Tab)
    qtbot.waitUntil(lambda: shown == ["Ctrl+Enter"])
    assert QApplication.focusWidget() is two


def test_a_ring_that_was_dropped_does_not_hold_on_to_its_style(
    pair: tuple[QWidget, Button, Button], theme: ThemeManager, qtbot: QtBot
) -> None:
    window, one, _ = pair
    one.setFocus(Qt.FocusReason.MouseFocusReason)
    qtbot.keyClick(one, Qt.Key.Key_Tab)
    (frame,) = [frame for frame in window.findChildren(QFocusFrame) if frame.widget() is not None]
    assert frame.testAttribute(Qt.WidgetAttribute.WA_SetStyle)
    theme.retire()
    assert not frame.testAttribute(Qt.WidgetAttribute.WA_SetStyle)
