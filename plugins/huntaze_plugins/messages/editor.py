"""The text field of the composer: grows from its base height to eight lines, then scrolls."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPalette, QResizeEvent, QTextBlockFormat, QTextCursor, QTextOption
from PySide6.QtWidgets import QFrame, QTextEdit, QWidget

from huntaze_desktop.ui_kit.focus import RING_PROPERTY
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

_MOST_LINES = 8


class MessageEdit(QTextEdit):
    """Plain text in the message style. Ctrl+Enter sends, Ctrl+Shift+Enter sends and moves on, Esc leaves."""

    send_wanted = Signal()
    send_and_next_wanted = Signal()
    later_wanted = Signal()
    """Ctrl+Shift+S."""
    up_from_nothing = Signal()
    """Up while nothing is written."""
    left = Signal()

    def __init__(self, theme: ThemeManager, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._least_lines = 2
        self.setAcceptRichText(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setProperty(RING_PROPERTY, False)  # noqa: FBT003 - Qt's signature
        self.setTabChangesFocus(True)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(0)
        self.setViewportMargins(12, 9, 12, 4)
        self.document().documentLayout().documentSizeChanged.connect(lambda _size: self._fit())
        self._restyle()
        theme.changed.connect(self._restyle)

    def set_least_lines(self, lines: int) -> None:
        """How many lines are shown when there is little text: two, or one in a low window."""
        self._least_lines = lines
        self._fit()

    def set_text(self, text: str) -> None:
        """Replace the text; the cursor stands at its end."""
        self.setPlainText(text)
        self._set_line_height()
        self.moveCursor(QTextCursor.MoveOperation.End)

    def _restyle(self) -> None:
        theme = self._theme.theme
        self.setFont(theme.font("message"))
        self.document().setDefaultFont(theme.font("message"))
        palette = QPalette()
        palette.setColor(QPalette.ColorRole.Base, QColor(0, 0, 0, 0))
        palette.setColor(QPalette.ColorRole.Text, theme.color("text"))
        palette.setColor(QPalette.ColorRole.PlaceholderText, theme.color("text3"))
        palette.setColor(QPalette.ColorRole.Highlight, theme.color("accent"))
        palette.setColor(QPalette.ColorRole.HighlightedText, theme.color("onAccent"))
        self.setPalette(palette)
        self._set_line_height()
        self._fit()

    def _set_line_height(self) -> None:
        form = QTextBlockFormat()
        height = self._theme.theme.line_height("message")
        form.setLineHeight(height, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        # Not through the undo stack: a person who undoes means the words.
        undo = self.document().isUndoRedoEnabled()
        self.document().setUndoRedoEnabled(False)
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.mergeBlockFormat(form)
        self.document().setUndoRedoEnabled(undo)

    def _fit(self) -> None:
        line = self._theme.theme.line_height("message")
        margins = self.viewportMargins()
        text = max(line * self._least_lines, round(self.document().size().height()))
        height = min(text, line * _MOST_LINES) + margins.top() + margins.bottom()
        if height != self.height() or self.minimumHeight() != height:
            self.setFixedHeight(height)
        needed = text > line * _MOST_LINES
        policy = Qt.ScrollBarPolicy.ScrollBarAsNeeded if needed else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        if policy != self.verticalScrollBarPolicy():
            self.setVerticalScrollBarPolicy(policy)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        control = Qt.KeyboardModifier.ControlModifier
        if enter and held == control | Qt.KeyboardModifier.ShiftModifier:
            self.send_and_next_wanted.emit()
        elif enter and held == control:
            self.send_wanted.emit()
        elif event.key() == Qt.Key.Key_S and held == control | Qt.KeyboardModifier.ShiftModifier:
            self.later_wanted.emit()
        elif event.key() == Qt.Key.Key_Up and not held and not self.toPlainText():
            self.up_from_nothing.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif held & Qt.KeyboardModifier.AltModifier and not held & control:
            # Not for the text: the page takes Alt with digits and letters, see the suggestions.
            event.ignore()
        else:
            super().keyPressEvent(event)
