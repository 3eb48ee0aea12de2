"""The overlay that lists the keys, opened by "?". It shows what pages told the window, nothing invented."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from huntaze_desktop.ui.state import ShortcutView
from huntaze_desktop.ui.words import translate
from huntaze_desktop.ui_kit.buttons import IconButton
from huntaze_desktop.ui_kit.focus import RING_PROPERTY
from huntaze_desktop.ui_kit.labels import KeyHint, Label
from huntaze_desktop.ui_kit.shadow import paint_raised
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

_WIDTH = 640


class ShortcutOverlay(QWidget):
    """Lies over the whole window: a scrim and a card. Esc, "?" or a press beside the card closes it."""

    dismissed = Signal()

    def __init__(
        self, theme: ThemeManager, window: QWidget, groups: Sequence[tuple[str, Sequence[ShortcutView]]]
    ) -> None:
        super().__init__(window)
        self._theme = theme
        self.setObjectName("shortcuts")
        self.setAccessibleName(translate("Shortcuts", "Keyboard shortcuts"))
        self.setGeometry(window.rect())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty(RING_PROPERTY, False)  # noqa: FBT003 - Qt's signature
        self._card = QWidget(self)
        column = QVBoxLayout(self._card)
        column.setContentsMargins(20, 16, 20, 20)
        column.setSpacing(12)
        head = QHBoxLayout()
        head.addWidget(Label(theme, self.accessibleName(), style="heading"))
        head.addStretch(1)
        close = IconButton(theme, "x", translate("Shortcuts", "Close"), size=28)
        close.setObjectName("shortcuts.close")
        close.clicked.connect(self.dismiss)
        head.addWidget(close)
        column.addLayout(head)
        grid = QGridLayout()
        grid.setHorizontalSpacing(40)
        for n, (title, shortcuts) in enumerate(groups):
            grid.addWidget(self._group(title, shortcuts), n // 2, n % 2, Qt.AlignmentFlag.AlignTop)
        for side in (0, 1):
            grid.setColumnStretch(side, 1)
        column.addLayout(grid)
        self._card.setFixedWidth(_WIDTH)
        self._card.adjustSize()
        self._card.move((self.width() - self._card.width()) // 2, max(24, (self.height() - self._card.height()) // 3))

    def _group(self, title: str, shortcuts: Sequence[ShortcutView]) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(Label(self._theme, title, style="smallMedium", role="text3"))
        column.addSpacing(4)
        for shortcut in shortcuts:
            line = QWidget()
            line.setFixedHeight(30)
            row = QHBoxLayout(line)
            row.setContentsMargins(0, 0, 0, 0)
            row.addWidget(Label(self._theme, shortcut.text, role="text2"))
            row.addStretch(1)
            row.addWidget(KeyHint(self._theme, *shortcut.keys))
            column.addWidget(line)
        return box

    def dismiss(self) -> None:
        self.hide()
        self.dismissed.emit()
        self.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape or event.text() == "?":
            self.dismiss()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._card.geometry().contains(event.position().toPoint()):
            self.dismiss()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.scrim())
        paint_raised(painter, QRectF(self._card.geometry()), 12, theme, 3)
        painter.end()
