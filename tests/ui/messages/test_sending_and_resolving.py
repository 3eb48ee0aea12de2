"""Sending with undo, sending later, changing what waits; and what a person decides about messages that need one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from huntaze_desktop.sdk import (
    AttemptSeen,
    BackendError,
    Candidate,
    ConnectionState,
    Evidence,
    Message,
    MissedMessage,
    OfflineError,
    Review,
)
from huntaze_desktop.ui_kit.avatars import Avatar
from huntaze_desktop.ui_kit.chat import Action
from huntaze_desktop.ui_kit.choice import Choice
from huntaze_desktop.ui_kit.labels import Label
from huntaze_desktop.ui_kit.popover import MenuItem
from huntaze_plugins.messages.page import MessagesPage
from huntaze_plugins.messages.sending import UNDO_S
from tests.ui.messages.fakes import NOW, FakeContext, State, message
from tests.ui.messages.hands import child, click, write

CONTROL = Qt.KeyboardModifier.ControlModifier


def sends(qtbot: QtBot, page: MessagesPage, text: str) -> None:
    write(qtbot, page, text)
    qtbot.keyClick(page.thread_pane.composer.editor, Qt.Key.Key_Return, CONTROL)


def undo(context: FakeContext) -> None:
    _, action, on_action = context.shell.toasts[-1]
    assert action == "Undo"
    assert on_action is not None
    on_action()


def act(page: MessagesPage, message_id: str, action: Action) -> None:
    page.thread_pane.timeline.view.action_requested.emit(message_id, action)


def waiting(context: FakeContext, text: str = "Porto next", **fields: object) -> Message:
    made = message("c-daniel", text, at=NOW, **({"state": State.READY} | fields))
    context.messages.add("c-daniel", made)
    return made


def words(sheet: QWidget) -> str:
    return " | ".join(
        label.text() or label.accessibleName() for label in sheet.findChildren(Label) if label.isVisible()
    )


# --- undo ----------------------------------------------------------------------------------------------------------


def test_send_can_be_undone_and_the_text_is_the_draft_again(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    page.open("c-daniel")
    sends(qtbot, page, "Hello")
    assert context.messages.send_options == [(None, UNDO_S)]
    assert context.shell.toasts[-1][:2] == ("Message queued", "Undo")
    undo(context)
    assert len(context.messages.undone) == 1
    assert page.thread_pane.composer.text() == "Hello"
    assert page.thread_pane.composer.editor.hasFocus()


def test_undo_keeps_what_was_written_since(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    sends(qtbot, page, "Hello")
    write(qtbot, page, "And another thing")
    undo(context)
    assert page.thread_pane.composer.text() == "Hello\nAnd another thing"


def test_the_bubble_undoes_as_well(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    sends(qtbot, page, "Hello")
    act(page, context.messages.history["c-daniel"][-1].id, Action.UNDO)
    assert page.thread_pane.composer.text() == "Hello"


def test_an_undo_that_comes_too_late_says_so(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    sends(qtbot, page, "Hello")
    context.messages.too_late = True
    undo(context)
    assert context.shell.toasts[-1][0].startswith("Too late to undo")
    assert page.thread_pane.composer.text() == ""


def test_an_undo_after_one_has_left_waits_as_the_draft(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    sends(qtbot, page, "Hello")
    page.open("c-tom")
    undo(context)
    assert page.thread_pane.composer.text() == ""
    assert context.messages.drafts["c-daniel"] == "Hello"


def test_send_done_next_is_undone_in_one(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    write(qtbot, page, "Hello")
    both = CONTROL | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(page.thread_pane.composer.editor, Qt.Key.Key_Return, both)
    assert context.shell.toasts[-1][0] == "Message queued, Daniel is done"
    undo(context)
    assert context.conversations.calls == [("done", ("c-daniel",), True), ("done", ("c-daniel",), False)]
    assert len(context.messages.undone) == 1


def test_quick_answers_share_one_notice_whose_undo_takes_the_latest(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    for text in ("One", "Two", "Three"):
        page.open("c-daniel")
        sends(qtbot, page, text)
        context.time += timedelta(seconds=1)
    told = ["Message queued", "2 messages queued", "3 messages queued"]
    assert [toast[0] for toast in context.shell.toasts] == told
    assert {topic for topic, _ in context.shell.stays} == {"messages.sends"}
    undo(context)
    assert page.thread_pane.composer.text() == "Three"
    assert context.shell.toasts[-1][:2] == ("2 messages queued", "Undo")
    undo(context)
    assert page.thread_pane.composer.text() == "Two\nThree"
    assert context.shell.toasts[-1][:2] == ("Message queued", "Undo")


def test_the_notice_lives_as_long_as_send_can_be_undone(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    sends(qtbot, page, "One")
    assert context.shell.stays == [("messages.sends", UNDO_S)]
    context.time += timedelta(seconds=2)
    sends(qtbot, page, "Two")
    undo(context)
    assert context.shell.stays[-1] == ("messages.sends", UNDO_S - 2)
    context.time += timedelta(seconds=UNDO_S)
    sends(qtbot, page, "Three")
    assert context.shell.toasts[-1][0] == "Message queued"


# --- later ---------------------------------------------------------------------------------------------------------


def test_ctrl_shift_s_sends_at_a_good_time(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    write(qtbot, page, "Good morning")
    both = CONTROL | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(page.thread_pane.composer.editor, Qt.Key.Key_S, both)
    names = [item.text() for item in page.findChildren(MenuItem)]
    assert "Daniel’s morning" in names
    entry = page.findChild(MenuItem, "messages.time.hour")
    assert entry is not None
    entry.click()
    assert context.messages.send_options == [(NOW + timedelta(hours=1), UNDO_S)]
    assert page.thread_pane.composer.text() == ""
    assert context.shell.toasts[-1][0].startswith("Sends today")
    undo(context)
    assert page.thread_pane.composer.text() == "Good morning"


def test_with_nothing_written_there_is_nothing_to_schedule(page: MessagesPage) -> None:
    page.open("c-daniel")
    composer = page.thread_pane.composer
    assert not composer.later.isEnabled()
    assert composer.other_ways.toolTip() == "Nothing to send yet"


def test_a_scheduled_message_can_go_now_and_goes_once(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-daniel")
    later = waiting(context, state=State.SCHEDULED, not_before=NOW + timedelta(hours=3))
    act(page, later.id, Action.SEND_NOW)
    assert context.messages.cancelled == [later.id]
    assert context.messages.sent == [("c-daniel", "Porto next")]


# --- changing what waits -------------------------------------------------------------------------------------------


def test_up_in_an_empty_field_changes_the_last_waiting_message(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    page.open("c-daniel")
    last = waiting(context)
    waiting(context, "Attempted", attempt_no=1)
    composer = page.thread_pane.composer
    composer.editor.setFocus()
    qtbot.keyClick(composer.editor, Qt.Key.Key_Up)
    assert (composer.text(), composer.editing.text) == ("Porto next", "Editing a message that waits")
    assert composer.send.text() == "Save"
    assert not composer.later.isEnabled()
    qtbot.keyClicks(composer.editor, "!")
    qtbot.keyClick(composer.editor, Qt.Key.Key_Return, CONTROL)
    assert context.messages.edited == [(last.id, "Porto next!")]
    assert context.messages.sent == []
    assert (composer.text(), composer.editing.text, composer.send.text()) == ("", "", "Send")


def test_the_draft_waits_while_a_message_is_changed(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    made = waiting(context)
    write(qtbot, page, "My draft")
    act(page, made.id, Action.EDIT)
    assert page.thread_pane.composer.text() == "Porto next"
    qtbot.keyClicks(page.thread_pane.composer.editor, "?")
    click(qtbot, child(page, "messages.editing.cancel"))
    assert page.thread_pane.composer.text() == "My draft"
    assert context.messages.edited == []
    act(page, made.id, Action.EDIT)
    page.open("c-tom")
    assert context.messages.drafts["c-daniel"] == "My draft"
    assert ("c-daniel", "Porto next") not in context.messages.saved


def test_esc_gives_up_the_edit_before_it_leaves_the_field(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    page.open("c-daniel")
    act(page, waiting(context).id, Action.EDIT)
    qtbot.keyClick(page.thread_pane.composer.editor, Qt.Key.Key_Escape)
    assert page.thread_pane.composer.editor.hasFocus()
    assert not page.thread_pane.composer.is_editing


def test_a_change_that_comes_too_late_keeps_the_text(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    act(page, waiting(context).id, Action.EDIT)
    qtbot.keyClicks(page.thread_pane.composer.editor, "!")
    context.messages.error = BackendError("It is on its way already.", code="CONFLICT")
    click(qtbot, child(page, "messages.send"))
    assert "Not changed" in context.shell.toasts[-1][0]
    assert context.messages.drafts["c-daniel"] == "Porto next!"


# --- review --------------------------------------------------------------------------------------------------------


def overtaken(context: FakeContext) -> Message:
    held = waiting(context, "Friday works", state=State.NEEDS_REVIEW, local=True, reason="colleague_replied")
    missed = (
        MissedMessage(outgoing=False, text="Are you there?", at=NOW - timedelta(minutes=3)),
        MissedMessage(outgoing=True, text="Saturday is better", at=NOW - timedelta(minutes=1), author_name="Ana Costa"),
    )
    context.messages.reviews[held.id] = Review(held.id, held.text, NOW, "colleague_replied", missed)
    return held


def test_a_review_shows_what_was_missed_in_order(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-daniel")
    act(page, overtaken(context).id, Action.REVIEW)
    sheet = child(page.window(), "messages.review")
    told = words(sheet)
    assert "Ana replied to Daniel meanwhile." in told
    assert told.index("Are you there?") < told.index("Ana Costa") < told.index("Saturday is better")
    assert told.index("Saturday is better") < told.index("Friday works")


def test_after_a_review_it_is_sent_discarded_or_changed(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    held = overtaken(context)
    act(page, held.id, Action.REVIEW)
    click(qtbot, child(page.window(), "messages.review.send"))
    assert context.messages.retried == [held.id]
    assert page.thread_pane.resolving.sheet is None
    act(page, held.id, Action.REVIEW)
    click(qtbot, child(page.thread_pane.resolving.sheet, "messages.review.discard"))  # type: ignore[arg-type]
    assert context.messages.cancelled == [held.id]
    act(page, held.id, Action.REVIEW)
    click(qtbot, child(page.thread_pane.resolving.sheet, "messages.review.edit"))  # type: ignore[arg-type]
    assert page.thread_pane.composer.send.text() == "Send"
    qtbot.keyClicks(page.thread_pane.composer.editor, " for me")
    click(qtbot, child(page, "messages.send"))
    assert context.messages.edited == [(held.id, "Friday works for me")]
    assert context.messages.retried == [held.id, held.id]


def overtaken_row(context: FakeContext) -> list[Message]:
    """A held message, two behind it, and one that was sent in between from elsewhere."""
    held = overtaken(context)
    waiting(context, "from the phone", state=State.SENT)
    return [held, *(waiting(context, text, state=State.QUEUED_LOCAL, local=True) for text in ("at eight", "bring Ana"))]


def test_one_decision_covers_what_stands_behind_a_held_message(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    page.open("c-daniel")
    row = overtaken_row(context)
    act(page, row[0].id, Action.REVIEW)
    told = words(child(page.window(), "messages.review_row"))
    assert "Ana replied to Daniel meanwhile." in told
    assert told.index("Saturday is better") < told.index("Friday works") < told.index("at eight")
    assert told.index("at eight") < told.index("bring Ana")
    assert "from the phone" not in told
    click(qtbot, child(page.window(), "messages.review_row.send"))
    assert context.messages.retried == [one.id for one in row]
    assert page.thread_pane.resolving.sheet is None


def test_a_row_of_held_messages_is_discarded_from_its_end(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    page.open("c-daniel")
    row = overtaken_row(context)
    act(page, row[0].id, Action.REVIEW)
    click(qtbot, child(page.window(), "messages.review_row.discard"))
    assert context.messages.cancelled == [one.id for one in reversed(row)]


def test_a_row_of_held_messages_is_decided_by_keyboard_and_an_early_enter_sends_nothing(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    page.open("c-daniel")
    row = overtaken_row(context)
    act(page, row[0].id, Action.REVIEW)
    sheet = child(page.window(), "messages.review_row")
    assert sheet.focusWidget() is child(sheet, "messages.review_row.each")
    qtbot.keyClick(sheet.focusWidget(), Qt.Key.Key_Return)
    assert page.thread_pane.resolving.sheet is not None
    assert page.thread_pane.resolving.sheet.objectName() == "messages.review"
    qtbot.keyClick(page.thread_pane.resolving.sheet, Qt.Key.Key_Escape)
    assert (context.messages.retried, context.messages.cancelled) == ([], [])
    act(page, row[0].id, Action.REVIEW)
    sheet = page.thread_pane.resolving.sheet
    qtbot.keyClick(sheet.focusWidget(), Qt.Key.Key_Tab)
    assert sheet.focusWidget() is child(sheet, "messages.review_row.send")
    qtbot.keyClick(sheet.focusWidget(), Qt.Key.Key_Return)
    assert context.messages.retried == [one.id for one in row]


def test_faces_in_the_review_have_the_colours_they_have_elsewhere(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-daniel")
    held = overtaken(context)
    at = NOW - timedelta(minutes=5)
    missed = (
        MissedMessage(outgoing=False, text="Are you there?", at=at),
        MissedMessage(outgoing=True, text="Saturday is better", at=at, author_name="Ana Costa"),
    )
    context.messages.reviews[held.id] = Review(held.id, held.text, NOW, "colleague_replied", missed)
    act(page, held.id, Action.REVIEW)
    faces = child(page.window(), "messages.review").findChildren(Avatar)
    assert [face.stable_id for face in faces] == ["f-daniel", "ana"]


def test_esc_closes_the_review_and_nothing_happens(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    act(page, overtaken(context).id, Action.REVIEW)
    sheet = child(page.window(), "messages.review")
    qtbot.keyClick(sheet, Qt.Key.Key_E)
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert page.thread_pane.resolving.sheet is None
    assert (context.messages.retried, context.messages.cancelled, context.conversations.calls) == ([], [], [])


def test_a_review_that_is_over_is_told(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-daniel")
    act(page, waiting(context, state=State.EXPIRED, local=True).id, Action.REVIEW)
    assert context.shell.toasts[-1][0] == "This message no longer waits for a review."


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("expired", "It waited for more than a day"),
        ("fan_wrote_on", "Daniel wrote on after you had written this."),
        ("lease_lost", "Ana took this conversation over"),
        ("restored", "restored from an earlier copy and does not know this message; it may have been sent"),
    ],
)
def test_a_review_says_why_in_plain_words(page: MessagesPage, context: FakeContext, reason: str, told: str) -> None:
    page.open("c-daniel")
    held = waiting(context, state=State.EXPIRED, local=True)
    context.messages.reviews[held.id] = Review(held.id, held.text, NOW, reason, holder="Ana Costa")
    act(page, held.id, Action.REVIEW)
    assert told in words(child(page.window(), "messages.review"))


# --- decide --------------------------------------------------------------------------------------------------------


def lost(context: FakeContext, *candidates: Candidate, complete: bool = True) -> Message:
    made = waiting(context, "Friday works", state=State.NEEDS_HUMAN, attempt_no=3)
    attempts = (
        AttemptSeen(1, NOW - timedelta(minutes=9), "ambiguous", None),
        AttemptSeen(2, NOW - timedelta(minutes=6), "not_executed", None),
    )
    context.messages.evidence_of[made.id] = Evidence(made.id, made.text, attempts, candidates, NOW, complete)
    return made


def test_a_decision_shows_what_was_tried_and_what_is_there(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    page.open("c-daniel")
    act(page, lost(context, complete=False).id, Action.DECIDE)
    sheet = child(page.window(), "messages.decide")
    qtbot.waitUntil(lambda: "It shows no message" in words(sheet))
    told = words(sheet)
    assert "no answer came, so it may have arrived" in told
    assert "it did not reach the platform" in told
    assert "It shows no message of ours that was not there before." in told
    assert "is not complete" in told


def test_no_verdict_is_chosen_beforehand(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    act(page, lost(context).id, Action.DECIDE)
    sheet = child(page.window(), "messages.decide")
    ok = child(sheet, "messages.decide.ok")
    assert not ok.isEnabled()
    assert ok.toolTip() == "Choose one of the three first"
    assert child(sheet, "messages.decide.later").hasFocus()
    assert not any(choice.isChecked() for choice in sheet.findChildren(Choice))


@pytest.mark.parametrize(
    ("name", "verdict"), [("sent", "sent"), ("again", "not_sent_send_again"), ("give_up", "not_sent_give_up")]
)
def test_each_verdict_reaches_the_backend(
    page: MessagesPage, context: FakeContext, qtbot: QtBot, name: str, verdict: str
) -> None:
    page.open("c-daniel")
    made = lost(context)
    act(page, made.id, Action.DECIDE)
    sheet = child(page.window(), "messages.decide")
    click(qtbot, child(sheet, f"messages.decide.{name}"))
    click(qtbot, child(sheet, "messages.decide.ok"))
    assert context.messages.resolved == [(made.id, verdict, None)]


def test_who_points_at_the_message_says_that_it_was_sent(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    page.open("c-daniel")
    same = Candidate("p-77", "Friday works", NOW, same_text=True, taken=False)
    other = Candidate("p-76", "Hello", NOW, same_text=False, taken=True)
    made = lost(context, same, other)
    act(page, made.id, Action.DECIDE)
    sheet = child(page.window(), "messages.decide")
    first, second = sheet.findChildren(Choice, "messages.decide.candidate")
    assert not second.isEnabled()
    click(qtbot, first)
    assert child(sheet, "messages.decide.sent").isChecked()  # type: ignore[attr-defined]
    click(qtbot, child(sheet, "messages.decide.ok"))
    assert context.messages.resolved == [(made.id, "sent", "p-77")]


def test_another_verdict_lets_go_of_the_candidate(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    made = lost(context, Candidate("p-77", "Friday works", NOW, same_text=True, taken=False))
    act(page, made.id, Action.DECIDE)
    sheet = child(page.window(), "messages.decide")
    candidate = sheet.findChild(Choice, "messages.decide.candidate")
    assert candidate is not None
    click(qtbot, candidate)
    click(qtbot, child(sheet, "messages.decide.again"))
    assert not candidate.isChecked()
    click(qtbot, child(sheet, "messages.decide.ok"))
    assert context.messages.resolved == [(made.id, "not_sent_send_again", None)]


def test_a_platform_that_cannot_be_read_is_asked_again(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    made = lost(context)
    known = context.messages.evidence_of[made.id]
    context.messages.evidence_of[made.id] = OfflineError("The server cannot be reached.")
    act(page, made.id, Action.DECIDE)
    sheet = child(page.window(), "messages.decide")
    qtbot.waitUntil(lambda: "The server cannot be reached." in words(sheet))
    context.messages.evidence_of[made.id] = known
    click(qtbot, child(sheet, "messages.decide.retry"))
    qtbot.waitUntil(lambda: "is complete" in words(sheet))


def test_offline_the_divider_and_the_queue_say_so(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    sends(qtbot, page, "Online")
    keys = [row.key for row in page.thread_pane.timeline.view.timeline_model.rows]
    assert "offline" not in keys
    context.go(ConnectionState.OFFLINE)
    keys = [row.key for row in page.thread_pane.timeline.view.timeline_model.rows]
    assert "offline" in keys
    assert page.thread_pane.composer.send.text() == "Queue"
