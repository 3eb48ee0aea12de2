"""The small print at the end of a bubble: time, delivery icon, state in words, what can be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPen

from huntaze_desktop.model.entities import Message
from huntaze_desktop.ui_kit.chat import words
from huntaze_desktop.ui_kit.chat.delivery import Action, Delivery, Look, actions_in_bubble, delivery_of, look_of
from huntaze_desktop.ui_kit.theme import ColorRole, Theme

_GAP = 4.0
_TIME_GAP = 3.0

_ICONS: dict[Delivery, tuple[str, float]] = {
    Delivery.SENT: ("check", 13),
    Delivery.READ: ("check-check", 14),
    Delivery.QUEUED: ("clock", 12),
    Delivery.SENDING: ("clock", 12),
    Delivery.HELD: ("undo-2", 13),
    Delivery.SCHEDULED: ("calendar-clock", 13),
    Delivery.LIMITED: ("gauge", 13),
    Delivery.APPROVAL: ("hourglass", 13),
    Delivery.CHECKING: ("loader-circle", 13),
    Delivery.FAILED: ("circle-alert", 13),
    Delivery.REJECTED: ("circle-alert", 13),
    Delivery.DECIDE: ("circle-help", 13),
    Delivery.EXPIRED: ("triangle-alert", 13),
    Delivery.REVIEW: ("triangle-alert", 13),
    Delivery.CANCELLED: ("circle-x", 13),
    Delivery.UNSENDING: ("undo-2", 13),
    Delivery.UNSENT: ("undo-2", 13),
    Delivery.NOT_UNSENT: ("circle-alert", 13),
}


@dataclass(frozen=True, slots=True)
class Meta:
    """What stands there, apart from words that change with the clock."""

    icon: str | None
    icon_size: float
    role: ColorRole
    icon_role: ColorRole
    worded: bool
    """States that are written out, icon first; the others are a time with a small icon after it."""
    actions: tuple[tuple[Action, str], ...]
    action_gap: float = 8.0


def meta_of(message: Message) -> Meta:
    delivery = delivery_of(message)
    icon, size = _ICONS.get(delivery, (None, 0.0))
    role: ColorRole = "text2"
    look = look_of(message)
    if look is Look.FAILED:
        role = "dangerText"
    elif look is Look.CHECKING:
        role = "warningText"
    elif delivery is Delivery.NOT_UNSENT:
        role = "dangerText"
    elif delivery is Delivery.NONE:
        role = "text3"
    icon_role: ColorRole = "accentText" if delivery is Delivery.READ else role
    worded = delivery not in (
        Delivery.NONE,
        Delivery.SENT,
        Delivery.READ,
        Delivery.QUEUED,
        Delivery.SENDING,
    )
    actions = tuple((action, words.action_text(action)) for action in actions_in_bubble(message))
    return Meta(icon, size, role, icon_role, worded, actions)


def _font(meta: Meta, theme: Theme) -> QFont:
    return theme.font("micro", weight=500 if meta.worded else 400)


def _widest_words(message: Message) -> str:
    # A countdown must not make its bubble breathe: the width is that of its widest form. Figures are tabular.
    delivery = delivery_of(message)
    if delivery is Delivery.LIMITED and message.not_before is not None:
        return words.state_text(message, min(message.at, message.not_before - timedelta(seconds=1)))
    if delivery is Delivery.HELD and message.hold_until is not None and message.not_before is None:
        return words.state_text(message, message.hold_until - timedelta(seconds=1))
    if delivery in (Delivery.SCHEDULED, Delivery.HELD) and message.not_before is not None:
        # "today" and "tomorrow" come with the clock; the date is the longest of its forms.
        forms = (message.at, message.not_before, message.not_before - timedelta(days=1))
        return max((words.state_text(message, now) for now in forms), key=len)
    return words.state_text(message, message.at)


def measure_meta(meta: Meta, message: Message, theme: Theme) -> float:
    """The width it needs on one line."""
    metrics = QFontMetricsF(_font(meta, theme))
    text = _widest_words(message) if meta.worded else words.time_text(message)
    width = metrics.horizontalAdvance(text)
    if meta.icon is not None:
        width += meta.icon_size + (_GAP if meta.worded else _TIME_GAP)
    return width + _actions_width(meta, theme)


def _actions_width(meta: Meta, theme: Theme) -> float:
    metrics = QFontMetricsF(theme.font("micro", weight=600))
    return sum(metrics.horizontalAdvance(text) + meta.action_gap for _, text in meta.actions)


def paint_meta(painter: QPainter, meta: Meta, message: Message, rect: QRectF, now: datetime, theme: Theme) -> None:
    """Paints it right-aligned in `rect`; words that find no room are elided, actions never."""
    middle = rect.center().y()
    font = _font(meta, theme)
    metrics = QFontMetricsF(font)
    right = _paint_actions(painter, meta, rect, theme)
    painter.setFont(font)
    color, icon_color = theme.color(meta.role), theme.color(meta.icon_role)
    if theme.is_dark and meta.role == "text3":
        color = theme.color("text2")
    if not meta.worded:
        if meta.icon is not None:
            right -= meta.icon_size
            theme.icons.paint(
                painter, QPointF(right, middle - meta.icon_size / 2), meta.icon, meta.icon_size, icon_color
            )
            right -= _TIME_GAP
        painter.setPen(color)
        box = QRectF(rect.left() - 40, rect.top(), right - rect.left() + 40, rect.height())
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words.time_text(message))
        return
    room = right - rect.left() - meta.icon_size - _GAP
    text = metrics.elidedText(words.state_text(message, now), Qt.TextElideMode.ElideRight, room + 0.5)
    left = right - metrics.horizontalAdvance(text)
    painter.setPen(color)
    box = QRectF(left, rect.top(), right - left + 1, rect.height())
    painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip, text)
    if meta.icon is not None:
        at = QPointF(left - _GAP - meta.icon_size, middle - meta.icon_size / 2)
        theme.icons.paint(painter, at, meta.icon, meta.icon_size, icon_color)


def _paint_actions(painter: QPainter, meta: Meta, rect: QRectF, theme: Theme) -> float:
    font = theme.font("micro", weight=600)
    metrics = QFontMetricsF(font)
    painter.setFont(font)
    color = theme.color(meta.role)
    right = rect.right()
    for _, text in reversed(meta.actions):
        width = metrics.horizontalAdvance(text)
        painter.setPen(color)
        box = QRectF(right - width, rect.top(), width + 1, rect.height())
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip, text)
        under = rect.center().y() + metrics.ascent() / 2 + 1
        painter.setPen(QPen(color, 1))
        painter.drawLine(QPointF(right - width, under), QPointF(right, under))
        right -= width + meta.action_gap
    return right
