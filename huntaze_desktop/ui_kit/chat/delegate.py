"""Joins the timeline's rows with their measures and their painter for QListView."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from huntaze_desktop.ui_kit.chat.measures import Measures
from huntaze_desktop.ui_kit.chat.model import RowRole
from huntaze_desktop.ui_kit.chat.painter import Marks, RowPainter
from huntaze_desktop.ui_kit.chat.rows import Row

_Index = QModelIndex | QPersistentModelIndex


class TimelineDelegate(QStyledItemDelegate):
    def __init__(
        self, measures: Measures, now: Callable[[], datetime], marks: Callable[[Row], Marks], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._measures = measures
        self._painter = RowPainter(measures)
        self._now = now
        self._marks = marks

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        row = index.data(RowRole)
        return QSize(1, self._measures.height(row)) if row is not None else QSize(1, 0)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row = index.data(RowRole)
        if row is not None:
            self._painter.paint(painter, row, QRectF(option.rect), self._now(), self._marks(row))
