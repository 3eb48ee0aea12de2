"""The ring beside Send: how much of the account's minute is used, or why sending waits."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from huntaze_desktop.sdk import SendBudget
from huntaze_desktop.ui_kit.chat.rows import countdown
from huntaze_desktop.ui_kit.chat.words import clock
from huntaze_desktop.ui_kit.theme import ColorRole
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.words import tr

_RING = 18.0


class BudgetRing(QWidget):
    """Says `7/10 this minute`; at the limit amber with a countdown; offline that texts go later."""

    def __init__(self, theme: ThemeManager, now: Callable[[], datetime], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._now = now
        self._budget: SendBudget | None = None
        self._online = True
        self._short = False
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._tick)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._refresh)

    @property
    def is_used_up(self) -> bool:
        """Whether nothing may be sent at this moment."""
        budget = self._budget
        return budget is not None and budget.remaining <= 0

    def set_budget(self, budget: SendBudget | None) -> None:
        self._budget = budget
        self._refresh()

    def set_online(self, *, online: bool) -> None:
        self._online = online
        self._refresh()

    def set_short(self, *, short: bool) -> None:
        """Fewer words, for narrow windows."""
        self._short = short
        self._refresh()

    def text(self) -> str:
        if not self._online:
            return tr("Sends when online")
        budget = self._budget
        if budget is None:
            return ""
        used = max(0, budget.limit - max(0, budget.remaining))
        if self.is_used_up:
            left = countdown(budget.next_at, self._now()) if budget.next_at is not None else None
            told = tr("{0}/{1}, next in {2}") if left else tr("{0}/{1} this minute")
            return told.format(used, budget.limit, left)
        return (tr("{0}/{1}") if self._short else tr("{0}/{1} this minute")).format(used, budget.limit)

    def tooltip(self) -> str:
        """How many of the account's messages wait and until about when: an estimate, and called one."""
        if not self._online:
            return tr("Messages are kept on this computer and go out in order when it is online.")
        budget = self._budget
        if budget is None or budget.waiting <= 0:
            return ""
        count = budget.waiting
        waits = tr("1 message of this account waits") if count == 1 else tr("%n messages of this account wait", count)
        if budget.empty_at is None:
            return waits
        return tr("{0}, the last one goes at about {1}").format(waits, clock(budget.empty_at))

    def _refresh(self) -> None:
        self._tick()
        if self.isVisible() and self.is_used_up and self._online:
            self._clock.start()
        else:
            self._clock.stop()

    def _tick(self) -> None:
        self.setAccessibleName(self.text())
        self.setToolTip(self.tooltip())
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        text = self.text()
        if not text:
            return QSize(0, 0)
        width = self._theme.theme.metrics("small").horizontalAdvance(text)
        return QSize(math.ceil(_RING + 7 + width + 1), max(20, self._theme.theme.px(20)))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()

    def paintEvent(self, event: QPaintEvent) -> None:
        text = self.text()
        if not text:
            return
        theme = self._theme.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        role: ColorRole = "warningText" if self.is_used_up or not self._online else "text2"
        if not self._online:
            theme.icons.paint(painter, QPointF(2, middle - 7), "cloud-off", 14, theme.color(role))
        else:
            self._paint_ring(painter, middle)
        painter.setPen(theme.color(role))
        painter.setFont(theme.font("small"))
        painter.drawText(QRectF(_RING + 7, 0, self.width(), self.height()), Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()

    def _paint_ring(self, painter: QPainter, middle: float) -> None:
        theme, budget = self._theme.theme, self._budget
        if budget is None or budget.limit <= 0:
            return
        share = min(1.0, max(0.0, (budget.limit - budget.remaining) / budget.limit))
        box = QRectF(1.5, middle - _RING / 2 + 1.5, _RING - 3, _RING - 3)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color("pressed"), 3))
        painter.drawEllipse(box)
        color = theme.color("warning" if self.is_used_up else "accent")
        painter.setPen(QPen(color, 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        if share > 0:
            painter.drawArc(box, 90 * 16, -round(share * 360 * 16))
