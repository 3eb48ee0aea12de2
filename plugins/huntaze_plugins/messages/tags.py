"""A fan's tags: add one in place, remove one by its cross. What the backend does not have yet is marked."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from huntaze_desktop.ui_kit.chips import AddTag, Tag
from huntaze_desktop.ui_kit.fields import LineEdit
from huntaze_desktop.ui_kit.labels import Paragraph, SectionHeader
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.flow import FlowLayout
from huntaze_plugins.messages.waits import waits_text
from huntaze_plugins.messages.words import tr

LONGEST = 40


class TagsSection(QWidget):
    added = Signal(str)
    removed = Signal(str)

    def __init__(self, theme: ThemeManager, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._shown: tuple[str, ...] = ()
        self._pending: frozenset[str] = frozenset()
        self._tags: list[Tag] = []
        self.add = AddTag(theme, tr("Add a tag (T)"))
        self.add.setObjectName("messages.tag.add")
        self.add.clicked.connect(self.begin)
        self.field = _TagEdit(theme)
        self.field.setObjectName("messages.tag.text")
        self.field.entered.connect(self._enter)
        self.field.given_up.connect(self._give_up)
        self.field.hide()
        self.reason = Paragraph(theme, style="small", role="text3")
        self.reason.hide()
        self._area = QWidget()
        self._flow = FlowLayout(self._area, 4)
        self._flow.addWidget(self.field)
        self._flow.addWidget(self.add)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 16, 12)
        column.setSpacing(4)
        column.addWidget(SectionHeader(theme, tr("Tags")))
        column.addWidget(self._area)
        column.addWidget(self.reason)

    def show_tags(self, tags: tuple[str, ...], pending: frozenset[str] = frozenset()) -> None:
        """Show a fan's tags; `pending` are those that only this computer knows of."""
        if (tags, pending) == (self._shown, self._pending):
            return
        self._shown, self._pending = tags, pending
        for tag in self._tags:
            self._flow.removeWidget(tag)
            tag.hide()
            tag.deleteLater()
        self._flow.removeWidget(self.field)
        self._flow.removeWidget(self.add)
        self._tags = []
        for text in tags:
            remove = tr("Remove the tag {0}").format(text)
            tag = Tag(self._theme, text, remove_name=remove, waits=waits_text() if text in pending else "")
            tag.removed.connect(self.removed)
            self._tags.append(tag)
            self._flow.addWidget(tag)
        self._flow.addWidget(self.field)
        self._flow.addWidget(self.add)
        self._explain("")

    def begin(self) -> None:
        """Open the field."""
        self.add.hide()
        self.field.show()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self._area.updateGeometry()

    def reset(self) -> None:
        """Another fan: nothing is being typed."""
        self.field.clear()
        self._give_up()

    def failed(self, tag: str, why: str) -> None:
        """The tag was not added: it stands in the field again."""
        self.field.setText(tag)
        self.add.hide()
        self.field.show()
        self._explain(why)

    def _explain(self, text: str) -> None:
        self.reason.set_content(text)
        self.reason.setVisible(bool(text))

    def _enter(self) -> None:
        text = self.field.text().strip()
        if not text:
            self._give_up()
        elif text.casefold() in {tag.casefold() for tag in self._shown}:
            self._explain(tr("This fan has the tag “{0}” already.").format(text))
        else:
            self._explain("")
            self.field.clear()
            self._give_up()
            self.added.emit(text)

    def _give_up(self) -> None:
        had_focus = self.field.hasFocus()
        self.field.hide()
        self.add.show()
        if had_focus and self.add.isEnabled():
            self.add.setFocus(Qt.FocusReason.OtherFocusReason)
        self._area.updateGeometry()


class _TagEdit(LineEdit):
    """Enter adds, Esc closes the field and keeps what was typed in it."""

    entered = Signal()
    given_up = Signal()

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__(theme, tr("New tag"), placeholder=tr("New tag"))
        self.setMaxLength(LONGEST)
        self.setFixedWidth(140)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.given_up.emit()
        else:
            super().keyPressEvent(event)
