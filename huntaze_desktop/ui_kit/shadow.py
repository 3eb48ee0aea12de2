"""Soft shadows as nine-patch pixmaps.

A shadow is blurred once per level, theme and radius; corners and edges are then stretched to any size. Effects
(`QGraphicsDropShadowEffect`) would render the whole popover again on every repaint.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QMargins, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QGraphicsBlurEffect, QGraphicsPixmapItem, QGraphicsScene

if TYPE_CHECKING:
    from huntaze_desktop.ui_kit.theme import Theme

_CAPACITY = 24


@dataclass(frozen=True, slots=True)
class Shadow:
    """One elevation step; lengths in logical pixels, opacity 0 to 1."""

    y: int
    blur: int
    color: str
    opacity: float


def shadow_margins(shadow: Shadow) -> QMargins:
    """How far a shadow reaches beyond its box."""
    reach = shadow.blur
    return QMargins(reach, max(0, reach - shadow.y), reach, reach + shadow.y)


class Shadows:
    """Paints shadows, keeping the blurred patches."""

    def __init__(self) -> None:
        self._patches: OrderedDict[tuple[Shadow, int], QPixmap] = OrderedDict()

    def paint(self, painter: QPainter, box: QRectF, radius: int, shadow: Shadow) -> None:
        """Paints the shadow of a rounded `box`; the box itself is the caller's to paint over it."""
        patch = self._patch(shadow, radius)
        corner = shadow.blur + max(radius, shadow.blur)
        side = patch.width()
        outer = box.adjusted(-shadow.blur, -shadow.blur + shadow.y, shadow.blur, shadow.blur + shadow.y).toRect()
        # Corners meet in the middle when the box is smaller than two of them.
        reach_x, reach_y = min(corner, outer.width() // 2), min(corner, outer.height() // 2)
        columns = ((outer.left(), reach_x, 0, corner), (outer.left() + reach_x, outer.width() - 2 * reach_x, corner, 1),
                   (outer.left() + outer.width() - reach_x, reach_x, side - corner, corner))  # fmt: skip
        rows = ((outer.top(), reach_y, 0, corner), (outer.top() + reach_y, outer.height() - 2 * reach_y, corner, 1),
                (outer.top() + outer.height() - reach_y, reach_y, side - corner, corner))  # fmt: skip
        for left, width, source_left, source_width in columns:
            for top, height, source_top, source_height in rows:
                if width > 0 and height > 0:
                    source = QRect(source_left, source_top, source_width, source_height)
                    painter.drawPixmap(QRect(left, top, width, height), patch, source)

    def _patch(self, shadow: Shadow, radius: int) -> QPixmap:
        key = (shadow, radius)
        patch = self._patches.get(key)
        if patch is None:
            patch = self._patches[key] = _blurred(shadow, radius)
            if len(self._patches) > _CAPACITY:
                self._patches.popitem(last=False)
        return patch


def _blurred(shadow: Shadow, radius: int) -> QPixmap:
    corner = shadow.blur + max(radius, shadow.blur)
    side = corner * 2 + 1
    box = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    box.fill(Qt.GlobalColor.transparent)
    painter = QPainter(box)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    color = QColor(shadow.color)
    color.setAlphaF(shadow.opacity)
    painter.setBrush(color)
    painter.setPen(Qt.PenStyle.NoPen)
    inner = side - 2 * shadow.blur
    painter.drawRoundedRect(QRectF(shadow.blur, shadow.blur, inner, inner), radius, radius)
    painter.end()
    scene = QGraphicsScene()
    item = QGraphicsPixmapItem(QPixmap.fromImage(box))
    blur = QGraphicsBlurEffect()
    blur.setBlurRadius(shadow.blur)
    blur.setBlurHints(QGraphicsBlurEffect.BlurHint.QualityHint)
    item.setGraphicsEffect(blur)
    scene.addItem(item)
    out = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    out.fill(Qt.GlobalColor.transparent)
    painter = QPainter(out)
    scene.render(painter, QRectF(0, 0, side, side), QRectF(0, 0, side, side))
    painter.end()
    return QPixmap.fromImage(out)


def paint_raised(painter: QPainter, box: QRectF, radius: int, theme: Theme, level: Literal[1, 2, 3] = 2) -> None:
    """Paints a raised box with its shadow and hairline: popovers, menus, toasts."""
    theme.shadows.paint(painter, box, radius, theme.shadow(level))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(theme.color("borderStrong" if theme.is_dark else "border"))
    painter.setBrush(theme.color("raised"))
    inner = box.adjusted(0.5, 0.5, -0.5, -0.5)
    painter.drawRoundedRect(inner, radius - 0.5, radius - 0.5)
    painter.setPen(Qt.PenStyle.NoPen)
