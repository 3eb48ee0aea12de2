"""Buttons, fields, toggles, chips: states, keyboard, names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from huntaze_desktop.ui_kit.buttons import Button, ButtonKind, IconButton
from huntaze_desktop.ui_kit.chips import AddTag, Badge, Chip, Segmented, Tag
from huntaze_desktop.ui_kit.fields import Field, LineEdit, PasswordField, SearchField
from huntaze_desktop.ui_kit.popover import MenuItem
from huntaze_desktop.ui_kit.select import Select
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_desktop.ui_kit.toggles import CheckBox, Radio, Toggle
from huntaze_desktop.ui_kit.tooltip import explain_disabled, explain_enabled

if TYPE_CHECKING:
    from tests.ui.kit.conftest import Bench

KINDS: list[ButtonKind] = ["primary", "secondary", "ghost", "soft", "danger", "quietDanger", "link"]

CONTROLS: dict[str, Callable[[ThemeManager], QWidget]] = {
    "button": lambda theme: Button(theme, "Send"),
    "icon button": lambda theme: IconButton(theme, "x", "Close"),
    "line edit": lambda theme: LineEdit(theme, "Name"),
    "search": lambda theme: SearchField(theme, "Search", clear_name="Clear"),
    "password": lambda theme: PasswordField(theme, "Password", show_name="Show", hide_name="Hide"),
    "select": lambda theme: Select(theme, "Tone", [("warm", "Warm"), ("playful", "Playful")]),
    "check box": lambda theme: CheckBox(theme, "Keep me signed in"),
    "check box without text": lambda theme: CheckBox(theme, name="All"),
    "toggle": lambda theme: Toggle(theme, name="Sounds"),
    "radio": lambda theme: Radio(theme, "One"),
    "chip": lambda theme: Chip(theme, "Unread"),
    "tag": lambda theme: Tag(theme, "Travel", remove_name="Remove Travel"),
    "add tag": lambda theme: AddTag(theme, "Add a tag"),
}


def picture(widget: QWidget) -> QImage:
    return widget.grab().toImage()


@pytest.mark.parametrize("name", CONTROLS)
def test_every_control_has_a_name_a_size_and_takes_the_keyboard(theme: ThemeManager, bench: Bench, name: str) -> None:
    control = CONTROLS[name](theme)
    bench(control)
    assert control.accessibleName()
    assert control.height() >= 24
    assert control.focusPolicy() & Qt.FocusPolicy.TabFocus


@pytest.mark.parametrize("name", CONTROLS)
def test_every_control_looks_different_when_disabled_and_in_the_dark(
    theme: ThemeManager, bench: Bench, name: str
) -> None:
    control = CONTROLS[name](theme)
    if isinstance(control, QLineEdit):
        control.setText("text")
    bench(control)
    light = picture(control)
    theme.set_choice("dark")
    dark = picture(control)
    control.setEnabled(False)
    assert light != dark
    assert picture(control) != dark


@pytest.mark.parametrize("kind", KINDS)
def test_a_button_shows_that_it_is_pressed(theme: ThemeManager, bench: Bench, kind: ButtonKind) -> None:
    button = Button(theme, "Send", kind=kind)
    bench(button)
    rest = picture(button)
    button.setDown(True)
    assert picture(button) != rest


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_a_button_is_pressed_by_the_keyboard(theme: ThemeManager, bench: Bench, qtbot: QtBot, key: Qt.Key) -> None:
    button = Button(theme, "Send")
    bench(button)
    with qtbot.waitSignal(button.clicked):
        qtbot.keyClick(button, key)


def test_a_busy_button_keeps_its_width_and_takes_no_presses(theme: ThemeManager, bench: Bench, qtbot: QtBot) -> None:
    button = Button(theme, "Sign in", kind="primary")
    bench(button)
    width = button.sizeHint().width()
    button.set_busy(True)
    presses: list[bool] = []
    button.clicked.connect(lambda: presses.append(True))
    qtbot.keyClick(button, Qt.Key.Key_Return)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert (presses, button.sizeHint().width(), button.hasFocus()) == ([], width, True)
    button.set_busy(False)
    qtbot.keyClick(button, Qt.Key.Key_Return)
    assert presses == [True]


@pytest.mark.parametrize(("size", "height"), [(24, 24), (28, 28), (32, 32), (40, 40)])
def test_buttons_have_the_drawn_heights_and_grow_with_the_text(theme: ThemeManager, size: int, height: int) -> None:
    button = Button(theme, "Send", size=size)  # type: ignore[arg-type]
    assert button.sizeHint().height() == height
    theme.set_scale(1.5)
    assert button.sizeHint().height() == round(height * 1.5)
    button.deleteLater()


def test_a_longer_label_is_never_cut(theme: ThemeManager) -> None:
    short, long = Button(theme, "Send"), Button(theme, "Envoyer et passer à la suivante", icon="send", key_hint="Ctrl")
    assert long.minimumSizeHint().width() > short.minimumSizeHint().width() + 150
    for button in (short, long):
        button.deleteLater()


def test_a_disabled_control_says_why(theme: ThemeManager, bench: Bench) -> None:
    button = Button(theme, "Add note")
    bench(button)
    explain_disabled(button, "Notes need a connection.")
    assert (button.isEnabled(), button.toolTip()) == (False, "Notes need a connection.")
    assert button.accessibleDescription() == "Notes need a connection."
    explain_enabled(button)
    assert (button.isEnabled(), button.toolTip(), button.accessibleDescription()) == (True, "", "")


def test_a_search_shows_its_keys_while_empty_and_clears_by_button_and_escape(
    theme: ThemeManager, bench: Bench, qtbot: QtBot
) -> None:
    field = SearchField(theme, "Search", clear_name="Clear the search", key_hint=("Ctrl", "K"))
    bench(field)
    clear = field.findChild(QAbstractButton)
    assert isinstance(clear, QAbstractButton)
    assert not clear.isVisible()
    qtbot.keyClicks(field, "dan")
    assert clear.isVisible()
    qtbot.mouseClick(clear, Qt.MouseButton.LeftButton)
    assert field.text() == ""
    qtbot.keyClicks(field, "eva")
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert (field.text(), field.hasFocus()) == ("", True)


def test_text_stays_clear_of_what_stands_in_the_field(theme: ThemeManager, bench: Bench) -> None:
    field = SearchField(theme, "Search", clear_name="Clear", key_hint=("Ctrl", "K"))
    bench(field)
    assert field.textMargins().left() >= 30
    assert field.textMargins().right() >= 50
    field.setText("x")
    assert field.textMargins().right() >= 28


def test_the_eye_shows_and_hides_the_password_and_says_which(theme: ThemeManager, bench: Bench, qtbot: QtBot) -> None:
    field = PasswordField(theme, "Password", show_name="Show the password", hide_name="Hide the password")
    bench(field)
    field.setText("secret")
    assert field.displayText() == "••••••"
    qtbot.mouseClick(field.eye, Qt.MouseButton.LeftButton)
    assert (field.displayText(), field.eye.accessibleName()) == ("secret", "Hide the password")
    qtbot.mouseClick(field.eye, Qt.MouseButton.LeftButton)
    assert (field.displayText(), field.eye.accessibleName()) == ("••••••", "Show the password")


def test_a_field_in_use_wears_the_accent_and_a_wrong_one_danger(
    theme: ThemeManager, bench: Bench, qtbot: QtBot
) -> None:
    field, other = LineEdit(theme, "Time"), Button(theme, "Other")
    bench(field, other)
    other.setFocus()

    def edge() -> str:
        return picture(field).pixelColor(field.width() // 2, 0).name().upper()

    assert edge() == theme.theme.hex("borderStrong")
    qtbot.mouseClick(field, Qt.MouseButton.LeftButton)
    assert edge() == theme.theme.hex("accent")
    field.set_error(True)
    assert edge() == theme.theme.hex("danger")


def test_an_error_is_shown_under_the_field_and_read_with_it(theme: ThemeManager, bench: Bench) -> None:
    edit = LineEdit(theme, "Email")
    field = Field(theme, "Email", edit, hint="The address your manager knows.")
    bench(field)
    assert (field.error, edit.accessibleDescription()) == ("", "")
    field.set_error("Enter your email address.")
    assert (field.error, edit.has_error) == ("Enter your email address.", True)
    assert edit.accessibleDescription() == "Enter your email address."
    field.set_error("")
    assert (field.error, edit.has_error) == ("", False)
    assert edit.accessibleDescription() == "The address your manager knows."


@pytest.mark.parametrize("make", [CheckBox, Toggle, Radio])
def test_toggles_answer_space_and_a_press_anywhere_on_their_text(
    theme: ThemeManager, bench: Bench, qtbot: QtBot, make: type[CheckBox | Toggle | Radio]
) -> None:
    toggle = make(theme, "Keep me signed in on this computer")
    bench(toggle)
    off = picture(toggle)
    qtbot.keyClick(toggle, Qt.Key.Key_Space)
    assert toggle.isChecked()
    assert picture(toggle) != off
    other = make(theme, "Another one, with a longer text than the box")
    bench(other)
    qtbot.mouseClick(other, Qt.MouseButton.LeftButton, pos=other.rect().center())
    assert other.isChecked()


def test_a_partly_checked_box_looks_like_neither(theme: ThemeManager, bench: Bench) -> None:
    box = CheckBox(theme, name="All")
    bench(box)
    seen = []
    for state in (Qt.CheckState.Unchecked, Qt.CheckState.PartiallyChecked, Qt.CheckState.Checked):
        box.setCheckState(state)
        seen.append(picture(box))
    assert seen[0] != seen[1] != seen[2] != seen[0]


def test_a_chip_counts_and_says_so(theme: ThemeManager, bench: Bench, qtbot: QtBot) -> None:
    chip = Chip(theme, "Unread")
    bench(chip)
    assert chip.accessibleName() == "Unread"
    chip.set_count(33)
    assert chip.accessibleName() == "Unread 33"
    qtbot.keyClick(chip, Qt.Key.Key_Space)
    qtbot.keyClick(chip, Qt.Key.Key_Return)
    assert not chip.isChecked()


@pytest.mark.parametrize("key", [Qt.Key.Key_Delete, Qt.Key.Key_Space])
def test_a_tag_is_removed_by_key(theme: ThemeManager, bench: Bench, qtbot: QtBot, key: Qt.Key) -> None:
    tag = Tag(theme, "Travel", remove_name="Remove Travel")
    bench(tag)
    with qtbot.waitSignal(tag.removed) as gone:
        qtbot.keyClick(tag, key)
    assert gone.args == ["Travel"]


def test_a_tag_that_cannot_be_removed_does_not_stop_the_tab_key(theme: ThemeManager) -> None:
    tag = Tag(theme, "Travel")
    assert tag.focusPolicy() == Qt.FocusPolicy.NoFocus
    tag.deleteLater()


def test_badges_say_their_word_and_fit_it(theme: ThemeManager, bench: Bench) -> None:
    badge, dotted = Badge(theme, "Sign in again", "danger"), Badge(theme, "Sign in again", "danger", dot=True)
    bench(badge, dotted)
    assert badge.text() == "Sign in again"
    assert dotted.sizeHint().width() == badge.sizeHint().width() + 10


def test_a_segmented_choice_has_one_value_and_tells_it(theme: ThemeManager, bench: Bench, qtbot: QtBot) -> None:
    choice = Segmented(theme, "Theme", [("light", "Light", "sun"), ("dark", "Dark", "moon")])
    bench(choice)
    choice.set_value("light")
    with qtbot.waitSignal(choice.chosen) as chosen:
        qtbot.mouseClick(choice.button("dark"), Qt.MouseButton.LeftButton)
    assert (chosen.args, choice.value) == (["dark"], "dark")


def test_a_select_opens_its_values_and_tells_the_one_picked(theme: ThemeManager, bench: Bench, qtbot: QtBot) -> None:
    select = Select(theme, "Tone", [("warm", "Warm"), ("playful", "Playful")])
    bench(select)
    before = picture(select)
    qtbot.keyClick(select, Qt.Key.Key_Down)
    first, second = (item for item in select.menu.findChildren(MenuItem) if item.isVisible())
    assert (first.is_ticked, second.is_ticked) == (True, False)
    with qtbot.waitSignal(select.chosen) as chosen:
        qtbot.mouseClick(second, Qt.MouseButton.LeftButton)
    assert (chosen.args, select.value, select.accessibleName()) == (["playful"], "playful", "Tone: Playful")
    assert select.hasFocus()
    assert picture(select) != before


def test_a_select_refuses_what_it_does_not_offer(theme: ThemeManager) -> None:
    select = Select(theme, "Tone", [("warm", "Warm")])
    with pytest.raises(KeyError):
        select.set_value("cold")
    assert select.value == "warm"
    with pytest.raises(ValueError, match="at least one"):
        Select(theme, "Tone", [])
    select.deleteLater()


def test_nothing_in_the_kit_puts_a_style_sheet_on_a_widget(theme: ThemeManager, bench: Bench) -> None:
    controls = [make(theme) for make in CONTROLS.values()]
    window = bench(*controls)
    for widget in [window, *window.findChildren(QWidget)]:
        assert widget.styleSheet() == ""
