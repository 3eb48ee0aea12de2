"""The sheet: the surface that pages lie on, with the banners over them.

One frame paints ground, hairline and the round top left corner; children stay transparent. What would paint over the
corner (a banner) is covered again by a tiny mask widget on top.
"""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QFrame, QStackedWidget, QVBoxLayout, QWidget

from huntaze_desktop.ui_kit.notices import Banner
from huntaze_desktop.ui_kit.painting import left_rounded_path
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

_RADIUS = 12


class Sheet(QFrame):
    """Banners, then the stack of pages."""

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self._theme = theme
        self._banners: dict[str, Banner] = {}
        self.pages = QStackedWidget()
        self.setObjectName("sheet")
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 0, 1)
        column.setSpacing(0)
        self._area = QVBoxLayout()
        self._area.setSpacing(0)
        column.addLayout(self._area)
        column.addWidget(self.pages, 1)
        self._corner = _Corner(theme, self)
        theme.changed.connect(self.update)

    @property
    def banners(self) -> dict[str, Banner]:
        return dict(self._banners)

    def show_banner(self, key: str, banner: Banner) -> None:
        """Puts a banner under the others; one of the same key is replaced."""
        self.hide_banner(key)
        banner.setObjectName(f"banner.{key}")
        self._banners[key] = banner
        self._area.addWidget(banner)
        self._corner.raise_()

    def hide_banner(self, key: str) -> None:
        banner = self._banners.pop(key, None)
        if banner is not None:
            banner.hide()
            self._area.removeWidget(banner)
            banner.deleteLater()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._corner.raise_()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.color("border"))
        painter.setBrush(theme.color("surface"))
        # Past the right edge, where the drawing has no line.
        box = QRectF(self.rect()).adjusted(0.5, 0.5, 1.5, -0.5)
        painter.drawPath(left_rounded_path(box, _RADIUS - 0.5))
        painter.end()


class _Corner(QWidget):
    """Canvas outside the round corner, and the hairline along it."""

    def __init__(self, theme: ThemeManager, sheet: Sheet) -> None:
        super().__init__(sheet)
        self._theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setGeometry(0, 0, _RADIUS, _RADIUS)
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outside = QPainterPath(QPointF(0, 0))
        outside.lineTo(_RADIUS, 0)
        outside.arcTo(QRectF(0, 0, 2 * _RADIUS, 2 * _RADIUS), 90, 90)
        outside.closeSubpath()
        painter.fillPath(outside, theme.color("canvas"))
        painter.setPen(QPen(theme.color("border"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawArc(QRectF(0.5, 0.5, 2 * _RADIUS - 1, 2 * _RADIUS - 1), 90 * 16, 90 * 16)
        painter.end()
