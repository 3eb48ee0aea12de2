"""Every text of the shell passes through translation, and a third more of it still fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from huntaze_desktop.ui.error_page import ErrorPage, port_taken, service_failed, wrong_cache_key
from huntaze_desktop.ui.passphrase_dialog import PassphrasePage
from huntaze_desktop.ui.sign_in import SignInPage
from huntaze_desktop.ui.state import ConnectionView, CreatorView, PersonView
from huntaze_desktop.ui.window import MainWindow
from huntaze_desktop.ui_kit.labels import KeyHint, Paragraph
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from tests.ui.shell.conftest import NOW

if TYPE_CHECKING:
    from tests.ui.shell.conftest import HandClock, Pseudo

# Names of things and people, not words of ours.
NAMES = {"Huntaze", "EN", "0.1.0", "Sam Ortega", "Chatter", "Mara Lind", "Messages", "https://huntaze.example"}


def untranslated(root: QWidget) -> set[str]:
    """Words that are shown or read out and did not come through the translator."""
    found: set[str] = set()
    for widget in [root, *root.findChildren(QWidget)]:
        if isinstance(widget, KeyHint):
            continue
        words = {widget.accessibleName(), widget.toolTip(), widget.accessibleDescription()}
        if isinstance(widget, QLabel | QAbstractButton):
            words.add(widget.text())
        if isinstance(widget, Paragraph):
            words.add(widget.accessibleName())
        if isinstance(widget, QLineEdit):
            words.add(widget.placeholderText())
        found |= {text for text in words if text and not text.startswith("[") and text not in NAMES}
    return {text for text in found if any(letter.isalpha() for letter in text)}


def test_the_window_and_its_menus(qtbot: QtBot, theme: ThemeManager, pseudo: Pseudo, clock: HandClock) -> None:
    window = MainWindow(theme, version="0.1.0", clock=clock)
    qtbot.addWidget(window, before_close_func=lambda window: window.close_for_good())
    window.add_page("messages", "Messages", "message-square", QWidget(), "Ctrl+2")
    window.set_person(PersonView("sam", "Sam Ortega", "Chatter", "SO"))
    window.set_creators([CreatorView("mara", "Mara Lind", "ML")])
    with qtbot.waitActive(window):
        window.show()
    window.rail.items[0].setToolTip("")
    for view in (
        ConnectionView("online", NOW, NOW, 1, 1, ("Mara Lind",)),
        ConnectionView("offline", NOW, NOW, 3),
        ConnectionView("connecting"),
        ConnectionView("signed_out"),
    ):
        window.set_connection(view)
        assert untranslated(window) == set()
    window.top.open_profile()
    assert untranslated(window) == set()
    window.top.profile_menu.dismiss()
    window.top.creators.click()
    assert untranslated(window) == set()
    window.top.creators.menu.dismiss()
    window.show_shortcuts()
    assert untranslated(window) == set()


def test_the_sign_in_page(qtbot: QtBot, theme: ThemeManager, pseudo: Pseudo) -> None:
    page = SignInPage(theme, version="0.1.0")
    qtbot.addWidget(page)
    page.resize(1024, 680)
    page.show()
    page.set_service("down")
    assert untranslated(page) == set()
    page.submit.click()
    assert untranslated(page) == set()
    for button in page.findChildren(QAbstractButton):
        assert button.width() >= button.minimumSizeHint().width()


def test_the_start_up_covers(qtbot: QtBot, theme: ThemeManager, pseudo: Pseudo) -> None:
    pages = [
        PassphrasePage(theme, create=True),
        PassphrasePage(theme, create=False),
        *(ErrorPage(theme, view) for view in (port_taken("x"), service_failed(""), wrong_cache_key())),
    ]
    for page in pages:
        qtbot.addWidget(page)
        page.resize(1024, 680)
        page.show()
        assert untranslated(page) == set()
