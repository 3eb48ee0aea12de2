"""The context panel: what is known of a fan, and what the team writes about them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from huntaze_desktop.sdk import (
    ConnectionState,
    ContextSection,
    FanDetails,
    OfflineError,
)
from huntaze_plugins.messages.page import MessagesPage
from tests.ui.messages.fakes import FakeContext
from tests.ui.messages.hands import child, click

# --- the context panel ---------------------------------------------------------------------------------------------


def test_the_panel_shows_what_is_known(page: MessagesPage) -> None:
    page.open("c-daniel")
    panel = page.panel
    assert panel.head._about.text() == "@dan_reyes · New York · English"
    assert panel.head._since.text() == "Subscribed 14 months, renews 3 Dec"
    assert panel.spend._figures["lifetime"].text() == "$4,812"
    assert panel.spend._trend.text() == "47% vs. previous"
    assert panel.purchases._counts.text() == "9 items, 6 bought"
    assert "09:36 local time" in page.thread_pane.header.who.accessibleName()


def test_what_is_not_known_is_absent(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-tom")
    assert not page.panel.purchases.isVisible()
    assert not page.panel.head._since.isVisible()
    assert "local time" not in page.thread_pane.header.who.accessibleName()
    context.fans.views["f-tom"].set(FanDetails(None))
    assert not page.panel.tags.isVisible()


def test_a_note_is_added_edited_and_deleted_with_undo(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    click(qtbot, child(page, "messages.note.add"))
    qtbot.keyClicks(child(page, "messages.note.text"), "Likes trains")
    click(qtbot, child(page, "messages.note.save"))
    assert context.fans.calls == [("add_note", "f-daniel", "Likes trains")]
    assert not page.panel.notes.form.isVisible()
    card = page.panel.notes._cards[0]
    assert card.note.text == "Likes trains"
    click(qtbot, card.buttons[0])
    qtbot.keyClicks(child(page, "messages.note.text"), "!")
    qtbot.keyClick(child(page, "messages.note.text"), Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert context.fans.calls[-1] == ("edit_note", card.note.id, "Likes trains!", "1")
    click(qtbot, page.panel.notes._cards[0].buttons[1])
    assert context.fans.calls[-1] == ("delete_note", card.note.id)
    text, action, undo = context.shell.toasts[-1]
    assert (text, action) == ("Note deleted", "Undo")
    assert undo is not None
    undo()
    assert context.fans.calls[-1] == ("restore_note", card.note.id)


def test_a_colleagues_note_cannot_be_changed(page: MessagesPage) -> None:
    page.open("c-daniel")
    assert [bool(card.buttons) for card in page.panel.notes._cards] == [False, True]


def test_a_note_that_could_not_be_saved_comes_back_with_the_reason(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    page.open("c-daniel")
    context.fans.error = OfflineError("The server cannot be reached. Nothing was changed.")
    click(qtbot, child(page, "messages.note.add"))
    qtbot.keyClicks(child(page, "messages.note.text"), "Likes trains")
    click(qtbot, child(page, "messages.note.save"))
    assert page.panel.notes.form.isVisible()
    assert page.panel.notes.form.text() == "Likes trains"
    assert page.panel.notes.form._why.text() == "The server cannot be reached. Nothing was changed."


def test_offline_notes_and_tags_wait_with_the_reason_and_keep_the_text(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    page.open("c-daniel")
    click(qtbot, child(page, "messages.note.add"))
    qtbot.keyClicks(child(page, "messages.note.text"), "Likes trains")
    context.go(ConnectionState.OFFLINE)
    save, add, tag = (child(page, f"messages.{name}") for name in ("note.save", "note.add", "tag.add"))
    reason = "Needs a connection. What you type here is kept."
    assert [widget.isEnabled() for widget in (save, add, tag)] == [False, False, False]
    assert [widget.toolTip() for widget in (save, add, tag)] == [reason, reason, reason]
    assert page.panel.notes.form._why.text() == reason
    assert page.panel.tags.reason.text() == reason
    page.open("c-tom")
    page.open("c-daniel")
    assert page.panel.notes.form.text() == "Likes trains"
    context.go(ConnectionState.ONLINE)
    assert save.isEnabled()
    click(qtbot, save)
    assert context.fans.calls == [("add_note", "f-daniel", "Likes trains")]


def test_a_tag_is_added_in_place_and_removed(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    click(qtbot, child(page, "messages.tag.add"))
    field = child(page, "messages.tag.text")
    qtbot.keyClicks(field, "Trains")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert context.fans.calls == [("add_tag", "f-daniel", "Trains")]
    assert page.panel.tags._shown == ("Travel", "Photography", "Early riser", "Trains")
    click(qtbot, page.panel.tags._tags[0])
    assert context.fans.calls[-1] == ("remove_tag", "f-daniel", "Travel")


def test_a_tag_twice_is_refused_kindly(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    click(qtbot, child(page, "messages.tag.add"))
    field = child(page, "messages.tag.text")
    qtbot.keyClicks(field, "travel")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert context.fans.calls == []
    assert "already" in page.panel.tags.reason.text()


def test_other_plugins_add_sections(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    told: list[str | None] = []
    made = QWidget()
    page.open("c-daniel")
    context.slots.contribute("messages.context_panel", ContextSection("Price guide", lambda: made, told.append))
    qtbot.waitUntil(made.isVisible, timeout=2000)
    page.open("c-tom")
    assert told == ["f-daniel", "f-tom"]
