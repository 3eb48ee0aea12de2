"""The Approvals page, for managers and owners: what waits for a yes, and how it was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from huntaze_desktop.sdk import ApprovalQueue, Context, LiveView, Page
from huntaze_plugins.approvals.words import tr

if TYPE_CHECKING:
    from huntaze_plugins.approvals.page import ApprovalsPage

__all__ = ["activate", "deactivate"]

_MAY_DECIDE = frozenset({"owner", "manager"})
_open: list[ApprovalsPage] = []


def activate(ctx: Context) -> None:
    """Add the page with its badge; chatters have neither. The page's widgets are imported when it is first shown."""
    if ctx.team.me.role not in _MAY_DECIDE:
        return
    queue: LiveView[ApprovalQueue] = ctx.approvals.waiting()

    def build() -> QWidget:
        from huntaze_plugins.approvals.page import ApprovalsPage

        page = ApprovalsPage(ctx, queue)
        _open.append(page)
        return page

    keys = (
        (tr("Next, previous message"), ("J", "K")),
        (tr("Approve"), ("A",)),
        (tr("Edit and approve"), ("E",)),
        (tr("Reject"), ("R",)),
        (tr("Select for all at once"), ("X",)),
    )
    ctx.pages.add(Page("approvals", tr("Approvals"), "circle-check", build, keys=keys))
    queue.subscribe(lambda value: ctx.pages.set_badge("approvals", len(value.items)))


def deactivate() -> None:
    """Let go of what the page looks at."""
    while _open:
        _open.pop().close_views()
