"""A small popover with the emoji that are used most in chats."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QWidget

from huntaze_desktop.ui_kit.painting import rounded_box
from huntaze_desktop.ui_kit.popover import Popover
from huntaze_desktop.ui_kit.style import RADIUS_PROPERTY
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.words import tr

EMOJI = (
    "😊", "😂", "🥰", "😍", "😘", "😉", "😎", "🤗",
    "🙈", "😅", "🥺", "😢", "🤔", "😴", "🤩", "🥳",
    "👍", "👋", "🙏", "👏", "💪", "🤞", "✌️", "👀",
    "❤️", "💕", "🔥", "✨", "🎉", "🌹", "☀️", "🌙",
    "☕", "🍕", "🍷", "🎂", "✈️", "📸", "🎵", "🎁",
)  # fmt: skip
_COLUMNS = 8
_SIDE = 32


class EmojiPopover(Popover):
    """Eight columns; a choice inserts the emoji and leaves the popover open for another."""

    def __init__(self, theme: ThemeManager, choose: Callable[[str], None]) -> None:
        super().__init__(theme, tr("Emoji"), padding=6)
        grid = QGridLayout()
        grid.setSpacing(0)
        for number, emoji in enumerate(EMOJI):
            button = _EmojiButton(theme, emoji)
            button.clicked.connect(lambda _=False, emoji=emoji: choose(emoji))
            grid.addWidget(button, number // _COLUMNS, number % _COLUMNS)
        self.body.addLayout(grid)


class _EmojiButton(QAbstractButton):
    def __init__(self, theme: ThemeManager, emoji: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setText(emoji)
        self.setAccessibleName(emoji)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFixedSize(QSize(_SIDE, _SIDE))
        self.setProperty(RADIUS_PROPERTY, 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        box = QRectF(self.rect())
        if self.underMouse() or self.isDown():
            rounded_box(painter, box, 6, fill=theme.color("pressed" if self.isDown() else "hover"))
        painter.setPen(theme.color("text"))
        painter.setFont(theme.font("title", weight=400))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.text())
        painter.end()
