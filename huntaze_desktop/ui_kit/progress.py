"""What shows that something is under way: a spinner and a thin bar. Both stand still with "less motion"."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from huntaze_desktop.ui_kit.painting import rounded_box
from huntaze_desktop.ui_kit.theme import ColorRole
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

_STEP_MS = 33
_TURN_PER_STEP = 12
_SWEEP = 270


class SpinPhase(QObject):
    """Turns while its widget is visible; `turn` is the angle in degrees."""

    def __init__(self, theme: ThemeManager, widget: QWidget) -> None:
        super().__init__(widget)
        self._theme = theme
        self._widget = widget
        self.turn = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_STEP_MS)
        self._timer.timeout.connect(self._advance)

    def start(self) -> None:
        if not self._theme.theme.look.less_motion:
            self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def _advance(self) -> None:
        self.turn = (self.turn + _TURN_PER_STEP) % 360
        self._widget.update()


def paint_spinner(painter: QPainter, rect: QRectF, color: QColor, turn: int) -> None:
    """Paints three quarters of a circle, turned by `turn` degrees."""
    width = max(1.5, rect.width() / 9)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(color, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    inset = width / 2 + rect.width() * 0.06
    # Qt counts angles in sixteenths of a degree, counter-clockwise.
    painter.drawArc(rect.adjusted(inset, inset, -inset, -inset), -turn * 16, _SWEEP * 16)


class Spinner(QWidget):
    """A turning ring for waits without a known length."""

    def __init__(
        self,
        theme: ThemeManager,
        name: str,
        *,
        size: int = 16,
        role: ColorRole = "accent",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._role: ColorRole = role
        self._phase = SpinPhase(theme, self)
        self.setAccessibleName(name)
        self.setFixedSize(size, size)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._phase.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._phase.stop()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_spinner(
            painter, QRectF(0, 0, self.width(), self.height()), self._theme.theme.color(self._role), self._phase.turn
        )
        painter.end()


class ProgressBar(QWidget):
    """A bar 4 px high. `set_value(None)` says that the length is unknown: a third of the bar wanders."""

    def __init__(self, theme: ThemeManager, name: str, *, height: int = 4, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._name = name
        self._value: float | None = 0.0
        self._phase = SpinPhase(theme, self)
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.set_value(0.0)

    @property
    def value(self) -> float | None:
        return self._value

    def set_value(self, value: float | None) -> None:
        """0 to 1, or None for an unknown length."""
        self._value = None if value is None else min(1.0, max(0.0, value))
        self.setAccessibleName(self._name if self._value is None else f"{self._name}, {round(self._value * 100)} %")
        if self._value is None and self.isVisible():
            self._phase.start()
        else:
            self._phase.stop()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(120, self.height())

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and self._value is None:
            self._phase.start()
        elif event.type() == QEvent.Type.Hide:
            self._phase.stop()
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        width, height = float(self.width()), float(self.height())
        rounded_box(painter, QRectF(0, 0, width, height), height / 2, fill=theme.color("pressed"))
        if self._value is None:
            part = QRectF((width - width / 3) * (self._phase.turn / 360), 0, width / 3, height)
        else:
            part = QRectF(0, 0, width * self._value, height)
        if part.width() > 0:
            rounded_box(painter, part, height / 2, fill=theme.color("accent"))
        painter.end()
