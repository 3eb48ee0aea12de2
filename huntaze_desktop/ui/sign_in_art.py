"""The picture beside the sign-in form: what the product does, painted. It is decoration and says nothing to readers."""

from __future__ import annotations

import math
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPainterPath, QPaintEvent, QRadialGradient
from PySide6.QtWidgets import QWidget

from huntaze_desktop.ui.words import translate
from huntaze_desktop.ui_kit.avatars import initials_of, paint_avatar
from huntaze_desktop.ui_kit.badges import TierKind, TimerLevel, paint_tier, paint_timer, timer_width
from huntaze_desktop.ui_kit.painting import lay_out_text, rounded_box
from huntaze_desktop.ui_kit.theme import ColorRole, TextStyle, Theme
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

_MIDDLE = Qt.AlignmentFlag.AlignVCenter
# The drawing's block is 616 px wide and 572 high, from the headline to the lowest card.
_BLOCK_WIDTH = 616
_BLOCK_TOP, _BLOCK_HEIGHT = 132, 572
_DRAWN_HEIGHT = 900
# Name, tier, amount, message, timer, how long: fans of the drawing.
_ROWS: tuple[tuple[str, TierKind, str, str, TimerLevel, str, str], ...] = (
    ("Oliver Grant", "vip", "$7.2k", "Thank you for the birthday message", "warn", "3:10", "Tess Alder"),
    ("Lucas Blanc", "low", "$95", "Merci beaucoup ! À demain alors", "ok", "1:48", "Iris Roy"),
    ("Ryan Walsh", "new", "", "Hi! Just subscribed, love your posts", "ok", "0:40", "Mara Lind"),
)


