"""The main window: pages, keys, panes, covers, closing, sizes."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from huntaze_desktop.ui.rail import RailItem
from huntaze_desktop.ui.shortcuts import ShortcutOverlay
from huntaze_desktop.ui.state import ConnectionView, PersonView, ShortcutView
from huntaze_desktop.ui.window import NOTICES_PROPERTY, MainWindow
from huntaze_desktop.ui_kit.labels import KeyHint, Label

if TYPE_CHECKING:
    from tests.ui.shell.conftest import TwoPanes


def where(widget: QWidget) -> QRect:
    return QRect(widget.mapTo(widget.window(), QPoint(0, 0)), widget.size())


def test_what_has_no_page_person_or_creator_yet_is_absent(bare: MainWindow) -> None:
    assert bare.rail.items == ()
    assert not bare.top.creators.isVisible()
    bare.top.open_profile()
    assert bare.findChild(QWidget, "profile.sign_out") is None
    assert bare.findChild(QWidget, "profile.quit") is not None


def test_the_first_page_is_shown_and_named_in_the_title(window: MainWindow) -> None:
    assert window.current_page == "messages"
    assert window.windowTitle().startswith("Messages")
    assert [item.objectName() for item in window.rail.items] == ["rail.messages"]


def test_pages_change_by_press_and_by_key(window: MainWindow, qtbot: QtBot) -> None:
    window.add_page("fans", "Fans", "users", QLabel("fans"), "Ctrl+3")
    seen: list[str] = []
    window.page_changed.connect(seen.append)
    item = window.findChild(RailItem, "rail.fans")
    assert isinstance(item, RailItem)
    qtbot.mouseClick(item, Qt.MouseButton.LeftButton)
    assert (window.current_page, item.isChecked()) == ("fans", True)
    qtbot.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert (window.current_page, item.isChecked()) == ("messages", False)
    assert seen == ["fans", "messages"]


def test_digits_go_by_the_physical_key_so_that_azerty_works(window: MainWindow) -> None:
    window.add_page("fans", "Fans", "users", QLabel("fans"), "Ctrl+3")
    # AZERTY: the key with scan code 12 types a quotation mark, not a 3.
    control = Qt.KeyboardModifier.ControlModifier
    press = QKeyEvent(QKeyEvent.Type.KeyPress, Qt.Key.Key_QuoteDbl, control, 12, 0, 0, '"')
    QApplication.sendEvent(window, press)
    assert window.current_page == "fans"


def test_a_page_can_be_taken_away_again(window: MainWindow, page: TwoPanes) -> None:
    window.add_page("fans", "Fans", "users", QLabel("fans"), "Ctrl+3")
    window.remove_page("messages")
    assert (window.current_page, page.parent()) == ("fans", None)
    assert [item.page_id for item in window.rail.items] == ["fans"]
    page.deleteLater()


def test_two_pages_cannot_have_one_id(window: MainWindow) -> None:
    with pytest.raises(ValueError, match="messages"):
        window.add_page("messages", "Again", "users", QWidget())


def test_settings_stand_at_the_foot_when_there_are_any(window: MainWindow) -> None:
    window.add_page("settings", "Settings", "settings", QLabel("settings"), "Ctrl+,", at_foot=True)
    first, last = window.rail.items
    QApplication.processEvents()
    assert where(last).bottom() > window.rail.height() - 20
    assert where(first).top() < 60


def test_the_badge_counts_and_says_so(window: MainWindow) -> None:
    item = window.rail.items[0]
    quiet = item.grab().toImage()
    window.set_page_count("messages", 6)
    assert item.accessibleName() == "Messages, 6 waiting"
    assert item.grab().toImage() != quiet
    window.set_page_count("messages", 0)
    assert item.accessibleName() == "Messages"


def test_arrows_move_along_the_rail(window: MainWindow, qtbot: QtBot) -> None:
    window.add_page("fans", "Fans", "users", QLabel("fans"))
    first, second = window.rail.items
    qtbot.waitUntil(second.isVisible)
    first.setFocus()
    qtbot.keyClick(first, Qt.Key.Key_Down)
    assert (second.hasFocus(), window.current_page) == (True, "messages")
    qtbot.keyClick(second, Qt.Key.Key_Down)
    assert first.hasFocus()


def test_closing_asks_and_does_not_close(window: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.close_requested):
        window.close()
    assert window.isVisible()
    window.close_for_good()
    assert not window.isVisible()


def test_control_k_goes_to_the_search_and_escape_back_to_the_page(
    window: MainWindow, page: TwoPanes, qtbot: QtBot
) -> None:
    qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert window.top.search.hasFocus()
    with qtbot.waitSignals([window.search_text_changed] * 3):
        qtbot.keyClicks(window.top.search, "dan")
    qtbot.keyClick(window.top.search, Qt.Key.Key_Escape)
    assert (window.top.search.text(), window.top.search.hasFocus()) == ("", True)
    qtbot.keyClick(window.top.search, Qt.Key.Key_Escape)
    assert page.search.hasFocus()


def test_control_f_searches_the_page_that_can_and_else_everything(
    window: MainWindow, page: TwoPanes, qtbot: QtBot
) -> None:
    qtbot.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert page.search.hasFocus()
    page.search.setObjectName("")
    qtbot.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert window.top.search.hasFocus()


def test_f6_goes_round_the_panes_and_back(window: MainWindow, page: TwoPanes, qtbot: QtBot) -> None:
    page.search.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_F6)
    assert page.reply.hasFocus()
    qtbot.keyClick(window, Qt.Key.Key_F6)
    assert window.rail.items[0].hasFocus()
    qtbot.keyClick(window, Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    assert page.reply.hasFocus()


def test_a_question_mark_lists_the_keys_unless_one_is_typing(window: MainWindow, page: TwoPanes, qtbot: QtBot) -> None:
    window.set_page_shortcuts("messages", [ShortcutView("Reply", ("R",))])
    page.search.setFocus()
    qtbot.keyClicks(page.search, "?")
    assert (page.search.text(), window.findChild(ShortcutOverlay)) == ("?", None)
    page.reply.setFocus()
    qtbot.keyClicks(page.reply, "?")
    overlay = window.findChild(ShortcutOverlay)
    assert isinstance(overlay, ShortcutOverlay)
    keys = {hint.accessibleName() for hint in overlay.findChildren(KeyHint)}
    assert {"Ctrl 2", "Ctrl K", "F6", "R"} <= keys
    qtbot.keyClick(overlay, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not isValid(overlay))
    assert page.reply.hasFocus()


def test_a_cover_hides_the_shell_and_its_keys(window: MainWindow, qtbot: QtBot) -> None:
    cover = QLabel("Sign in")
    window.set_cover(cover)
    assert (window.cover, cover.isVisible(), window.rail.isVisible()) == (cover, True, False)
    qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClicks(window, "?")
    assert window.findChild(ShortcutOverlay) is None
    window.set_cover(None)
    assert (window.cover, window.rail.isVisible()) == (None, True)
    qtbot.waitUntil(lambda: not isValid(cover))


@pytest.mark.parametrize("size", [(1024, 680), (1100, 720), (1440, 900), (1920, 1200)])
def test_everything_fits_without_overlap(window: MainWindow, qtbot: QtBot, size: tuple[int, int]) -> None:
    for n in range(8):
        window.add_page(f"page-{n}", f"Automations {n}", "users", QLabel(str(n)))
    window.add_page("settings", "Settings", "settings", QLabel("settings"), at_foot=True)
    window.set_connection(ConnectionView("offline", None, None, 12, 3, ("Mara Lind", "Nora Bell")))
    window.resize(*size)
    qtbot.waitUntil(lambda: window.sheet.width() == size[0] - 76 and window.rail.items[-1].isVisible())
    for one, other in itertools.combinations([window.rail, window.top, window.sheet, window.status], 2):
        assert not where(one).intersects(where(other))
    items = sorted((where(item) for item in window.rail.items), key=QRect.top)
    for upper, lower in itertools.pairwise(items):
        assert upper.bottom() < lower.top()
    top = [window.top.creators, window.top.search, window.top.profile]
    for left, right in itertools.pairwise(where(widget) for widget in top):
        assert left.right() < right.left()
    status = [label for label in window.status.findChildren(Label) if label.isVisible()]
    assert all(window.rect().contains(where(label)) for label in status)
    assert all(label.width() >= label.sizeHint().width() for label in status)


def test_the_window_cannot_be_made_smaller_than_drawn(window: MainWindow, qtbot: QtBot) -> None:
    window.resize(300, 300)
    assert (window.width(), window.height()) == (1024, 680)


def test_the_sheets_corner_is_round_also_under_a_banner(window: MainWindow) -> None:
    canvas = "#f3f4f7"
    for state in ("online", "offline"):
        window.set_connection(ConnectionView(state))
        QApplication.processEvents()
        image = window.grab().toImage()
        assert image.pixelColor(76, 48).name() == canvas
        assert image.pixelColor(76 + 14, 48 + 14).name() != canvas


def test_a_person_without_a_page_can_still_sign_out(bare: MainWindow, qtbot: QtBot) -> None:
    bare.set_person(PersonView("sam", "Sam Ortega", "Chatter", "SO"))
    bare.top.open_profile()
    out = bare.findChild(QWidget, "profile.sign_out")
    assert isinstance(out, QWidget)
    with qtbot.waitSignal(bare.sign_out_requested):
        qtbot.mouseClick(out, Qt.MouseButton.LeftButton)


def test_notices_stand_where_the_page_wants_them(window: MainWindow, qtbot: QtBot) -> None:
    plain = window.toasts.show("Message queued")
    assert abs(plain.geometry().center().x() - window.rect().center().x()) <= 1
    reader = window.sheet.pages.currentWidget().findChildren(QWidget)[-1].parentWidget()
    assert reader is not None
    reader.setProperty(NOTICES_PROPERTY, True)
    toast = window.toasts.show("Message queued, over the corner")
    foot = reader.mapTo(window, reader.rect().bottomLeft())
    assert toast.geometry().left() >= foot.x() - 40
    assert toast.geometry().center().x() < window.rect().center().x()
    assert toast.geometry().center().y() < foot.y()
