"""The conversation list as a Qt model: listings come whole and are applied by id, so that nothing loses its place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from huntaze_desktop.model.entities import ConversationRow
from huntaze_desktop.ui_kit.conversation_list import words
from huntaze_desktop.ui_kit.conversation_list.items import Item, key_of
from huntaze_desktop.ui_kit.list_diff import Insert, Move, Remove, steps

ConversationIdRole = Qt.ItemDataRole.UserRole + 1
"""The conversation's id; None for headers."""
RowRole = Qt.ItemDataRole.UserRole + 2
"""The item: a `ConversationRow`, a `SectionItem` or a `FooterItem`."""

_Index = QModelIndex | QPersistentModelIndex


class ConversationListModel(QAbstractListModel):
    """Items keyed by conversation or section."""

    def __init__(self, now: Callable[[], datetime], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._now = now
        self._items: list[Item] = []
        self._index: dict[str, int] = {}

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(self._items)

    def index_of(self, key: str) -> QModelIndex:
        """The index of a conversation or header; invalid when it is not listed."""
        position = self._index.get(key)
        return self.index(position) if position is not None else QModelIndex()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._items)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._items):
            return None
        item = self._items[index.row()]
        if role == RowRole:
            return item
        if role == ConversationIdRole:
            return item.id if isinstance(item, ConversationRow) else None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return words.spoken_item(item, self._now())
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        if not isinstance(self._items[index.row()], ConversationRow):
            return Qt.ItemFlag.ItemNeverHasChildren
        selectable = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return selectable | Qt.ItemFlag.ItemNeverHasChildren

    def apply(self, items: tuple[Item, ...]) -> None:
        """Become this listing by removing, inserting and moving what changed."""
        new = {key_of(item): item for item in items}
        for step in steps([key_of(item) for item in self._items], [key_of(item) for item in items]):
            match step:
                case Remove(first, last):
                    self.beginRemoveRows(QModelIndex(), first, last)
                    del self._items[first : last + 1]
                    self.endRemoveRows()
                case Insert(at, keys):
                    self.beginInsertRows(QModelIndex(), at, at + len(keys) - 1)
                    self._items[at:at] = [new[cast("str", key)] for key in keys]
                    self.endInsertRows()
                case Move(source, target):
                    self.beginMoveRows(QModelIndex(), source, source, QModelIndex(), target)
                    moved = self._items.pop(source)
                    self._items.insert(target - 1 if source < target else target, moved)
                    self.endMoveRows()
        self._index = {key_of(item): position for position, item in enumerate(self._items)}
        for position, item in enumerate(items):
            if self._items[position] is not item and self._items[position] != item:
                self._items[position] = item
                where = self.index(position)
                self.dataChanged.emit(where, where)
