"""What opens over the page: where it opens, how it closes, where the focus goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from huntaze_desktop.ui_kit.buttons import Button
from huntaze_desktop.ui_kit.popover import Menu, MenuItem
from huntaze_desktop.ui_kit.shadow import Shadows, shadow_margins
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_desktop.ui_kit.toast import Toast, Toasts

if TYPE_CHECKING:
    from tests.ui.kit.conftest import Bench


class Opened:
    """A window with an opener and an open menu of three rows."""

    def __init__(self, theme: ThemeManager, bench: Bench) -> None:
        self.chosen: list[str] = []
        self.opener = Button(theme, "Open")
        self.window = bench(self.opener)
        self.menu = Menu(theme, "Actions", width=200)
        self.items = [
            self.menu.add_item(text, lambda text=text: self.chosen.append(text)) for text in ("One", "Two", "Three")
        ]
        self.opener.setFocus()
        self.menu.open_at(self.opener)


@pytest.fixture
def opened(theme: ThemeManager, bench: Bench) -> Opened:
    return Opened(theme, bench)


def test_a_menu_opens_inside_its_window_and_takes_the_focus(opened: Opened) -> None:
    assert opened.menu.isVisible()
    assert opened.menu.window() is opened.window
    assert opened.items[0].hasFocus()
    assert opened.menu.accessibleName() == "Actions"


def test_arrows_go_round_and_enter_chooses(opened: Opened, qtbot: QtBot) -> None:
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Home, Qt.Key.Key_Down):
        qtbot.keyClick(QApplication.focusWidget(), key)
    assert opened.items[1].hasFocus()
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert opened.chosen == ["Two"]
    assert not opened.menu.is_open
    assert opened.opener.hasFocus()


def test_tab_stays_inside(opened: Opened, qtbot: QtBot) -> None:
    for _ in range(4):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert opened.items[1].hasFocus()


def test_escape_closes_and_gives_the_focus_back(opened: Opened, qtbot: QtBot) -> None:
    with qtbot.waitSignal(opened.menu.dismissed):
        qtbot.keyClick(opened.items[0], Qt.Key.Key_Escape)
    assert opened.opener.hasFocus()
    assert opened.chosen == []


def test_a_press_beside_it_closes_it_and_does_nothing_else(opened: Opened, qtbot: QtBot) -> None:
    presses: list[bool] = []
    opened.opener.clicked.connect(lambda: presses.append(True))
    target = opened.window.childAt(opened.opener.geometry().center())
    assert target is not opened.opener
    qtbot.mouseClick(target, Qt.MouseButton.LeftButton, pos=opened.opener.geometry().center())
    assert (opened.menu.is_open, presses) == (False, [])


def test_a_menu_that_was_closed_opens_again(opened: Opened) -> None:
    opened.menu.dismiss()
    opened.menu.dismiss()
    opened.menu.open_at(opened.opener)
    assert opened.menu.is_open


def test_rows_are_cleared_and_filled_anew(opened: Opened) -> None:
    opened.menu.dismiss()
    opened.menu.clear()
    opened.menu.add_item("Four", lambda: None, ticked=True)
    opened.menu.add_separator()
    opened.menu.open_at(opened.opener)
    rows = [item.text() for item in opened.menu.findChildren(MenuItem) if item.isVisible()]
    assert rows == ["Four"]


def test_a_long_row_widens_the_menu(theme: ThemeManager, bench: Bench) -> None:
    opener = Button(theme, "Open")
    bench(opener)
    menu = Menu(theme, "Actions", width=120)
    item = menu.add_item("Envoyer et passer à la conversation suivante", lambda: None)
    menu.open_at(opener)
    assert item.width() >= item.sizeHint().width()


def test_a_menu_near_the_edge_is_kept_inside(theme: ThemeManager, bench: Bench) -> None:
    opener = Button(theme, "Open")
    window = bench(opener, size=(320, 240))
    menu = Menu(theme, "Actions", width=280)
    for n in range(4):
        menu.add_item(f"Row {n}", lambda: None)
    opener.setGeometry(220, 200, 90, 32)
    menu.open_at(opener)
    margins = shadow_margins(theme.theme.shadow(2))
    box = menu.geometry().marginsRemoved(margins)
    assert window.rect().contains(box)


def test_motion_fades_the_menu_in_and_leaves_no_effect_behind(theme: ThemeManager, bench: Bench, qtbot: QtBot) -> None:
    theme.set_less_motion(False)
    opened = Opened(theme, bench)
    assert opened.menu.graphicsEffect() is not None
    qtbot.waitUntil(lambda: opened.menu.graphicsEffect() is None)


def test_a_menu_closed_while_fading_leaves_nothing_behind(theme: ThemeManager, bench: Bench, qtbot: QtBot) -> None:
    theme.set_less_motion(False)
    opened = Opened(theme, bench)
    opened.menu.dismiss()
    assert (opened.menu.graphicsEffect(), opened.menu.isVisible()) == (None, False)
    opened.menu.open_at(opened.opener)
    qtbot.waitUntil(lambda: opened.menu.graphicsEffect() is None)
    assert opened.menu.isVisible()


def test_a_shadow_is_softer_farther_out_and_is_blurred_once(theme: ThemeManager) -> None:
    shadows = Shadows()
    for _ in range(2):
        image = QImage(200, 200, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(QColor("white"))
        painter = QPainter(image)
        shadows.paint(painter, QRectF(50, 50, 100, 100), 10, theme.theme.shadow(3))
        painter.end()
    below = [image.pixelColor(100, 150 + far).value() for far in (2, 20, 45)]
    assert below == sorted(below)
    assert below[0] < below[2] <= 255


def test_a_toast_offers_its_undo_and_leaves(theme: ThemeManager, bench: Bench, qtbot: QtBot) -> None:
    window = bench(QWidget())
    toasts = Toasts(theme, window, foot=44)
    undone: list[bool] = []
    toast = toasts.show("Tag removed", action="Undo", on_action=lambda: undone.append(True))
    assert toast.accessibleName() == "Tag removed"
    button = toast.findChild(Button, "toast.action")
    assert isinstance(button, Button)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not isValid(toast))
    assert (undone, toasts.shown) == ([True], ())


def test_no_more_than_three_toasts_stand_at_once_newest_lowest(theme: ThemeManager, bench: Bench) -> None:
    window = bench(QWidget())
    toasts = Toasts(theme, window, foot=44)
    for n in range(5):
        toasts.show(f"Number {n}")
    assert [toast.accessibleName() for toast in toasts.shown] == ["Number 2", "Number 3", "Number 4"]
    heights = [toast.mapTo(window, QPoint(0, 0)).y() for toast in toasts.shown]
    assert heights == sorted(heights)


def shown_box(toast: Toast) -> QRect:
    """Where a notice is painted, without its shadow."""
    return toast.geometry().marginsRemoved(shadow_margins(toast._theme.theme.shadow(2)))


def test_a_notice_takes_the_place_of_an_earlier_one_on_its_topic(theme: ThemeManager, bench: Bench) -> None:
    toasts = Toasts(theme, bench(QWidget()), foot=44)
    for told, topic in (("Message queued", "sends"), ("Tag removed", ""), ("2 messages queued", "sends")):
        toasts.show(told, topic=topic)
    assert [toast.accessibleName() for toast in toasts.shown] == ["Tag removed", "2 messages queued"]


def test_a_notice_stays_for_its_seconds(theme: ThemeManager, bench: Bench, qtbot: QtBot) -> None:
    toasts = Toasts(theme, bench(QWidget()), foot=44)
    toasts.show("Long")
    short = toasts.show("Short", seconds=0.05)
    qtbot.waitUntil(lambda: not isValid(short), timeout=3000)
    assert [toast.accessibleName() for toast in toasts.shown] == ["Long"]


def test_notices_stand_over_the_corner_that_a_page_offers_and_follow_it(
    theme: ThemeManager, bench: Bench, qtbot: QtBot
) -> None:
    window = bench(QWidget())
    corner = QWidget(window)
    corner.setGeometry(150, 0, 200, 120)
    corner.show()
    over: list[QWidget] = [corner]
    toasts = Toasts(theme, window, foot=44, over=lambda: over[0] if over else None)
    box = shown_box(toasts.show("Message queued"))
    assert box.left() > corner.x()
    assert box.bottom() < corner.geometry().bottom()
    corner.setGeometry(170, 0, 200, 100)
    qtbot.waitUntil(lambda: shown_box(toasts.shown[0]) == box.translated(20, -20))
    over.clear()
    toasts.arrange()
    assert abs(shown_box(toasts.shown[0]).center().x() - window.rect().center().x()) <= 1
