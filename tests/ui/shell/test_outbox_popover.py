"""The outbox popover: what waits, in order, changed and deleted in place; and the changes that wait with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from huntaze_contract.outgoing import State
from huntaze_desktop.model.entities import Creator, CreatorState, OutboxItem, PendingChange
from huntaze_desktop.ui.outbox import SHOWN, OutboxPopover, change_text, estimated_seconds
from huntaze_desktop.ui.state import ConnectionView
from huntaze_desktop.ui.window import MainWindow
from huntaze_desktop.ui_kit.labels import Label
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from tests.ui.shell.conftest import NOW

MARA = Creator("mara", "Mara Lind", "mara", "onlyfans", "Europe/Berlin", CreatorState.CONNECTED, NOW, 10)


def item(number: int = 1, **fields: Any) -> OutboxItem:
    values: dict[str, Any] = {
        "id": f"m{number}", "conversation_id": "c1", "creator_id": "mara", "fan_name": "Daniel Reyes",
        "text": "They came out better\nthan I hoped", "state": State.QUEUED_LOCAL, "composed_at": NOW,
    }  # fmt: skip
    return OutboxItem(**(values | fields))


def change(kind: str, what: str = "") -> PendingChange:
    return PendingChange(f"op-{kind}", kind, what, "Daniel Reyes", NOW)


@pytest.fixture
def popover(window: MainWindow, theme: ThemeManager) -> OutboxPopover:
    made = OutboxPopover(theme)
    made.show_outbox((item(1), item(2)), (), (MARA,), online=False, now=NOW)
    made.open_at(window.status.state, above=True, gap=8)
    return made


def said(popover: OutboxPopover) -> list[str]:
    return [label.text() for label in popover.findChildren(Label) if label.isVisible() and label.text()]


def part(widget: QWidget, name: str) -> QWidget:
    found = widget.findChild(QWidget, name)
    assert found is not None, name
    return found


def test_it_lists_what_waits_and_estimates_how_long_that_takes(popover: OutboxPopover) -> None:
    words = said(popover)
    assert words[:2] == ["Outbox", "2 messages, est. 12 s to send once online"]
    assert "They came out better than I hoped" in words
    assert words[-1] == "Saved on this computer, encrypted."


def test_the_estimate_takes_each_account_at_its_own_pace() -> None:
    items = [item(1), item(2), item(3, creator_id="tess"), item(4, send_at=NOW), item(5, state=State.NEEDS_REVIEW)]
    assert estimated_seconds(items, {"mara": 10, "tess": 4}) == 15
    assert estimated_seconds([], {}) == 0


def test_a_message_is_changed_in_place(popover: OutboxPopover, qtbot: QtBot) -> None:
    row = popover.rows[0]
    qtbot.mouseClick(part(row, "outbox.edit"), Qt.MouseButton.LeftButton)
    assert row.is_editing
    field = part(row, "outbox.text")
    qtbot.keyClicks(field, "!")
    with qtbot.waitSignal(popover.edit_wanted) as wanted:
        qtbot.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert wanted.args == ["m1", "They came out better\nthan I hoped!"]
    assert not row.is_editing
    assert popover.is_open


def test_esc_leaves_the_field_before_the_popover(popover: OutboxPopover, qtbot: QtBot) -> None:
    row = popover.rows[0]
    row.begin(row.item.text)
    qtbot.keyClick(part(row, "outbox.text"), Qt.Key.Key_Escape)
    assert not row.is_editing
    assert popover.is_open


def test_what_is_being_changed_stays_while_others_leave(popover: OutboxPopover, qtbot: QtBot) -> None:
    popover.rows[1].begin("They came out")
    popover.show_outbox((item(2),), (), (MARA,), online=True, now=NOW)
    (row,) = popover.rows
    assert row.is_editing
    assert row.field.text() == "They came out"


def test_a_message_is_deleted(popover: OutboxPopover, qtbot: QtBot) -> None:
    with qtbot.waitSignal(popover.delete_wanted) as wanted:
        qtbot.mouseClick(part(popover.rows[1], "outbox.delete"), Qt.MouseButton.LeftButton)
    assert wanted.args == ["m2"]


def test_what_is_on_its_way_cannot_be_changed(popover: OutboxPopover) -> None:
    popover.show_outbox((item(1, editable=False),), (), (MARA,), online=True, now=NOW)
    edit = part(popover.rows[0], "outbox.edit")
    assert not edit.isEnabled()
    assert edit.toolTip() == "It is on its way already"


def test_states_that_need_a_person_are_said(popover: OutboxPopover) -> None:
    tomorrow = (NOW + timedelta(days=1)).astimezone().replace(hour=9, minute=0)
    items = (item(1, state=State.NEEDS_REVIEW), item(2, state=State.EXPIRED), item(3, send_at=tomorrow))
    popover.show_outbox(items, (), (MARA,), online=False, now=NOW)
    assert [row.state.text() for row in popover.rows] == ["needs a look", "waited too long", "sends tomorrow 09:00"]


def test_waiting_changes_are_listed_below(popover: OutboxPopover, qtbot: QtBot) -> None:
    popover.show_outbox(
        (item(1),), (change("add_note", "Likes trains"), change("set_done")), (MARA,), online=False, now=NOW
    )
    qtbot.waitUntil(lambda: "Changes, 2" in said(popover))
    assert said(popover)[-3:-1] == ["Daniel Reyes · New note: Likes trains", "Daniel Reyes · Done"]


def test_hundreds_are_counted_not_listed(popover: OutboxPopover) -> None:
    popover.show_outbox(tuple(item(n) for n in range(SHOWN + 70)), (), (MARA,), online=False, now=NOW)
    assert len(popover.rows) == SHOWN
    qtwidgets = [label.text() for label in popover.findChildren(Label)]
    assert "And 70 more" in qtwidgets


def test_an_unknown_kind_of_change_is_still_told() -> None:
    assert change_text(change("paint_wall")) == "Daniel Reyes · paint wall"


def test_it_stays_inside_the_smallest_window(window: MainWindow, theme: ThemeManager, qtbot: QtBot) -> None:
    window.resize(1024, 680)
    made = OutboxPopover(theme)
    made.open_at(window.status.state, above=True, gap=8)
    made.show_outbox(tuple(item(n) for n in range(20)), (), (MARA,), online=False, now=NOW)
    assert made._area.height() > 300
    box = made._box().translated(made.pos())
    assert window.rect().contains(box)
    assert box.bottom() < window.status.y()


def test_the_banner_and_the_status_bar_open_it(window: MainWindow, qtbot: QtBot) -> None:
    window.set_outbox_opens(True)
    window.set_connection(ConnectionView("offline", NOW, NOW, outbox=3))
    for name in ("banner.offline.outbox", "status.outbox_link"):
        with qtbot.waitSignal(window.outbox_requested):
            qtbot.mouseClick(part(window, name), Qt.MouseButton.LeftButton)


@pytest.mark.parametrize(("count", "words"), [(1, "1 change waits"), (4, "4 changes wait")])
def test_offline_the_banner_counts_changes_where_no_message_waits(window: MainWindow, count: int, words: str) -> None:
    window.set_connection(ConnectionView("offline", NOW, NOW, outbox=0, changes=count))
    assert words in window.sheet.banners["offline"].accessibleName()
