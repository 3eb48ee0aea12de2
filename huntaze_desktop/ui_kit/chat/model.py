"""The rows of a timeline as a Qt model that changes by steps, never by reset within one conversation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from huntaze_desktop.ui_kit.chat import words
from huntaze_desktop.ui_kit.chat.people import ChatPeople
from huntaze_desktop.ui_kit.chat.rows import MessageRow, Row
from huntaze_desktop.ui_kit.list_diff import Insert, Move, Remove, steps

RowRole = Qt.ItemDataRole.UserRole + 1
"""The row itself (`rows.Row`)."""
MessageRole = Qt.ItemDataRole.UserRole + 3
"""The `Message` of a row; None for dividers."""
MessageIdRole = Qt.ItemDataRole.UserRole + 2
"""The message's id; None for dividers."""

_Index = QModelIndex | QPersistentModelIndex


class TimelineModel(QAbstractListModel):
    """Rows keyed by what they are; `apply` finds the steps from the old rows to the new."""

    def __init__(self, now: Callable[[], datetime], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._now = now
        self._rows: list[Row] = []
        self._index: dict[str, int] = {}
        self.people = ChatPeople()

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(self._rows)

    def row_of(self, key: str) -> int | None:
        """Where the row with this key stands."""
        return self._index.get(key)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        if role == RowRole:
            return row
        if role == MessageRole:
            return row.message if isinstance(row, MessageRow) else None
        if role == MessageIdRole:
            return row.message.id if isinstance(row, MessageRow) else None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return words.spoken_row(row, self.people, self._now())
        if role == Qt.ItemDataRole.ToolTipRole and isinstance(row, MessageRow):
            return words.spoken_state(row.message, self._now()) or None
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren

    def replace(self, rows: tuple[Row, ...]) -> None:
        """Another conversation: everything is new."""
        self.beginResetModel()
        self._rows = list(rows)
        self._reindex()
        self.endResetModel()

    def apply(self, rows: tuple[Row, ...]) -> None:
        """The same conversation, later."""
        new = {row.key: row for row in rows}
        for step in steps([row.key for row in self._rows], [row.key for row in rows]):
            match step:
                case Remove(first, last):
                    self.beginRemoveRows(QModelIndex(), first, last)
                    del self._rows[first : last + 1]
                    self.endRemoveRows()
                case Insert(at, keys):
                    self.beginInsertRows(QModelIndex(), at, at + len(keys) - 1)
                    self._rows[at:at] = [new[cast("str", key)] for key in keys]
                    self.endInsertRows()
                case Move(source, target):
                    self.beginMoveRows(QModelIndex(), source, source, QModelIndex(), target)
                    moved = self._rows.pop(source)
                    self._rows.insert(target - 1 if source < target else target, moved)
                    self.endMoveRows()
        self._reindex()
        for position, row in enumerate(rows):
            if self._rows[position] is not row and self._rows[position] != row:
                self._rows[position] = row
                where = self.index(position)
                self.dataChanged.emit(where, where)

    def _reindex(self) -> None:
        self._index = {row.key: position for position, row in enumerate(self._rows)}
