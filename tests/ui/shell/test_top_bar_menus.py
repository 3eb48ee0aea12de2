"""Creator switcher and profile menu."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QWidget
from pytestqt.qtbot import QtBot

from huntaze_desktop.ui.state import CreatorView, PersonView
from huntaze_desktop.ui.window import MainWindow
from huntaze_desktop.ui_kit.labels import ElidedLabel, Label
from huntaze_desktop.ui_kit.popover import MenuItem
from huntaze_desktop.ui_kit.theme_manager import ThemeManager


def row(window: MainWindow, name: str) -> QAbstractButton:
    found = window.findChild(QAbstractButton, name)
    assert isinstance(found, QAbstractButton), name
    return found


def test_choosing_a_creator_tells_and_shows_it(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(window.top.creators, Qt.Key.Key_Return)
    every = row(window, "top.creators.all")
    assert isinstance(every, MenuItem)
    assert every.is_ticked
    with qtbot.waitSignal(window.creator_selected) as chosen:
        qtbot.mouseClick(row(window, "top.creators.nora"), Qt.MouseButton.LeftButton)
    assert chosen.args == ["nora"]
    assert window.top.creators.accessibleName() == "Creators shown: Nora Bell"
    assert not window.top.creators.menu.is_open


def test_choosing_all_again_tells_none(window: MainWindow, qtbot: QtBot) -> None:
    window.top.creators.choose("mara")
    window.top.creators.click()
    with qtbot.waitSignal(window.creator_selected) as chosen:
        qtbot.mouseClick(row(window, "top.creators.all"), Qt.MouseButton.LeftButton)
    assert chosen.args == [None]


def test_a_creator_that_is_gone_falls_back_to_all(window: MainWindow, qtbot: QtBot) -> None:
    window.top.creators.choose("mara")
    with qtbot.waitSignal(window.creator_selected) as chosen:
        window.set_creators([CreatorView("nora", "Nora Bell", "NB")])
    assert chosen.args == [None]
    assert window.top.creators.text() == "All creators"


def test_the_profile_says_who_one_is(window: MainWindow) -> None:
    window.set_person(PersonView("sam", "Sam Ortega", "Chatter", "SO"))
    window.top.open_profile()
    menu = window.top.profile_menu
    assert [label.text() for label in menu.findChildren(ElidedLabel)] == ["Sam Ortega"]
    assert "Chatter" in [label.text() for label in menu.findChildren(Label)]
    assert window.top.profile.accessibleName() == "Profile of Sam Ortega"


@pytest.mark.parametrize("key", ["dark", "light", "system"])
def test_the_theme_is_switched_from_the_profile(
    window: MainWindow, theme: ThemeManager, qtbot: QtBot, key: str
) -> None:
    window.top.open_profile()
    with qtbot.waitSignal(window.theme_selected) as chosen:
        qtbot.mouseClick(row(window, f"profile.theme.{key}"), Qt.MouseButton.LeftButton)
    assert (chosen.args, theme.choice) == ([key], key)


def test_the_switch_repaints_the_open_window(window: MainWindow, theme: ThemeManager) -> None:
    light = window.grab().toImage()
    theme.set_choice("dark")
    dark = window.grab().toImage()
    for x, y in ((30, 400), (700, 20), (700, 500), (700, 890)):
        assert light.pixelColor(x, y).value() > 200
        assert dark.pixelColor(x, y).value() < 60


@pytest.mark.parametrize(
    ("name", "signal"), [("profile.sign_out", "sign_out_requested"), ("profile.quit", "close_requested")]
)
def test_leaving_asks_the_owner(window: MainWindow, qtbot: QtBot, name: str, signal: str) -> None:
    window.top.open_profile()
    with qtbot.waitSignal(getattr(window, signal)):
        qtbot.mouseClick(row(window, name), Qt.MouseButton.LeftButton)
    assert window.isVisible()


def test_the_menu_is_new_each_time_and_never_doubles(window: MainWindow) -> None:
    for _ in range(3):
        window.top.open_profile()
        window.top.profile_menu.dismiss()
    window.top.open_profile()
    rows = [item for item in window.findChildren(QWidget, "profile.quit") if item.isVisible()]
    assert len(rows) == 1
