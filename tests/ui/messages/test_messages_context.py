"""The context panel: what is known of a fan, and what the team writes about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from huntaze_desktop.sdk import (
    ChangeNotice,
    ConnectionState,
    ContextSection,
    FanDetails,
    FanField,
    OfflineError,
)
from huntaze_plugins.messages.page import MessagesPage
from tests.ui.messages.fakes import NOW, FakeContext
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


def test_offline_notes_tags_and_fields_are_kept_and_marked(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    page.open("c-daniel")
    context.go(ConnectionState.OFFLINE)
    click(qtbot, child(page, "messages.note.add"))
    qtbot.keyClicks(child(page, "messages.note.text"), "Likes trains")
    click(qtbot, child(page, "messages.note.save"))
    click(qtbot, child(page, "messages.tag.add"))
    qtbot.keyClicks(child(page, "messages.tag.text"), "Trains")
    qtbot.keyClick(child(page, "messages.tag.text"), Qt.Key.Key_Return)
    click(qtbot, child(page, "messages.field.nickname.edit"))
    qtbot.keyClicks(child(page, "messages.field.nickname"), "Dan")
    qtbot.keyClick(child(page, "messages.field.nickname"), Qt.Key.Key_Return)
    assert context.fans.calls == [
        ("add_note", "f-daniel", "Likes trains"),
        ("add_tag", "f-daniel", "Trains"),
        ("set_field", "f-daniel", "nickname", "Dan"),
    ]
    assert page.panel.notes._cards[0].accessibleName().endswith("waits for a connection")
    assert page.panel.tags._tags[-1].accessibleName() == "Trains, waits for a connection"
    line = page.panel.details.lines["nickname"]
    assert (line.value.text(), line.waits.isVisible(), line.is_open) == ("Dan", True, False)


def test_offline_says_how_old_things_are(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-daniel")
    assert not page.panel.as_of.isVisible()
    context.go(ConnectionState.OFFLINE)
    told = f"As of {NOW.astimezone():%H:%M}"
    assert [one.words.text() for one in (page.panel.as_of, page.list.as_of) if one.isVisible()] == [told, told]
    context.go(ConnectionState.ONLINE)
    assert not page.list.as_of.isVisible()


def test_an_unfinished_note_comes_back_with_its_fan(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    click(qtbot, child(page, "messages.note.add"))
    qtbot.keyClicks(child(page, "messages.note.text"), "Likes trains")
    page.open("c-tom")
    page.open("c-daniel")
    assert page.panel.notes.form.text() == "Likes trains"


def test_esc_leaves_a_field_as_it_was(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    click(qtbot, child(page, "messages.field.about.edit"))
    qtbot.keyClicks(child(page, "messages.field.about"), "Works in a museum")
    qtbot.keyClick(child(page, "messages.field.about"), Qt.Key.Key_Escape)
    assert not page.panel.details.lines["about"].is_open
    assert context.fans.calls == []


def test_a_field_that_could_not_be_kept_comes_back_with_the_reason(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    page.open("c-daniel")
    context.fans.error = OfflineError("The disk is full.")
    click(qtbot, child(page, "messages.field.birthday.edit"))
    qtbot.keyClicks(child(page, "messages.field.birthday"), "2 December")
    qtbot.keyClick(child(page, "messages.field.birthday"), Qt.Key.Key_Return)
    line = page.panel.details.lines["birthday"]
    assert (line.text(), line.why.text(), line.is_open) == ("2 December", "The disk is full.", True)


def test_a_field_that_is_being_changed_is_left_alone_by_news(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    page.open("c-daniel")
    click(qtbot, child(page, "messages.field.about.edit"))
    qtbot.keyClicks(child(page, "messages.field.about"), "Works in")
    details = context.fans.details_of["f-daniel"]
    assert details.fan is not None
    theirs = FanField("about", "Museum guide", 2, "Ana Costa", NOW)
    context.fans.views["f-daniel"].set(replace(details, fan=replace(details.fan, fields=(theirs,))))
    assert page.panel.details.lines["about"].text() == "Works in"


def notice(outcome: str, **fields: object) -> ChangeNotice:
    values: dict[str, object] = {
        "id": outcome, "kind": "set_field", "outcome": outcome, "code": None, "fan_name": "Daniel Reyes",
        "mine": "Dan", "theirs": "Danny", "by": "Ana Costa", "at": NOW, "can_restore": False,
    }  # fmt: skip
    return ChangeNotice(**(values | fields))  # type: ignore[arg-type]


def test_what_a_colleague_changed_meanwhile_is_told_and_can_be_put_back(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    page.open("c-daniel")
    assert not page.panel.notices.isVisible()
    context.changes.notices_view.set((notice("superseded", can_restore=True),))
    (card,) = page.panel.notices.cards
    assert card.accessibleName() == "Ana changed this while you were offline."
    click(qtbot, child(card, "messages.notice.restore"))
    assert context.changes.restored == ["superseded"]
    assert not page.panel.notices.isVisible()


def test_notices_are_dismissed_and_those_of_others_name_their_fan(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    page.open("c-tom")
    context.changes.notices_view.set((notice("merged"), notice("refused", at=NOW + timedelta(seconds=1))))
    names = [card.accessibleName() for card in page.panel.notices.cards]
    assert names == [
        "Daniel Reyes: This could not be kept.",
        "Daniel Reyes: Ana changed this too; both were joined.",
    ]
    click(qtbot, child(page.panel.notices.cards[0], "messages.notice.dismiss"))
    assert context.changes.dismissed == ["refused"]
    assert len(page.panel.notices.cards) == 1


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
