"""A field of several lines, as forms and dialogs have it; Ctrl+Enter is told to whoever listens."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QVBoxLayout, QWidget

from huntaze_desktop.ui_kit.focus import RING_PROPERTY
from huntaze_desktop.ui_kit.painting import rounded_box
from huntaze_desktop.ui_kit.theme_manager import ThemeManager


class TextArea(QWidget):
    """A rounded box around plain text, `lines` high; longer text scrolls."""

    changed = Signal()
    submitted = Signal()
    """Ctrl+Enter."""
    left = Signal()
    """Esc."""

    def __init__(
        self, theme: ThemeManager, name: str, *, placeholder: str = "", lines: int = 3, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self.edit = _Edit(theme, lines)
        self.edit.setAccessibleName(name)
        self.edit.setPlaceholderText(placeholder)
        self.edit.textChanged.connect(self.changed)
        self.edit.submitted.connect(self.submitted)
        self.edit.left.connect(self.left)
        self.edit.focused.connect(self.update)
        self.setFocusProxy(self.edit)
        column = QVBoxLayout(self)
        column.setContentsMargins(9, 5, 5, 5)
        column.addWidget(self.edit)
        theme.changed.connect(self.update)

    def text(self) -> str:
        return self.edit.toPlainText()

    def set_text(self, text: str) -> None:
        self.edit.setPlainText(text)
        self.edit.moveCursor(self.edit.textCursor().MoveOperation.End)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        focused = self.edit.hasFocus()
        edge = theme.color("accent" if focused else "borderStrong")
        box = QRectF(self.rect())
        rounded_box(painter, box, 6, fill=theme.field_color(), border=edge, width=2 if focused else 1)
        painter.end()


class _Edit(QPlainTextEdit):
    submitted = Signal()
    left = Signal()
    focused = Signal()

    def __init__(self, theme: ThemeManager, lines: int) -> None:
        super().__init__()
        self._theme = theme
        self._lines = lines
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setProperty(RING_PROPERTY, False)  # noqa: FBT003 - Qt's signature
        self.setTabChangesFocus(True)
        self.document().setDocumentMargin(2)
        theme.changed.connect(self._restyle)
        self._restyle()

    def _restyle(self) -> None:
        theme = self._theme.theme
        self.setFont(theme.font("body"))
        palette = QPalette()
        palette.setColor(QPalette.ColorRole.Base, QColor(0, 0, 0, 0))
        palette.setColor(QPalette.ColorRole.Text, theme.color("text"))
        palette.setColor(QPalette.ColorRole.PlaceholderText, theme.color("text3"))
        self.setPalette(palette)
        self.setFixedHeight(self._lines * theme.line_height("body") + 6)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focused.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focused.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.submitted.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)
