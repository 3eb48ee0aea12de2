"""Dialogs, choices, months, text areas and split buttons, by mouse and keyboard."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from huntaze_desktop.ui_kit.buttons import Button
from huntaze_desktop.ui_kit.choice import Choice
from huntaze_desktop.ui_kit.dialog import Dialog
from huntaze_desktop.ui_kit.labels import Paragraph
from huntaze_desktop.ui_kit.month import MonthGrid
from huntaze_desktop.ui_kit.split_button import SplitButton
from huntaze_desktop.ui_kit.text_area import TextArea
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

FRIDAY = date(2026, 11, 13)


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    made.resize(800, 600)
    made.field = QLineEdit(made)  # type: ignore[attr-defined]
    qtbot.addWidget(made)
    with qtbot.waitActive(made):
        made.show()
    made.field.setFocus()  # type: ignore[attr-defined]
    return made


@pytest.fixture
def dialog(window: QWidget, theme: ThemeManager) -> Dialog:
    made = Dialog(theme, window, "Hand over", close_name="Close")
    made.body.addWidget(Paragraph(theme, "To whom?"))
    made.no = made.add_button("Cancel")  # type: ignore[attr-defined]
    made.yes = made.add_button("Hand over", kind="primary")  # type: ignore[attr-defined]
    made.open()
    return made


def test_a_dialog_keeps_the_focus_inside_and_gives_it_back(dialog: Dialog, window: QWidget, qtbot: QtBot) -> None:
    assert dialog.no.hasFocus()  # type: ignore[attr-defined]
    for _ in range(4):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        assert dialog.isAncestorOf(QApplication.focusWidget())
    with qtbot.waitSignal(dialog.closed):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert window.field.hasFocus()  # type: ignore[attr-defined]


def test_a_press_beside_the_card_closes_it_and_one_on_it_does_not(dialog: Dialog, qtbot: QtBot) -> None:
    qtbot.mouseClick(dialog, Qt.MouseButton.LeftButton, pos=dialog._card.geometry().center())
    assert dialog.isVisible()
    with qtbot.waitSignal(dialog.closed):
        qtbot.mouseClick(dialog, Qt.MouseButton.LeftButton, pos=QPoint(3, 3))


def test_a_dialog_covers_the_window_at_every_size(dialog: Dialog, window: QWidget, qtbot: QtBot) -> None:
    window.resize(640, 420)
    qtbot.waitUntil(lambda: dialog.size() == window.size())
    assert window.rect().contains(dialog._card.geometry())


def test_what_the_keyboard_reaches_is_scrolled_into_view(window: QWidget, theme: ThemeManager, qtbot: QtBot) -> None:
    long = Dialog(theme, window, "Decide", close_name="Close")
    choices = [Choice(theme, f"Answer {number}", "What it means") for number in range(20)]
    for choice in choices:
        long.body.addWidget(choice)
    long.open(choices[0])
    qtbot.waitUntil(lambda: long._area.verticalScrollBar().maximum() > 0)
    for _ in choices[1:]:
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    last = choices[-1]
    assert last.hasFocus()
    assert long._area.viewport().rect().contains(last.mapTo(long._area.viewport(), last.rect().center()))


def test_choices_wrap_and_are_taken_by_keyboard(theme: ThemeManager, qtbot: QtBot) -> None:
    choice = Choice(theme, "It was not sent", "Nothing more is sent. " * 8)
    qtbot.addWidget(choice)
    choice.resize(300, 60)
    choice.show()
    assert choice.heightForWidth(300) > choice.heightForWidth(900)
    assert choice.minimumHeight() == choice.heightForWidth(300)
    qtbot.keyClick(choice, Qt.Key.Key_Return)
    assert choice.isChecked()
    assert choice.accessibleDescription().startswith("Nothing more")


@pytest.fixture
def month(theme: ThemeManager, qtbot: QtBot) -> MonthGrid:
    made = MonthGrid(theme, FRIDAY, earliest=FRIDAY, latest=FRIDAY + timedelta(days=365))
    qtbot.addWidget(made)
    made.show()
    return made


def test_arrows_move_by_day_and_week_within_the_limits(month: MonthGrid, qtbot: QtBot) -> None:
    qtbot.keyClick(month, Qt.Key.Key_Left)
    assert month.day == FRIDAY
    qtbot.keyClick(month, Qt.Key.Key_Right)
    qtbot.keyClick(month, Qt.Key.Key_Down)
    assert month.day == FRIDAY + timedelta(days=8)
    assert "2026" in month.accessibleName()


def test_months_turn_and_a_press_chooses(month: MonthGrid, qtbot: QtBot) -> None:
    with qtbot.waitSignal(month.month_changed) as turned:
        qtbot.keyClick(month, Qt.Key.Key_PageDown)
    assert turned.args == ["December 2026"]
    first = month._first_shown()
    with qtbot.waitSignal(month.chosen) as chosen:
        qtbot.mouseClick(month, Qt.MouseButton.LeftButton, pos=QPoint(5, 24 + 2 * month._cell() + 5))
    assert chosen.args == [first + timedelta(days=14)]
    month.turn(-5)
    assert month.title == "December 2026", "earlier than the earliest day there is nothing to choose"


def test_a_day_that_cannot_be_chosen_does_nothing(month: MonthGrid, qtbot: QtBot) -> None:
    told: list[date] = []
    month.chosen.connect(told.append)
    qtbot.mouseClick(month, Qt.MouseButton.LeftButton, pos=QPoint(5, 30))
    assert told == []


def test_a_text_area_submits_and_leaves(theme: ThemeManager, qtbot: QtBot) -> None:
    area = TextArea(theme, "Note")
    qtbot.addWidget(area)
    area.show()
    qtbot.keyClicks(area.edit, "Hello")
    assert area.text() == "Hello"
    with qtbot.waitSignal(area.submitted):
        qtbot.keyClick(area.edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    with qtbot.waitSignal(area.left):
        qtbot.keyClick(area.edit, Qt.Key.Key_Escape)


def test_a_split_buttons_halves_touch_and_act_apart(theme: ThemeManager, qtbot: QtBot) -> None:
    split = SplitButton(theme, "Send", more_name="Other ways")
    qtbot.addWidget(split)
    split.show()
    assert split.main.geometry().right() + 1 == split.more.geometry().left()
    split.main.setEnabled(False)
    with qtbot.waitSignal(split.menu_wanted):
        qtbot.mouseClick(split.more, Qt.MouseButton.LeftButton)
    assert isinstance(split.main, Button)
