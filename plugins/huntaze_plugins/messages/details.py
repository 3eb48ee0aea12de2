"""What the team keeps of a fan in single fields: nickname, birthday, about. Each is changed in place."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from huntaze_desktop.sdk import Fan, FanField
from huntaze_desktop.ui_kit.buttons import Button, IconButton
from huntaze_desktop.ui_kit.fields import LineEdit
from huntaze_desktop.ui_kit.labels import Label, Paragraph, SectionHeader
from huntaze_desktop.ui_kit.text_area import TextArea
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_desktop.ui_kit.tooltip import explain_disabled, explain_enabled
from huntaze_plugins.messages.waits import WaitsMark
from huntaze_plugins.messages.words import tr

LONGEST = 5000
_NAMES = ("nickname", "birthday", "about")


class DetailsSection(QWidget):
    """Three lines; a press on one opens its field, Enter or Save keeps it, Esc leaves it as it was."""

    changed = Signal(str, str)
    """Field and value."""

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self._fan = ""
        titles = {"nickname": tr("Nickname"), "birthday": tr("Birthday"), "about": tr("About")}
        hints = {
            "nickname": tr("What the team calls them"),
            "birthday": tr("2 December"),
            "about": tr("Work, family, what they like"),
        }
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 16, 12)
        column.setSpacing(4)
        column.addWidget(SectionHeader(theme, tr("Details")))
        self.lines = {name: FieldLine(theme, name, titles[name], hints[name]) for name in _NAMES}
        for line in self.lines.values():
            line.saved.connect(self.changed)
            column.addWidget(line)

    def show_fan(self, fan: Fan) -> None:
        """Show a fan's fields; one that is being changed is left alone unless it is another fan."""
        fields = {field.name: field for field in fan.fields}
        for name, line in self.lines.items():
            line.show_field(fields.get(name), other_fan=fan.id != self._fan)
        self._fan = fan.id

    def failed(self, name: str, value: str, why: str) -> None:
        """A field was not kept: what was written is in it again."""
        self.lines[name].failed(value, why)


class FieldLine(QWidget):
    """One field: its title, what it says, and a pencil; or, while it is changed, a field with Save and Cancel."""

    saved = Signal(str, str)

    def __init__(self, theme: ThemeManager, name: str, title: str, hint: str) -> None:
        super().__init__()
        self._name = name
        self._value = ""
        self.title = Label(theme, title, style="small", role="text3")
        self.value = Paragraph(theme, style="small", role="text")
        self.waits = WaitsMark(theme)
        self.waits.hide()
        self.edit = IconButton(theme, "pencil", tr("Change {0}").format(title.lower()), size=24)
        self.edit.setObjectName(f"messages.field.{name}.edit")
        self.edit.clicked.connect(self.begin)
        self.field: _Line | TextArea
        if name == "about":
            area = TextArea(theme, title, placeholder=hint, lines=4)
            area.submitted.connect(self._save)
            area.left.connect(self.leave)
            area.changed.connect(self._check)
            area.edit.setObjectName(f"messages.field.{name}")
            self.field = area
        else:
            line = _Line(theme, title, placeholder=hint)
            line.entered.connect(self._save)
            line.left.connect(self.leave)
            line.textChanged.connect(lambda _text: self._check())
            line.setObjectName(f"messages.field.{name}")
            self.field = line
        self.why = Paragraph(theme, style="small", role="dangerText")
        self.why.hide()
        self.save = Button(theme, tr("Save"), kind="primary", size=24)
        self.save.setObjectName(f"messages.field.{name}.save")
        self.save.clicked.connect(self._save)
        cancel = Button(theme, tr("Cancel"), kind="ghost", size=24)
        cancel.clicked.connect(self.leave)
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self.title)
        head.addWidget(self.waits)
        head.addStretch(1)
        head.addWidget(self.edit)
        foot = QHBoxLayout()
        foot.setSpacing(6)
        foot.setContentsMargins(0, 0, 0, 4)
        foot.addWidget(self.save)
        foot.addWidget(cancel)
        foot.addStretch(1)
        self._foot = QWidget()
        self._foot.setLayout(foot)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        for widget in (self.value, self.field, self.why, self._foot):
            column.addWidget(widget)
        self.field.hide()
        self._foot.hide()

    @property
    def is_open(self) -> bool:
        return not self.field.isHidden()

    def show_field(self, field: FanField | None, *, other_fan: bool) -> None:
        if other_fan:
            self._close()
        self._value = field.value if field is not None else ""
        self.value.set_content(self._value)
        self.value.setVisible(bool(self._value) and not self.is_open)
        self.waits.setVisible(field is not None and field.pending)
        told = tr("by {0}").format(field.by) if field is not None and field.by else ""
        self.value.setToolTip(told)
        self.setAccessibleName(f"{self.title.text()}: {self._value or tr('not known')}")

    def begin(self) -> None:
        """Open the field with what it says now."""
        self._fill(self._value)
        self.why.hide()
        self.value.hide()
        self.field.show()
        self._foot.show()
        self._check()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def failed(self, value: str, why: str) -> None:
        self.begin()
        self._fill(value)
        self.why.set_content(why)
        self.why.show()

    def leave(self) -> None:
        self._close()
        self.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def text(self) -> str:
        return self.field.text().strip()

    def _fill(self, value: str) -> None:
        if isinstance(self.field, TextArea):
            self.field.set_text(value)
        else:
            self.field.setText(value)

    def _check(self) -> None:
        over = len(self.text()) - LONGEST
        if over > 0:
            explain_disabled(self.save, tr("Too long by {0} characters").format(over))
        else:
            explain_enabled(self.save)

    def _save(self) -> None:
        if not self.save.isEnabled():
            return
        text = self.text()
        self.leave()
        if text != self._value:
            self.saved.emit(self._name, text)

    def _close(self) -> None:
        self.field.hide()
        self._foot.hide()
        self.why.hide()
        self.value.setVisible(bool(self._value))


class _Line(LineEdit):
    """Enter keeps, Esc leaves."""

    entered = Signal()
    left = Signal()

    def __init__(self, theme: ThemeManager, name: str, *, placeholder: str) -> None:
        super().__init__(theme, name, placeholder=placeholder)
        self.setMaxLength(200)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)
