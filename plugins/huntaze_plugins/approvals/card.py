"""One message that waits for a yes: who wrote it to whom, its words, what is known of them, and what to decide."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from huntaze_desktop.sdk import Approval, ComplianceTier
from huntaze_desktop.ui_kit.avatars import Avatar
from huntaze_desktop.ui_kit.buttons import Button
from huntaze_desktop.ui_kit.chips import Badge
from huntaze_desktop.ui_kit.labels import ElidedLabel, IconLabel, Label, Paragraph
from huntaze_desktop.ui_kit.painting import rounded_box
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_desktop.ui_kit.toggles import CheckBox
from huntaze_desktop.ui_kit.tooltip import explain_disabled, explain_enabled
from huntaze_plugins.approvals.words import reason_of, share_text, since, span_text, tr

_SOON_S = 3600


class ApprovalCard(QWidget):
    """Made anew when what waits has changed: a decision is about exactly what it shows."""

    approve_wanted = Signal(str)
    edit_wanted = Signal(str)
    reject_wanted = Signal(str)
    ticked = Signal()
    chosen = Signal(str)

    def __init__(self, theme: ThemeManager, approval: Approval, now: datetime) -> None:
        super().__init__()
        self._theme = theme
        self.approval = approval
        self._current = False
        self.setObjectName(f"approvals.card.{approval.message_id}")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        to_whom = tr("{0} to {1}").format(approval.creator_name, approval.fan_name)
        self.tick = CheckBox(theme, name=tr("Select the message to {0}").format(approval.fan_name))
        self.tick.toggled.connect(lambda _on: self.ticked.emit())
        face = Avatar(theme, 28)
        face.set_person(approval.fan_id, approval.fan_name)
        self.age = Label(theme, style="small", role="text3")
        self.expiry = Label(theme, style="small", role="text3")
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.tick)
        head.addWidget(face)
        head.addWidget(ElidedLabel(theme, to_whom, style="bodyStrong"))
        by = tr("by {0}").format(approval.author_name) if approval.author_name else tr("by an automation")
        head.addWidget(ElidedLabel(theme, by, style="small", role="text2"))
        head.addStretch(1)
        head.addWidget(self.age)
        head.addWidget(self.expiry)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addLayout(head)
        words = QVBoxLayout()
        words.setSpacing(0)
        # A paragraph's line breaks are the message's own.
        for part in approval.text.split("\n"):
            words.addWidget(Paragraph(theme, part or " ", style="message"))
        column.addLayout(words)
        for found in approval.warnings:
            column.addLayout(self._warning(reason_of(found), block=found.tier is ComplianceTier.BLOCK))
        if approval.missed:
            column.addLayout(self._missed())
        column.addLayout(self._foot())
        self.show_time(now)
        self.setAccessibleName(f"{to_whom}, {by}, {share_text(approval.ai)}: {approval.text}")
        theme.changed.connect(self.update)

    def _warning(self, text: str, *, block: bool) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(IconLabel(self._theme, "shield-alert", 14, "dangerText" if block else "warningText"))
        row.addWidget(Paragraph(self._theme, text, style="small", role="dangerText" if block else "warningText"), 1)
        return row

    def _missed(self) -> QHBoxLayout:
        """What was said since: whoever approves approves that it still fits."""
        last = self.approval.missed[-1]
        name = (last.author_name or tr("A colleague")) if last.outgoing else self.approval.fan_name
        count = len(self.approval.missed)
        told = tr("Since then, {0}: “{1}”").format(name, " ".join(last.text.split()))
        if count > 1:
            told = tr("{0} ({1} messages in all)").format(told, count)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(IconLabel(self._theme, "message-square", 14, "accentText"))
        row.addWidget(Paragraph(self._theme, told, style="small", role="text2"), 1)
        return row

    def _foot(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.share = Badge(self._theme, share_text(self.approval.ai), "accent" if self.approval.ai else "neutral")
        row.addWidget(self.share)
        if self.approval.send_at is not None:
            row.addWidget(Badge(self._theme, tr("Scheduled")))
        row.addStretch(1)
        self.reject = self._button(tr("Reject"), "quietDanger", "R", "reject")
        self.edit = self._button(tr("Edit"), "secondary", "E", "edit")
        self.approve = self._button(tr("Approve"), "soft", "A", "approve")
        self.reject.clicked.connect(lambda: self.reject_wanted.emit(self.approval.message_id))
        self.edit.clicked.connect(lambda: self.edit_wanted.emit(self.approval.message_id))
        self.approve.clicked.connect(lambda: self.approve_wanted.emit(self.approval.message_id))
        for button in (self.reject, self.edit, self.approve):
            row.addWidget(button)
        return row

    def _button(self, text: str, kind: str, key: str, name: str) -> Button:
        button = Button(self._theme, text, kind=kind, size=28, key_hint=key)  # type: ignore[arg-type]  # a kind as above
        button.setObjectName(f"approvals.{name}.{self.approval.message_id}")
        return button

    def set_current(self, *, current: bool) -> None:
        self._current = current
        self.update()

    def set_usable(self, reason: str) -> None:
        """Whether anything can be decided now; `reason` says why not."""
        self.tick.setEnabled(not reason)
        for button in (self.reject, self.edit, self.approve):
            if reason:
                explain_disabled(button, reason)
            else:
                explain_enabled(button)
        if not reason and any(found.tier is not ComplianceTier.WARN for found in self.approval.warnings):
            explain_disabled(self.approve, tr("The rules do not allow this text: edit it or reject it"))

    def show_time(self, now: datetime) -> None:
        left = (self.approval.expires_at - now).total_seconds()
        self.age.setText(tr("waits {0}").format(since(self.approval.waiting_since, now)))
        self.expiry.setText(tr("expires in {0}").format(span_text(left)) if left > 0 else tr("expires now"))
        self.expiry.set_role("warningText" if left < _SOON_S else "text3")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.chosen.emit(self.approval.message_id)
        super().mousePressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        edge = theme.color("accent" if self._current else "border")
        width = 2 if self._current else 1
        rounded_box(painter, QRectF(self.rect()), 10, fill=theme.card_color(), border=edge, width=width)
        painter.end()
