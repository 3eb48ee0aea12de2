"""Faces without photographs: initials on a colour that follows the stable id.

Shape is identity: fans and team are circles, creators rounded squares. The functions paint; `Avatar` is the widget.
"""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from huntaze_desktop.ui_kit.theme import Theme
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

Shape = Literal["circle", "square"]

_CREATOR_RADIUS = 0.28
_BADGE = 16
_BADGE_OUT_X = 6
_BADGE_OUT_Y = 4
_BADGE_RING = 2


def initials_of(name: str) -> str:
    """At most two letters: first and last word's first characters, upper case; empty for an empty name."""
    words = [word for word in name.split() if word[0].isalnum()] or name.split()
    if not words:
        return ""
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "")
    return letters.upper()


def initials_px(size: float) -> float:
    """Text size of the initials inside an avatar `size` pixels wide, as drawn (8 at 16 up to 22 at 64)."""
    steps = ((16, 8), (20, 9), (22, 9), (24, 10), (28, 11), (32, 12), (36, 13), (40, 14), (48, 16))
    return next((text for side, text in steps if size <= side), size * 0.34)


def paint_avatar(painter: QPainter, rect: QRectF, *, stable_id: str, initials: str, shape: Shape, theme: Theme) -> None:
    """Paints one avatar filling `rect`."""
    background, foreground = theme.avatar_colors(stable_id)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(background))
    if shape == "circle":
        painter.drawEllipse(rect)
    else:
        radius = rect.width() * _CREATOR_RADIUS
        painter.drawRoundedRect(rect, radius, radius)
    painter.setPen(foreground)
    # Initials belong to the shape, not to the reading text: they do not follow the text scale.
    painter.setFont(theme.font("small", weight=600, size=initials_px(rect.width()) / theme.look.scale))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, initials)
    painter.restore()


def paint_fan(
    painter: QPainter,
    top_left: QPointF,
    size: float,
    *,
    fan_id: str,
    fan_initials: str,
    creator_id: str,
    creator_initials: str,
    row_color: QColor,
    theme: Theme,
) -> None:
    """Paints a fan with the creator's badge at its lower right, cut out of the fan by a ring of `row_color`."""
    rect = QRectF(top_left.x(), top_left.y(), size, size)
    paint_avatar(painter, rect, stable_id=fan_id, initials=fan_initials, shape="circle", theme=theme)
    badge = QRectF(rect.right() + _BADGE_OUT_X - _BADGE, rect.bottom() + _BADGE_OUT_Y - _BADGE, _BADGE, _BADGE)
    ring = badge.adjusted(-_BADGE_RING, -_BADGE_RING, _BADGE_RING, _BADGE_RING)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(row_color)
    painter.drawRoundedRect(ring, _BADGE * _CREATOR_RADIUS + _BADGE_RING, _BADGE * _CREATOR_RADIUS + _BADGE_RING)
    painter.restore()
    paint_avatar(painter, badge, stable_id=creator_id, initials=creator_initials, shape="square", theme=theme)


class Avatar(QWidget):
    """A person's or creator's avatar as a widget; its accessible name is the person's name."""

    def __init__(
        self, theme: ThemeManager, size: int, *, shape: Shape = "circle", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._size = size
        self._shape: Shape = shape
        self._stable_id = ""
        self._initials = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def set_person(self, stable_id: str, name: str, initials: str = "") -> None:
        self._stable_id = stable_id
        self._initials = initials or initials_of(name)
        self.setAccessibleName(name)
        self.update()

    @property
    def stable_id(self) -> str:
        """What its colour follows from."""
        return self._stable_id

    def sizeHint(self) -> QSize:
        return QSize(self._size, self._size)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        rect = QRectF(0, 0, self._size, self._size)
        theme = self._theme.theme
        paint_avatar(painter, rect, stable_id=self._stable_id, initials=self._initials, shape=self._shape, theme=theme)
        painter.end()
