"""The team's notes on a fan: add, edit one's own, delete with undo. What the backend does not have yet says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from huntaze_desktop.sdk import Note
from huntaze_desktop.ui_kit.avatars import Avatar
from huntaze_desktop.ui_kit.buttons import IconButton
from huntaze_desktop.ui_kit.labels import ElidedLabel, Paragraph, SectionHeader
from huntaze_desktop.ui_kit.painting import rounded_box
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.note_form import NoteForm
from huntaze_plugins.messages.waits import WaitsMark, waits_text
from huntaze_plugins.messages.words import day_month, tr


class NotesSection(QWidget):
    """Cards of notes and one form, which writes a new note or rewrites one of one's own."""

    added = Signal(str)
    edited = Signal(str, str, int)
    """Note id, text, version that was edited."""
    deleted = Signal(object)

    def __init__(self, theme: ThemeManager, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._notes: tuple[Note, ...] = ()
        self._cards: list[NoteCard] = []
        self._kept: dict[str, str] = {}
        self._fan = ""
        self._editing: Note | None = None
        self._header = SectionHeader(theme, tr("Notes"))
        self.add = IconButton(theme, "plus", tr("Add a note (N)"), size=24)
        self.add.setObjectName("messages.note.add")
        self.add.clicked.connect(self.begin)
        self._header.add_control(self.add)
        self.form = NoteForm(theme)
        self.form.saved.connect(self._save)
        self.form.cancelled.connect(self._cancel)
        self.form.hide()
        self._list = QVBoxLayout()
        self._list.setSpacing(8)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 16, 12)
        column.setSpacing(4)
        column.addWidget(self._header)
        column.addWidget(self.form)
        column.addSpacing(4)
        column.addLayout(self._list)

    def show_fan(self, fan_id: str) -> None:
        """Another fan: an unfinished new note is kept and comes back with the fan."""
        if fan_id == self._fan:
            return
        if self._fan and self._editing is None:
            self._kept[self._fan] = self.form.text()
        self._fan = fan_id
        self._editing = None
        kept = self._kept.pop(fan_id, "")
        self.form.set_text(kept)
        self.form.explain("")
        self.form.setVisible(bool(kept))

    def show_notes(self, notes: tuple[Note, ...], now: datetime) -> None:
        self._header.set_count(len(notes) or None)
        if notes == self._notes:
            return
        self._notes = notes
        while (item := self._list.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._cards = [NoteCard(self._theme, note, now, self._begin_edit, self.deleted.emit) for note in notes]
        for card in self._cards:
            self._list.addWidget(card)

    def begin(self) -> None:
        """Open the form for a new note."""
        self._editing = None
        self.form.show()
        self.form.begin()

    def failed(self, text: str, why: str) -> None:
        """A note was not saved: its text is in the form again."""
        if not self.form.text():
            self.form.set_text(text)
        self.form.show()
        self.form.explain(why)

    def _begin_edit(self, note: Note) -> None:
        self._editing = note
        self.form.set_text(note.text)
        self.form.show()
        self.form.begin()

    def _save(self, text: str) -> None:
        editing, self._editing = self._editing, None
        self.form.set_text("")
        self.form.hide()
        if editing is None:
            self.added.emit(text)
        elif text != editing.text:
            self.edited.emit(editing.id, text, editing.ver)
        self.add.setFocus(Qt.FocusReason.OtherFocusReason)

    def _cancel(self) -> None:
        self._editing = None
        self.form.set_text("")
        self.form.hide()
        self.add.setFocus(Qt.FocusReason.OtherFocusReason)


class NoteCard(QWidget):
    """One note with its author; one's own can be changed."""

    def __init__(
        self,
        theme: ThemeManager,
        note: Note,
        now: datetime,
        edit: Callable[[Note], None],
        delete: Callable[[Note], None],
    ) -> None:
        super().__init__()
        self._theme = theme
        self.note = note
        face = Avatar(theme, 16)
        face.set_person(note.author_name, note.author_name)
        told = f"{note.author_name}, {day_month(note.edited_at or note.created_at, now)}"
        foot = QHBoxLayout()
        foot.setSpacing(4)
        foot.addWidget(face)
        foot.addWidget(ElidedLabel(theme, told, style="micro", role="text3"), 1)
        if note.pending:
            foot.addWidget(WaitsMark(theme))
            told = f"{told}, {waits_text()}"
        self.buttons: list[IconButton] = []
        if note.mine:
            for icon, name, act in (
                ("pencil", tr("Edit the note"), edit),
                ("trash-2", tr("Delete the note"), delete),
            ):
                button = IconButton(theme, icon, name, size=24)
                button.clicked.connect(lambda _=False, act=act: act(note))
                foot.addWidget(button)
                self.buttons.append(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(11, 9, 8 if note.mine else 11, 5 if note.mine else 9)
        column.setSpacing(4)
        column.addWidget(Paragraph(theme, note.text, style="small"))
        column.addLayout(foot)
        self.setAccessibleName(f"{note.text}, {told}")
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        rounded_box(painter, QRectF(self.rect()), 8, fill=theme.color("subtle"), border=theme.color("border"))
        painter.end()
