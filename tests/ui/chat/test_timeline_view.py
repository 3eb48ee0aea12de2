"""The timeline on a screen: it stays where one reads, follows who stands at the end, and acts on what is hit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QContextMenuEvent, QGuiApplication, QImage, QMouseEvent
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from huntaze_contract.outgoing import State
from huntaze_desktop.model.entities import MessageKind
from huntaze_desktop.ui_kit.chat import Action, MessageIdRole, Timeline
from huntaze_desktop.ui_kit.chat.rows import MessageRow, rows_of
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from tests.ui.chat.chat_builders import NOW, PEOPLE, Clock, message, talk, window

OWN_STATES = [state for state in State if state is not State.DRAFT]


def picture(pane: Timeline) -> QImage:
    return pane.view.viewport().grab().toImage()


def place_of(pane: Timeline, message_id: str) -> int:
    model = pane.view.timeline_model
    return pane.view.visualRect(model.index(model.row_of(message_id))).top()


def center_of_action(pane: Timeline, message_id: str, wanted: Action) -> QPoint:
    model, view = pane.view.timeline_model, pane.view
    index = model.index(model.row_of(message_id))
    row = model.rows[index.row()]
    rect = next(rect for action, rect in view.measures.placed(row).actions if action is wanted)
    return (QPointF(view.visualRect(index).topLeft()) + rect.center()).toPoint()


def action_words(pane: Timeline, message_id: str) -> list[Action]:
    model = pane.view.timeline_model
    row = model.rows[model.row_of(message_id)]
    return [action for action, _ in pane.view.measures.placed(row).actions]


def test_the_model_keeps_qts_rules_through_every_change(timeline: Timeline) -> None:
    model = timeline.view.timeline_model
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    rows = talk(40)
    timeline.show_window(window(*rows[20:]))
    timeline.show_window(window(*rows))
    timeline.show_window(window(*rows[:30], has_newest=False))
    timeline.show_window(window(*rows, message("local", state=State.QUEUED_LOCAL, local=True, minutes_ago=0)))
    assert next(index.data(MessageIdRole) for index in map(model.index, range(model.rowCount()))) is None
    tester.deleteLater()


def test_a_conversation_opens_at_its_newest_message(timeline: Timeline) -> None:
    rows = talk(60)
    timeline.show_window(window(*rows))
    assert timeline.view.is_at_bottom()
    assert rows[-1].id in {index.data(MessageIdRole) for index in timeline.view.visible_indexes()}


def test_a_short_conversation_stands_at_the_bottom(timeline: Timeline) -> None:
    only = message("Hello")
    timeline.show_window(window(only))
    model = timeline.view.timeline_model
    bottom = timeline.view.visualRect(model.index(model.row_of(only.id))).bottom()
    assert timeline.view.viewport().height() - 10 <= bottom <= timeline.view.viewport().height()


def test_a_page_before_the_first_row_does_not_move_a_pixel(timeline: Timeline) -> None:
    rows = talk(120)
    timeline.show_window(window(*rows[60:], has_oldest=False))
    bar = timeline.view.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    before = picture(timeline)
    timeline.show_window(window(*rows, has_oldest=False))
    assert picture(timeline) == before


def test_trimming_the_far_end_while_paging_does_not_move_a_pixel(timeline: Timeline) -> None:
    rows = talk(140)
    timeline.show_window(window(*rows[60:], has_oldest=False))
    bar = timeline.view.verticalScrollBar()
    bar.setValue(900)
    before = picture(timeline)
    timeline.show_window(window(*rows[:120], has_oldest=False, has_newest=False))
    assert picture(timeline) == before


def test_who_stands_at_the_end_follows_what_comes(timeline: Timeline) -> None:
    rows = talk(60)
    timeline.show_window(window(*rows))
    timeline.show_window(window(*rows, message("New!", minutes_ago=-1)))
    assert timeline.view.is_at_bottom()
    assert not timeline.pill.isVisible()


def test_who_reads_above_is_told_how_many_are_new(timeline: Timeline, qtbot) -> None:
    rows = talk(60)
    timeline.show_window(window(*rows))
    bar = timeline.view.verticalScrollBar()
    bar.setValue(bar.maximum() - 600)
    before = picture(timeline)
    one, two = message("New!", minutes_ago=-1), message("And more", minutes_ago=-2)
    timeline.show_window(window(*rows, one))
    timeline.show_window(window(*rows, one, two))
    assert timeline.pill.isVisible()
    assert timeline.pill.text() == "2 new"
    assert picture(timeline) == before
    qtbot.mouseClick(timeline.pill, Qt.MouseButton.LeftButton)
    assert timeline.view.is_at_bottom()
    assert not timeline.pill.isVisible()


def test_an_own_message_brings_the_end_into_view(timeline: Timeline) -> None:
    rows = talk(60)
    timeline.show_window(window(*rows))
    timeline.view.verticalScrollBar().setValue(0)
    own = message("Mine", state=State.QUEUED_LOCAL, local=True, minutes_ago=0)
    timeline.show_window(window(*rows, own))
    assert timeline.view.is_at_bottom()


def test_a_bubble_keeps_its_place_from_the_outbox_to_the_platform(timeline: Timeline) -> None:
    rows = talk(30)
    own = message("Mine", state=State.QUEUED_LOCAL, local=True, minutes_ago=0)
    timeline.show_window(window(*rows, own))
    resets = []
    timeline.view.timeline_model.modelReset.connect(lambda: resets.append(1))
    for state in (State.ACCEPTED, State.READY, State.SENDING, State.SENT):
        timeline.show_window(window(*rows, replace(own, state=state, local=False)))
    assert resets == []
    assert timeline.view.is_at_bottom()


def test_more_is_asked_for_when_less_than_two_screens_are_left(timeline: Timeline, qtbot) -> None:
    rows = talk(120)
    asked = []
    timeline.view.older_wanted.connect(lambda: asked.append("older"))
    timeline.view.newer_wanted.connect(lambda: asked.append("newer"))
    timeline.show_window(window(*rows, has_oldest=False, has_newest=False))
    assert asked == ["newer"]
    asked.clear()
    bar = timeline.view.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    assert asked == []
    bar.setValue(timeline.view.viewport().height())
    assert asked == ["older"]


def test_a_page_is_not_asked_for_twice_while_it_loads(timeline: Timeline) -> None:
    asked = []
    timeline.view.older_wanted.connect(lambda: asked.append(1))
    timeline.show_window(window(*talk(20), has_oldest=False, loading=True))
    timeline.view.verticalScrollBar().setValue(0)
    assert asked == []


def test_a_trimmed_end_offers_the_way_back(timeline: Timeline, qtbot) -> None:
    timeline.show_window(window(*talk(60), has_newest=False))
    assert timeline.pill.isVisible()
    with qtbot.waitSignal(timeline.newest_wanted):
        qtbot.mouseClick(timeline.pill, Qt.MouseButton.LeftButton)


def test_only_what_is_shown_is_measured_again(timeline: Timeline) -> None:
    rows = talk(60)
    timeline.show_window(window(*rows))
    assert timeline.view.measures.laid_out == 60
    timeline.show_window(window(*rows, message("New!", minutes_ago=-1)))
    # The new one, and the one before it, which is no longer the last of its group.
    assert timeline.view.measures.laid_out <= 62
    timeline.view.verticalScrollBar().setValue(0)
    timeline.grab()
    assert timeline.view.measures.laid_out <= 62


def test_a_countdown_counts_without_moving_its_bubble(timeline: Timeline, clock: Clock) -> None:
    held = message("Soon", state=State.LIMITED, not_before=NOW + timedelta(seconds=4), minutes_ago=1)
    timeline.show_window(window(message("Hi"), held))
    model = timeline.view.timeline_model
    row = model.rows[model.row_of(held.id)]
    bubble = timeline.view.measures.placed(row).bubble
    first = picture(timeline)
    clock.pass_(1)
    timeline.view._tick()
    second = picture(timeline)
    assert first != second
    assert "sends in 0:03" in model.index(model.row_of(held.id)).data(Qt.ItemDataRole.AccessibleTextRole)
    assert timeline.view.measures.placed(row).bubble == bubble
    assert timeline.view.measures.laid_out == 2


def test_the_clock_rests_while_the_timeline_is_hidden(timeline: Timeline) -> None:
    assert timeline.view._clock.isActive()
    timeline.hide()
    assert not timeline.view._clock.isActive()


def test_retry_is_hit_by_the_mouse(timeline: Timeline, qtbot) -> None:
    failed = message("Hello", state=State.FAILED, reason="session_expired")
    timeline.show_window(window(message("Hi"), failed))
    with qtbot.waitSignal(timeline.view.action_requested) as hit:
        qtbot.mouseClick(
            timeline.view.viewport(),
            Qt.MouseButton.LeftButton,
            pos=center_of_action(timeline, failed.id, Action.RETRY),
        )
    assert hit.args == [failed.id, Action.RETRY]


def test_a_press_that_ends_elsewhere_is_no_retry(timeline: Timeline, qtbot) -> None:
    failed = message("Hello", state=State.FAILED)
    timeline.show_window(window(message("Hi"), failed))
    acted = []
    timeline.view.action_requested.connect(lambda *args: acted.append(args))
    viewport = timeline.view.viewport()
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=center_of_action(timeline, failed.id, Action.RETRY))
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert acted == []


@pytest.mark.parametrize(("state", "action"), [(State.NEEDS_REVIEW, Action.REVIEW), (State.NEEDS_HUMAN, Action.DECIDE)])
def test_what_needs_a_person_says_so_in_its_bubble(timeline: Timeline, qtbot, state: State, action: Action) -> None:
    overtaken = message("Hello", state=state)
    timeline.show_window(window(overtaken))
    with qtbot.waitSignal(timeline.view.action_requested) as hit:
        at = center_of_action(timeline, overtaken.id, action)
        qtbot.mouseClick(timeline.view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert hit.args == [overtaken.id, action]


def test_a_bubble_whose_undo_is_over_becomes_a_queued_one_by_itself(timeline: Timeline, clock: Clock, qtbot) -> None:
    held = message("Hello", state=State.QUEUED_LOCAL, local=True, hold_until=NOW + timedelta(seconds=5))
    timeline.view.set_offline(offline=False)
    timeline.show_window(window(held))
    assert action_words(timeline, held.id) == [Action.UNDO]
    clock.pass_(5)
    qtbot.waitUntil(lambda: action_words(timeline, held.id) == [], timeout=3000)


def test_a_text_that_was_taken_back_is_struck_through(timeline: Timeline) -> None:
    gone = message("Hello there, this one is gone", state=State.SENT, unsend="done")
    pictures = []
    for one in (replace(gone, unsend=None), gone):
        timeline.show_window(window(one))
        pictures.append(timeline.view.grab().toImage())
    assert pictures[0] != pictures[1]


def test_the_keyboard_reaches_retry(timeline: Timeline, qtbot) -> None:
    failed = message("Hello", state=State.FAILED)
    timeline.show_window(window(message("Hi"), failed))
    view = timeline.view
    view.setFocus(Qt.FocusReason.TabFocusReason)
    view.setCurrentIndex(view.timeline_model.index(view.timeline_model.row_of(failed.id)))
    with qtbot.waitSignal(view.action_requested) as hit:
        qtbot.keyClick(view, Qt.Key.Key_Return)
    assert hit.args == [failed.id, Action.RETRY]


def test_the_menu_offers_every_action_and_copies(timeline: Timeline, qtbot) -> None:
    waiting = message("Take me back", state=State.QUEUED_LOCAL, local=True, minutes_ago=0)
    timeline.show_window(window(waiting))
    view = timeline.view
    row = view.timeline_model.rows[view.timeline_model.row_of(waiting.id)]
    assert isinstance(row, MessageRow)
    menu = view.menu_for(row)
    names = [entry.text() for entry in menu.actions() if not entry.isSeparator()]
    assert names == ["Edit", "Cancel sending", "Copy"]
    menu.actions()[-1].trigger()
    assert QGuiApplication.clipboard().text() == "Take me back"
    with qtbot.waitSignal(view.action_requested) as hit:
        menu.actions()[1].trigger()
    assert hit.args == [waiting.id, Action.TAKE_BACK]
    menu.deleteLater()


def test_the_menu_opens_on_a_right_click(timeline: Timeline, qtbot) -> None:
    timeline.show_window(window(message("Hi")))
    view = timeline.view
    at = view.visualRect(view.timeline_model.index(view.timeline_model.rowCount() - 2)).center()
    QApplication.sendEvent(view.viewport(), QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, view.mapToGlobal(at)))
    popup = QApplication.activePopupWidget()
    assert popup is not None
    popup.close()


def drag(view, start: QPoint, end: QPoint) -> None:
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    for kind, point, button, held in (
        (QEvent.Type.MouseButtonPress, start, left, left),
        (QEvent.Type.MouseMove, end, none, left),
        (QEvent.Type.MouseButtonRelease, end, left, none),
    ):
        where = QPointF(point)
        event = QMouseEvent(
            kind, where, view.viewport().mapToGlobal(where), button, held, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(view.viewport(), event)


def test_text_is_selected_by_dragging_and_copied(timeline: Timeline, qtbot) -> None:
    text = "😊 All of this line can be selected"
    shown = message(text)
    timeline.show_window(window(shown))
    view = timeline.view
    index = view.timeline_model.index(view.timeline_model.row_of(shown.id))
    bubble = view.measures.placed(view.timeline_model.rows[index.row()]).bubble
    top_left = view.visualRect(index).topLeft() + bubble.topLeft().toPoint()
    before = picture(timeline)
    drag(view, top_left + QPoint(13, 14), top_left + QPoint(4000, 14))
    assert view.selected_text() == text
    assert picture(timeline) != before
    qtbot.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == text


def test_a_double_click_selects_a_word(timeline: Timeline, qtbot) -> None:
    shown = message("wonderful")
    timeline.show_window(window(shown))
    view = timeline.view
    index = view.timeline_model.index(view.timeline_model.row_of(shown.id))
    bubble = view.measures.placed(view.timeline_model.rows[index.row()]).bubble
    at = view.visualRect(index).topLeft() + bubble.topLeft().toPoint() + QPoint(30, 14)
    qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert view.selected_text() == "wonderful"


def test_a_link_is_asked_for_and_not_opened(timeline: Timeline, qtbot) -> None:
    shown = message("www.example.org")
    timeline.show_window(window(shown))
    view = timeline.view
    index = view.timeline_model.index(view.timeline_model.row_of(shown.id))
    bubble = view.measures.placed(view.timeline_model.rows[index.row()]).bubble
    at = view.visualRect(index).topLeft() + bubble.topLeft().toPoint() + QPoint(40, 16)
    with qtbot.waitSignal(view.link_requested) as hit:
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert hit.args == ["https://www.example.org"]


def test_the_skeleton_waits_and_leaves(timeline: Timeline, qtbot) -> None:
    timeline.show_window(window(loading=True))
    assert not timeline.skeleton.isVisible()
    qtbot.waitUntil(timeline.skeleton.isVisible, timeout=1000)
    timeline.show_window(window(message("Hi")))
    assert not timeline.skeleton.isVisible()
    assert timeline.view.isVisible()


def test_a_conversation_that_cannot_be_loaded_says_so_and_can_be_tried_again(timeline: Timeline, qtbot) -> None:
    timeline.show_window(window(loading=False, error="CACHE_READ"))
    state = timeline.error_state
    assert state is not None
    assert "could not be loaded" in state.accessibleName()
    assert "safe in the outbox" in state.accessibleName()
    button = next(child for child in state.findChildren(type(timeline.pill).__mro__[1]) if child.text() == "Try again")
    with qtbot.waitSignal(timeline.retry_wanted):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    timeline.show_window(window(message("Hi")))
    assert timeline.error_state is None


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("state", OWN_STATES)
def test_every_state_has_a_look_of_its_own(timeline: Timeline, theme: ThemeManager, state: State, look: str) -> None:
    theme.set_choice(look)  # type: ignore[arg-type]
    plain = message("Hello", state=State.SENT)
    held = replace(plain, state=state, reason="blocked", not_before=NOW + timedelta(seconds=9))
    timeline.show_window(window(plain))
    before = picture(timeline)
    timeline.show_window(window(held))
    after = picture(timeline)
    theme.set_choice("light")
    assert (after != before) == (state is not State.SENT)


def test_ten_thousand_characters_are_shown_whole(timeline: Timeline) -> None:
    long = message("word " * 2000)
    timeline.show_window(window(long))
    row = timeline.view.timeline_model.rows[2]
    placed = timeline.view.measures.placed(row)
    assert placed.text is not None
    assert placed.bubble.width() <= timeline.width() * 0.82
    assert placed.text.height > 5 * timeline.height()
    assert timeline.view.is_at_bottom()


def test_a_text_that_reads_from_the_right_stays_in_its_bubble(timeline: Timeline) -> None:
    shown = message("مرحبا، كيف حالك اليوم؟ أتمنى لك يوما سعيدا " * 4)
    timeline.show_window(window(shown))
    placed = timeline.view.measures.placed(timeline.view.timeline_model.rows[2])
    assert placed.text is not None
    for number in range(placed.text.layout.lineCount()):
        natural = placed.text.layout.lineAt(number).naturalTextRect()
        assert natural.left() >= -1
        assert natural.right() <= placed.bubble.width() - 23


def test_a_narrow_pane_keeps_meta_inside_the_bubble(timeline: Timeline) -> None:
    timeline.resize(480, 400)
    held = message("Ok", state=State.NEEDS_REVIEW)
    timeline.show_window(window(held, message("a" * 300, mine=True, minutes_ago=1)))
    for row in timeline.view.timeline_model.rows:
        if isinstance(row, MessageRow):
            placed = timeline.view.measures.placed(row)
            assert placed.bubble.adjusted(0, 0, 1, 1).contains(placed.meta_at)
            assert placed.bubble.left() >= 0


def test_a_wider_window_measures_anew_and_stays_at_the_end(timeline: Timeline) -> None:
    timeline.show_window(window(*talk(60)))
    timeline.resize(900, 600)
    assert timeline.view.is_at_bottom()


def test_a_resize_keeps_the_message_that_is_read(timeline: Timeline) -> None:
    timeline.show_window(window(*talk(60)))
    timeline.view.verticalScrollBar().setValue(700)
    key, _ = timeline.view.anchor()
    timeline.resize(620, 476)
    assert timeline.view.anchor()[0] == key


def test_the_theme_changes_without_losing_the_place(timeline: Timeline, theme: ThemeManager) -> None:
    timeline.show_window(window(*talk(60)))
    timeline.view.verticalScrollBar().setValue(500)
    anchor = timeline.view.anchor()
    theme.set_choice("dark")
    assert timeline.view.anchor() == anchor
    theme.set_choice("light")


def test_a_screen_reader_hears_one_sentence_per_row(timeline: Timeline) -> None:
    card = message(
        "",
        kind=MessageKind.PPV,
        state=State.SENT,
        title="Lisbon travel diary",
        price=2200,
        media_types=("photo",) * 14 + ("video",),
        minutes_ago=5,
    )
    timeline.show_window(window(message("Good morning"), card))
    model = timeline.view.timeline_model
    said = [model.index(row).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(model.rowCount())]
    assert said[1] == "Today"
    assert said[2] == "Daniel Reyes: Good morning, 14:26" or said[2].startswith("Daniel Reyes: Good morning, ")
    assert "You: Lisbon travel diary, 14 photos, 1 video, $22, Not purchased" in said[3]
    assert said[3].endswith("Sent")
    interface = QAccessible.queryAccessibleInterface(timeline.view)
    assert interface is not None
    assert interface.childCount() == model.rowCount()


def test_people_name_the_typing_row(timeline: Timeline) -> None:
    timeline.show_window(window(message("Hi"), fan_types=True))
    model = timeline.view.timeline_model
    said = model.index(model.rowCount() - 1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert said == f"{PEOPLE.fan_name.split()[0]} is typing"
    assert rows_of(window(message("Hi"), fan_types=True))[-1].types
