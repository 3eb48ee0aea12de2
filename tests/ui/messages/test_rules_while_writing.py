"""What the agency's rules mind is marked while one types, told in words, and stops Send where it must."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCharFormat
from pytestqt.qtbot import QtBot

from huntaze_desktop.sdk import ComplianceTier, ComplianceVerdict, ConnectionState
from huntaze_desktop.ui_kit.chat import Action
from huntaze_plugins.messages.page import MessagesPage
from tests.ui.messages.fakes import NOW, FakeContext, State, message
from tests.ui.messages.fakes_ai import DRAWN, _finding, ready, suggestion
from tests.ui.messages.hands import child, click, write

CONTROL = Qt.KeyboardModifier.ControlModifier


def marked(page: MessagesPage) -> list[tuple[str, bool]]:
    wave = QTextCharFormat.UnderlineStyle.WaveUnderline
    selections = page.thread_pane.composer.editor.extraSelections()
    return [(one.cursor.selectedText(), one.format.underlineStyle() == wave) for one in selections]


def told(page: MessagesPage) -> str:
    return page.thread_pane.composer.rules.strip.text


def test_a_warning_is_marked_and_lets_it_pass(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    context.compliance.mind("email", "warn")
    page.open("c-daniel")
    write(qtbot, page, "to your email tonight")
    qtbot.waitUntil(lambda: bool(marked(page)))
    assert marked(page) == [("email", True)]
    assert told(page) == "“email”: Keep fans on the platform."
    assert context.compliance.checked[-1] == ("to your email tonight", "mara")
    qtbot.keyClick(page.thread_pane.composer.editor, Qt.Key.Key_Return, CONTROL)
    assert context.messages.sent == [("c-daniel", "to your email tonight")]
    assert marked(page) == []


def test_a_block_stops_send_with_a_sentence_however_quick_the_hand(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    context.compliance.mind("paypal", "block")
    page.open("c-daniel")
    write(qtbot, page, "paypal me")
    qtbot.keyClick(page.thread_pane.composer.editor, Qt.Key.Key_Return, CONTROL)
    assert context.messages.sent == []
    assert told(page) == "Cannot be sent: “paypal”: Keep fans on the platform."
    send = page.thread_pane.composer.send
    assert not send.isEnabled()
    assert "“paypal” cannot be sent" in send.toolTip()
    page.thread_pane.composer.set_text("pay me")
    qtbot.waitUntil(send.isEnabled)
    assert told(page) == ""


def test_a_replacement_is_one_click_or_key_away(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    context.compliance.mind("email", "replace", "inbox")
    page.open("c-daniel")
    page.thread_pane.composer.set_text("😊 to your email tonight")
    page.thread_pane.composer.rules.look()
    assert marked(page) == [("email", True)]
    assert not page.thread_pane.composer.send.isEnabled()
    fix = page.thread_pane.composer.rules.fix
    assert fix.text() == "Use “inbox”"
    assert fix.focusPolicy() & Qt.FocusPolicy.TabFocus
    fix.setFocus()
    qtbot.keyClick(fix, Qt.Key.Key_Return)
    assert page.thread_pane.composer.text() == "😊 to your inbox tonight"
    assert page.thread_pane.composer.send.isEnabled()
    page.thread_pane.composer.editor.undo()
    assert page.thread_pane.composer.text() == "😊 to your email tonight"


def test_several_are_told_strictest_first_and_next_selects_them(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    context.compliance.mind("email", "warn")
    context.compliance.mind("paypal", "block")
    page.open("c-daniel")
    page.thread_pane.composer.set_text("email or paypal")
    page.thread_pane.composer.rules.look()
    assert told(page) == "Cannot be sent: “paypal”: Keep fans on the platform. 1 more."
    click(qtbot, child(page, "messages.rules.next"))
    assert page.thread_pane.composer.editor.textCursor().selectedText() == "email"
    click(qtbot, child(page, "messages.rules.next"))
    assert page.thread_pane.composer.editor.textCursor().selectedText() == "paypal"


def test_a_long_text_is_checked_elsewhere_and_send_still_waits_for_nobody(
    page: MessagesPage, context: FakeContext, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    context.compliance.mind("paypal", "block")
    threads: set[int] = set()
    check = context.compliance.check

    def noted(text: str, creator_id: str) -> ComplianceVerdict:
        threads.add(threading.get_ident())
        return check(text, creator_id)

    monkeypatch.setattr(context.compliance, "check", noted)
    page.open("c-daniel")
    threads.clear()
    page.thread_pane.composer.set_text("word " * 200 + "paypal")
    qtbot.waitUntil(lambda: marked(page) == [("paypal", True)])
    assert threading.get_ident() not in threads
    page.thread_pane.composer.set_text("other " * 200 + "paypal")
    qtbot.keyClick(page.thread_pane.composer.editor, Qt.Key.Key_Return, CONTROL)
    assert context.messages.sent == []


def test_offline_the_same_rules_count(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    context.go(ConnectionState.OFFLINE)
    page.open("c-daniel")
    write(qtbot, page, "paypal me")
    context.compliance.mind("paypal", "block")
    assert not page.thread_pane.composer.send.isEnabled()


def test_a_suggestion_that_the_rules_mind_is_not_sent_but_shown(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    context.compliance.mind("paypal", "block")
    context.ai.at_once = ready(suggestion("My paypal is open"), *DRAWN[1:])
    page.open("c-daniel")
    page.thread_pane.assistant.suggesting.ask_anew()
    page.thread_pane.assistant.send(0)
    assert context.messages.sent == []
    assert page.thread_pane.composer.text() == "My paypal is open"
    assert told(page).startswith("Cannot be sent")


def test_what_the_server_refused_comes_back_with_its_marks_and_can_be_mended(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    refused = message("c-daniel", "my paypal", at=NOW, state=State.REJECTED, reason="COMPLIANCE_BLOCKED", local=True)
    context.messages.add("c-daniel", refused)
    page.open("c-daniel")
    page.thread_pane.timeline.view.action_requested.emit(refused.id, Action.EDIT)
    assert page.thread_pane.composer.text() == "my paypal"
    assert context.messages.cancelled == [refused.id]
    assert "The server did not take this text" in told(page)
    context.compliance.mind("paypal", "block")
    assert marked(page) == [("paypal", True)]
    page.thread_pane.composer.set_text("my page")
    qtbot.waitUntil(page.thread_pane.composer.send.isEnabled)
    assert told(page) == ""
    click(qtbot, page.thread_pane.composer.send)
    assert context.messages.sent == [("c-daniel", "my page")]


def test_what_only_the_server_minds_is_marked_until_the_text_changes(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    refused = message("c-daniel", "my paypal", at=NOW, state=State.REJECTED, reason="COMPLIANCE_BLOCKED", local=True)
    context.messages.add("c-daniel", refused)
    context.messages.found[refused.id] = (_finding("paypal", ComplianceTier.BLOCK, 3, None),)
    page.open("c-daniel")
    page.thread_pane.composer.set_text("Hi")
    page.thread_pane.timeline.view.action_requested.emit(refused.id, Action.EDIT)
    assert page.thread_pane.composer.text() == "Hi\nmy paypal"
    assert marked(page) == [("paypal", True)]
    assert not page.thread_pane.composer.send.isEnabled()
    qtbot.wait(200)
    assert marked(page) == [("paypal", True)]
    qtbot.keyClick(page.thread_pane.composer.editor, Qt.Key.Key_Return, CONTROL)
    assert context.messages.sent == []
    page.thread_pane.composer.set_text("Hi\nmy page")
    qtbot.waitUntil(page.thread_pane.composer.send.isEnabled)
    assert marked(page) == []
