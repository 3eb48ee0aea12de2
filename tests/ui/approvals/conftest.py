"""A theme, and a context in which a manager looks at what waits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from huntaze_desktop.sdk import (
    Approval,
    ApprovalDecision,
    ApprovalPast,
    ApprovalQueue,
    ApprovalResult,
    MachineShare,
    Member,
    MissedMessage,
)
from huntaze_desktop.ui_kit.theme import Look
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins import approvals
from huntaze_plugins.approvals.page import ApprovalsPage
from tests.ui.messages.fakes import NOW, FakeContext, View
from tests.ui.messages.fakes_ai import _finding as finding


class FakeApprovals:
    def __init__(self) -> None:
        self.queue = View(ApprovalQueue())
        self.decided: list[ApprovalDecision] = []
        self.refuse: dict[str, str] = {}
        """Messages that are not decided, with the reason."""
        self.history: tuple[ApprovalPast, ...] = ()
        self.error: Exception | None = None

    def waiting(self) -> View:
        return self.queue

    def show(self, *items: Approval, **fields: Any) -> None:
        self.queue.set(replace(ApprovalQueue(tuple(items), loading=False), **fields))

    async def decide(self, decisions: Sequence[ApprovalDecision]) -> tuple[ApprovalResult, ...]:
        if self.error is not None:
            raise self.error
        self.decided += decisions
        ids = [one.approval.message_id for one in decisions]
        gone = [id_ for id_ in ids if id_ not in self.refuse]
        self.show(*(one for one in self.queue.value.items if one.message_id not in gone))
        return tuple(
            ApprovalResult(id_, done=False, code="CONFLICT", detail=self.refuse[id_])
            if id_ in self.refuse
            else ApprovalResult(id_, done=True)
            for id_ in ids
        )

    async def past(self) -> tuple[ApprovalPast, ...]:
        if self.error is not None:
            raise self.error
        return self.history


def approval(number: int, text: str, **fields: Any) -> Approval:
    values: dict[str, Any] = {
        "message_id": f"m{number}",
        "conversation_id": f"c{number}",
        "creator_id": "mara",
        "text": text,
        "ver": 10 + number,
        "text_hash": f"{number:064x}",
        "creator_name": "Mara Lind",
        "fan_id": f"f{number}",
        "fan_name": f"Daniel {number}",
        "author_name": "Ana Costa",
        "ai": MachineShare("A Large", 0.94, edited=False, confidence=0.9),
        "warnings": (),
        "waiting_since": NOW - timedelta(minutes=40 - number),
        "expires_at": NOW + timedelta(hours=23),
    }
    return Approval(**(values | fields))


def drawn() -> tuple[Approval, ...]:
    """One of each kind."""
    from huntaze_desktop.sdk import ComplianceTier

    return (
        approval(1, "They came out better than I hoped. Want a first look before Friday?"),
        approval(
            2, "Send it to my email\nand I answer tonight",
            warnings=(finding("email", ComplianceTier.WARN, 14, None),), expires_at=NOW + timedelta(minutes=20),
            ai=MachineShare("B Fast", 0.6, edited=True),
            missed=(MissedMessage(outgoing=False, text="Are you there?", at=NOW - timedelta(minutes=3)),),
        ),
        approval(3, "Use my paypal", ai=None, warnings=(finding("paypal", ComplianceTier.BLOCK, 7, None),)),
    )  # fmt: skip


@pytest.fixture
def theme(qapp: QApplication) -> ThemeManager:
    return ThemeManager(qapp, "light", look=Look(less_motion=True))


def manager(theme: ThemeManager) -> FakeContext:
    context = FakeContext(theme)
    context.team.me = Member("me", "Sofia Ortega", "manager")
    context.approvals = FakeApprovals()  # type: ignore[attr-defined]  # only this page's tests need them
    return context


@pytest.fixture
def context(theme: ThemeManager) -> FakeContext:
    return manager(theme)


@pytest.fixture
def queue(context: FakeContext) -> FakeApprovals:
    found: FakeApprovals = context.approvals  # type: ignore[attr-defined]
    return found


def opened(qtbot: QtBot, context: FakeContext, size: tuple[int, int] = (1364, 824)) -> ApprovalsPage:
    approvals.activate(context)  # type: ignore[arg-type]  # the fakes do what the page asks of them
    page = context.pages.pages[-1].build()
    assert isinstance(page, ApprovalsPage)
    page.resize(*size)
    qtbot.addWidget(page)
    with qtbot.waitExposed(page):
        page.show()
    return page


@pytest.fixture
def page(qtbot: QtBot, context: FakeContext, queue: FakeApprovals) -> ApprovalsPage:
    queue.show(*drawn())
    return opened(qtbot, context)
