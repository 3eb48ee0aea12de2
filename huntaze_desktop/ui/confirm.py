"""Asks before something that cannot be undone: a card on a scrim over the window, with no nested event loop."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from huntaze_desktop.ui_kit.buttons import Button
from huntaze_desktop.ui_kit.labels import Paragraph
from huntaze_desktop.ui_kit.surfaces import Card
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

_WIDTH = 440


class ConfirmSheet(QWidget):
    """`decided` says once whether it was confirmed; Esc means no, and so does the button that has the focus."""

    decided = Signal(bool)

    def __init__(
        self, theme: ThemeManager, window: QWidget, *, title: str, text: str, confirm: str, cancel: str
    ) -> None:
        super().__init__(window)
        self._theme = theme
        self._window = window
        self.setObjectName("confirm")
        self.setAccessibleName(f"{title}. {text}")
        card = Card(theme, ground="raised", padding=24)
        card.setFixedWidth(_WIDTH)
        card.body.addWidget(Paragraph(theme, lead=title, style="heading"))
        card.body.addSpacing(8)
        card.body.addWidget(Paragraph(theme, text, role="text2"))
        card.body.addSpacing(20)
        self.confirm = Button(theme, confirm, kind="danger")
        self.confirm.setObjectName("confirm.yes")
        self.cancel = Button(theme, cancel, kind="secondary")
        self.cancel.setObjectName("confirm.no")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        row.addWidget(self.cancel)
        row.addWidget(self.confirm)
        card.body.addLayout(row)
        column = QVBoxLayout(self)
        column.addWidget(card, 0, Qt.AlignmentFlag.AlignCenter)
        self.confirm.clicked.connect(lambda: self._decide(yes=True))
        self.cancel.clicked.connect(lambda: self._decide(yes=False))
        window.installEventFilter(self)

    def open(self) -> None:
        """Cover the window and take the keyboard."""
        self.setGeometry(self._window.rect())
        self.show()
        self.raise_()
        self.cancel.setFocus(Qt.FocusReason.PopupFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window and event.type() == QEvent.Type.Resize:
            self.setGeometry(self._window.rect())
        return super().eventFilter(watched, event)

    def _decide(self, *, yes: bool) -> None:
        self.hide()
        self.decided.emit(yes)
        self.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._decide(yes=False)
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.theme.scrim())
        painter.end()
