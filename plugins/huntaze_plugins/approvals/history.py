"""How it went with what waited, the latest decision first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from huntaze_desktop.sdk import ApprovalPast
from huntaze_desktop.ui_kit.chips import Badge, BadgeKind
from huntaze_desktop.ui_kit.labels import ElidedLabel, Label, Paragraph, line
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.approvals.words import share_text, since, tr


class PastRow(QWidget):
    """One decision: what became of it, by whom, when and why."""

    def __init__(self, theme: ThemeManager, past: ApprovalPast, now: datetime) -> None:
        super().__init__()
        kinds: dict[str, tuple[str, BadgeKind]] = {
            "approved": (tr("Approved after an edit") if past.edited else tr("Approved"), "success"),
            "rejected": (tr("Rejected"), "danger"),
            "expired": (tr("Expired"), "warning"),
        }
        word, kind = kinds[past.outcome]
        to_whom = tr("{0} to {1}").format(past.creator_name, past.fan_name)
        by = tr("by {0}").format(past.decided_by) if past.decided_by else ""
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(Badge(theme, word, kind))
        head.addWidget(ElidedLabel(theme, to_whom, style="bodyMedium"))
        head.addWidget(ElidedLabel(theme, by, style="small", role="text2"))
        head.addStretch(1)
        head.addWidget(Label(theme, tr("{0} ago").format(since(past.decided_at, now)), style="small", role="text3"))
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 8, 4, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(Paragraph(theme, past.text))
        about = [part for part in (past.author_name, share_text(past.ai)) if part]
        if past.reason:
            about.append(tr("Reason: {0}").format(past.reason))
        column.addWidget(Paragraph(theme, " · ".join(about), style="small", role="text2"))
        column.addWidget(line(theme))
        self.setAccessibleName(f"{word} {by}, {to_whom}: {past.text}. {past.reason or ''}".strip())


def rows(theme: ThemeManager, decisions: Sequence[ApprovalPast], now: datetime) -> list[QWidget]:
    """A row for each."""
    return [PastRow(theme, one, now) for one in decisions]
