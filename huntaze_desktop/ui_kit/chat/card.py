"""The card of a PPV message: what was offered, for how much, and whether it was bought."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter

from huntaze_desktop.model.entities import Message
from huntaze_desktop.ui_kit.chat import words
from huntaze_desktop.ui_kit.chat.delivery import Look, look_of
from huntaze_desktop.ui_kit.chat.meta import Meta, paint_meta
from huntaze_desktop.ui_kit.painting import rounded_box
from huntaze_desktop.ui_kit.theme import Theme

_THUMB = 48


def thumb_look(media_types: tuple[str, ...]) -> tuple[str, str]:
    """Icon and avatar colour that stand for the media of a message."""
    kinds = set(media_types)
    if kinds == {"video"}:
        return "film", "violet"
    if "video" in kinds:
        return "clapperboard", "teal"
    if kinds == {"audio"}:
        return "play", "sky"
    return "image", "amber"


def paint_thumb(painter: QPainter, rect: QRectF, media_types: tuple[str, ...], theme: Theme) -> None:
    """Paints the picture's place-holder: colour and icon by type, for no media crosses to this computer."""
    icon, name = thumb_look(media_types)
    background, foreground = theme.named_avatar_colors(name)
    rounded_box(painter, rect, 8 if rect.width() > 40 else 6, fill=background)
    size = 20.0 if rect.width() > 40 else 16.0
    theme.icons.paint(painter, rect.center() - QPointF(size / 2, size / 2), icon, size, foreground)


def paint_card(
    painter: QPainter, card: QRectF, message: Message, meta: Meta | None, now: datetime, theme: Theme
) -> None:
    failed = look_of(message) is Look.FAILED
    ground = theme.color("dangerSubtle") if failed else theme.card_color()
    edge = theme.color("dangerBorder" if failed else "borderStrong")
    rounded_box(painter, card, 12, fill=ground, border=edge)
    thumb = QRectF(card.left() + 8, card.center().y() - _THUMB / 2, _THUMB, _THUMB)
    paint_thumb(painter, thumb, message.media_types, theme)
    right_width = _paint_right(painter, card, message, meta, now, theme)
    left = thumb.right() + 12
    room = card.right() - 12 - right_width - 12 - left
    small = theme.line_height("small")
    title_height = theme.line_height("bodyStrong") - 2
    top = card.center().y() - (title_height + 2 * small) / 2
    _line(painter, QRectF(left, top, room, title_height), _title(message), theme, strong=True)
    detail = words.media_text(message.media_types)
    _line(painter, QRectF(left, top + title_height, room, small), detail, theme)
    _paint_bought(painter, QRectF(left, top + title_height + small, room, small), message, theme)


def _title(message: Message) -> str:
    return message.title or message.text.split("\n", 1)[0] or words.paid_message_text()


def _line(painter: QPainter, rect: QRectF, text: str, theme: Theme, *, strong: bool = False) -> None:
    font = theme.font("bodyStrong" if strong else "small")
    painter.setFont(font)
    painter.setPen(theme.color("text" if strong else "text3"))
    shown = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
    painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip, shown)


def _paint_bought(painter: QPainter, rect: QRectF, message: Message, theme: Theme) -> None:
    bought = message.bought_at is not None
    color = theme.color("successText" if bought else "text2")
    icon = "circle-check" if bought else "lock"
    theme.icons.paint(painter, QPointF(rect.left(), rect.center().y() - 6.5), icon, 13, color)
    painter.setPen(color)
    font = theme.font("smallMedium")
    painter.setFont(font)
    shown = QFontMetricsF(font).elidedText(words.bought_text(message), Qt.TextElideMode.ElideRight, rect.width() - 17)
    painter.drawText(rect.adjusted(17, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip, shown)


def _paint_right(
    painter: QPainter, card: QRectF, message: Message, meta: Meta | None, now: datetime, theme: Theme
) -> float:
    price = words.money(message.price or 0, message.currency)
    font = theme.font("heading")
    painter.setFont(font)
    painter.setPen(theme.color("text"))
    width = max(QFontMetricsF(font).horizontalAdvance(price), 60.0)
    if meta is not None and meta.worded:
        width = max(width, 150.0)
    right = card.right() - 12
    box = QRectF(right - width, card.top() + 9, width, 20)
    painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, price)
    if meta is not None:
        below = QRectF(right - width, card.bottom() - 9 - 16, width, 16)
        paint_meta(painter, meta, message, below, now, theme)
    return width
