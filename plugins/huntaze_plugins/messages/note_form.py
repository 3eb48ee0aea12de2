"""The field in which a note is written, with Save and Cancel."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from huntaze_desktop.ui_kit.buttons import Button
from huntaze_desktop.ui_kit.focus import RING_PROPERTY
from huntaze_desktop.ui_kit.labels import Paragraph
from huntaze_desktop.ui_kit.painting import rounded_box
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_desktop.ui_kit.tooltip import explain_disabled, explain_enabled
from huntaze_plugins.messages.words import tr

LONGEST = 5000


class NoteForm(QWidget):
    saved = Signal(str)
    cancelled = Signal()

    def __init__(self, theme: ThemeManager, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._field = _NoteEdit(theme)
        self._field.setObjectName("messages.note.text")
        self._field.textChanged.connect(self._refresh)
        self._field.saved.connect(self._save)
        self._field.left.connect(self.cancelled)
        self._field.installEventFilter(self)
        self.save = Button(theme, tr("Save"), kind="primary", size=28)
        self.save.setObjectName("messages.note.save")
        self.save.clicked.connect(self._save)
        cancel = Button(theme, tr("Cancel"), kind="ghost", size=28)
        cancel.setObjectName("messages.note.cancel")
        cancel.clicked.connect(self.cancelled)
        self._why = Paragraph(theme, style="small", role="dangerText")
        self._why.hide()
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.save)
        row.addWidget(cancel)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        column.addWidget(self._field)
        column.addWidget(self._why)
        column.addLayout(row)
        theme.changed.connect(self.update)
        self._refresh()

    def text(self) -> str:
        return self._field.toPlainText().strip()

    def set_text(self, text: str) -> None:
        self._field.setPlainText(text)

    def begin(self) -> None:
        self.explain("")
        self._field.setFocus(Qt.FocusReason.OtherFocusReason)
        self._field.moveCursor(self._field.textCursor().MoveOperation.End)

    def explain(self, why: str) -> None:
        """Say why the note was not saved; empty says nothing."""
        self._why.set_content(why)
        self._why.setVisible(bool(why))

    def _refresh(self) -> None:
        over = len(self.text()) - LONGEST
        if over > 0:
            explain_disabled(self.save, tr("Too long by {0} characters").format(over))
        elif not self.text():
            explain_disabled(self.save, tr("Nothing written yet"))
        else:
            explain_enabled(self.save)

    def _save(self) -> None:
        if self.save.isEnabled():
            self.saved.emit(self.text())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        focused = self._field.hasFocus()
        edge = theme.color("accent" if focused else "borderStrong")
        box = QRectF(self.rect())
        rounded_box(painter, box, 8, fill=theme.field_color(), border=edge, width=2 if focused else 1)
        painter.end()


class _NoteEdit(QPlainTextEdit):
    """Ctrl+Enter saves, Esc leaves."""

    saved = Signal()
    left = Signal()

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self._theme = theme
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setProperty(RING_PROPERTY, False)  # noqa: FBT003 - Qt's signature
        self.setTabChangesFocus(True)
        self.setAccessibleName(tr("Note"))
        self.setPlaceholderText(tr("What should the team know?"))
        self.document().setDocumentMargin(2)
        theme.changed.connect(self._restyle)
        self._restyle()

    def _restyle(self) -> None:
        theme = self._theme.theme
        self.setFont(theme.font("small"))
        palette = QPalette()
        palette.setColor(QPalette.ColorRole.Base, QColor(0, 0, 0, 0))
        palette.setColor(QPalette.ColorRole.Text, theme.color("text"))
        palette.setColor(QPalette.ColorRole.PlaceholderText, theme.color("text3"))
        self.setPalette(palette)
        self.setFixedHeight(3 * theme.line_height("small") + 10)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.saved.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)
