"""The passphrase page and the start-up error pages."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from huntaze_desktop.ui.error_page import (
    ErrorPage,
    cache_damaged,
    port_taken,
    profile_in_use,
    refused_version,
    service_failed,
    wrong_cache_key,
    wrong_database_key,
)
from huntaze_desktop.ui.passphrase_dialog import PassphrasePage
from huntaze_desktop.ui.state import ErrorView
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

ERRORS = {
    "port": port_taken("127.0.0.1:8000", "Address in use"),
    "service": service_failed("exit code 3"),
    "key": wrong_cache_key("file is not a database"),
    "database key": wrong_database_key("file is not a database"),
    "profile": profile_in_use("pid 4711"),
    "damaged": cache_damaged("malformed"),
    "version": refused_version("This desktop speaks version 2 of the API, the server version 3."),
}


def ask(theme: ThemeManager, qtbot: QtBot, *, create: bool) -> PassphrasePage:
    page = PassphrasePage(theme, create=create)
    page.resize(1024, 680)
    qtbot.addWidget(page)
    with qtbot.waitActive(page):
        page.show()
    page.setFocus()
    return page


def test_a_new_passphrase_is_typed_twice(theme: ThemeManager, qtbot: QtBot) -> None:
    page = ask(theme, qtbot, create=True)
    qtbot.keyClicks(page.first, "correct horse battery")
    qtbot.keyClicks(page.second, "correct horse battery")
    with qtbot.waitSignal(page.accepted) as accepted:
        qtbot.keyClick(page.second, Qt.Key.Key_Return)
    assert accepted.args == ["correct horse battery"]
    assert page.submit.is_busy


@pytest.mark.parametrize(
    ("first", "second", "error"),
    [
        ("", "", "Enter your passphrase."),
        ("short", "short", "Use at least 10 characters."),
        ("correct horse battery", "correct horse battary", "The two are not the same."),
    ],
)
def test_a_weak_or_mistyped_one_is_refused(
    theme: ThemeManager, qtbot: QtBot, first: str, second: str, error: str
) -> None:
    page = ask(theme, qtbot, create=True)
    page.first.setText(first)
    page.second.setText(second)
    with qtbot.assertNotEmitted(page.accepted):
        qtbot.mouseClick(page.submit, Qt.MouseButton.LeftButton)
    assert error in {page.first_field.error, page.second_field.error}


def test_unlocking_asks_once_and_shows_a_wrong_one(theme: ThemeManager, qtbot: QtBot) -> None:
    page = ask(theme, qtbot, create=False)
    assert page.second.parent() is None or not page.second.isVisible()
    qtbot.keyClicks(page.first, "wrong")
    with qtbot.waitSignal(page.accepted):
        qtbot.keyClick(page.first, Qt.Key.Key_Return)
    page.show_error("This is not the passphrase.")
    assert (page.first_field.error, page.first.selectedText() != "") == ("This is not the passphrase.", True)
    assert not page.submit.is_busy


def test_one_can_leave(theme: ThemeManager, qtbot: QtBot) -> None:
    page = ask(theme, qtbot, create=False)
    with qtbot.waitSignal(page.rejected):
        qtbot.mouseClick(page.quit, Qt.MouseButton.LeftButton)


def show(theme: ThemeManager, qtbot: QtBot, view: ErrorView) -> ErrorPage:
    page = ErrorPage(theme, view)
    page.resize(1024, 680)
    qtbot.addWidget(page)
    with qtbot.waitActive(page):
        page.show()
    return page


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_says_what_happened_what_is_safe_and_what_to_do(theme: ThemeManager, qtbot: QtBot, name: str) -> None:
    view = ERRORS[name]
    page = show(theme, qtbot, view)
    for words in (view.title, view.what, view.safe, view.todo):
        assert words
        assert words in page.accessibleName()
    copy = page.findChild(QAbstractButton, "error.copy")
    assert isinstance(copy, QAbstractButton)
    qtbot.mouseClick(copy, Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().text()
    assert view.code in copied
    assert view.details in copied


def test_codes_are_unlike(theme: ThemeManager) -> None:
    assert len({view.code for view in ERRORS.values()}) == len(ERRORS)


def test_an_error_offers_only_what_helps(theme: ThemeManager, qtbot: QtBot) -> None:
    port, key = show(theme, qtbot, ERRORS["port"]), show(theme, qtbot, ERRORS["key"])
    assert (port.retry.isVisible(), port.reset.isVisible()) == (True, False)
    assert (key.retry.isVisible(), key.reset.isVisible()) == (True, True)
    for button, signal in (
        (key.retry, key.retry_requested),
        (key.reset, key.reset_requested),
        (key.quit, key.quit_requested),
    ):
        with qtbot.waitSignal(signal):
            qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
