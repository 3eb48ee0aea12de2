"""A card in the middle of the canvas: what start-up pages (passphrase, errors) stand on."""

from __future__ import annotations

from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from huntaze_desktop.ui_kit.surfaces import Card
from huntaze_desktop.ui_kit.theme_manager import ThemeManager


class CenteredPage(QWidget):
    """The canvas with one card on it; subclasses fill `body`."""

    def __init__(self, theme: ThemeManager, *, width: int) -> None:
        super().__init__()
        self._theme = theme
        card = Card(theme, ground="surface", padding=32)
        card.setFixedWidth(width)
        self.body = card.body
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(card)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.addStretch(1)
        column.addLayout(row)
        column.addStretch(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.theme.color("canvas"))
        painter.end()
