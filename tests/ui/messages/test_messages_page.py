"""The Messages page as a chatter uses it: open, read, write, move on; and what it says when something is missing."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from huntaze_desktop.sdk import (
    ListFilter,
    OfflineError,
)
from huntaze_desktop.ui_kit.chat import Action
from huntaze_plugins import messages
from huntaze_plugins.messages.page import MessagesPage
from tests.ui.messages.fakes import NOW, FakeContext, State, View, message, row
from tests.ui.messages.hands import child, click, click_row, shown, write

# --- plugin --------------------------------------------------------------------------------------------------------


def test_the_plugin_adds_its_page_and_lets_go_of_everything(context: FakeContext, qtbot: QtBot) -> None:
    messages.activate(context)
    offered = context.pages.pages[0]
    assert (offered.id, offered.icon) == ("messages", "message-square")
    built = offered.build()
    assert isinstance(built, MessagesPage)
    qtbot.addWidget(built)
    built.open("c-daniel")
    messages.deactivate()
    assert all(view.closed for view in context.conversations.views)
    assert context.messages.views["c-daniel"].closed
    assert context.fans.views["f-daniel"].closed
    assert context.messages.budgets["mara"].closed


def test_every_name_that_scripts_look_for_is_there(page: MessagesPage) -> None:
    page.open("c-daniel")
    for name in (
        "messages.list",
        "messages.search",
        "messages.filter.unread",
        "messages.filter.late",
        "messages.filter.vip",
        "messages.filter.unbought",
        "messages.timeline",
        "messages.composer",
        "messages.send",
        "messages.note.add",
        "messages.note.text",
        "messages.note.save",
        "messages.tag.add",
        "messages.context",
    ):
        child(page, name)
    assert child(page, "messages.timeline").property("conversationId") == "c-daniel"


# --- opening and moving --------------------------------------------------------------------------------------------


def test_a_click_opens_the_conversation_everywhere(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    click_row(qtbot, page, "c-tom")
    assert page.thread_pane.conversation_id == "c-tom"
    assert context.messages.opened == ["c-tom"]
    assert list(context.fans.views) == ["f-tom"]
    assert page.thread_pane.composer.editor.placeholderText() == "Write to Tom as Mara"


def test_leaving_a_conversation_closes_its_views(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-tom")
    page.open("c-daniel")
    assert context.messages.views["c-tom"].closed
    assert context.fans.views["f-tom"].closed
    assert not context.messages.views["c-daniel"].closed


def test_a_switch_measures_only_the_rows_of_the_new_window(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-tom")
    measures = page.thread_pane.timeline.view.measures
    before = measures.laid_out
    page.open("c-daniel")
    assert measures.laid_out - before <= len(context.messages.history["c-daniel"])


def test_j_and_k_go_through_the_list(page: MessagesPage, qtbot: QtBot) -> None:
    page.list.list.setFocus()
    qtbot.keyClick(page.list.list, Qt.Key.Key_J)
    assert page.thread_pane.conversation_id == "c-kevin"
    qtbot.keyClick(page.list.list, Qt.Key.Key_J)
    assert page.thread_pane.conversation_id == "c-daniel"
    qtbot.keyClick(page.list.list, Qt.Key.Key_K)
    assert page.thread_pane.conversation_id == "c-kevin"


@pytest.mark.parametrize("key", [Qt.Key.Key_R, Qt.Key.Key_Return])
def test_r_and_enter_lead_to_the_composer_and_esc_back(page: MessagesPage, qtbot: QtBot, key: Qt.Key) -> None:
    page.open("c-daniel")
    page.list.list.setFocus()
    qtbot.keyClick(page.list.list, key)
    assert page.thread_pane.composer.editor.hasFocus()
    qtbot.keyClick(page.thread_pane.composer.editor, Qt.Key.Key_Escape)
    assert page.list.list.hasFocus()


def test_letters_in_the_composer_are_letters(page: MessagesPage, qtbot: QtBot) -> None:
    page.open("c-daniel")
    write(qtbot, page, "jkrnt")
    assert page.thread_pane.composer.text() == "jkrnt"
    assert page.thread_pane.conversation_id == "c-daniel"


def test_n_and_t_begin_a_note_and_a_tag(page: MessagesPage, qtbot: QtBot) -> None:
    page.open("c-daniel")
    page.list.list.setFocus()
    qtbot.keyClick(page.list.list, Qt.Key.Key_N)
    assert child(page, "messages.note.text").hasFocus()
    page.list.list.setFocus()
    qtbot.keyClick(page.list.list, Qt.Key.Key_T)
    assert child(page, "messages.tag.text").hasFocus()


# --- reading -------------------------------------------------------------------------------------------------------


def test_what_is_seen_for_a_second_is_marked_as_read(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-tom")
    newest = context.messages.history["c-tom"][-1].id
    assert context.messages.read == []
    qtbot.waitUntil(lambda: context.messages.read == [("c-tom", newest)], timeout=3000)


def test_what_is_left_within_a_second_stays_unread(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-tom")
    page.open("c-hugo")
    assert not page.thread_pane._read.isActive()
    assert context.messages.read == []


def test_a_message_that_arrives_while_one_looks_is_marked_too(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-tom")
    page.thread_pane._mark_read()
    new = message("c-tom", "Still there?", at=NOW)
    context.messages.add("c-tom", new)
    assert page.thread_pane._read.isActive()
    page.thread_pane._mark_read()
    assert context.messages.read[-1] == ("c-tom", new.id)


def test_who_answers_has_read_however_quickly(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-tom")
    newest = context.messages.history["c-tom"][-1].id
    write(qtbot, page, "Soon")
    qtbot.keyClick(page.thread_pane.composer.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert context.messages.read == [("c-tom", newest)]


def test_an_answer_takes_the_mark_of_unread_away(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-hugo")
    newest = next(one.id for one in reversed(context.messages.history["c-hugo"]) if not one.outgoing)
    context.conversations.change("c-hugo", marked_unread=True)
    assert not page.thread_pane._read.isActive()
    write(qtbot, page, "Soon")
    qtbot.keyClick(page.thread_pane.composer.editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert context.messages.read == [("c-hugo", newest)]


def test_what_was_marked_as_unread_is_read_when_it_is_opened_again(page: MessagesPage, context: FakeContext) -> None:
    context.conversations.change("c-hugo", marked_unread=True)
    page.open("c-hugo")
    assert page.thread_pane._read.isActive()
    page.thread_pane._mark_read()
    assert [conversation for conversation, _ in context.messages.read] == ["c-hugo"]


def test_a_read_conversation_is_not_marked_again(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-hugo")
    assert not page.thread_pane._read.isActive()


# --- notices -------------------------------------------------------------------------------------------------------


def test_notices_stand_over_the_corner_of_the_timeline(page: MessagesPage) -> None:
    page.open("c-daniel")
    corners = [one for one in page.findChildren(QWidget) if one.property("notices") and one.isVisible()]
    assert corners == [page.thread_pane.timeline]


# --- the timeline's actions ----------------------------------------------------------------------------------------


def test_actions_reach_the_outbox(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-daniel")
    made = [message("c-daniel", "Hi", at=NOW, state=state) for state in (State.FAILED, State.FAILED, State.READY)]
    for one in made:
        context.messages.add("c-daniel", one)
    request = page.thread_pane.timeline.view.action_requested
    for one, action in zip(made, (Action.RETRY, Action.DISCARD, Action.TAKE_BACK), strict=True):
        request.emit(one.id, action)
    assert context.messages.retried == [made[0].id]
    assert context.messages.cancelled == [made[1].id, made[2].id]
    text, action, back = context.shell.toasts[-1]
    assert (text, action) == ("Cancelled, it will not be sent", "Back to the field")
    assert back is not None
    back()
    assert page.thread_pane.composer.text() == "Hi"


def test_a_refused_message_is_written_anew(page: MessagesPage, context: FakeContext) -> None:
    refused = message("c-daniel", "Too wild", at=NOW, state=State.REJECTED, reason="VALIDATION", local=True)
    context.messages.add("c-daniel", refused)
    page.open("c-daniel")
    page.thread_pane.timeline.view.action_requested.emit(refused.id, Action.EDIT)
    assert page.thread_pane.composer.text() == "Too wild"
    assert context.messages.cancelled == [refused.id]


def test_a_retry_without_a_connection_says_so(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-daniel")
    context.messages.error = OfflineError("The server cannot be reached. Nothing was changed.")
    failed = next(one for one in context.messages.history["c-daniel"] if one.state is State.FAILED)
    page.thread_pane.timeline.view.action_requested.emit(failed.id, Action.RETRY)
    assert context.shell.toasts[-1][0] == "The server cannot be reached. Nothing was changed."


def test_paging_reaches_the_window(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-daniel")
    page.thread_pane.timeline.view.older_wanted.emit()
    page.thread_pane.timeline.view.newer_wanted.emit()
    page.thread_pane.timeline.newest_wanted.emit()
    assert context.messages.views["c-daniel"].asked == ["older", "newer", "newest"]


def test_a_link_opens_only_after_a_yes(page: MessagesPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(
        "huntaze_plugins.messages.thread.QDesktopServices.openUrl", lambda url: opened.append(url.toString())
    )
    page.open("c-daniel")
    page.thread_pane.timeline.view.link_requested.emit("https://example.org/a")
    assert opened == []
    click(qtbot, child(page, "messages.link.open"))
    assert opened == ["https://example.org/a"]


def test_a_broken_conversation_is_tried_again(page: MessagesPage, context: FakeContext) -> None:
    context.messages.broken.add("c-daniel")
    page.open("c-daniel")
    assert page.thread_pane.timeline.error_state is not None
    context.messages.broken.clear()
    page.thread_pane.timeline.retry_wanted.emit()
    assert page.thread_pane.timeline.error_state is None
    assert context.messages.opened == ["c-daniel", "c-daniel"]


# --- the list column -----------------------------------------------------------------------------------------------


def test_the_list_answers_while_one_types(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    qtbot.keyClicks(page.list.search, "merci")
    qtbot.waitUntil(lambda: [item.text for item in context.conversations.queries][-1] == "merci", timeout=2000)
    assert [one.id for one in page.list.listing.rows] == ["c-lucas"]
    qtbot.keyClick(page.list.search, Qt.Key.Key_Return)
    assert page.thread_pane.conversation_id == "c-lucas"


def test_a_filter_is_one_at_a_time_and_off_again(page: MessagesPage, qtbot: QtBot) -> None:
    click(qtbot, page.list.chips[ListFilter.VIP])
    assert {one.id for one in page.list.listing.rows} == {"c-daniel", "c-oliver", "c-hugo"}
    click(qtbot, page.list.chips[ListFilter.UNREAD])
    assert not page.list.chips[ListFilter.VIP].isChecked()
    assert len(page.list.listing.rows) == 5
    click(qtbot, page.list.chips[ListFilter.UNREAD])
    assert len(page.list.listing.rows) == 11


def test_the_chips_carry_counts(page: MessagesPage) -> None:
    names = [chip.accessibleName() for chip in page.list.chips.values()]
    assert names[0] == "Unread 5"
    assert names[2] == "VIP 3"


def test_the_creator_chosen_in_the_window_narrows_the_list(page: MessagesPage, context: FakeContext) -> None:
    context.shell.selected_creator.set("nia")
    assert {one.creator_id for one in page.list.listing.rows} == {"nia"}


def test_the_windows_search_reaches_the_list(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    context.shell.search_text.set("tour")
    qtbot.waitUntil(lambda: [one.id for one in page.list.listing.rows] == ["c-tom"], timeout=2000)


def test_the_badge_counts_what_is_unread(page: MessagesPage, context: FakeContext) -> None:
    assert context.pages.badges[-1] == ("messages", 5)
    context.conversations.change("c-tom", unread=0)
    assert context.pages.badges[-1] == ("messages", 4)


def test_an_empty_filter_says_so_and_leads_back(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    click(qtbot, page.list.chips[ListFilter.UNBOUGHT])
    assert page.list._empty.isVisible()
    assert "No unbought offers" in page.list._empty.accessibleName()
    click(qtbot, page.list._show_all)
    assert page.list.list.isVisible()
    assert len(page.list.listing.rows) == 11


def test_a_search_without_a_match_says_what_was_searched(page: MessagesPage, qtbot: QtBot) -> None:
    page.list.search.setText("zzz")
    qtbot.waitUntil(page.list._empty.isVisible, timeout=2000)
    assert "Nothing found" in page.list._empty.accessibleName()


def test_while_the_list_loads_its_shape_is_shown_and_no_counts(qtbot: QtBot, context: FakeContext) -> None:
    context.conversations.hold = True
    page = shown(qtbot, context)
    qtbot.waitUntil(page.list._skeleton.isVisible, timeout=2000)
    assert page.list.chips[ListFilter.UNREAD].accessibleName() == "Unread"
    context.conversations.hold = False
    context.conversations.refresh()
    assert not page.list._skeleton.isVisible()
    assert page.list.list.isVisible()


def test_when_nobody_waits_the_middle_says_so(qtbot: QtBot, context: FakeContext) -> None:
    context.conversations.rows = [one for one in context.conversations.rows if one.waiting_since is None]
    page = shown(qtbot, context)
    assert page.thread_pane.idle.isVisible()
    assert "All caught up" in page.thread_pane.idle.title


def test_a_conversation_that_no_longer_matches_stays_open(page: MessagesPage, qtbot: QtBot) -> None:
    click(qtbot, page.list.chips[ListFilter.UNREAD])
    page.open("c-tom")
    page.list._ctx.conversations.change("c-tom", unread=0)
    assert page.thread_pane.conversation_id == "c-tom"
    assert not page.list.list.selectionModel().hasSelection()


# --- what fits -----------------------------------------------------------------------------------------------------


def test_in_a_narrow_window_the_panel_is_a_drawer(qtbot: QtBot, context: FakeContext) -> None:
    page = shown(qtbot, context, 948, 604)
    assert page.width() == 948
    page.open("c-daniel")
    assert not page.panel.isVisible()
    assert page.list.list.compact
    assert 280 <= page.list.width() <= 304
    assert page.thread_pane.width() >= 480
    page.list.list.setFocus()
    qtbot.keyClick(page, Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
    assert page.panel.isVisible()
    assert page.panel.mapTo(page, QPoint(page.panel.width(), 0)).x() == page.width()
    qtbot.keyClick(page, Qt.Key.Key_Escape)
    assert not page.panel.isVisible()


def test_at_the_smallest_window_nothing_overlaps(qtbot: QtBot, context: FakeContext) -> None:
    page = shown(qtbot, context, 948, 604)
    page.open("c-daniel")
    composer = page.thread_pane.composer
    tools = [composer._emoji, composer.later, composer.budget, composer.split]
    QApplication.processEvents()
    areas = [widget.geometry() for widget in tools]
    assert all(not one.intersects(two) for one in areas for two in areas if one is not two)
    assert all(composer._box.rect().contains(area) for area in areas)
    chips = [chip.geometry() for chip in page.list.chips.values() if chip.isVisible()]
    assert all(not one.intersects(two) for one in chips for two in chips if one is not two)
    assert composer.mapTo(page, QPoint(0, composer.height())).y() == page.height()
    header = page.thread_pane.header
    parts = [header.who, header.assignee, header.snooze, header.done, header.more, header.context]
    places = [part.geometry() for part in parts]
    assert all(one.right() < two.left() for one, two in itertools.pairwise(places))
    assert header.who.width() >= 200


def test_the_panel_comes_back_as_a_column_when_there_is_room(qtbot: QtBot, context: FakeContext) -> None:
    page = shown(qtbot, context, 1200, 800)
    page.open("c-daniel")
    assert not page.panel.isVisible()
    page.resize(1500, 800)
    assert page.panel.isVisible()
    assert page.panel.width() == 320
    page.toggle_panel()
    assert not page.panel.isVisible()


def test_the_whole_page_follows_the_theme(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-daniel")
    light = page.grab().toImage()
    context.shell.theme.set_choice("dark")
    QApplication.processEvents()
    dark = page.grab().toImage()
    assert light != dark
    context.shell.theme.set_choice("light")


def test_a_hundred_switches_keep_one_window_open(page: MessagesPage, context: FakeContext) -> None:
    for _ in range(50):
        page.open("c-tom")
        page.open("c-daniel")
    assert [key for key, view in context.messages.views.items() if not view.closed] == ["c-daniel"]


def test_a_conversation_without_messages_can_be_written_to(page: MessagesPage, context: FakeContext) -> None:
    context.conversations.rows.append(replace(row("Nora Quiet"), last_text=""))
    context.conversations.refresh()
    page.open("c-nora")
    assert page.thread_pane.timeline.view.isVisible()
    context.messages.budgets["mara"] = View(None)
    page.thread_pane.composer.set_text("Welcome")
    assert page.thread_pane.composer.send.isEnabled()
