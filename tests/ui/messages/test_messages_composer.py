"""Writing and sending on the Messages page, and the drafts of what was not sent."""

from __future__ import annotations

from datetime import timedelta

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from huntaze_desktop.sdk import (
    BackendError,
    ConnectionState,
    CreatorState,
    OfflineError,
    SendBudget,
)
from huntaze_plugins.messages.emoji import EmojiPopover
from huntaze_plugins.messages.page import MessagesPage
from tests.ui.messages.fakes import NOW, FakeContext, creator
from tests.ui.messages.hands import child, click, write

# --- sending -------------------------------------------------------------------------------------------------------


def test_ctrl_enter_sends_and_empties_the_field(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    write(qtbot, page, "On my way")
    qtbot.keyClick(page.thread_pane.composer.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert context.messages.sent == [("c-daniel", "On my way")]
    assert page.thread_pane.composer.text() == ""
    assert page.thread_pane.timeline.view.is_at_bottom()
    assert page.thread_pane.conversation_id == "c-daniel"


def test_the_button_sends_and_enter_only_breaks_the_line(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    page.open("c-daniel")
    write(qtbot, page, "One")
    qtbot.keyClick(page.thread_pane.composer.editor, Qt.Key.Key_Return)
    write(qtbot, page, "two")
    assert context.messages.sent == []
    click(qtbot, page.thread_pane.composer.send)
    assert context.messages.sent == [("c-daniel", "One\ntwo")]


def test_ctrl_shift_enter_sends_and_opens_who_waits_longest(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    page.open("c-daniel")
    write(qtbot, page, "Hello")
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(page.thread_pane.composer.editor, Qt.Key.Key_Return, both)
    assert context.messages.sent == [("c-daniel", "Hello")]
    assert context.conversations.calls == [("done", ("c-daniel",), True)]
    assert page.thread_pane.conversation_id == "c-kevin"
    assert page.thread_pane.composer.editor.hasFocus()
    qtbot.keyClick(page.thread_pane.composer.editor, Qt.Key.Key_Return, both)
    assert len(context.messages.sent) == 1
    assert len(context.conversations.calls) == 1
    assert page.thread_pane.conversation_id == "c-tom"


def test_nothing_but_blanks_is_not_sent(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    write(qtbot, page, "   ")
    assert not page.thread_pane.composer.send.isEnabled()
    qtbot.keyClick(page.thread_pane.composer.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert context.messages.sent == []


def test_a_text_that_the_outbox_refuses_comes_back(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    context.messages.error = BackendError("The disk is full.", "DISK_FULL")
    page.open("c-daniel")
    write(qtbot, page, "Precious words")
    click(qtbot, page.thread_pane.composer.send)
    assert page.thread_pane.composer.text() == "Precious words"
    assert "The disk is full." in page.thread_pane.composer.strip.text


def test_a_long_text_is_counted_and_refused_with_the_reason(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-daniel")
    composer = page.thread_pane.composer
    composer.set_text("x" * 8_000)
    assert not composer.counter.isVisible()
    composer.set_text("😊" * 10_000)
    assert composer.counter.text() == "10,000 / 10,000"
    assert composer.send.isEnabled()
    composer.set_text("x" * 10_250)
    assert not composer.send.isEnabled()
    assert composer.strip.text == "Too long by 250 characters. A message has at most 10,000."
    assert composer.send.toolTip() == composer.strip.text


def test_the_field_grows_to_eight_lines_and_no_further(page: MessagesPage) -> None:
    page.open("c-daniel")
    composer = page.thread_pane.composer
    heights = []
    for lines in (1, 2, 5, 8, 40):
        composer.set_text("\n".join("line" for _ in range(lines)))
        heights.append(composer.editor.height())
    assert heights[0] == heights[1] < heights[2] < heights[3] == heights[4]


def test_an_emoji_is_inserted(page: MessagesPage, qtbot: QtBot) -> None:
    page.open("c-daniel")
    click(qtbot, child(page, "messages.emoji"))
    popover = page.findChild(EmojiPopover)
    assert popover is not None
    button = next(one for one in popover.findChildren(QAbstractButton) if one.text() == "🎉")
    click(qtbot, button)
    assert page.thread_pane.composer.text() == "🎉"
    popover.dismiss()


def test_the_budget_is_shown_and_at_the_limit_send_becomes_queue(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-daniel")
    composer = page.thread_pane.composer
    assert composer.budget.text() == "7/10 this minute"
    assert composer.send.text() == "Send"
    context.messages.budgets["mara"].set(SendBudget("mara", 10, 0, NOW + timedelta(seconds=12)))
    assert composer.budget.text() == "10/10, next in 0:12"
    assert composer.send.text() == "Queue"
    context.time += timedelta(seconds=2)
    assert composer.budget.text() == "10/10, next in 0:10"


def test_offline_a_text_is_queued_and_the_field_says_so(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    context.go(ConnectionState.OFFLINE)
    composer = page.thread_pane.composer
    assert composer.budget.text() == "Sends when online"
    assert composer.send.text() == "Queue"
    write(qtbot, page, "Later then")
    click(qtbot, composer.send)
    assert context.messages.sent == [("c-daniel", "Later then")]
    context.go(ConnectionState.ONLINE)
    assert composer.send.text() == "Send"


def test_a_fan_who_blocked_the_account_cannot_be_written_to(page: MessagesPage, context: FakeContext) -> None:
    context.conversations.change("c-daniel", can_send=False, cannot_send_reason="blocked")
    page.open("c-daniel")
    composer = page.thread_pane.composer
    composer.set_text("Hello?")
    assert not composer.send.isEnabled()
    assert composer.strip.text == "Daniel has blocked this account. Messages cannot reach this fan."
    assert composer.text() == "Hello?"


def test_the_platforms_own_words_are_passed_on(page: MessagesPage, context: FakeContext) -> None:
    context.conversations.change("c-daniel", can_send=False, cannot_send_reason="This fan accepts no messages.")
    page.open("c-daniel")
    said = "Daniel cannot be written to. The platform says: “This fan accepts no messages.”"
    assert page.thread_pane.composer.strip.text == said


def test_the_page_begins_at_the_list(page: MessagesPage) -> None:
    assert page.list.list.hasFocus()


def test_an_expired_session_is_explained(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-daniel")
    others = tuple(one for one in context.team.view.value if one.id != "mara")
    context.team.view.set((creator("mara", "Mara Lind", CreatorState.SESSION_EXPIRED), *others))
    assert "needs to sign in to OnlyFans again" in page.thread_pane.composer.strip.text
    assert page.list.paused.isVisible()
    assert "Mara Lind is paused" in page.list.paused.accessibleName()


def test_colleagues_are_told_who_reads_and_who_types(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    write(qtbot, page, "He")
    write(qtbot, page, "llo")
    click(qtbot, page.thread_pane.composer.send)
    assert context.messages.viewing == [("c-daniel", False), ("c-daniel", True), ("c-daniel", False)]


# --- drafts --------------------------------------------------------------------------------------------------------


def test_a_draft_stays_with_its_conversation(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    write(qtbot, page, "Half a thou")
    page.open("c-tom")
    assert page.thread_pane.composer.text() == ""
    assert context.messages.drafts["c-daniel"] == "Half a thou"
    page.open("c-daniel")
    assert page.thread_pane.composer.text() == "Half a thou"


def test_a_draft_is_saved_when_the_keys_rest(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    write(qtbot, page, "Hel")
    write(qtbot, page, "lo")
    assert context.messages.saved == []
    qtbot.waitUntil(lambda: context.messages.saved == [("c-daniel", "Hello")], timeout=2000)


def test_a_sent_text_leaves_no_draft(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    write(qtbot, page, "Hello")
    page.thread_pane.drafts.flush()
    click(qtbot, page.thread_pane.composer.send)
    page.open("c-tom")
    assert "c-daniel" not in context.messages.drafts
    assert context.messages.saved == [("c-daniel", "Hello")]


def test_an_emptied_draft_is_saved_as_empty(page: MessagesPage, context: FakeContext) -> None:
    context.messages.drafts["c-daniel"] = "Old words"
    page.open("c-daniel")
    page.thread_pane.composer.set_text("")
    page.open("c-tom")
    assert context.messages.drafts["c-daniel"] == ""


def test_a_text_that_fails_after_one_has_left_becomes_a_draft(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-daniel")
    page.open("c-tom")
    context.messages.drafts["c-daniel"] = "and this"
    page.thread_pane.sending.failed("c-daniel", "First this", OfflineError("Not now."))
    assert context.messages.drafts["c-daniel"] == "First this\nand this"
    assert page.thread_pane.composer.text() == ""
    assert "Not now." in context.shell.toasts[-1][0]


def test_the_ring_tells_how_many_wait_and_until_about_when(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-daniel")
    ring = page.thread_pane.composer.budget
    assert ring.toolTip() == ""
    at = NOW + timedelta(seconds=90)
    context.messages.budgets["mara"].set(SendBudget("mara", 10, 0, NOW + timedelta(seconds=12), 7, at))
    assert ring.text() == "10/10, next in 0:12"
    assert ring.toolTip() == f"7 messages of this account wait, the last one goes at about {at.astimezone():%H:%M}"
