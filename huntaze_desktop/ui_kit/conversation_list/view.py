"""The list view of conversations: opens what is chosen, keeps selection and scroll through every new listing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QHelpEvent, QHideEvent, QKeyEvent, QMouseEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QToolTip, QWidget

from huntaze_desktop.model.entities import ConversationRow
from huntaze_desktop.model.listing import ConversationListing
from huntaze_desktop.ui_kit.conversation_list import words
from huntaze_desktop.ui_kit.conversation_list.delegate import ConversationDelegate, RowAction
from huntaze_desktop.ui_kit.conversation_list.items import has_aged, items_of, key_of, waiting_rows
from huntaze_desktop.ui_kit.conversation_list.model import ConversationIdRole, ConversationListModel, RowRole
from huntaze_desktop.ui_kit.focus import RING_PROPERTY
from huntaze_desktop.ui_kit.overlay_scroll import OverlayScrollBar
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

_STALE_EVERY = 5
_NEAR_END_ROWS = 10


class ConversationListView(QListView):
    """Rows of a `ConversationListing`; one clock of a second repaints the timers in view."""

    opened = Signal(str)
    """A person chose a conversation, by mouse or keyboard."""
    reply_wanted = Signal()
    """Enter on the chosen conversation."""
    more_wanted = Signal()
    """The end of the loaded rows is near."""
    action_requested = Signal(str, str)
    """Conversation id and `RowAction`, by the pointer."""
    marks_changed = Signal(int)
    """How many conversations are selected together."""
    stale = Signal()
    """A conversation has outgrown its section: the listing should be asked for again."""

    def __init__(self, theme: ThemeManager, now: Callable[[], datetime], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._now = now
        self._rows = ConversationListModel(now, self)
        self._delegate = ConversationDelegate(theme.theme, now, self)
        self._wanted: str | None = None
        self._marks: dict[str, None] = {}
        self._mark_from: str | None = None
        self._pressed: tuple[str, RowAction] | None = None
        self._applying = False
        self._ticks = 0
        self.setModel(self._rows)
        self.setItemDelegate(self._delegate)
        self._dress()
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._tick)
        self.selectionModel().currentChanged.connect(self._on_current)
        self.verticalScrollBar().valueChanged.connect(self._on_scroll)
        theme.changed.connect(self._on_theme)

    def _dress(self) -> None:
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setMouseTracking(True)
        # A row that sinks to "Answered" must not take the view with it.
        self.setAutoScroll(False)
        self.setProperty(RING_PROPERTY, False)  # noqa: FBT003 - Qt's signature
        self.verticalScrollBar().setSingleStep(32)
        self.scroll_bar = OverlayScrollBar(self)

    @property
    def list_model(self) -> ConversationListModel:
        return self._rows

    @property
    def compact(self) -> bool:
        return self._delegate.compact

    def set_compact(self, compact: bool) -> None:
        """Rows of 52 instead of 64 pixels, for narrow windows."""
        if compact != self._delegate.compact:
            self._delegate.compact = compact
            self.scheduleDelayedItemsLayout()

    def set_creators(self, names: Mapping[str, str]) -> None:
        """Names by creator id, for the badges."""
        self._delegate.creators = dict(names)
        self.viewport().update()

    def set_people(self, ids: Mapping[str, str]) -> None:
        """Ids of colleagues by name, for the colours of their faces."""
        self._delegate.people = dict(ids)
        self.viewport().update()

    def show_listing(self, listing: ConversationListing) -> None:
        """Apply a new listing; what is chosen and what is in view stay."""
        before = self._visible_tops()
        bar = self.verticalScrollBar()
        at_top = bar.value() == 0
        self._applying = True
        self.viewport().setUpdatesEnabled(False)
        try:
            self._rows.apply(items_of(listing))
            self._drop_lost_marks()
            self.doItemsLayout()
            self._restore_choice()
            if at_top:
                bar.setValue(0)
            elif before:
                bar.setValue(bar.value() + self._shift(before))
        finally:
            self._applying = False
            self.viewport().setUpdatesEnabled(True)

    def choose(self, conversation_id: str | None) -> None:
        """Mark a conversation as the open one, without a signal; it stays chosen when it comes into the list later."""
        self._wanted = conversation_id
        self._applying = True
        self._restore_choice()
        self._applying = False

    @property
    def chosen(self) -> str | None:
        return self._wanted

    def reveal(self) -> None:
        """Scroll the chosen row into view."""
        index = self._rows.index_of(self._wanted or "")
        if index.isValid():
            self.scrollTo(index, QAbstractItemView.ScrollHint.EnsureVisible)

    def neighbour(self, step: int) -> str | None:
        """The conversation `step` rows below (or above) the chosen one; the first or last when none is chosen."""
        ids = self._ids()
        if not ids:
            return None
        if self._wanted not in ids:
            return ids[0] if step > 0 else ids[-1]
        position = ids.index(self._wanted) + step
        return ids[position] if 0 <= position < len(ids) else None

    def next_waiting(self) -> str | None:
        """Who waits longest, apart from the chosen conversation."""
        return next((row.id for row in waiting_rows(self._rows.items) if row.id != self._wanted), None)

    def row(self, conversation_id: str) -> ConversationRow | None:
        item = self._rows.index_of(conversation_id).data(RowRole)
        return item if isinstance(item, ConversationRow) else None

    # several at once

    @property
    def marked(self) -> tuple[ConversationRow, ...]:
        """What is selected together, in the list's order."""
        return tuple(item for item in self._rows.items if isinstance(item, ConversationRow) and item.id in self._marks)

    def clear_marks(self) -> None:
        if self._marks:
            self._marks.clear()
            self._told_marks()

    def mark_step(self, step: int) -> None:
        """Shift+J and Shift+K: select the chosen conversation and the one `step` rows on."""
        ids = self._ids()
        start = self._mark_from if self._mark_from in ids and self._marks else self._wanted
        if start not in ids:
            return
        position = ids.index(start) + step
        if not 0 <= position < len(ids):
            return
        if ids[position] in self._marks:
            self._marks.pop(start, None)
        else:
            self._marks |= {start: None, ids[position]: None}
        self._mark_from = ids[position]
        self.scrollTo(self._rows.index_of(ids[position]), QAbstractItemView.ScrollHint.EnsureVisible)
        self._told_marks()

    def _mark_one(self, conversation_id: str) -> None:
        if conversation_id in self._marks:
            del self._marks[conversation_id]
        else:
            self._marks[conversation_id] = None
        self._mark_from = conversation_id
        self._told_marks()

    def _mark_to(self, conversation_id: str) -> None:
        ids = self._ids()
        start = self._mark_from if self._mark_from in ids and self._marks else self._wanted
        first = ids.index(start) if start in ids else ids.index(conversation_id)
        last = ids.index(conversation_id)
        self._marks |= dict.fromkeys(ids[min(first, last) : max(first, last) + 1])
        self._mark_from = start if start in ids else conversation_id
        self._told_marks()

    def _drop_lost_marks(self) -> None:
        lost = [one for one in self._marks if not self._rows.index_of(one).isValid()]
        for one in lost:
            del self._marks[one]
        if lost:
            self._told_marks()

    def _told_marks(self) -> None:
        self._delegate.marked = frozenset(self._marks)
        self.viewport().update()
        self.marks_changed.emit(len(self._marks))

    def _ids(self) -> list[str]:
        return [item.id for item in self._rows.items if isinstance(item, ConversationRow)]

    def action_rect(self, conversation_id: str, action: RowAction) -> QRect:
        """Where a row's action is in the viewport."""
        rect = QRectF(self.visualRect(self._rows.index_of(conversation_id)))
        return next(place for one, place in self._delegate.actions_in(rect) if one is action).toRect()

    def _action_at(self, point: QPointF) -> tuple[ConversationRow, RowAction] | None:
        index = self.indexAt(point.toPoint())
        row = index.data(RowRole) if index.isValid() else None
        if not isinstance(row, ConversationRow) or self._marks:
            return None
        places = self._delegate.actions_in(QRectF(self.visualRect(index)))
        return next(((row, action) for action, place in places if place.contains(point)), None)

    def _restore_choice(self) -> None:
        index = self._rows.index_of(self._wanted) if self._wanted is not None else QModelIndex()
        selection = self.selectionModel()
        if index.isValid():
            selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        else:
            selection.clear()

    def _on_current(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if self._applying or not current.isValid():
            return
        conversation_id = current.data(ConversationIdRole)
        if conversation_id is not None and conversation_id != self._wanted:
            self._wanted = conversation_id
            self.reveal()
            self.opened.emit(conversation_id)

    def _visible_tops(self) -> dict[str, int]:
        area = self.viewport().rect()
        tops: dict[str, int] = {}
        # Not from the first row on: far down in a long list that takes 10 ms, every second.
        first = max(0, self.indexAt(area.topLeft()).row())
        for position, item in enumerate(self._rows.items[first:], first):
            rect = self.visualRect(self._rows.index(position))
            if rect.top() > area.bottom():
                break
            if rect.bottom() >= area.top():
                tops[key_of(item)] = rect.top()
        return tops

    def _shift(self, before: Mapping[str, int]) -> int:
        """By how much most of what was in view has moved: single rows may have gone elsewhere."""
        moves: Counter[int] = Counter()
        for key, top in before.items():
            index = self._rows.index_of(key)
            if index.isValid():
                moves[self.visualRect(index).top() - top] += 1
        return moves.most_common(1)[0][0] if moves else 0

    def visible_rows(self) -> list[QModelIndex]:
        """Conversations in view, top to bottom."""
        indexes = (self._rows.index_of(key) for key in self._visible_tops())
        return [index for index in indexes if index.data(ConversationIdRole) is not None]

    def _tick(self) -> None:
        for index in self.visible_rows():
            row = index.data(RowRole)
            if row.waiting_since is not None:
                self.viewport().update(self.visualRect(index))
        self._ticks += 1
        if self._ticks % _STALE_EVERY == 0 and has_aged(self._rows.items, self._now()):
            self.stale.emit()

    def _on_scroll(self, value: int) -> None:
        bar = self.verticalScrollBar()
        row = self._theme.theme.size("row.conversation")
        if not self._applying and bar.maximum() > 0 and value >= bar.maximum() - _NEAR_END_ROWS * row:
            self.more_wanted.emit()

    def _on_theme(self) -> None:
        self._delegate.theme = self._theme.theme
        self.doItemsLayout()
        self.viewport().update()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._clock.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._delegate.ringed = True
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self.reply_wanted.emit()
            return
        if event.text().isprintable() and event.text().strip():
            # Letters are the page's shortcuts; Qt would search by first letter.
            event.ignore()
            return
        super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._delegate.ringed = False
        conversation_id = self.indexAt(event.position().toPoint()).data(ConversationIdRole)
        if event.button() == Qt.MouseButton.LeftButton and conversation_id is not None:
            if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                self._mark_one(conversation_id)
                return
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self._mark_to(conversation_id)
                return
            hit = self._action_at(event.position())
            self._pressed = (hit[0].id, hit[1]) if hit is not None else None
            if self._pressed is not None:
                return
            self.clear_marks()
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, None
        hit = self._action_at(event.position())
        if pressed is not None:
            if hit is not None and (hit[0].id, hit[1]) == pressed:
                self.action_requested.emit(*pressed)
            return
        super().mouseReleaseEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        hit = self._action_at(event.position())
        pointed = hit[1] if hit is not None else None
        if pointed is not self._delegate.pointed:
            self._delegate.pointed = pointed
            self.viewport().update()
        if self._pressed is None:
            super().mouseMoveEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            hit = self._action_at(QPointF(event.pos()))
            if hit is not None:
                QToolTip.showText(event.globalPos(), words.action_text(hit[1], hit[0]), self.viewport())
                return True
        return super().viewportEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        by_keyboard = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self._delegate.ringed = event.reason() in by_keyboard
        # Qt would choose the first row here; that would open a conversation by merely arriving.
        self._applying = True
        super().focusInEvent(event)
        self._restore_choice()
        self._applying = False
        self.viewport().update()
