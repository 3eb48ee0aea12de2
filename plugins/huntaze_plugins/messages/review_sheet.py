"""Looks at a message that was held back: why, what its author missed, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from huntaze_desktop.sdk import ConversationRow, MissedMessage, Review
from huntaze_desktop.ui_kit.avatars import Avatar
from huntaze_desktop.ui_kit.chat.words import clock, day_text
from huntaze_desktop.ui_kit.dialog import Dialog
from huntaze_desktop.ui_kit.labels import ElidedLabel, Label, Paragraph, SectionHeader
from huntaze_desktop.ui_kit.painting import rounded_box
from huntaze_desktop.ui_kit.theme import ColorRole
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.words import first_name, tr


class TextBox(QWidget):
    """A message as it stands, in a box."""

    def __init__(self, theme: ThemeManager, text: str, *, ground: ColorRole = "bubbleOut") -> None:
        super().__init__()
        self._theme = theme
        self._ground: ColorRole = ground
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        # A paragraph's line breaks are the message's own.
        for part in text.split("\n"):
            column.addWidget(Paragraph(theme, part or " ", style="message"))
        column.setSpacing(0)
        self.setAccessibleName(text)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        rounded_box(painter, QRectF(self.rect()), 8, fill=self._theme.theme.color(self._ground))
        painter.end()


class _Missed(QWidget):
    def __init__(
        self,
        theme: ThemeManager,
        missed: MissedMessage,
        row: ConversationRow,
        colleagues: Mapping[str, str],
        now: datetime,
    ) -> None:
        super().__init__()
        name = (missed.author_name or tr("A colleague")) if missed.outgoing else row.fan_name
        face = Avatar(theme, 20)
        face.set_person(colleagues.get(name, name) if missed.outgoing else row.fan_id, name)
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(face)
        head.addWidget(ElidedLabel(theme, name, style="smallMedium"))
        head.addWidget(Label(theme, moment(missed.at, now), style="small", role="text3"))
        head.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 4)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(TextBox(theme, missed.text, ground="bubbleOut" if missed.outgoing else "bubbleIn"))
        self.setAccessibleName(f"{name}, {moment(missed.at, now)}: {missed.text}")


def moment(at: datetime, now: datetime) -> str:
    """`14:20` today, else `Yesterday 14:20`."""
    day, today = at.astimezone().date(), now.astimezone().date()
    return clock(at) if day == today else f"{day_text(day, today)} {clock(at)}"


def why(review: Review, fan_name: str) -> str:
    """What happened, in one sentence."""
    fan = first_name(fan_name)
    colleague = next((one.author_name for one in review.missed if one.outgoing and one.author_name), None)
    if review.reason == "expired":
        return tr("It waited for more than a day, so it was not sent by itself. Does it still fit?")
    if review.reason == "restored":
        return tr(
            "The service was restored from an earlier copy and does not know this message; it may have been sent."
            " Look at the platform, then send it again or discard it."
        )
    if review.reason == "fan_wrote_on":
        return tr("{0} wrote on after you had written this. Does your answer still fit?").format(fan)
    if review.reason == "lease_lost":
        told = tr("{0} took this conversation over while you were writing.")
        return told.format(first_name(review.holder or colleague or tr("A colleague")))
    if review.reason == "colleague_replied":
        told = tr("{0} replied to {1} meanwhile. Yours was held back, so that nobody is answered twice.")
        return told.format(first_name(colleague or tr("A colleague")), fan)
    return tr("The conversation went on without your message, so it was held back.")


def add_story(
    dialog: Dialog,
    theme: ThemeManager,
    review: Review,
    row: ConversationRow,
    now: datetime,
    colleagues: Mapping[str, str],
) -> None:
    """Why it was held back, and what was missed in order."""
    dialog.body.addWidget(Paragraph(theme, why(review, row.fan_name)))
    if review.missed:
        dialog.body.addWidget(SectionHeader(theme, tr("What you missed"), len(review.missed)))
        for missed in review.missed:
            dialog.body.addWidget(_Missed(theme, missed, row, colleagues, now))


class ReviewSheet(Dialog):
    """What was missed in order, one's own text, and three ways on. None of them is pressed by an early Enter."""

    def __init__(
        self,
        theme: ThemeManager,
        window: QWidget,
        review: Review,
        row: ConversationRow,
        now: datetime,
        *,
        colleagues: Mapping[str, str],
        send: Callable[[], object],
        edit: Callable[[], object],
        discard: Callable[[], object],
    ) -> None:
        super().__init__(theme, window, tr("Look before it goes"), close_name=tr("Close"), width=560)
        self.setObjectName("messages.review")
        add_story(self, theme, review, row, now, colleagues)
        written = tr("Your message, written {0}").format(moment(review.composed_at, now))
        self.body.addWidget(SectionHeader(theme, written))
        self.body.addWidget(TextBox(theme, review.text))
        self.body.addStretch(1)
        self.discard = self.add_button(tr("Discard"), kind="quietDanger", object_name="messages.review.discard")
        self.edit = self.add_button(tr("Edit and send"), object_name="messages.review.edit")
        self.send = self.add_button(tr("Send anyway"), kind="primary", object_name="messages.review.send")
        for button, act in ((self.discard, discard), (self.edit, edit), (self.send, send)):
            button.clicked.connect(lambda _=False, act=act: self._choose(act))

    def _choose(self, act: Callable[[], object]) -> None:
        self.close_dialog()
        act()
