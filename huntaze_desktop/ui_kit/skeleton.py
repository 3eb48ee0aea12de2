"""The shape of what is coming: grey blocks with a slow pulse, shown only when loading takes longer than 150 ms."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from huntaze_desktop.ui_kit.painting import rounded_box
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

DELAY_MS = 150
_FRAME_MS = 50
_FAINTEST = 0.5


@dataclass(frozen=True, slots=True)
class Block:
    """One grey block; lengths in logical pixels."""

    x: float
    y: float
    width: float
    height: float
    radius: float = 4


class Skeleton(QWidget):
    """Paints the blocks that `blocks(width, height)` gives for its size. Hidden until `wait()` has lasted 150 ms."""

    def __init__(
        self,
        theme: ThemeManager,
        name: str,
        blocks: Callable[[float, float], Sequence[Block]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._blocks = blocks
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(DELAY_MS)
        self._delay.timeout.connect(self.show)
        self._pulse = QTimer(self)
        self._pulse.setInterval(_FRAME_MS)
        self._pulse.timeout.connect(self.update)
        self.setAccessibleName(name)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def wait(self) -> None:
        """Starts the delay; call `done()` when the content is there."""
        if not self.isVisible():
            self._delay.start()

    def done(self) -> None:
        self._delay.stop()
        self.hide()

    @property
    def is_pulsing(self) -> bool:
        return self._pulse.isActive()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._theme.theme.duration("skeleton"):
            self._pulse.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._pulse.stop()

    def _opacity(self) -> float:
        period = self._theme.theme.duration("skeleton")
        if not period:
            return 1.0
        wave = (1 + math.cos(time.monotonic() * 1000 / period * math.tau)) / 2
        return _FAINTEST + (1 - _FAINTEST) * wave

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setOpacity(self._opacity())
        fill = self._theme.theme.color("fill")
        for block in self._blocks(self.width(), self.height()):
            rounded_box(painter, QRectF(block.x, block.y, block.width, block.height), block.radius, fill=fill)
        painter.end()
