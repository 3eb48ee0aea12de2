"""Small marks that delegates paint: tiers, waiting timers, unread counts, state words.

Each has a `*_width` for layout and a `paint_*` that draws it with its left edge at `left`, centred on `middle`, and
returns the width it took. Never colour alone: late timers change their icon, tiers carry the amount.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from huntaze_desktop.ui_kit.avatars import paint_avatar
from huntaze_desktop.ui_kit.theme import ColorRole, Theme

TierKind = Literal["vip", "high", "mid", "low", "new"]
TimerLevel = Literal["ok", "warn", "late"]
StateKind = Literal["queued", "limited", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class PillStyle:
    """How a mark looks; lengths in pixels, `background` None draws text alone."""

    height: float
    radius: float
    padding: float
    background: ColorRole | None
    foreground: ColorRole
    weight: int = 500
    icon: str | None = None
    icon_size: float = 11
    gap: float = 3


_TIERS: dict[TierKind, PillStyle] = {
    "vip": PillStyle(16, 4, 5, "vipSubtle", "vip", 600, "crown", 12),
    "high": PillStyle(16, 4, 5, "successSubtle", "successText", 600),
    "mid": PillStyle(16, 4, 5, "fill", "text2", 600),
    "low": PillStyle(16, 4, 2, None, "text3", 500),
    "new": PillStyle(16, 4, 5, "accentSubtle", "accentText", 600),
}
_TIMERS: dict[TimerLevel, PillStyle] = {
    "ok": PillStyle(18, 4, 5, "fill", "text2", 500, "timer"),
    "warn": PillStyle(18, 4, 5, "warningSubtle", "warningText", 500, "timer"),
    "late": PillStyle(18, 4, 5, "dangerSubtle", "dangerText", 600, "triangle-alert"),
}
_SNOOZED = PillStyle(18, 4, 5, "fill", "text2", 500, "alarm-clock")
_STATES: dict[StateKind, tuple[str, ColorRole]] = {
    "queued": ("clock", "warningText"),
    "limited": ("gauge", "text2"),
    "failed": ("circle-alert", "dangerText"),
    "unknown": ("hourglass", "warningText"),
}
_UNREAD_HEIGHT = 18
_DOT = 8


def _font(style: PillStyle, theme: Theme) -> QFont:
    return theme.font("micro", weight=style.weight)


def pill_width(style: PillStyle, text: str, theme: Theme) -> float:
    """Width of a mark with this text."""
    icon = style.icon_size + style.gap if style.icon else 0.0
    return style.padding * 2 + icon + QFontMetricsF(_font(style, theme)).horizontalAdvance(text)


def paint_pill(
    painter: QPainter,
    left: float,
    middle: float,
    style: PillStyle,
    text: str,
    theme: Theme,
    background: QColor | None = None,
) -> float:
    """Paints a mark; `background` replaces the style's own where the row's colour would swallow it."""
    width = pill_width(style, text, theme)
    height = max(style.height, theme.px(style.height))
    rect = QRectF(left, middle - height / 2, width, height)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    fill = background or (theme.color(style.background) if style.background else None)
    if fill is not None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawRoundedRect(rect, style.radius, style.radius)
    color = theme.color(style.foreground)
    x = left + style.padding
    if style.icon:
        theme.icons.paint(painter, QPointF(x, middle - style.icon_size / 2), style.icon, style.icon_size, color)
        x += style.icon_size + style.gap
    painter.setPen(color)
    painter.setFont(_font(style, theme))
    text_rect = QRectF(x, rect.top(), rect.right() - x, height)
    painter.drawText(text_rect, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip, text)
    painter.restore()
    return width


def tier_width(kind: TierKind, text: str, theme: Theme) -> float:
    return pill_width(_TIERS[kind], text, theme)


def paint_tier(painter: QPainter, left: float, middle: float, kind: TierKind, text: str, theme: Theme) -> float:
    """Paints a spending tier with its amount, such as a crown and "$4.8k"."""
    return paint_pill(painter, left, middle, _TIERS[kind], text, theme)


def timer_width(level: TimerLevel, text: str, theme: Theme) -> float:
    return pill_width(_TIMERS[level], text, theme)


def paint_timer(
    painter: QPainter,
    left: float,
    middle: float,
    level: TimerLevel,
    text: str,
    theme: Theme,
    *,
    on_selected: bool = False,
) -> float:
    """Paints a waiting timer such as "6:42". On a selected row the neutral one needs a lighter ground."""
    ground = theme.color("surface") if on_selected and level == "ok" else None
    return paint_pill(painter, left, middle, _TIMERS[level], text, theme, ground)


def snooze_width(text: str, theme: Theme) -> float:
    return pill_width(_SNOOZED, text, theme)


def paint_snooze(
    painter: QPainter, left: float, middle: float, text: str, theme: Theme, *, on_selected: bool = False
) -> float:
    """Paints until when a conversation is out of sight, such as an alarm clock and "18:00"."""
    return paint_pill(painter, left, middle, _SNOOZED, text, theme, theme.color("surface") if on_selected else None)


def unread_width(count: int, theme: Theme) -> float:
    """Width of the unread mark: a dot for one, a number above."""
    if count <= 1:
        return _DOT
    return max(_UNREAD_HEIGHT, 10 + QFontMetricsF(theme.font("micro", weight=600)).horizontalAdvance(_count(count)))


def paint_unread(painter: QPainter, left: float, middle: float, count: int, theme: Theme) -> float:
    """Paints the unread mark and returns its width; nothing for zero."""
    if count <= 0:
        return 0.0
    width = unread_width(count, theme)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("accent"))
    if count == 1:
        painter.drawEllipse(QRectF(left, middle - _DOT / 2, _DOT, _DOT))
    else:
        rect = QRectF(left, middle - _UNREAD_HEIGHT / 2, width, _UNREAD_HEIGHT)
        painter.drawRoundedRect(rect, _UNREAD_HEIGHT / 2, _UNREAD_HEIGHT / 2)
        painter.setPen(theme.color("onAccent"))
        painter.setFont(theme.font("micro", weight=600))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, _count(count))
    painter.restore()
    return width


def _count(count: int) -> str:
    return str(count) if count < 100 else "99+"


def state_width(text: str, theme: Theme) -> float:
    """Width of a state word with its icon."""
    return 14 + 4 + QFontMetricsF(theme.font("bodyMedium")).horizontalAdvance(text)


def paint_state(painter: QPainter, left: float, middle: float, kind: StateKind, text: str, theme: Theme) -> float:
    """Paints icon and word of an outgoing message's state in a list row, such as "Not sent"."""
    icon, role = _STATES[kind]
    color = theme.color(role)
    theme.icons.paint(painter, QPointF(left, middle - 7), icon, 14, color)
    painter.save()
    painter.setPen(color)
    painter.setFont(theme.font("bodyMedium"))
    width = state_width(text, theme)
    rect = QRectF(left + 18, middle - 10, width - 18, 20)
    painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip, text)
    painter.restore()
    return width


def presence_width(text: str, theme: Theme) -> float:
    """Width of the chip that says who else is in a conversation."""
    return 2 + 16 + 5 + QFontMetricsF(theme.font("smallMedium")).horizontalAdvance(text) + 8


def paint_presence(
    painter: QPainter, left: float, middle: float, person_id: str, initials: str, text: str, theme: Theme
) -> float:
    """Paints the chip "Ana is replying" with the colleague's avatar."""
    width = presence_width(text, theme)
    rect = QRectF(left, middle - 10, width, 20)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("accentSubtle"))
    painter.drawRoundedRect(rect, 10, 10)
    face = QRectF(left + 2, middle - 8, 16, 16)
    paint_avatar(painter, face, stable_id=person_id, initials=initials, shape="circle", theme=theme)
    painter.setPen(theme.color("accentText"))
    painter.setFont(theme.font("smallMedium"))
    painter.drawText(rect.adjusted(23, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip, text)
    painter.restore()
    return width
