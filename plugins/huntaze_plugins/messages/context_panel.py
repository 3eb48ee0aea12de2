"""The right column: what is known of the fan, and what other plugins add to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from huntaze_desktop.sdk import (
    Connection,
    Context,
    ContextSection,
    ConversationRow,
    FanDetails,
    LiveView,
    Note,
    SdkError,
)
from huntaze_desktop.ui_kit.labels import SectionHeader, line
from huntaze_desktop.ui_kit.notices import EmptyState
from huntaze_desktop.ui_kit.overlay_scroll import OverlayScrollBar
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.change_notices import ChangeNotices
from huntaze_plugins.messages.details import DetailsSection
from huntaze_plugins.messages.fan_head import FanHead
from huntaze_plugins.messages.notes import NotesSection
from huntaze_plugins.messages.purchases import PurchasesSection
from huntaze_plugins.messages.spend import SpendSection
from huntaze_plugins.messages.tags import TagsSection
from huntaze_plugins.messages.waits import AsOf
from huntaze_plugins.messages.words import is_online, tr

SLOT = "messages.context_panel"


class ContextPanel(QWidget):
    """Shows the fan of the open conversation; every change is kept at once and comes back as a new view."""

    details_changed = Signal(object)

    def __init__(self, ctx: Context, theme: ThemeManager, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._theme = theme
        self._row: ConversationRow | None = None
        self._view: LiveView[FanDetails] | None = None
        self._sections: list[ContextSection] = []
        self.setObjectName("messages.context")
        self.setAccessibleName(tr("Fan details"))
        self.notices = ChangeNotices(theme)
        self.head = FanHead(theme)
        self.as_of = AsOf(theme)
        self.details = DetailsSection(theme)
        self.spend = SpendSection(theme)
        self.tags = TagsSection(theme)
        self.notes = NotesSection(theme)
        self.purchases = PurchasesSection(theme)
        self._lay_out()
        self.notices.dismissed.connect(self._dismiss)
        self.notices.restored.connect(self._restore)
        self.details.changed.connect(self._set_field)
        self.tags.added.connect(self._add_tag)
        self.tags.removed.connect(self._remove_tag)
        self.notes.added.connect(self._add_note)
        self.notes.edited.connect(self._edit_note)
        self.notes.deleted.connect(self._delete_note)
        self._notices_view = ctx.changes.notices()
        self._notices_view.subscribe(self.notices.show_notices)
        ctx.slots.declare(SLOT, self._on_contributions)

    def _lay_out(self) -> None:
        content = QWidget()
        content.setMinimumWidth(0)
        self._column = QVBoxLayout(content)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self.notices)
        self._column.addWidget(self.head)
        self.as_of.setContentsMargins(16, 0, 16, 8)
        self._column.addWidget(self.as_of)
        for section in (self.spend, self.tags, self.notes, self.details, self.purchases):
            self._column.addWidget(_Ruled(self._theme, section))
        self._extra = QVBoxLayout()
        self._extra.setSpacing(0)
        self._column.addLayout(self._extra)
        self._column.addStretch(1)
        area = QScrollArea()
        area.setWidget(content)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.viewport().setAutoFillBackground(False)
        content.setAutoFillBackground(False)
        self._scroll = OverlayScrollBar(area)
        nothing = EmptyState(
            self._theme,
            icon="user",
            title="",
            text=tr("Fan details appear here when a conversation is open."),
            tone="plain",
        )
        self._stack = QStackedLayout(self)
        self._stack.addWidget(nothing)
        self._stack.addWidget(area)

    def sizeHint(self) -> QSize:
        return QSize(self._theme.theme.layout("contextPanel.default"), 600)

    def show_row(self, row: ConversationRow | None) -> None:
        """The fan of a conversation; None while none is open."""
        before, self._row = self._row, row
        if row is None:
            self._close()
            self._stack.setCurrentIndex(0)
            self._tell_sections(None)
            return
        self._stack.setCurrentIndex(1)
        if before is not None and before.fan_id == row.fan_id:
            if self._view is not None:
                self.head.show_fan(row, self._view.value.fan, self._ctx.now())
            return
        self._close()
        self.tags.reset()
        self.notes.show_fan(row.fan_id)
        self.notices.show_fan(row.fan_name)
        view = self._ctx.fans.details(row.fan_id)
        self._view = view
        view.subscribe(self._on_details)
        self._tell_sections(row.fan_id)

    def set_connection(self, connection: Connection) -> None:
        self.as_of.set_online(online=is_online(connection), now=self._ctx.now())

    def close_views(self) -> None:
        self._notices_view.close()
        self._close()

    def _close(self) -> None:
        if self._view is not None:
            self._view.close()
            self._view = None

    def _on_details(self, details: FanDetails) -> None:
        row = self._row
        if row is None or (details.fan is not None and details.fan.id != row.fan_id):
            return
        now = self._ctx.now()
        fan = details.fan
        self.head.show_fan(row, fan, now)
        self.as_of.set_time(details.as_of, now)
        for section in (self.spend, self.tags, self.notes, self.details):
            section.setVisible(fan is not None)
        self.notes.show_notes(details.notes, now)
        if fan is not None:
            self.spend.show_totals(fan.totals)
            self.tags.show_tags(fan.tags, fan.pending_tags)
            self.details.show_fan(fan)
            self.purchases.show_purchases(details.purchases, fan.totals, now)
        else:
            self.purchases.hide()
        self.details_changed.emit(details)

    # changes

    def _add_tag(self, tag: str) -> None:
        if (row := self._row) is not None:
            work = self._ctx.fans.add_tag(row.fan_id, tag)
            self._ctx.spawn(work, on_error=self._if_still(row, lambda why: self.tags.failed(tag, why)))

    def _remove_tag(self, tag: str) -> None:
        if (row := self._row) is not None:
            self._ctx.spawn(self._ctx.fans.remove_tag(row.fan_id, tag), on_error=self._tell)

    def _add_note(self, text: str) -> None:
        row = self._row
        if row is None:
            return

        async def add() -> None:
            await self._ctx.fans.add_note(row.fan_id, text)

        self._ctx.spawn(add(), on_error=self._if_still(row, lambda why: self.notes.failed(text, why)))

    def _edit_note(self, note_id: str, text: str, base_ver: int) -> None:
        if (row := self._row) is not None:
            work = self._ctx.fans.edit_note(note_id, text, base_ver)
            self._ctx.spawn(work, on_error=self._if_still(row, lambda why: self.notes.failed(text, why)))

    def _delete_note(self, note: Note) -> None:
        async def delete() -> None:
            await self._ctx.fans.delete_note(note.id)
            self._ctx.shell.toast(tr("Note deleted"), action=tr("Undo"), on_action=undo)

        async def restore() -> None:
            await self._ctx.fans.restore_note(note.id)

        def undo() -> None:
            self._ctx.spawn(restore(), on_error=self._tell)

        self._ctx.spawn(delete(), on_error=self._tell)

    def _set_field(self, name: str, value: str) -> None:
        if (row := self._row) is not None:
            work = self._ctx.fans.set_field(row.fan_id, name, value)
            failed = self._if_still(row, lambda why: self.details.failed(name, value, why))
            self._ctx.spawn(work, on_error=failed)

    def _dismiss(self, notice_id: str) -> None:
        self._ctx.spawn(self._ctx.changes.dismiss(notice_id), on_error=self._tell)

    def _restore(self, notice_id: str) -> None:
        self._ctx.spawn(self._ctx.changes.restore(notice_id), on_error=self._tell)

    def _if_still(self, row: ConversationRow, act: Callable[[str], None]) -> Callable[[Exception], None]:
        """What to do about a failed change: `act` while its fan is still shown, else a word about it."""

        def on_error(error: Exception) -> None:
            if self._row is not None and self._row.fan_id == row.fan_id:
                act(_why(error))
            else:
                self._ctx.shell.toast(tr("A change to {0} was not saved: {1}").format(row.fan_name, _why(error)))

        return on_error

    def _tell(self, error: Exception) -> None:
        self._ctx.shell.toast(_why(error))

    # what other plugins add

    def _on_contributions(self, items: tuple[Any, ...]) -> None:
        while (item := self._extra.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self._sections = [item for item in items if isinstance(item, ContextSection)]
        for section in self._sections:
            built = section.build()
            if isinstance(built, QWidget):
                self._extra.addWidget(_Ruled(self._theme, _Titled(self._theme, section.title, built)))
        self._tell_sections(self._row.fan_id if self._row is not None else None)

    def _tell_sections(self, fan_id: str | None) -> None:
        for section in self._sections:
            section.show_fan(fan_id)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.theme.color("surface"))
        painter.end()


class _Ruled(QWidget):
    """A section under a hairline; both hide together."""

    def __init__(self, theme: ThemeManager, section: QWidget) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._line = line(theme)
        self._section = section
        column.addWidget(self._line)
        column.addWidget(section)


class _Titled(QWidget):
    def __init__(self, theme: ThemeManager, title: str, content: QWidget) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 16, 12)
        column.setSpacing(4)
        column.addWidget(SectionHeader(theme, title))
        column.addWidget(content)


def _why(error: Exception) -> str:
    return error.text if isinstance(error, SdkError) else str(error)
