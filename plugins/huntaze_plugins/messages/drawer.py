"""The context panel over the page, where the window is too narrow for three columns."""

from __future__ import annotations

from PySide6.QtCore import QRect
from PySide6.QtGui import QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from huntaze_desktop.ui_kit.theme_manager import ThemeManager

_SHADE = 12


class Drawer(QWidget):
    """Lies at the right edge of its parent, full height, with a soft shadow to its left."""

    def __init__(self, theme: ThemeManager, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(_SHADE + 1, 0, 0, 0)
        theme.changed.connect(self.update)
        self.hide()

    def take(self, panel: QWidget) -> None:
        """Hold the panel; a splitter takes it back by adding it."""
        self._row.addWidget(panel)
        panel.show()

    def place(self, area: QRect, width: int) -> None:
        self.setGeometry(area.right() + 1 - width - _SHADE, area.top(), width + _SHADE, area.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        shade = QLinearGradient(0, 0, _SHADE, 0)
        shade.setColorAt(0, theme.color("scrim", 0.0))
        shade.setColorAt(1, theme.color("scrim", theme.shadow(2).opacity))
        painter.fillRect(0, 0, _SHADE, self.height(), shade)
        painter.fillRect(_SHADE, 0, 1, self.height(), theme.color("border"))
        painter.end()
