"""What a chatter does with conversations: head, keys, hover actions and several at once; every change can be undone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from huntaze_desktop.sdk import ListFilter, OfflineError
from huntaze_desktop.ui_kit.conversation_list import RowAction
from huntaze_desktop.ui_kit.popover import MenuItem
from huntaze_plugins.messages.page import MessagesPage
from huntaze_plugins.messages.times import LONGEST, fan_morning, good_times, parse_clock, trouble_with
from tests.ui.messages.fakes import NOW, FakeContext, State, message
from tests.ui.messages.hands import child, click, click_row

BERLIN = ZoneInfo("Europe/Berlin")


def choose(page: QWidget, name: str) -> None:
    """Press an entry of the open menu."""
    entry = page.window().findChild(MenuItem, name)
    assert entry is not None, name
    entry.click()


def undo(context: FakeContext) -> None:
    _, action, on_action = context.shell.toasts[-1]
    assert action == "Undo"
    assert on_action is not None
    on_action()


def press(qtbot: QtBot, page: MessagesPage, key: Qt.Key, *, shift: bool = False) -> None:
    held = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    page.list.list.setFocus()
    qtbot.keyClick(page.list.list, key, held)


# --- times ---------------------------------------------------------------------------------------------------------


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BERLIN)  # type: ignore[arg-type, misc]


def test_good_times_are_those_of_the_readers_clock() -> None:
    friday = at(2026, 11, 13, 15, 36)
    found = {one.kind: one.at for one in good_times(friday, here=BERLIN)}
    assert found == {
        "hour": at(2026, 11, 13, 16, 36),
        "evening": at(2026, 11, 13, 18, 0),
        "tomorrow": at(2026, 11, 14, 9, 0),
        "monday": at(2026, 11, 16, 9, 0),
    }


def test_late_in_the_day_no_evening_is_offered_and_on_sunday_no_second_monday() -> None:
    assert [one.kind for one in good_times(at(2026, 11, 15, 17, 30), here=BERLIN)] == ["hour", "tomorrow"]


def test_nine_is_nine_on_the_day_the_clocks_change() -> None:
    saturday = at(2026, 10, 24, 12, 0)
    tomorrow = next(one for one in good_times(saturday, here=BERLIN) if one.kind == "tomorrow")
    assert tomorrow.at == datetime(2026, 10, 25, 8, 0, tzinfo=UTC)


def test_the_fans_morning_is_his_own() -> None:
    assert fan_morning(NOW, "America/New_York") == datetime(2026, 11, 14, 14, 0, tzinfo=UTC)
    assert fan_morning(NOW, "Mars/Olympus") is None


@given(st.integers(0, 2 * 365 * 24 * 60), st.sampled_from(["UTC", "Asia/Kolkata", "America/Lima"]))
def test_every_good_time_can_be_chosen_and_comes_once(minutes: int, zone: str) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    times = [one.at for one in good_times(now, here=ZoneInfo(zone), fan_zone="Pacific/Auckland")]
    assert all(trouble_with(one, now) is None for one in times)
    assert len(set(times)) == len(times)
    assert all(timedelta(0) < one - now <= timedelta(days=8) for one in times)


@pytest.mark.parametrize(
    ("text", "clock"), [("9", (9, 0)), ("9:30", (9, 30)), ("0930", (9, 30)), ("21.15", (21, 15)), ("930", (9, 30))]
)
def test_a_time_of_day_is_read_as_people_write_it(text: str, clock: tuple[int, int]) -> None:
    read = parse_clock(text)
    assert read is not None
    assert (read.hour, read.minute) == clock


@pytest.mark.parametrize("text", ["", "soon", "25:00", "9:75", "1:2:3", "12345"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    assert parse_clock(text) is None


def test_a_year_is_the_longest() -> None:
    assert trouble_with(NOW + LONGEST + timedelta(minutes=1), NOW) == "far"
    assert trouble_with(NOW, NOW) == "past"


# --- the head ------------------------------------------------------------------------------------------------------


def test_done_is_done_and_undo_reverses_it(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    click(qtbot, child(page, "messages.done"))
    assert context.conversations.calls == [("done", ("c-daniel",), True)]
    assert page.thread_pane.header.done.text() == "Reopen"
    assert context.shell.toasts[-1][0] == "Daniel is done"
    undo(context)
    assert context.conversations.calls[-1] == ("done", ("c-daniel",), False)
    assert page.thread_pane.header.done.text() == "Done"


def test_e_closes_and_opens_again(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    press(qtbot, page, Qt.Key.Key_E)
    press(qtbot, page, Qt.Key.Key_E)
    assert [call[2] for call in context.conversations.calls] == [True, False]


def test_h_snoozes_until_a_good_time_and_undo_wakes_it(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    press(qtbot, page, Qt.Key.Key_H)
    choose(page, "messages.time.hour")
    until = NOW + timedelta(hours=1)
    assert context.conversations.calls == [("snooze", "c-daniel", until)]
    assert not page.list.list.list_model.index_of("c-daniel").isValid()
    assert "Snoozed until" in page.thread_pane.header.snooze.toolTip()
    undo(context)
    assert context.conversations.calls[-1] == ("snooze", "c-daniel", None)
    assert page.list.list.list_model.index_of("c-daniel").isValid()


def test_any_other_time_is_picked(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    click(qtbot, child(page, "messages.snooze"))
    choose(page, "messages.time.pick")
    picker = child(page.window(), "messages.snooze.picker")
    clock, ok = child(picker, "messages.time.clock"), child(picker, "messages.time.ok")
    qtbot.keyClick(picker.month, Qt.Key.Key_Down)  # type: ignore[attr-defined]
    clock.clear()  # type: ignore[attr-defined]
    qtbot.keyClicks(clock, "25:00")
    click(qtbot, ok)
    assert picker.why.isVisible()  # type: ignore[attr-defined]
    assert context.conversations.calls == []
    clock.clear()  # type: ignore[attr-defined]
    qtbot.keyClicks(clock, "8:15")
    qtbot.keyClick(clock, Qt.Key.Key_Return)
    _, conversation, until = context.conversations.calls[-1]
    local = until.astimezone()
    assert (conversation, local.date()) == ("c-daniel", NOW.astimezone().date() + timedelta(days=7))
    assert (local.hour, local.minute) == (8, 15)


def test_a_gives_it_to_a_colleague_and_back(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    assert page.thread_pane.header.assignee.text() == "Unassigned"
    press(qtbot, page, Qt.Key.Key_A)
    choose(page, "messages.assign.ana")
    assert context.conversations.calls == [("assign", "c-daniel", "ana", "")]
    assert page.thread_pane.header.assignee.text() == "Assigned to Ana"
    undo(context)
    assert context.conversations.calls[-1] == ("assign", "c-daniel", None, "")


def test_oneself_comes_first_in_the_menu(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-daniel")
    menu = page.menus.assign(page.thread_pane.row, page.thread_pane.header.assignee)  # type: ignore[arg-type]
    names = [item.text() for item in menu.findChildren(MenuItem)]
    assert names[:3] == ["Sofia Ortega (you)", "Ana Costa", "Priya Nair"]
    menu.dismiss()


def test_a_hand_over_carries_a_note(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    click(qtbot, child(page, "messages.assign"))
    choose(page, "messages.handover")
    note = child(page.window(), "messages.handover.note")
    qtbot.waitUntil(note.hasFocus)
    qtbot.keyClicks(note, "Promised photos by Friday")
    click(qtbot, child(page.window(), "messages.handover.ok"))
    assert context.conversations.calls == [("assign", "c-daniel", "ana", "Promised photos by Friday")]
    assert context.shell.toasts[-1][0] == "Daniel is handed over to Ana"


def test_whom_it_was_handed_to_reads_the_note_until_it_is_read(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    page.open("c-daniel")
    context.conversations.change(
        "c-daniel", assignee_id="me", assigned_to_me=True, handover_note="Asks for Porto", handover_by="Ana Costa"
    )
    assert page.thread_pane.handed.text == "Ana handed this over to you: Asks for Porto"
    click(qtbot, child(page, "messages.handover.seen"))
    assert context.conversations.calls == [("assign", "c-daniel", "me", "")]
    assert page.thread_pane.handed.text == ""


def test_u_puts_it_back_on_the_pile(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    press(qtbot, page, Qt.Key.Key_U)
    assert context.conversations.calls == [("unread", "c-daniel")]


def test_what_fails_is_told_and_nothing_is_claimed(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    context.conversations.error = OfflineError("The disk is full.")
    click(qtbot, child(page, "messages.done"))
    assert [toast[0] for toast in context.shell.toasts] == ["The disk is full."]


def test_the_last_message_can_be_taken_back_after_a_question(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    sent = message("c-daniel", "Oops", at=NOW, state=State.SENT)
    context.messages.add("c-daniel", sent)
    page.open("c-daniel")
    click(qtbot, child(page, "messages.more"))
    choose(page, "messages.more.unsend")
    qtbot.waitUntil(child(page.window(), "messages.unsend.no").hasFocus)
    click(qtbot, child(page.window(), "messages.unsend.yes"))
    assert context.messages.unsent == [sent.id]


# --- the list ------------------------------------------------------------------------------------------------------


def press_action(qtbot: QtBot, page: MessagesPage, conversation_id: str, action: RowAction) -> None:
    view = page.list.list
    place = view.action_rect(conversation_id, action).center()
    qtbot.mouseMove(view.viewport(), place)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_the_hover_actions_act_without_opening(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    press_action(qtbot, page, "c-tom", RowAction.DONE)
    assert context.conversations.calls == [("done", ("c-tom",), True)]
    press_action(qtbot, page, "c-oliver", RowAction.SNOOZE)
    choose(page, "messages.time.tomorrow")
    assert context.conversations.calls[-1][:2] == ("snooze", "c-oliver")
    press_action(qtbot, page, "c-kevin", RowAction.MORE)
    choose(page, "messages.more.unread")
    assert context.conversations.calls[-1] == ("unread", "c-kevin")
    assert page.thread_pane.conversation_id is None


def test_a_press_that_leaves_the_action_does_nothing(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    view = page.list.list
    place = view.action_rect("c-tom", RowAction.DONE).center()
    qtbot.mousePress(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert context.conversations.calls == []


def test_several_are_done_at_once_with_one_undo(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    view = page.list.list
    control = Qt.KeyboardModifier.ControlModifier
    for one in ("c-kevin", "c-tom"):
        index = view.list_model.index_of(one)
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, control, view.visualRect(index).center())
    assert page.list.selection.count.text() == "2 selected"
    assert page.thread_pane.conversation_id is None
    click(qtbot, child(page, "messages.selection.done"))
    assert context.conversations.calls == [("done", ("c-kevin", "c-tom"), True)]
    assert not page.list.selection.isVisible()
    assert context.shell.toasts[-1][0] == "2 conversations are done"
    undo(context)
    assert context.conversations.calls[-1] == ("done", ("c-kevin", "c-tom"), False)


def test_shift_j_and_shift_click_select_ranges_and_esc_lets_go(page: MessagesPage, qtbot: QtBot) -> None:
    view = page.list.list
    page.open("c-kevin")
    press(qtbot, page, Qt.Key.Key_J, shift=True)
    press(qtbot, page, Qt.Key.Key_J, shift=True)
    assert [row.id for row in view.marked] == ["c-kevin", "c-daniel", "c-tom"]
    press(qtbot, page, Qt.Key.Key_K, shift=True)
    assert [row.id for row in view.marked] == ["c-kevin", "c-daniel"]
    assert page.thread_pane.conversation_id == "c-kevin"
    press(qtbot, page, Qt.Key.Key_Escape)
    assert view.marked == ()
    index = view.list_model.index_of("c-oliver")
    shift = Qt.KeyboardModifier.ShiftModifier
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, shift, view.visualRect(index).center())
    assert [row.id for row in view.marked] == ["c-kevin", "c-daniel", "c-tom", "c-oliver"]


def test_several_are_snoozed_by_key(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-kevin")
    press(qtbot, page, Qt.Key.Key_J, shift=True)
    press(qtbot, page, Qt.Key.Key_H)
    choose(page, "messages.time.hour")
    assert [call[1] for call in context.conversations.calls] == ["c-kevin", "c-daniel"]
    assert page.list.list.marked == ()
    undo(context)
    assert [call[2] for call in context.conversations.calls[2:]] == [None, None]


def test_an_ordinary_click_ends_the_selection(page: MessagesPage, qtbot: QtBot) -> None:
    page.open("c-kevin")
    press(qtbot, page, Qt.Key.Key_J, shift=True)
    click_row(qtbot, page, "c-tom")
    assert page.list.list.marked == ()
    assert page.thread_pane.conversation_id == "c-tom"


def test_mine_is_a_chip_and_snoozed_is_in_the_menu(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    context.conversations.change("c-tom", assignee_id="me", assigned_to_me=True)
    click(qtbot, child(page, "messages.filter.mine"))
    assert [row.id for row in page.list.listing.rows] == ["c-tom"]
    context.conversations.change("c-hugo", snoozed_until=NOW + timedelta(hours=2))
    click(qtbot, child(page, "messages.filter"))
    choose(page, "messages.filter.menu.snoozed")
    assert context.conversations.queries[-1].filter is ListFilter.SNOOZED
    chip = page.list.chips[ListFilter.SNOOZED]
    assert chip.isVisible()
    assert chip.accessibleName() == "Snoozed 1"
    click(qtbot, chip)
    assert context.conversations.queries[-1].filter is ListFilter.ALL
    assert not chip.isVisible()


def test_a_row_says_who_has_it_and_what_waits(page: MessagesPage, context: FakeContext) -> None:
    context.conversations.change(
        "c-tom", assignee_id="ana", assignee_name="Ana Costa", changes=2, replying="Priya Nair", marked_unread=True
    )
    spoken = page.list.list.list_model.index_of("c-tom").data()
    assert "assigned to Ana" in spoken
    assert "2 changes wait for a connection" in spoken
    assert "Priya is replying" in spoken


# --- colleagues ----------------------------------------------------------------------------------------------------


def test_a_colleague_in_the_conversation_is_seen(page: MessagesPage, context: FakeContext) -> None:
    strip = page.thread_pane.colleague
    page.open("c-daniel")
    assert strip.text == ""
    context.conversations.change("c-daniel", colleague="Ana Costa")
    assert strip.text == "Ana opened this conversation and may answer too."
    context.conversations.change("c-daniel", replying="Ana Costa")
    assert strip.text == "Ana is replying here and has the turn."


def test_one_hands_over_to_whom_is_here(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    context.conversations.change("c-daniel", colleague="Ana Costa")
    assert page.thread_pane.colleague.give.text() == "Hand over to Ana"
    click(qtbot, child(page, "messages.collision.give"))
    assert context.conversations.calls == [("assign", "c-daniel", "ana", "")]
    assert page.thread_pane.colleague.text == ""


def test_one_answers_oneself(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    context.conversations.change("c-daniel", replying="Ana Costa", colleague="Ana Costa")
    click(qtbot, child(page, "messages.collision.answer"))
    assert context.conversations.calls == [("take_over", "c-daniel")]
    assert page.thread_pane.composer.editor.hasFocus()
    context.conversations.change("c-daniel", colleague="Ana Costa")
    assert page.thread_pane.colleague.text == "", "it was settled who answers"
    context.conversations.change("c-daniel", replying="Ana Costa")
    assert page.thread_pane.colleague.text != "", "she took the turn again"


def test_a_turn_that_cannot_be_taken_is_told(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    context.conversations.change("c-daniel", replying="Ana Costa")
    context.conversations.error = OfflineError("The server cannot be reached. Nothing was changed.")
    click(qtbot, child(page, "messages.collision.answer"))
    assert "cannot be reached" in context.shell.toasts[-1][0]
    assert page.thread_pane.colleague.text != ""
