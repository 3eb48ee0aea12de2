"""A primary button with a second, narrow one at its end that opens a menu of other ways to do the same."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from huntaze_desktop.ui_kit.buttons import Button, IconButton
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

_END = 28


class SplitButton(QWidget):
    """`main` does it, `more` asks for the menu; each is enabled by itself."""

    menu_wanted = Signal()

    def __init__(self, theme: ThemeManager, text: str, *, more_name: str, key_hint: str | None = None) -> None:
        super().__init__()
        self.main = Button(theme, text, kind="primary", key_hint=key_hint)
        self.main.set_joined("right")
        self.more = _End(theme, more_name)
        self.more.clicked.connect(self.menu_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.main)
        row.addWidget(self.more)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)


class _End(IconButton):
    def __init__(self, theme: ThemeManager, name: str) -> None:
        super().__init__(theme, "chevron-down", name, kind="primary")
        self.set_joined("left")

    def sizeHint(self) -> QSize:
        return QSize(_END, self._height())

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        theme = self._theme.theme
        painter = QPainter(self)
        rule = theme.color("onAccent", 0.38) if self.isEnabled() else theme.color("borderStrong")
        painter.fillRect(QRectF(0, 7, 1, self.height() - 14), rule)
        painter.end()
