"""Check box, switch and radio button, painted as drawn; keyboard and roles are Qt's own."""

from __future__ import annotations

import math

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QRadioButton, QWidget

from huntaze_desktop.ui_kit.painting import paint_check, rounded_box
from huntaze_desktop.ui_kit.style import RADIUS_PROPERTY
from huntaze_desktop.ui_kit.theme import Theme
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

_BOX = 16
_GAP = 8
_TRACK = (32, 18)
_HIT = 24


def _size(widget: QAbstractButton, mark: int, theme: Theme) -> QSize:
    text = QFontMetricsF(theme.font("body")).horizontalAdvance(widget.text()) + _GAP + 1 if widget.text() else 0
    return QSize(math.ceil(mark + text), max(_HIT, theme.line_height("body")))


def _paint_text(painter: QPainter, widget: QAbstractButton, mark: int, theme: Theme) -> None:
    if widget.text():
        painter.setFont(theme.font("body"))
        painter.setPen(theme.color("text" if widget.isEnabled() else "textDisabled"))
        rect = QRectF(mark + _GAP, 0, widget.width() - mark - _GAP, widget.height())
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip, widget.text())


class CheckBox(QCheckBox):
    """A check box with its text; without a text pass `name` for screen readers."""

    def __init__(self, theme: ThemeManager, text: str = "", *, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._theme = theme
        self.setAccessibleName(name or text)
        theme.changed.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:
        return _size(self, _BOX, self._theme.theme)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        return self.rect().contains(pos)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        box = QRectF(0, (self.height() - _BOX) / 2, _BOX, _BOX)
        state = self.checkState()
        if state == Qt.CheckState.Unchecked:
            ground = theme.color("fill") if not self.isEnabled() else theme.color("pressed") if self.isDown() else None
            edge = theme.color("borderControl" if self.isEnabled() else "borderStrong")
            rounded_box(painter, box, 4, fill=ground, border=edge, width=1.5)
        else:
            fill = theme.color("accent" if self.isEnabled() else "textDisabled")
            rounded_box(painter, box, 4, fill=fill)
            partial = state == Qt.CheckState.PartiallyChecked
            paint_check(painter, box.center(), theme.color("onAccent"), theme, partial=partial)
        _paint_text(painter, self, _BOX, theme)
        painter.end()


class Toggle(QCheckBox):
    """A switch for what takes effect at once."""

    def __init__(self, theme: ThemeManager, text: str = "", *, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._theme = theme
        self.setAccessibleName(name or text)
        self.setProperty(RADIUS_PROPERTY, _TRACK[1] // 2)
        theme.changed.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:
        return _size(self, _TRACK[0], self._theme.theme)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        return self.rect().contains(pos)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        width, height = _TRACK
        painter = QPainter(self)
        if not self.isEnabled():
            painter.setOpacity(0.4)
        track = QRectF(0, (self.height() - height) / 2, width, height)
        on = self.isChecked()
        rounded_box(painter, track, height / 2, fill=theme.color("accent" if on else "borderControl"))
        knob = QRectF(track.left() + (16 if on else 2), track.top() + 2, 14, 14)
        rounded_box(painter, knob, 7, fill=QColor("#FFFFFF"))
        painter.setOpacity(1)
        _paint_text(painter, self, width, theme)
        painter.end()


class Radio(QRadioButton):
    """One of several; arrows move within the group."""

    def __init__(self, theme: ThemeManager, text: str = "", *, name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._theme = theme
        self.setAccessibleName(name or text)
        self.setProperty(RADIUS_PROPERTY, _BOX // 2)
        theme.changed.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:
        return _size(self, _BOX, self._theme.theme)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, pos: QPoint) -> bool:
        return self.rect().contains(pos)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        box = QRectF(0, (self.height() - _BOX) / 2, _BOX, _BOX)
        if self.isChecked():
            color = theme.color("accent" if self.isEnabled() else "textDisabled")
            rounded_box(painter, box, _BOX / 2, border=color, width=5)
        else:
            rounded_box(painter, box, _BOX / 2, border=theme.color("borderControl"), width=1.5)
        _paint_text(painter, self, _BOX, theme)
        painter.end()
