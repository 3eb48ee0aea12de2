"""The outbox popover: what waits on this computer, in the order in which it goes, and the changes that wait with it.

It takes views and gives signals; who carries out an edit or a deletion is told by the composition root.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from huntaze_contract.outgoing import State
from huntaze_desktop.model.entities import Creator, OutboxItem, PendingChange
from huntaze_desktop.ui.words import clock_time, translate
from huntaze_desktop.ui_kit.avatars import initials_of, paint_fan
from huntaze_desktop.ui_kit.buttons import Button, IconButton
from huntaze_desktop.ui_kit.chat.words import when_text
from huntaze_desktop.ui_kit.labels import ElidedLabel, IconLabel, Label, line
from huntaze_desktop.ui_kit.overlay_scroll import OverlayScrollBar
from huntaze_desktop.ui_kit.popover import Popover
from huntaze_desktop.ui_kit.text_area import TextArea
from huntaze_desktop.ui_kit.theme import ColorRole
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_desktop.ui_kit.tooltip import explain_disabled, explain_enabled

WIDTH = 400
SHOWN = 30
"""More rows than this are counted, not listed: a long time offline can leave hundreds."""
_TALLEST = 392
_MINUTE = 60


def estimated_seconds(items: Sequence[OutboxItem], limits: Mapping[str, int]) -> int:
    """How long sending takes once online, if nothing else is sent: accounts go side by side, each at its own pace."""
    waiting = Counter(item.creator_id for item in items if item.state is State.QUEUED_LOCAL and item.send_at is None)
    paces = (count * _MINUTE / max(1, limits.get(creator, 10)) for creator, count in waiting.items())
    return round(max(paces, default=0))


class OutboxPopover(Popover):
    """400 px wide, over the status bar. A message is changed in place; what needs a look says so."""

    edit_wanted = Signal(str, str)
    """Message and its new text."""
    delete_wanted = Signal(str)

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__(theme, translate("Outbox", "Outbox"), width=WIDTH, padding=0)
        self.setObjectName("outbox")
        self._items: tuple[OutboxItem, ...] = ()
        self._changes: tuple[PendingChange, ...] = ()
        self._creators: dict[str, Creator] = {}
        self._online = True
        self.rows: list[OutboxRow] = []
        self.summary = ElidedLabel(theme, style="small", role="text3")
        close = IconButton(theme, "x", translate("Outbox", "Close"), size=24)
        close.setObjectName("outbox.close")
        close.clicked.connect(self.dismiss)
        head = QHBoxLayout()
        head.setContentsMargins(16, 0, 12, 0)
        head.setSpacing(8)
        head.addWidget(Label(theme, translate("Outbox", "Outbox"), style="bodyStrong"))
        head.addWidget(self.summary, 1)
        head.addWidget(close)
        top = QWidget()
        top.setFixedHeight(48)
        top.setLayout(head)
        self._content = QWidget()
        self._column = QVBoxLayout(self._content)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._area = QScrollArea()
        self._area.setWidget(self._content)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.viewport().setAutoFillBackground(False)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._content.setAutoFillBackground(False)
        self._scroll = OverlayScrollBar(self._area)
        foot = QHBoxLayout()
        foot.setContentsMargins(16, 0, 16, 0)
        foot.setSpacing(6)
        foot.addWidget(IconLabel(theme, "info", 14, "text3"))
        saved = translate("Outbox", "Saved on this computer, encrypted.")
        foot.addWidget(Label(theme, saved, style="small", role="text3"), 1)
        bottom = QWidget()
        bottom.setFixedHeight(40)
        bottom.setLayout(foot)
        for widget in (top, self._area, line(theme), bottom):
            self.body.addWidget(widget)
        self._fill()

    def show_outbox(
        self,
        items: Sequence[OutboxItem],
        changes: Sequence[PendingChange],
        creators: Sequence[Creator],
        *,
        online: bool,
        now: datetime,
    ) -> None:
        """Show this state; a message that is being changed keeps its field."""
        state = (tuple(items), tuple(changes), {one.id: one for one in creators}, online)
        if state == (self._items, self._changes, self._creators, self._online) and self.rows:
            return
        self._items, self._changes, self._creators, self._online = state
        self._fill(now)

    def _fill(self, now: datetime | None = None) -> None:
        self.summary.setText(self._summary())
        editing = {row.item.id: row.field.text() for row in self.rows if row.is_editing}
        while (entry := self._column.takeAt(0)) is not None:
            if (widget := entry.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.rows = []
        for item in self._items[:SHOWN]:
            creator = self._creators.get(item.creator_id)
            row = OutboxRow(self._theme, item, creator.name if creator is not None else "", now)
            row.saved.connect(self.edit_wanted)
            row.deleted.connect(self.delete_wanted)
            row.resized.connect(self._fit)
            self._add(row)
            self.rows.append(row)
            if item.id in editing:
                row.begin(editing[item.id])
        left = len(self._items) - SHOWN
        if left > 0:
            self._add(_Line(self._theme, "ellipsis", translate("Outbox", "And {n} more").format(n=left)))
        if not self._items and not self._changes:
            self._add(_Line(self._theme, "check", translate("Outbox", "Nothing waits.")))
        if self._changes:
            title = translate("Outbox", "Changes, {n}").format(n=len(self._changes))
            self._add(_Heading(self._theme, title))
        for change in self._changes[:SHOWN]:
            self._add(_Line(self._theme, _change_icon(change.kind), change_text(change)))
        self._column.addStretch(1)
        self._fit()

    def _add(self, widget: QWidget) -> None:
        self._column.addWidget(widget)
        # A layout counts a new widget only once it is shown, which it would be a moment later.
        widget.show()

    def _summary(self) -> str:
        count = len(self._items)
        if not count:
            return ""
        text = translate("Outbox", "1 message") if count == 1 else translate("Outbox", "{n} messages").format(n=count)
        limits = {one.id: one.send_limit for one in self._creators.values()}
        seconds = estimated_seconds(self._items, limits)
        if self._online or not seconds:
            return text
        told = translate("Outbox", "{n} s").format(n=seconds)
        if seconds > 2 * _MINUTE:
            told = translate("Outbox", "{n} min").format(n=round(seconds / _MINUTE))
        return translate("Outbox", "{messages}, est. {time} to send once online").format(messages=text, time=told)

    def _fit(self) -> None:
        self._column.activate()
        wanted = min(_TALLEST, self._column.sizeHint().height())
        if wanted == self._area.height() and self._area.minimumHeight() == wanted:
            return
        bottom = self.geometry().bottom()
        self._area.setFixedHeight(wanted)
        self.adjustSize()
        if self.is_open:
            # It stands over the status bar: it grows upwards.
            self.move(self.x(), max(0, bottom - self.height() + 1))


class OutboxRow(QWidget):
    """Face, name and time, the text in one line, pencil and bin; or the text in a field."""

    saved = Signal(str, str)
    deleted = Signal(str)
    resized = Signal()

    def __init__(self, theme: ThemeManager, item: OutboxItem, creator: str, now: datetime | None) -> None:
        super().__init__()
        self._theme = theme
        self.item = item
        name = Label(theme, item.fan_name, style="bodyMedium")
        told, role = _state_words(item, now)
        self.state = ElidedLabel(theme, told, style="small", role=role)
        first = QHBoxLayout()
        first.setSpacing(6)
        first.addWidget(name)
        first.addWidget(self.state, 1)
        self.text = ElidedLabel(theme, " ".join(item.text.split()), style="small", role="text2")
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addStretch(1)
        words.addLayout(first)
        words.addWidget(self.text)
        words.addStretch(1)
        self.edit = IconButton(theme, "pencil", translate("Outbox", "Change the message"), size=24)
        self.edit.setObjectName("outbox.edit")
        self.edit.clicked.connect(lambda: self.begin(item.text))
        if not item.editable:
            explain_disabled(self.edit, translate("Outbox", "It is on its way already"))
        self.delete = IconButton(theme, "trash-2", translate("Outbox", "Delete the message"), size=24)
        self.delete.setObjectName("outbox.delete")
        self.delete.clicked.connect(lambda: self.deleted.emit(item.id))
        row = QHBoxLayout()
        row.setContentsMargins(16, 0, 12, 0)
        row.setSpacing(12)
        row.addWidget(_Face(theme, item, creator))
        row.addLayout(words, 1)
        row.addWidget(self.edit)
        row.addSpacing(-4)
        row.addWidget(self.delete)
        self._top = QWidget()
        self._top.setLayout(row)
        self._top.setFixedHeight(55)
        self.field = TextArea(theme, translate("Outbox", "Message"), lines=3)
        self.field.edit.setObjectName("outbox.text")
        self.field.changed.connect(self._check)
        self.field.submitted.connect(self._save)
        self.field.left.connect(self.leave)
        self.save = Button(theme, translate("Outbox", "Save"), kind="primary", size=28)
        self.save.setObjectName("outbox.save")
        self.save.clicked.connect(self._save)
        cancel = Button(theme, translate("Outbox", "Cancel"), kind="ghost", size=28)
        cancel.clicked.connect(self.leave)
        foot = QHBoxLayout()
        foot.setSpacing(6)
        foot.addWidget(self.save)
        foot.addWidget(cancel)
        foot.addStretch(1)
        below = QVBoxLayout()
        below.setContentsMargins(16, 0, 12, 12)
        below.setSpacing(6)
        below.addWidget(self.field)
        below.addLayout(foot)
        self._form = QWidget()
        self._form.setLayout(below)
        self._form.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(line(theme))
        column.addWidget(self._top)
        column.addWidget(self._form)
        self.setAccessibleName(f"{item.fan_name}, {told}: {item.text}")

    @property
    def is_editing(self) -> bool:
        return not self._form.isHidden()

    def begin(self, text: str) -> None:
        """Open the field with this text."""
        self.field.set_text(text)
        self._form.show()
        self.resized.emit()
        self.field.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def leave(self) -> None:
        """Close the field; the message stays as it is."""
        self._form.hide()
        self.resized.emit()
        self.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def _check(self) -> None:
        if self.field.text().strip():
            explain_enabled(self.save)
        else:
            explain_disabled(self.save, translate("Outbox", "Nothing written. Delete it instead."))

    def _save(self) -> None:
        text = self.field.text()
        if not text.strip():
            return
        self.leave()
        if text != self.item.text:
            self.saved.emit(self.item.id, text)


class _Face(QWidget):
    def __init__(self, theme: ThemeManager, item: OutboxItem, creator: str) -> None:
        super().__init__()
        self._theme, self._item, self._creator = theme, item, creator
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(38, 40)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        paint_fan(
            painter,
            QPointF(0, 2),
            32,
            fan_id=self._item.fan_id,
            fan_initials=initials_of(self._item.fan_name),
            creator_id=self._item.creator_id,
            creator_initials=initials_of(self._creator),
            row_color=theme.color("raised"),
            theme=theme,
        )
        painter.end()


class _Heading(QWidget):
    def __init__(self, theme: ThemeManager, text: str) -> None:
        super().__init__()
        self._theme = theme
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 0)
        row.addWidget(Label(theme, text, style="smallMedium", role="text2"))
        self.setFixedHeight(32)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(QRectF(0, 0, self.width(), 1), self._theme.theme.color("border"))
        painter.end()


class _Line(QWidget):
    def __init__(self, theme: ThemeManager, icon: str, text: str) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(8)
        row.addWidget(IconLabel(theme, icon, 14, "text3"))
        row.addWidget(ElidedLabel(theme, text, style="small", role="text2"), 1)
        self.setAccessibleName(text)
        self.setFixedHeight(28)


def _state_words(item: OutboxItem, now: datetime | None) -> tuple[str, ColorRole]:
    if item.state is State.NEEDS_REVIEW:
        return translate("Outbox", "needs a look"), "warningText"
    if item.state is State.EXPIRED:
        return translate("Outbox", "waited too long"), "warningText"
    if item.state in (State.FAILED, State.REJECTED):
        return translate("Outbox", "not sent"), "dangerText"
    if item.send_at is not None and now is not None:
        return translate("Outbox", "sends {time}").format(time=when_text(item.send_at, now)), "text3"
    return clock_time(item.composed_at), "text3"


def _change_icon(kind: str) -> str:
    if "note" in kind:
        return "sticky-note"
    if "tag" in kind:
        return "tag"
    return {"snooze": "alarm-clock", "set_done": "check", "assign": "user-plus", "set_field": "pencil"}.get(
        kind, "message-square"
    )


def change_text(change: PendingChange) -> str:
    """One line: what was changed, of whom."""
    what = {
        "add_note": translate("Outbox", "New note"),
        "edit_note": translate("Outbox", "Note changed"),
        "delete_note": translate("Outbox", "Note deleted"),
        "restore_note": translate("Outbox", "Note restored"),
        "add_tag": translate("Outbox", "Tag added"),
        "remove_tag": translate("Outbox", "Tag removed"),
        "set_field": translate("Outbox", "Detail changed"),
        "mark_read": translate("Outbox", "Read"),
        "mark_unread": translate("Outbox", "Marked as unread"),
        "snooze": translate("Outbox", "Snoozed"),
        "set_done": translate("Outbox", "Done"),
        "assign": translate("Outbox", "Assigned"),
        "save_draft": translate("Outbox", "Draft"),
    }.get(change.kind, change.kind.replace("_", " "))
    detail = " ".join(change.what.split())
    parts = [change.fan_name, f"{what}: {detail}" if detail else what]
    return " · ".join(part for part in parts if part)
