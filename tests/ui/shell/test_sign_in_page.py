"""Signing in: what is checked here, what is handed over, how refusals and the demo's progress are shown."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from huntaze_desktop.ui.sign_in import SignInPage
from huntaze_desktop.ui.state import Credentials
from huntaze_desktop.ui_kit.labels import Label, Paragraph
from huntaze_desktop.ui_kit.theme_manager import ThemeManager


@pytest.fixture
def page(qtbot: QtBot, theme: ThemeManager) -> SignInPage:
    page = SignInPage(theme, version="0.1.0")
    page.resize(1440, 900)
    qtbot.addWidget(page)
    with qtbot.waitActive(page):
        page.show()
    page.setFocus()
    return page


def fill(page: SignInPage, qtbot: QtBot, email: str = "sam@agency.example", password: str = "open sesame") -> None:
    page.email.clear()
    page.password.clear()
    qtbot.keyClicks(page.email, email)
    qtbot.keyClicks(page.password, password)


def test_one_begins_at_the_address_and_tabs_through_in_reading_order(page: SignInPage, qtbot: QtBot) -> None:
    order = []
    for _ in range(6):
        focus = QApplication.focusWidget()
        assert focus is not None
        order.append(focus.objectName())
        qtbot.keyClick(focus, Qt.Key.Key_Tab)
    assert order == [
        "sign_in.email",
        "sign_in.password",
        "password.eye",
        "sign_in.keep",
        "sign_in.submit",
        "sign_in.demo",
    ]


def test_enter_hands_over_what_was_typed(page: SignInPage, qtbot: QtBot) -> None:
    fill(page, qtbot, email=" sam@agency.example ")
    with qtbot.waitSignal(page.submitted) as submitted:
        qtbot.keyClick(page.password, Qt.Key.Key_Return)
    assert submitted.args == [Credentials("sam@agency.example", "open sesame", keep=True, server="")]


def test_a_password_never_shows_in_logs(page: SignInPage) -> None:
    assert "sesame" not in repr(Credentials("sam@agency.example", "open sesame", keep=True, server=""))


@pytest.mark.parametrize(
    ("email", "password", "field", "words"),
    [
        ("", "x", "email", "Enter your email address."),
        ("sam", "x", "email", "An address looks like name@agency.example."),
        ("@agency", "x", "email", "An address looks like name@agency.example."),
        ("sam@agency.example", "", "password", "Enter your password."),
    ],
)
def test_what_is_missing_is_said_at_the_field(
    page: SignInPage, qtbot: QtBot, email: str, password: str, field: str, words: str
) -> None:
    fill(page, qtbot, email, password)
    with qtbot.assertNotEmitted(page.submitted):
        qtbot.mouseClick(page.submit, Qt.MouseButton.LeftButton)
    where = {"email": page.email_field, "password": page.password_field}[field]
    edit = {"email": page.email, "password": page.password}[field]
    assert (where.error, edit.hasFocus(), edit.accessibleDescription()) == (words, True, words)


def test_the_error_goes_as_soon_as_one_types(page: SignInPage, qtbot: QtBot) -> None:
    qtbot.mouseClick(page.submit, Qt.MouseButton.LeftButton)
    assert page.email_field.error
    qtbot.keyClicks(page.email, "s")
    assert not page.email_field.error


def test_while_waiting_nothing_is_sent_twice(page: SignInPage, qtbot: QtBot) -> None:
    fill(page, qtbot)
    sent: list[object] = []
    page.submitted.connect(sent.append)
    for _ in range(3):
        qtbot.keyClick(page.password, Qt.Key.Key_Return)
        qtbot.mouseClick(page.submit, Qt.MouseButton.LeftButton)
    assert len(sent) == 1
    assert (page.submit.is_busy, page.email.isReadOnly(), page.demo.isEnabled()) == (True, True, False)


def test_a_refusal_keeps_the_input_and_lets_one_try_again(page: SignInPage, qtbot: QtBot) -> None:
    fill(page, qtbot)
    qtbot.keyClick(page.password, Qt.Key.Key_Return)
    page.show_error("The address or the password is wrong.", "password")
    assert page.password_field.error == "The address or the password is wrong."
    assert (page.email.text(), page.password.text()) == ("sam@agency.example", "open sesame")
    with qtbot.waitSignal(page.submitted):
        qtbot.keyClick(page.password, Qt.Key.Key_Return)
    assert not page.password_field.error


def test_an_error_that_is_no_fields_fault_stands_over_the_button(page: SignInPage, qtbot: QtBot) -> None:
    page.show_error("The server does not answer. Nothing was sent.")
    assert page.problem.isVisible()
    assert page.problem.accessibleName() == "The server does not answer. Nothing was sent."
    assert page.problem.geometry().bottom() < page.submit.geometry().top() + 200
    qtbot.keyClicks(page.email, "s")
    assert not page.problem.isVisible()


def test_another_server_is_asked_for_only_on_request(page: SignInPage, qtbot: QtBot) -> None:
    assert not page.server.isVisible()
    qtbot.mouseClick(page.server_toggle, Qt.MouseButton.LeftButton)
    assert (page.server.isVisible(), page.server.hasFocus(), page.server_toggle.isVisible()) == (True, True, False)
    fill(page, qtbot)
    qtbot.keyClicks(page.server, "huntaze.example")
    with qtbot.assertNotEmitted(page.submitted):
        qtbot.keyClick(page.server, Qt.Key.Key_Return)
    assert page.server_field.error == "A server address begins with https://."
    page.server.setText("https://huntaze.example")
    with qtbot.waitSignal(page.submitted) as submitted:
        qtbot.keyClick(page.server, Qt.Key.Key_Return)
    assert submitted.args[0].server == "https://huntaze.example"


def test_the_server_and_address_used_last_are_there_again(page: SignInPage) -> None:
    page.set_server("https://huntaze.example")
    page.set_email("sam@agency.example")
    page.setFocus()
    assert (page.server.isVisible(), page.password.hasFocus()) == (True, True)


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Space])
def test_the_demo_starts_by_key(page: SignInPage, qtbot: QtBot, key: Qt.Key) -> None:
    with qtbot.waitSignal(page.demo_requested):
        qtbot.keyClick(page.demo, key)


def test_the_demos_progress_is_shown_and_read(page: SignInPage, qtbot: QtBot) -> None:
    rest = page.demo.grab().toImage()
    page.set_demo_progress("Filling the agency: 42 %", 0.42)
    assert page.demo.accessibleDescription() == "Filling the agency: 42 %"
    assert page.demo.grab().toImage() != rest
    assert not any(control.isEnabled() for control in (page.email, page.submit, page.demo))
    page.set_demo_progress("")
    assert all(control.isEnabled() for control in (page.email, page.submit, page.demo))


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("unknown", ""),
        ("starting", "Service is starting"),
        ("up", "Service is up"),
        ("down", "Service does not answer"),
    ],
)
def test_it_says_whether_the_service_answers(page: SignInPage, state: str, words: str) -> None:
    page.set_service(state)  # type: ignore[arg-type]
    assert page.service.text() == words


def test_there_are_no_dead_links(page: SignInPage) -> None:
    words = {label.text() for label in page.findChildren(Label)}
    words |= {button.text() for button in page.findChildren(QAbstractButton)}
    for absent in ("Forgot it?", "Privacy", "Create a workspace", "enter an invite code", "English"):
        assert absent not in words


def test_at_the_smallest_size_nothing_is_cut(page: SignInPage, qtbot: QtBot) -> None:
    page.set_server("https://huntaze.example")
    page.show_error("The address or the password is wrong.", "password")
    page.resize(1024, 680)
    qtbot.waitUntil(lambda: page.art.width() == 1024 - 520)
    shown = [*page.findChildren(Paragraph), *page.findChildren(QLineEdit), page.submit, page.demo, page.service]
    spans = sorted((w.mapTo(page, w.rect().topLeft()).y(), w.height()) for w in shown if w.isVisible())
    assert spans[-1][0] + spans[-1][1] <= 680
    for (upper, height), (lower, _) in itertools.pairwise(spans):
        assert upper + height <= lower
