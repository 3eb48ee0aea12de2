"""The Approvals page: what waits, deciding by mouse, key and in bulk, and what it says when it cannot."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from huntaze_desktop.plugin_host.manifest import accepts_api, read_manifest
from huntaze_desktop.sdk import API_VERSION, ApprovalPast, BackendError, MachineShare, Member, OfflineError
from huntaze_desktop.ui_kit.theme import Look
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins import approvals
from huntaze_plugins.approvals.page import ApprovalsPage
from huntaze_plugins.approvals.sheets import EditSheet, RejectSheet
from tests.ui.approvals.conftest import FakeApprovals, approval, drawn, manager, opened
from tests.ui.messages.fakes import NOW, FakeContext
from tests.ui.messages.hands import child, click


def key(qtbot: QtBot, page: ApprovalsPage, letter: str) -> None:
    qtbot.keyClicks(page, letter)


def decided(queue: FakeApprovals) -> list[tuple[str, str, str | None, str | None]]:
    return [(one.approval.message_id, one.verdict, one.text, one.reason) for one in queue.decided]


def test_chatters_have_no_page_and_no_badge(theme: ThemeManager) -> None:
    context = manager(theme)
    context.team.me = Member("me", "Ana Costa", "chatter")
    approvals.activate(context)  # type: ignore[arg-type]
    assert context.pages.pages == []
    assert context.pages.badges == []


def test_the_badge_counts_before_the_page_is_opened(context: FakeContext, queue: FakeApprovals) -> None:
    approvals.activate(context)  # type: ignore[arg-type]
    queue.show(*drawn())
    assert context.pages.badges[-1] == ("approvals", 3)


def test_a_card_says_who_what_how_sure_and_how_long(page: ApprovalsPage) -> None:
    first, second, third = page._cards
    assert first.accessibleName().startswith("Mara Lind to Daniel 1, by Ana Costa, AI 94%, A Large: They came")
    assert first.age.text() == "waits 39 min"
    assert first.expiry.text() == "expires in 23 h"
    assert second.share.text() == "AI 60%, B Fast, edited"
    assert third.share.text() == "Written by a person"
    assert not third.approve.isEnabled()
    assert "rules do not allow" in third.approve.toolTip()


def test_keys_move_and_decide(page: ApprovalsPage, queue: FakeApprovals, qtbot: QtBot) -> None:
    assert page.current == "m1"
    key(qtbot, page, "a")
    assert decided(queue) == [("m1", "approve", None, None)]
    assert page.current == "m2"
    key(qtbot, page, "j")
    assert page.current == "m3"
    key(qtbot, page, "a")  # blocked by a rule
    assert len(queue.decided) == 1
    key(qtbot, page, "k")
    assert page.current == "m2"


def test_a_rejection_asks_why(page: ApprovalsPage, queue: FakeApprovals, qtbot: QtBot) -> None:
    key(qtbot, page, "r")
    sheet = page.sheet
    assert isinstance(sheet, RejectSheet)
    assert not sheet.ok.isEnabled()
    sheet.area.set_text("Too early to offer this")
    click(qtbot, sheet.ok)
    assert decided(queue) == [("m1", "reject", None, "Too early to offer this")]


def test_an_edit_is_what_is_approved(page: ApprovalsPage, queue: FakeApprovals, qtbot: QtBot) -> None:
    key(qtbot, page, "e")
    sheet = page.sheet
    assert isinstance(sheet, EditSheet)
    sheet.area.set_text("They came out well.")
    click(qtbot, sheet.ok)
    assert decided(queue) == [("m1", "approve", "They came out well.", None)]
    assert queue.decided[0].approval.text_hash == f"{1:064x}"


def test_an_edit_that_is_not_taken_can_be_opened_again(
    page: ApprovalsPage, context: FakeContext, queue: FakeApprovals, qtbot: QtBot
) -> None:
    queue.refuse["m1"] = "The text was changed."
    key(qtbot, page, "e")
    assert isinstance(page.sheet, EditSheet)
    page.sheet.area.set_text("They came out well.")
    click(qtbot, page.sheet.ok)
    told, action, again = context.shell.toasts[-1]
    assert (told, action) == ("Not decided. The text was changed.", "Open my text")
    assert again is not None
    again()
    assert page.sheet.area.text() == "They came out well."


def test_several_at_once(page: ApprovalsPage, context: FakeContext, queue: FakeApprovals, qtbot: QtBot) -> None:
    queue.refuse["m2"] = "The text was changed."
    key(qtbot, page, "x")
    key(qtbot, page, "j")
    key(qtbot, page, "x")
    assert page.selected.text() == "2 selected"
    click(qtbot, child(page, "approvals.bulk.approve"))
    assert [one[:2] for one in decided(queue)] == [("m1", "approve"), ("m2", "approve")]
    assert context.shell.toasts[-1][0] == "1 of 2 not decided. The text was changed."
    assert page.selected.isHidden()
    assert [card.approval.message_id for card in page._cards] == ["m2", "m3"]


def test_a_card_whose_text_changes_is_made_anew_and_loses_its_tick(
    page: ApprovalsPage, queue: FakeApprovals, qtbot: QtBot
) -> None:
    key(qtbot, page, "x")
    _, *others = drawn()
    queue.show(approval(1, "Another text", ver=99), *others)
    assert not page._cards[0].tick.isChecked()
    assert page.current == "m1"


def test_offline_it_can_be_read_only(page: ApprovalsPage, queue: FakeApprovals, qtbot: QtBot) -> None:
    queue.show(*drawn(), offline=True, trouble="The server cannot be reached.")
    assert not page.banner.isHidden()
    assert "Deciding needs a connection." in page.banner.accessibleName()
    assert not page._cards[0].approve.isEnabled()
    for letter in "aerx":
        key(qtbot, page, letter)
    assert queue.decided == []
    assert page.sheet is None


def test_it_says_when_there_is_nothing_and_when_it_cannot_tell(page: ApprovalsPage, queue: FakeApprovals) -> None:
    queue.show()
    assert page._stack.currentWidget() is page.empty
    queue.show(trouble="The database is busy.")
    assert page._stack.currentWidget() is page.error
    assert "The database is busy." in page.error.accessibleName()
    queue.show(loading=True)
    assert page._stack.currentWidget() is page.loading


def test_a_decision_that_does_not_arrive_leaves_everything(
    page: ApprovalsPage, context: FakeContext, queue: FakeApprovals, qtbot: QtBot
) -> None:
    queue.error = OfflineError("The server cannot be reached.")
    key(qtbot, page, "a")
    assert context.shell.toasts[-1][0] == "Nothing was decided. The server cannot be reached."
    assert page._cards[0].approve.isEnabled()


def past() -> tuple[ApprovalPast, ...]:
    machine = MachineShare("A Large", 0.94, edited=False)
    one = ("They came out better than I hoped.", "Mara Lind", "Daniel", "Ana Costa", machine)
    hour = timedelta(hours=1)
    return (
        ApprovalPast("p1", *one, "approved", edited=True, decided_by="Sofia Ortega", decided_at=NOW - hour),
        ApprovalPast("p2", *one, "rejected", edited=False, decided_by="Sofia Ortega", decided_at=NOW - 2 * hour,
                     reason="Too early to offer this"),
        ApprovalPast("p3", *one, "expired", edited=False, decided_by=None, decided_at=NOW - 30 * hour),
    )  # fmt: skip


def test_the_decisions_of_the_past(page: ApprovalsPage, queue: FakeApprovals, qtbot: QtBot) -> None:
    queue.error = BackendError("Not now.", "UNAVAILABLE")
    click(qtbot, page.past_tab)
    assert "Not now." in page.error.accessibleName()
    queue.error, queue.history = None, past()
    page._again.click()
    names = [row.accessibleName() for row in page.past.findChildren(object) if type(row).__name__ == "PastRow"]  # type: ignore[attr-defined]
    assert [name.split(" ")[0] for name in names] == ["Approved", "Rejected", "Expired"]
    assert "Too early to offer this" in names[1]
    key(qtbot, page, "a")
    assert queue.decided == []
    click(qtbot, page.waiting_tab)
    assert page._stack.currentWidget() is page.list


def test_the_manifest_fits_the_door() -> None:
    manifest = read_manifest(Path(approvals.__file__).parent)
    assert manifest.id == "approvals"
    assert accepts_api(manifest, API_VERSION)


SCENES = ("waiting", "bulk", "empty", "loading", "error", "offline", "past", "edit", "reject")
SIZES = {"large": (1364, 824), "small": (948, 604)}
ALL = [(look, size) for look in ("light", "dark") for size in SIZES]
DAILY = [("light", "large"), ("dark", "small")]


@pytest.mark.parametrize(("look", "size"), ALL if "HUNTAZE_PICTURES" in os.environ else DAILY)
@pytest.mark.parametrize("scene", SCENES)
def test_every_state_is_painted(qtbot: QtBot, qapp: QApplication, scene: str, look: str, size: str) -> None:
    theme = ThemeManager(qapp, look, look=Look(less_motion=True))  # type: ignore[arg-type]
    context = manager(theme)
    queue: FakeApprovals = context.approvals  # type: ignore[attr-defined]
    queue.history = past()
    if scene == "error":
        queue.show(trouble="The database is busy.")
    elif scene == "offline":
        queue.show(*drawn(), offline=True, trouble="No line.")
    elif scene not in ("empty", "loading"):
        queue.show(*drawn())
    elif scene == "empty":
        queue.show()
    page = opened(qtbot, context, SIZES[size])
    page.setAutoFillBackground(True)
    palette = page.palette()
    palette.setColor(palette.ColorRole.Window, theme.theme.color("surface"))
    page.setPalette(palette)
    if scene == "bulk":
        page._cards[0].tick.setChecked(True)
        page._cards[1].tick.setChecked(True)
    elif scene == "past":
        page.past_tab.click()
    elif scene == "edit":
        page.edit("m1")
    elif scene == "reject":
        page.reject("m1")
    for _ in range(4):
        QApplication.processEvents()
    assert page.size().toTuple() == SIZES[size]
    picture = page.grab().toImage()
    folder = os.environ.get("HUNTAZE_PICTURES")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        assert picture.save(str(Path(folder) / f"approvals-{scene}-{look}-{size}.png"))
    theme.set_choice("light")
