"""A tier badge as a widget, painted as in the list."""

from __future__ import annotations

import math

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from huntaze_desktop.ui_kit.badges import TierKind, paint_tier, tier_width
from huntaze_desktop.ui_kit.theme_manager import ThemeManager


class TierBadge(QWidget):
    def __init__(self, theme: ThemeManager, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._kind: TierKind = "low"
        self._text = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_tier(self, kind: TierKind, text: str) -> None:
        self._kind, self._text = kind, text
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(math.ceil(tier_width(self._kind, self._text, self._theme.theme)), 18)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_tier(painter, 0, self.height() / 2, self._kind, self._text, self._theme.theme)
        painter.end()