class SignInArt(QWidget):
    """Paints headline, waiting list and offline card; shrinks as a whole when the panel is narrow."""

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self._theme = theme
        self._drawn = theme.theme.at_scale(1.0)
        theme.changed.connect(self._redraw)

    def _redraw(self) -> None:
        self._drawn = self._theme.theme.at_scale(1.0)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._drawn
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter, theme)
        scale = min(1.0, (self.width() - 64) / _BLOCK_WIDTH, (self.height() - 64) / _BLOCK_HEIGHT)
        left = (self.width() - _BLOCK_WIDTH * scale) / 2
        top = max(32.0, _BLOCK_TOP + (self.height() - _DRAWN_HEIGHT) / 2)
        if scale < 1:
            top = (self.height() - _BLOCK_HEIGHT * scale) / 2
        painter.translate(left, top)
        painter.scale(scale, scale)
        self._paint_headline(painter, theme)
        self._paint_waiting(painter, QRectF(0, 120, 400, 234), theme)
        self._paint_reply(painter, QRectF(208, 324, 408, 116), theme)
        self._paint_offline(painter, QRectF(48, 476, 344, 64), theme)
        painter.end()

    def _paint_ground(self, painter: QPainter, theme: Theme) -> None:
        width, height = self.width(), self.height()
        painter.fillRect(self.rect(), theme.color("canvas"))
        glow = QRadialGradient(QPointF(width * 0.7, height * 0.18), max(width, height) * 0.75)
        glow.setColorAt(0, theme.color("accent", 0.20))
        glow.setColorAt(1, theme.color("accent", 0.0))
        painter.fillRect(self.rect(), glow)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("accent", 0.05))
        for start, drop in ((height - 200, 0.0), (height - 130, 10.0)):
            wave = QPainterPath(QPointF(0, start))
            wave.cubicTo(width * 0.17, start - 70, width * 0.28, start + 40, width * 0.45, start - 20 + drop)
            wave.cubicTo(width * 0.62, start - 80 + drop, width * 0.76, start - 120 + drop, width, start - 40)
            wave.lineTo(width, height)
            wave.lineTo(0, height)
            painter.drawPath(wave)
        painter.fillRect(0, 0, 1, height, theme.color("border"))

    def _paint_headline(self, painter: QPainter, theme: Theme) -> None:
        painter.setPen(theme.color("text"))
        words = translate("SignIn", "Every fan answered in minutes, in the voice of the creator.")
        height = theme.line_height("display")
        layout, _ = lay_out_text(words, theme.font("display"), 480, height, Qt.AlignmentFlag.AlignLeft)
        layout.draw(painter, QPointF(0, 0))

    def _card(self, painter: QPainter, box: QRectF, theme: Theme, level: Literal[2, 3]) -> None:
        theme.shadows.paint(painter, box, 10, theme.shadow(level))
        rounded_box(painter, box, 10, fill=theme.color("surface"), border=theme.color("border"))

    def _text(
        self, painter: QPainter, x: float, middle: float, words: str, style: TextStyle, role: ColorRole, theme: Theme
    ) -> float:
        """One line of text; returns where it ends."""
        painter.setFont(theme.font(style))
        painter.setPen(theme.color(role))
        width = QFontMetricsF(theme.font(style)).horizontalAdvance(words)
        painter.drawText(QRectF(x, middle - 12, width + 2, 24), _MIDDLE, words)
        return x + width

    def _paint_waiting(self, painter: QPainter, box: QRectF, theme: Theme) -> None:
        self._card(painter, box, theme, 2)
        end = self._text(
            painter, box.left() + 17, box.top() + 21, translate("SignIn", "Waiting"), "bodyStrong", "text", theme
        )
        self._text(painter, end + 6, box.top() + 21, str(len(_ROWS)), "body", "text3", theme)
        painter.fillRect(QRectF(box.left(), box.top() + 40, box.width(), 1), theme.color("border"))
        for n, row in enumerate(_ROWS):
            self._paint_row(painter, QPointF(box.left() + 17, box.top() + 41 + 64 * n), row, box.right() - 17, theme)

    def _paint_row(
        self,
        painter: QPainter,
        at: QPointF,
        row: tuple[str, TierKind, str, str, TimerLevel, str, str],
        right: float,
        theme: Theme,
    ) -> None:
        name, tier, amount, words, level, waited, creator = row
        face = QRectF(at.x(), at.y() + 12, 40, 40)
        paint_avatar(painter, face, stable_id=name, initials=initials_of(name), shape="circle", theme=theme)
        badge = QRectF(face.right() - 10, face.bottom() - 12, 16, 16)
        rounded_box(painter, badge.adjusted(-2, -2, 2, 2), 6, fill=theme.color("surface"))
        paint_avatar(painter, badge, stable_id=creator, initials=initials_of(creator), shape="square", theme=theme)
        x = at.x() + 54
        end = self._text(painter, x, at.y() + 22, name, "bodyStrong", "text", theme)
        paint_tier(painter, end + 6, at.y() + 22, tier, amount or translate("SignIn", "New"), theme)
        width = timer_width(level, waited, theme)
        painter.setClipRect(QRectF(x, at.y(), right - width - 12 - x, 64))
        self._text(painter, x, at.y() + 42, words, "body", "text2", theme)
        painter.setClipping(False)
        paint_timer(painter, right - width, at.y() + 32, level, waited, theme)

    def _paint_reply(self, painter: QPainter, box: QRectF, theme: Theme) -> None:
        """A reply on its way: written by a person, sent within the platform's limit."""
        self._card(painter, box, theme, 3)
        face = QRectF(box.left() + 17, box.top() + 15, 20, 20)
        paint_avatar(painter, face, stable_id="Mara Lind", initials="ML", shape="square", theme=theme)
        middle = face.center().y()
        self._text(painter, face.right() + 8, middle, "Mara Lind", "bodyStrong", "text", theme)
        words = translate("SignIn", "Sends in 0:04")
        width = QFontMetricsF(theme.font("small")).horizontalAdvance(words)
        x = box.right() - 17 - width
        theme.icons.paint(painter, QPointF(x - 19, middle - 7), "gauge", 14, theme.color("text3"))
        self._text(painter, x, middle, words, "small", "text3", theme)
        bubble = QRectF(box.left() + 17, box.top() + 46, box.width() - 34, 54)
        path = QPainterPath()
        path.setFillRule(Qt.FillRule.WindingFill)
        path.addRoundedRect(bubble, 14, 14)
        path.addRoundedRect(QRectF(bubble.right() - 20, bubble.bottom() - 20, 20, 20), 4, 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("bubbleOut"))
        painter.drawPath(path)
        painter.setPen(theme.color("bubbleOutText"))
        reply = translate("SignIn", "Welcome Ryan! Which of the travel posts brought you here?")
        height, width = theme.line_height("message"), bubble.width() - 24
        layout, _ = lay_out_text(reply, theme.font("message"), width, height, Qt.AlignmentFlag.AlignLeft)
        layout.draw(painter, bubble.topLeft() + QPointF(12, 7))

    def _paint_offline(self, painter: QPainter, box: QRectF, theme: Theme) -> None:
        title = translate("SignIn", "Works offline")
        words = translate("SignIn", "Messages wait in the outbox and send later")
        # A longer translation widens the card instead of being cut.
        needed = math.ceil(QFontMetricsF(theme.font("small")).horizontalAdvance(words)) + 82
        box = QRectF(box.left(), box.top(), max(box.width(), needed), box.height())
        self._card(painter, box, theme, 2)
        tile = QRectF(box.left() + 17, box.top() + 14, 36, 36)
        rounded_box(painter, tile, 8, fill=theme.color("successSubtle"))
        theme.icons.paint(painter, tile.center() - QPointF(9, 9), "cloud-off", 18, theme.color("successText"))
        self._text(painter, tile.right() + 12, box.top() + 23, title, "bodyStrong", "text", theme)
        self._text(painter, tile.right() + 12, box.top() + 41, words, "small", "text2", theme)
