"""Mouse and menu of the timeline: actions in bubbles, links, and text that is selected by dragging."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QModelIndex, QPointF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QGuiApplication, QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QListView, QMenu, QWidget

from huntaze_desktop.ui_kit.chat import words
from huntaze_desktop.ui_kit.chat.delivery import Action, actions_of
from huntaze_desktop.ui_kit.chat.measures import Measures
from huntaze_desktop.ui_kit.chat.model import RowRole
from huntaze_desktop.ui_kit.chat.rows import MessageRow
from huntaze_desktop.ui_kit.chat.selection import TextSelection, word_at
from huntaze_desktop.ui_kit.chat.text import Link

_HIT_MARGIN = 4.0  # a word of 16 px becomes a hit area of 24


class TimelineMouse(QListView):
    """What a pointer does in a timeline; `TimelineView` adds the rows."""

    action_requested = Signal(str, object)
    """Message id and `Action`."""
    link_requested = Signal(str)
    """The address of a link that was clicked; whoever listens asks before opening it."""

    measures: Measures
    now: Callable[[], datetime]

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.keyboard_used = False
        self._selection: TextSelection | None = None
        self._pressed_action: tuple[str, Action] | None = None
        self._dragging = False
        self.setMouseTracking(True)

    def selected_text(self) -> str:
        return self._selection.selected if self._selection is not None else ""

    def selected_range(self, key: str) -> tuple[int, int] | None:
        selection = self._selection
        return selection.range if selection is not None and selection.key == key else None

    def forget_selection(self) -> None:
        if self._selection is not None:
            self._selection = None
            self.viewport().update()

    def message_at(self, point: QPointF) -> tuple[MessageRow, QPointF] | None:
        """The message row under a point of the viewport, and the point in the row's coordinates."""
        index = self.indexAt(point.toPoint())
        row = index.data(RowRole) if index.isValid() else None
        if not isinstance(row, MessageRow):
            return None
        return row, point - QPointF(self.visualRect(index).topLeft())

    def action_at(self, point: QPointF) -> tuple[str, Action] | None:
        """The action whose word is under a point of the viewport."""
        hit = self.message_at(point)
        if hit is None:
            return None
        row, inside = hit
        for action, rect in self.measures.placed(row).actions:
            if rect.adjusted(-_HIT_MARGIN, -_HIT_MARGIN, _HIT_MARGIN, _HIT_MARGIN).contains(inside):
                return row.key, action
        return None

    def link_at(self, point: QPointF) -> Link | None:
        hit = self.message_at(point)
        if hit is None:
            return None
        placed = self.measures.placed(hit[0])
        return placed.text.link_at(hit[1] - placed.text_at) if placed.text is not None else None

    def _text_hit(self, point: QPointF) -> tuple[MessageRow, int] | None:
        hit = self.message_at(point)
        if hit is None:
            return None
        placed = self.measures.placed(hit[0])
        if placed.text is None or not placed.bubble.contains(hit[1]):
            return None
        return hit[0], placed.text.position_at(hit[1] - placed.text_at)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.keyboard_used = False
        if event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        self._pressed_action = self.action_at(event.position())
        self.forget_selection()
        self._dragging = False
        if self._pressed_action is None and (text := self._text_hit(event.position())) is not None:
            row, position = text
            self._selection = TextSelection(row.key, row.message.text, position, position)
            self._dragging = True
        index = self.indexAt(event.position().toPoint())
        if index.isValid():
            self.setCurrentIndex(index)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragging and self._selection is not None:
            self._drag_to(event.position())
            return
        self._point(event.position())
        super().mouseMoveEvent(event)

    def _drag_to(self, point: QPointF) -> None:
        selection = self._selection
        index = self._index_of(selection.key) if selection is not None else None
        if selection is None or index is None:
            return
        row = index.data(RowRole)
        placed = self.measures.placed(row)
        if placed.text is None:
            return
        inside = point - QPointF(self.visualRect(index).topLeft()) - placed.text_at
        if inside.y() < 0:
            head = 0
        elif inside.y() >= placed.text.height:
            head = len(selection.text.encode("utf-16-le", "surrogatepass")) // 2
        else:
            head = placed.text.position_at(inside)
        self._selection = selection.moved(head)
        self.viewport().update(self.visualRect(index))

    def _index_of(self, key: str) -> QModelIndex | None:
        model = self.model()
        position = model.row_of(key)  # type: ignore[attr-defined]  # a TimelineModel; QListView knows only models
        return model.index(position, 0) if position is not None else None

    def _point(self, point: QPointF) -> None:
        viewport = self.viewport()
        if self.action_at(point) is not None or self.link_at(point) is not None:
            viewport.setCursor(Qt.CursorShape.PointingHandCursor)
        elif self._text_hit(point) is not None:
            viewport.setCursor(Qt.CursorShape.IBeamCursor)
        else:
            viewport.unsetCursor()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragging = False
        pressed, self._pressed_action = self._pressed_action, None
        if event.button() == Qt.MouseButton.LeftButton:
            if pressed is not None and pressed == self.action_at(event.position()):
                self.action_requested.emit(*pressed)
            elif not self.selected_text() and (link := self.link_at(event.position())) is not None:
                self.link_requested.emit(link.address)
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        text = self._text_hit(event.position())
        if text is not None:
            row, position = text
            self._selection = word_at(row.key, row.message.text, position)
            self.viewport().update()
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_key else self.indexAt(event.pos())
        row = index.data(RowRole) if index.isValid() else None
        if not isinstance(row, MessageRow):
            return
        at = self.visualRect(index).center() if by_key else event.pos()
        link = None if by_key else self.link_at(QPointF(event.pos()))
        menu = self.menu_for(row, link)
        menu.popup(self.viewport().mapToGlobal(at))

    def menu_for(self, row: MessageRow, link: Link | None = None) -> QMenu:
        """The menu of one message; it deletes itself when it closes."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        key, text = row.key, row.message.text or row.message.title or ""
        for action in actions_of(row.message, self.now()):
            entry = menu.addAction(words.action_text(action))
            entry.triggered.connect(lambda _=False, action=action: self.action_requested.emit(key, action))
        if menu.actions():
            menu.addSeparator()
        selected = self.selected_text() if self.selected_range(key) else ""
        copy = menu.addAction(words.copy_selection_text() if selected else words.copy_text())
        copy.triggered.connect(lambda: _to_clipboard(selected or text))
        if link is not None:
            entry = menu.addAction(words.copy_link_text())
            entry.triggered.connect(lambda: _to_clipboard(link.address))
        return menu

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            index = self.currentIndex()
            row = index.data(RowRole) if index.isValid() else None
            whole = row.message.text if isinstance(row, MessageRow) else ""
            if found := self.selected_text() or whole:
                _to_clipboard(found)
            return
        super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Letters are the page's shortcuts, not a search by first letter."""

    def focusInEvent(self, event: QFocusEvent) -> None:
        keyboard = (
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
            Qt.FocusReason.ShortcutFocusReason,
        )
        self.keyboard_used = event.reason() in keyboard
        super().focusInEvent(event)


def _to_clipboard(text: str) -> None:
    QGuiApplication.clipboard().setText(text)
