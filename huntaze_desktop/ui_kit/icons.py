"""Lucide icons, recoloured: one engine renders an SVG once per name, size, colour and device pixel ratio."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QByteArray, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

import huntaze_resources

# Strokes thin out relative to the icon as it grows, as drawn: (largest size, stroke in px).
_STROKES = ((13.0, 1.3), (16.0, 1.4), (20.0, 1.6))
_STROKE_LARGE = 1.75
_CAPACITY = 600


def stroke_width(size: float) -> float:
    """Width of an icon's stroke in pixels when shown `size` pixels wide."""
    return next((stroke for largest, stroke in _STROKES if size <= largest), _STROKE_LARGE)


class Icons:
    """Renders and caches icons; the least recently used go first when the cache is full."""

    def __init__(self) -> None:
        self._sources: dict[str, str] = {}
        self._pixmaps: OrderedDict[tuple[str, float, int, float], QPixmap] = OrderedDict()

    def pixmap(self, name: str, size: float, color: QColor, ratio: float = 1.0) -> QPixmap:
        """The icon as a pixmap of `size` logical pixels.

        Raises:
            KeyError: no icon of this name ships.
        """
        key = (name, size, color.rgba(), ratio)
        pixmap = self._pixmaps.get(key)
        if pixmap is None:
            svg = self._source(name).replace('stroke-width="2"', f'stroke-width="{stroke_width(size) * 24 / size:.3f}"')
            pixmap = self._pixmaps[key] = _render(svg, size, color, ratio)
            if len(self._pixmaps) > _CAPACITY:
                self._pixmaps.popitem(last=False)
        else:
            self._pixmaps.move_to_end(key)
        return pixmap

    def paint(self, painter: QPainter, at: QPointF, name: str, size: float, color: QColor) -> None:
        """Draws the icon with its top left corner at `at`, sharp on the painter's device."""
        painter.drawPixmap(at, self.pixmap(name, size, color, painter.device().devicePixelRatioF()))

    def icon(self, name: str, size: int, color: QColor) -> QIcon:
        """A QIcon for the few Qt classes that insist on one (menus, window icon)."""
        icon = QIcon()
        for ratio in (1.0, 2.0):
            icon.addPixmap(self.pixmap(name, size, color, ratio))
        return icon

    def logo(self, size: int, color: QColor, ratio: float = 1.0) -> QPixmap:
        """The mark on its coloured field."""
        key = ("@logo", float(size), color.rgba(), ratio)
        if key not in self._pixmaps:
            self._pixmaps[key] = _render(huntaze_resources.logo_svg(), size, color, ratio)
        return self._pixmaps[key]

    def _source(self, name: str) -> str:
        source = self._sources.get(name)
        if source is None:
            source = self._sources[name] = huntaze_resources.icon_svg(name)
        return source


def _render(svg: str, size: float, color: QColor, ratio: float) -> QPixmap:
    renderer = QSvgRenderer(QByteArray(svg.replace("currentColor", color.name()).encode()))
    side = max(1, round(size * ratio))
    pixmap = QPixmap(QSize(side, side))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setOpacity(color.alphaF())
    renderer.render(painter, QRectF(0, 0, side, side))
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap
