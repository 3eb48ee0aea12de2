"""A month to choose a day from, with the keyboard as well: arrows move by day and week, Page Up and Down by month."""

from __future__ import annotations

from datetime import date, timedelta

from PySide6.QtCore import QDate, QEvent, QLocale, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from huntaze_desktop.ui_kit.painting import rounded_box
from huntaze_desktop.ui_kit.style import RADIUS_PROPERTY
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

_CELL = 32
_DAYS = 7
_WEEKS = 6


class MonthGrid(QWidget):
    """Six weeks of 32 px days; days before `earliest` or after `latest` cannot be chosen."""

    chosen = Signal(object)
    """A `date`, by mouse, arrows or Enter."""
    month_changed = Signal(str)
    """What stands over the grid, such as "November 2026"."""

    def __init__(self, theme: ThemeManager, day: date, *, earliest: date, latest: date) -> None:
        super().__init__()
        self._theme = theme
        self._day = max(earliest, min(day, latest))
        self._earliest = earliest
        self._latest = latest
        self._month = self._day.replace(day=1)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty(RADIUS_PROPERTY, 6)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._hover: date | None = None
        theme.changed.connect(self.update)
        self._name_it()

    @property
    def day(self) -> date:
        return self._day

    @property
    def title(self) -> str:
        """The month that is shown, in the reader's language."""
        return QLocale().toString(QDate(self._month.year, self._month.month, 1), "MMMM yyyy")

    def choose(self, day: date) -> None:
        """Choose a day, as near to it as the limits allow."""
        self._day = max(self._earliest, min(day, self._latest))
        self._show_month(self._day.replace(day=1))
        self._name_it()
        self.chosen.emit(self._day)

    def turn(self, months: int) -> None:
        """Show an earlier or later month; the chosen day stays."""
        number = self._month.year * 12 + self._month.month - 1 + months
        first = date(number // 12, number % 12 + 1, 1)
        if self._earliest.replace(day=1) <= first <= self._latest:
            self._show_month(first)

    def _show_month(self, first: date) -> None:
        if first != self._month:
            self._month = first
            self.month_changed.emit(self.title)
        self.update()

    def _name_it(self) -> None:
        day = QDate(self._day.year, self._day.month, self._day.day)
        self.setAccessibleName(QLocale().toString(day, QLocale.FormatType.LongFormat))

    def _first_shown(self) -> date:
        starts = QLocale().firstDayOfWeek().value
        return self._month - timedelta(days=(self._month.isoweekday() - starts) % _DAYS)

    def _cell(self) -> int:
        return self._theme.theme.at_least(_CELL)

    def sizeHint(self) -> QSize:
        cell = self._cell()
        return QSize(_DAYS * cell, 24 + _WEEKS * cell)

    def _at(self, point: QPointF) -> date | None:
        cell = self._cell()
        column, row = int(point.x() // cell), int((point.y() - 24) // cell)
        if not (0 <= column < _DAYS and 0 <= row < _WEEKS) or point.y() < 24:
            return None
        day = self._first_shown() + timedelta(days=row * _DAYS + column)
        return day if self._earliest <= day <= self._latest else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover = self._at(event.position())
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        day = self._at(event.position())
        if day is not None:
            self.choose(day)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -_DAYS, Qt.Key.Key_Down: _DAYS}
        key = Qt.Key(event.key())
        if key in moves:
            self.choose(self._day + timedelta(days=moves[key]))
        elif key == Qt.Key.Key_PageUp:
            self.turn(-1)
        elif key == Qt.Key.Key_PageDown:
            self.turn(1)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        cell, first = self._cell(), self._first_shown()
        painter.setFont(theme.font("micro", weight=500))
        painter.setPen(theme.color("text3"))
        for column in range(_DAYS):
            weekday = (first + timedelta(days=column)).isoweekday()
            name = QLocale().dayName(weekday, QLocale.FormatType.ShortFormat)[:2]
            painter.drawText(QRectF(column * cell, 0, cell, 24), Qt.AlignmentFlag.AlignCenter, name)
        painter.setFont(theme.font("small"))
        for number in range(_DAYS * _WEEKS):
            day = first + timedelta(days=number)
            box = QRectF(number % _DAYS * cell + 1, 24 + number // _DAYS * cell + 1, cell - 2, cell - 2)
            allowed = self._earliest <= day <= self._latest
            if day == self._day:
                rounded_box(painter, box, 6, fill=theme.color("accent"))
            elif day == self._hover:
                rounded_box(painter, box, 6, fill=theme.color("hover"))
            role = "text" if day.month == self._month.month else "text3"
            color = theme.color("onAccent") if day == self._day else theme.color(role if allowed else "textDisabled")  # type: ignore[arg-type]  # both are roles
            painter.setPen(color)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(day.day))
        painter.end()
