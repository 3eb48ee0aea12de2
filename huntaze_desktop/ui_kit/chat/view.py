"""The list view of a timeline: paging, staying where one reads, and a clock for what is visible.

What is read never moves: around every change the first visible message is remembered with its pixel position and put
back there. Only who stands at the newest message follows new ones.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from PySide6.QtCore import QModelIndex, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QWidget

from huntaze_desktop.model.window import MessageWindow
from huntaze_desktop.ui_kit.chat.delegate import TimelineDelegate
from huntaze_desktop.ui_kit.chat.delivery import Delivery, actions_in_bubble, delivery_of
from huntaze_desktop.ui_kit.chat.interaction import TimelineMouse
from huntaze_desktop.ui_kit.chat.measures import Measures
from huntaze_desktop.ui_kit.chat.model import RowRole, TimelineModel
from huntaze_desktop.ui_kit.chat.painter import Marks
from huntaze_desktop.ui_kit.chat.people import ChatPeople
from huntaze_desktop.ui_kit.chat.rows import HeadRow, MessageRow, Row, rows_of
from huntaze_desktop.ui_kit.focus import RING_PROPERTY
from huntaze_desktop.ui_kit.overlay_scroll import OverlayScrollBar
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

_NEAR_BOTTOM = 24
_SCREENS_AHEAD = 2
_JUST_NOW = timedelta(minutes=2)
_COUNTING = frozenset({Delivery.LIMITED, Delivery.HELD})


class TimelineView(TimelineMouse):
    """Shows a `MessageWindow`; asks for more of it when less than two screens are left."""

    older_wanted = Signal()
    newer_wanted = Signal()
    unseen_changed = Signal(int)
    """How many messages came in below what is visible."""
    newest_left = Signal(bool)
    """Whether the newest message is out of sight (true) or in view."""

    def __init__(self, theme: ThemeManager, now: Callable[[], datetime], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.now = now
        self.measures = Measures(theme.theme)
        self._rows = TimelineModel(now, self)
        self._window: MessageWindow | None = None
        self._offline = True
        self._unseen = 0
        self._away = False
        self._busy = False
        self.setModel(self._rows)
        self.setItemDelegate(TimelineDelegate(self.measures, now, self._marks, self))
        self._dress()
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._tick)
        self.verticalScrollBar().valueChanged.connect(self._on_scroll)
        theme.changed.connect(self._on_theme)

    def _dress(self) -> None:
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(False)
        self.setProperty(RING_PROPERTY, False)  # noqa: FBT003 - Qt's signature
        self.verticalScrollBar().setSingleStep(40)
        self.scroll_bar = OverlayScrollBar(self)

    @property
    def timeline_model(self) -> TimelineModel:
        return self._rows

    @property
    def unseen(self) -> int:
        return self._unseen

    def set_people(self, people: ChatPeople) -> None:
        if people != self._rows.people:
            self._rows.people = people
            self.measures.people = people
            self.viewport().update()

    def show_window(self, window: MessageWindow) -> None:
        """Show this state of the conversation; another conversation opens at its newest message."""
        before = self._window
        self._window = window
        self.setProperty("conversationId", window.conversation_id)
        rows = self._rows_of(window)
        if before is None or before.conversation_id != window.conversation_id or not before.rows:
            self.forget_selection()
            self._rearranged(lambda: self._rows.replace(rows), to_bottom=True)
            self._set_unseen(0)
        else:
            follows = _wrote(before, window) or (self.is_at_bottom() and before.has_newest)
            fresh = 0 if follows else _arrived(before, window)
            self._rearranged(lambda: self._rows.apply(rows), to_bottom=follows)
            self._set_unseen(0 if follows else self._unseen + fresh)
        self._want_more()
        self._note_distance()

    def _rows_of(self, window: MessageWindow) -> tuple[Row, ...]:
        return rows_of(window, offline=self._offline, now=self.now())

    def set_offline(self, *, offline: bool) -> None:
        """Whether what only this computer has stands under a divider that says so."""
        if offline != self._offline:
            self._offline = offline
            if self._window is not None:
                rows = self._rows_of(self._window)
                self._rearranged(lambda: self._rows.apply(rows), to_bottom=self.is_at_bottom())

    def clear(self) -> None:
        """Show nothing."""
        self._window = None
        self.setProperty("conversationId", None)
        self.forget_selection()
        self._rows.replace(())
        self._set_unseen(0)

    def is_at_bottom(self) -> bool:
        bar = self.verticalScrollBar()
        return bar.value() >= bar.maximum() - _NEAR_BOTTOM

    def to_newest(self) -> None:
        """Scroll to the newest message of the window."""
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())
        self._set_unseen(0)

    def anchor(self) -> tuple[str, int] | None:
        """The first message in view and the position of its top edge."""
        viewport = self.viewport().rect()
        for position, row in enumerate(self._rows.rows):
            if isinstance(row, MessageRow):
                rect = self.visualRect(self._rows.index(position))
                if rect.bottom() >= viewport.top():
                    return row.key, rect.top()
        return None

    def _rearranged(
        self, change: Callable[[], None], *, to_bottom: bool, anchor: tuple[str, int] | None = None
    ) -> None:
        if not to_bottom and anchor is None:
            anchor = self.anchor()
        self._busy = True
        self.viewport().setUpdatesEnabled(False)
        try:
            change()
            self._settle()
            bar = self.verticalScrollBar()
            if to_bottom:
                bar.setValue(bar.maximum())
            elif anchor is not None and (position := self._rows.row_of(anchor[0])) is not None:
                moved = self.visualRect(self._rows.index(position)).top() - anchor[1]
                bar.setValue(bar.value() + moved)
        finally:
            self._busy = False
            self.viewport().setUpdatesEnabled(True)

    def _settle(self) -> None:
        """Lay the rows out, with the room above that puts a short conversation at the bottom."""
        self.measures.set_width(self.viewport().width())
        rows = self._rows.rows
        others = sum(self.measures.height(row) for row in rows if not isinstance(row, HeadRow))
        self.measures.filler = max(0, self.viewport().height() - others)
        self.doItemsLayout()

    def _want_more(self) -> None:
        window, bar = self._window, self.verticalScrollBar()
        if window is None or window.loading or not window.rows or self._busy:
            return
        ahead = _SCREENS_AHEAD * self.viewport().height()
        if not window.has_oldest and bar.value() < ahead:
            self.older_wanted.emit()
        if not window.has_newest and bar.maximum() - bar.value() < ahead:
            self.newer_wanted.emit()

    def _on_scroll(self) -> None:
        if self._busy:
            return
        if self.is_at_bottom() and self._window is not None and self._window.has_newest:
            self._set_unseen(0)
        self._want_more()
        self._note_distance()

    def _note_distance(self) -> None:
        window = self._window
        away = window is not None and bool(window.rows) and not (window.has_newest and self.is_at_bottom())
        if away != self._away:
            self._away = away
            self.newest_left.emit(away)

    def _set_unseen(self, count: int) -> None:
        if count != self._unseen:
            self._unseen = count
            self.unseen_changed.emit(count)

    def _marks(self, row: Row) -> Marks:
        ringed = False
        if isinstance(row, MessageRow) and self.hasFocus() and self.keyboard_used:
            ringed = row.key == self.current_key()
        return Marks(selection=self.selected_range(row.key), ringed=ringed)

    def current_key(self) -> str | None:
        row = self.currentIndex().data(RowRole) if self.currentIndex().isValid() else None
        return row.key if isinstance(row, MessageRow) else None

    def _tick(self) -> None:
        for index in self.visible_indexes():
            row = index.data(RowRole)
            if isinstance(row, MessageRow) and delivery_of(row.message) in _COUNTING:
                self.viewport().update(self.visualRect(index))
        self._let_go()

    def _let_go(self) -> None:
        """Bubbles whose few seconds for Undo are over become queued ones; the window may not change for long."""
        window, now = self._window, self.now()
        held = [row.message.hold_until for row in self._rows.rows if isinstance(row, MessageRow)]
        if window is not None and any(until is not None and until <= now for until in held):
            rows = self._rows_of(window)
            self._rearranged(lambda: self._rows.apply(rows), to_bottom=self.is_at_bottom())

    def visible_indexes(self) -> list[QModelIndex]:
        """The rows that are in view, top to bottom."""
        area: QRect = self.viewport().rect()
        found = []
        for position in range(self._rows.rowCount()):
            index = self._rows.index(position)
            rect = self.visualRect(index)
            if rect.top() > area.bottom():
                break
            if rect.bottom() >= area.top():
                found.append(index)
        return found

    def _on_theme(self) -> None:
        self.measures.set_theme(self._theme.theme)
        if self._window is not None:
            self._rearranged(lambda: None, to_bottom=self.is_at_bottom())
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        # Also called for the viewport when a scroll bar comes or goes, in the middle of a layout.
        if self._busy or self._window is None:
            super().resizeEvent(event)
            return
        follows = self.is_at_bottom() and self._unseen == 0
        anchor = None if follows else self.anchor()
        super().resizeEvent(event)
        self._rearranged(lambda: None, to_bottom=follows, anchor=anchor)
        self._want_more()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._clock.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.keyboard_used = True
        row = self.currentIndex().data(RowRole) if self.currentIndex().isValid() else None
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(row, MessageRow):
            actions = actions_in_bubble(row.message)
            if actions:
                self.action_requested.emit(row.key, actions[0])
                return
        if event.key() == Qt.Key.Key_End:
            self.to_newest()
            return
        super().keyPressEvent(event)


def _wrote(before: MessageWindow, after: MessageWindow) -> bool:
    """Whether the person here added a message at the newest end."""
    if not (before.has_newest and after.has_newest):
        return False
    known = {row.id for row in before.rows}
    newest = next((row for row in reversed(after.rows) if row.outgoing and row.mine), None)
    return newest is not None and newest.id not in known and newest.at >= after.rows[-1].at - _JUST_NOW


def _arrived(before: MessageWindow, after: MessageWindow) -> int:
    """Messages that came in at the newest end."""
    if not (before.has_newest and after.has_newest):
        return 0
    known = {row.id for row in before.rows}
    newest = max((row.at for row in before.rows), default=None)
    return sum(
        1 for row in after.rows if row.id not in known and not row.mine and newest is not None and row.at >= newest
    )
