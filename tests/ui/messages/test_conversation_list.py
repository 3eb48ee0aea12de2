"""The conversation list: sections, timers, and a selection that survives every new listing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from huntaze_desktop.model.listing import ConversationListing, ConversationQuery, SectionKind
from huntaze_desktop.ui_kit.conversation_list import (
    ConversationIdRole,
    ConversationListView,
    FooterItem,
    RowRole,
    SectionItem,
)
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from tests.ui.messages.fakes import FakeContext, row


@pytest.fixture
def view(qtbot: QtBot, theme: ThemeManager, context: FakeContext) -> ConversationListView:
    shown = ConversationListView(theme, context.now)
    shown.resize(344, 700)
    shown.set_creators({"mara": "Mara Lind", "nia": "Nia Brooks", "tess": "Tess Adair", "iris": "Iris Roux"})
    qtbot.addWidget(shown)
    with qtbot.waitExposed(shown):
        shown.show()
    return shown


def listing(context: FakeContext, **query: object) -> ConversationListing:
    return context.conversations.answer(ConversationQuery(**query))  # type: ignore[arg-type]


def ids(view: ConversationListView) -> list[str]:
    model = view.list_model
    found = (model.index(position).data(ConversationIdRole) for position in range(model.rowCount()))
    return [one for one in found if one is not None]


def test_sections_stand_above_their_rows_with_their_counts(view: ConversationListView, context: FakeContext) -> None:
    view.show_listing(listing(context))
    sections = [item for item in view.list_model.items if isinstance(item, SectionItem)]
    assert [(item.kind, item.count) for item in sections] == [
        (SectionKind.LATE, 3),
        (SectionKind.WAITING, 3),
        (SectionKind.ANSWERED, 5),
    ]
    assert ids(view)[:3] == ["c-kevin", "c-daniel", "c-tom"]


def test_an_empty_section_has_no_header(view: ConversationListView, context: FakeContext) -> None:
    context.conversations.rows = [row("Hugo Martin")]
    view.show_listing(listing(context))
    assert [item.kind for item in view.list_model.items if isinstance(item, SectionItem)] == [SectionKind.ANSWERED]


def test_a_limit_says_how_many_are_left_out(view: ConversationListView, context: FakeContext) -> None:
    view.show_listing(listing(context, limit=4))
    assert len(ids(view)) == 4
    assert view.list_model.items[-1] == FooterItem(7)


def test_the_model_keeps_qts_rules_while_conversations_come_move_and_go(
    view: ConversationListView, context: FakeContext
) -> None:
    tester = QAbstractItemModelTester(view.list_model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    view.show_listing(listing(context))
    context.conversations.change("c-daniel", waiting_since=None)
    view.show_listing(listing(context))
    context.conversations.rows = context.conversations.rows[3:]
    view.show_listing(listing(context))
    view.show_listing(listing(context, text="merci"))
    view.show_listing(listing(context))
    tester.deleteLater()


def test_an_answered_conversation_moves_and_stays_chosen_without_opening_another(
    view: ConversationListView, context: FakeContext
) -> None:
    opened: list[str] = []
    view.opened.connect(opened.append)
    view.show_listing(listing(context))
    view.choose("c-daniel")
    resets: list[int] = []
    view.list_model.modelReset.connect(lambda: resets.append(1))
    context.conversations.change("c-daniel", waiting_since=None, last_at=context.time)
    view.show_listing(listing(context))
    assert view.currentIndex().data(ConversationIdRole) == "c-daniel"
    assert view.selectionModel().selectedIndexes() == [view.currentIndex()]
    assert opened == []
    assert resets == []
    assert ids(view).index("c-daniel") == 5


def test_a_conversation_that_leaves_and_comes_back_is_still_chosen(
    view: ConversationListView, context: FakeContext
) -> None:
    opened: list[str] = []
    view.opened.connect(opened.append)
    view.show_listing(listing(context))
    view.choose("c-daniel")
    view.show_listing(listing(context, text="merci"))
    assert view.selectionModel().selectedIndexes() == []
    view.show_listing(listing(context))
    assert view.currentIndex().data(ConversationIdRole) == "c-daniel"
    assert opened == []


def test_a_new_conversation_above_does_not_move_what_is_read(view: ConversationListView, context: FakeContext) -> None:
    context.conversations.rows += [row(f"Fan{number} Old", minutes_ago=60 + number) for number in range(40)]
    view.show_listing(listing(context))
    view.verticalScrollBar().setValue(900)
    tops = view._visible_tops()
    context.conversations.rows.append(row("Zoe New", waits=0.1))
    view.show_listing(listing(context))
    after = view._visible_tops()
    shared = set(tops) & set(after)
    assert len(shared) > 5
    assert all(tops[key] == after[key] for key in shared)


def test_at_the_top_a_new_conversation_is_seen(view: ConversationListView, context: FakeContext) -> None:
    context.conversations.rows += [row(f"Fan{number} Old", minutes_ago=60 + number) for number in range(40)]
    view.show_listing(listing(context))
    context.conversations.rows.append(row("Zoe New", waits=30))
    view.show_listing(listing(context))
    assert view.verticalScrollBar().value() == 0


def test_a_click_opens_and_a_header_does_not(view: ConversationListView, context: FakeContext, qtbot: QtBot) -> None:
    view.show_listing(listing(context))
    opened: list[str] = []
    view.opened.connect(opened.append)
    model = view.list_model
    for key in ("c-tom", "section:waiting", "c-lucas"):
        at = view.visualRect(model.index_of(key)).center()
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert opened == ["c-tom", "c-lucas"]


def test_the_arrows_step_over_headers(view: ConversationListView, context: FakeContext, qtbot: QtBot) -> None:
    view.show_listing(listing(context))
    view.choose("c-tom")
    opened: list[str] = []
    view.opened.connect(opened.append)
    qtbot.keyClick(view, Qt.Key.Key_Down)
    qtbot.keyClick(view, Qt.Key.Key_Up)
    assert opened == ["c-oliver", "c-tom"]


def test_enter_asks_for_the_composer(view: ConversationListView, context: FakeContext, qtbot: QtBot) -> None:
    view.show_listing(listing(context))
    view.choose("c-tom")
    with qtbot.waitSignal(view.reply_wanted):
        qtbot.keyClick(view, Qt.Key.Key_Return)


def test_arriving_by_tab_opens_nothing(view: ConversationListView, context: FakeContext) -> None:
    view.show_listing(listing(context))
    opened: list[str] = []
    view.opened.connect(opened.append)
    view.setFocus(Qt.FocusReason.TabFocusReason)
    assert opened == []
    assert not view.selectionModel().hasSelection()


def test_neighbours_and_the_next_who_waits(view: ConversationListView, context: FakeContext) -> None:
    view.show_listing(listing(context))
    assert view.neighbour(1) == "c-kevin"
    view.choose("c-kevin")
    assert view.neighbour(1) == "c-daniel"
    assert view.neighbour(-1) is None
    assert view.next_waiting() == "c-daniel"


def test_only_visible_timers_are_repainted(view: ConversationListView, context: FakeContext) -> None:
    view.show_listing(listing(context))
    before = view.viewport().grab().toImage()
    context.time += timedelta(seconds=1)
    view._tick()
    after = view.viewport().grab().toImage()
    model = view.list_model
    assert before.copy(view.visualRect(model.index_of("c-tom"))) != after.copy(view.visualRect(model.index_of("c-tom")))
    answered = view.visualRect(model.index_of("c-hugo"))
    assert before.copy(answered) == after.copy(answered)


def test_who_has_waited_too_long_for_his_section_makes_the_list_ask_again(
    view: ConversationListView, context: FakeContext, qtbot: QtBot
) -> None:
    view.show_listing(listing(context))
    asked: list[int] = []
    view.stale.connect(lambda: asked.append(1))
    context.time += timedelta(minutes=2)
    for _ in range(5):
        view._tick()
    assert asked == [1]
    view.show_listing(listing(context))
    assert ids(view)[:4] == ["c-kevin", "c-daniel", "c-tom", "c-oliver"]
    for _ in range(5):
        view._tick()
    assert asked == [1]


def test_compact_rows_are_lower(view: ConversationListView, context: FakeContext) -> None:
    view.show_listing(listing(context))
    index = view.list_model.index_of("c-tom")
    assert view.visualRect(index).height() == 64
    view.set_compact(compact=True)
    view.doItemsLayout()
    assert view.visualRect(index).height() == 52


def test_a_screen_reader_hears_who_waits_and_how_urgent_it_is(view: ConversationListView, context: FakeContext) -> None:
    view.show_listing(listing(context))
    said = view.list_model.index_of("c-daniel").data(Qt.ItemDataRole.AccessibleTextRole)
    assert said.startswith("Daniel Reyes, VIP, waiting 6 minutes 42, late")
    assert "Not sent" in view.list_model.index_of("c-pieter").data(Qt.ItemDataRole.AccessibleTextRole)
    assert "Ana is replying" in view.list_model.index_of("c-kevin").data(Qt.ItemDataRole.AccessibleTextRole)


@pytest.mark.parametrize(
    "change",
    [
        {"failed": 1},
        {"queued": 1},
        {"colleague": "Ana Costa"},
        {"colleague": "Ana Costa", "colleague_types": True},
        {"unread": 1},
        {"unread": 7},
        {"waiting_since": None},
        {"spent": 500_000},
        {"last_outgoing": True, "last_mine": True},
        {"last_outgoing": True, "last_read": True},
    ],
)
def test_everything_that_matters_is_seen_in_a_row(
    view: ConversationListView, context: FakeContext, change: dict[str, object]
) -> None:
    plain = row("Tom Adler", waits=1)
    context.conversations.rows = [plain]
    view.show_listing(listing(context))
    before = view.viewport().grab().toImage()
    context.conversations.rows = [replace(plain, **change)]  # type: ignore[arg-type]
    view.show_listing(listing(context))
    assert view.viewport().grab().toImage() != before


def test_the_roles_find_a_row_for_whoever_acts_on_the_list(view: ConversationListView, context: FakeContext) -> None:
    view.show_listing(listing(context))
    index = view.list_model.index_of("c-tom")
    assert index.data(RowRole).fan_name == "Tom Adler"
    view.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
    assert view.chosen == "c-tom"
