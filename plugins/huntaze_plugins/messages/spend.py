"""What a fan spends: three figures, twelve weeks as a line, and whether it grows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from huntaze_desktop.sdk import FanTotals
from huntaze_desktop.ui_kit.chat.words import money
from huntaze_desktop.ui_kit.labels import IconLabel, Label
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.words import tr

_WEEKS = 4


def trend(weeks: Sequence[int]) -> int | None:
    """Per cent by which the last four weeks differ from the four before; None where there is nothing to compare."""
    if len(weeks) < 2 * _WEEKS:
        return None
    last, before = sum(weeks[-_WEEKS:]), sum(weeks[-2 * _WEEKS : -_WEEKS])
    if before <= 0:
        return None
    return round((last - before) * 100 / before)


class SpendSection(QWidget):
    def __init__(self, theme: ThemeManager, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._figures = {name: Label(theme, "–", style="heading") for name in ("lifetime", "month", "tips")}
        titles = {"lifetime": tr("Lifetime"), "month": tr("30 days"), "tips": tr("Tips")}
        grid = QGridLayout()
        grid.setSpacing(0)
        for column, (name, figure) in enumerate(self._figures.items()):
            grid.addWidget(Label(theme, titles[name], style="small", role="text3"), 0, column)
            grid.addWidget(figure, 1, column)
            grid.setColumnStretch(column, 1)
        self._icon = IconLabel(theme, "trending-up", 14, "successText")
        self._trend = Label(theme, style="smallMedium", role="successText")
        self._line = Sparkline(theme)
        told = QHBoxLayout()
        told.setSpacing(4)
        told.addWidget(self._icon)
        told.addWidget(self._trend)
        told.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Label(theme, tr("Spend, 12 weeks"), style="small", role="text3"))
        words.addLayout(told)
        self._weeks = QWidget()
        below = QHBoxLayout(self._weeks)
        below.setContentsMargins(0, 8, 0, 0)
        below.setSpacing(12)
        below.addLayout(words, 1)
        below.addWidget(self._line)
        column_ = QVBoxLayout(self)
        column_.setContentsMargins(16, 10, 16, 12)
        column_.setSpacing(0)
        column_.addLayout(grid)
        column_.addWidget(self._weeks)

    def show_totals(self, totals: FanTotals) -> None:
        for name, amount in (("lifetime", totals.lifetime), ("month", totals.last_30_days), ("tips", totals.tips)):
            self._figures[name].setText(money(amount // 100 * 100, totals.currency))
        self._weeks.setVisible(any(totals.weeks))
        change = trend(totals.weeks)
        grows = change is None or change >= 0
        self._icon.setVisible(change is not None)
        self._icon.set_icon("trending-up" if grows else "trending-down", "successText" if grows else "dangerText")
        self._trend.set_role("successText" if grows else "dangerText")
        self._trend.setText("" if change is None else tr("{0}% vs. previous").format(abs(change)))
        self._line.show_values(totals.weeks)
        spoken = ", ".join(money(week, totals.currency) for week in totals.weeks)
        self._line.setAccessibleName(tr("Spend of the last 12 weeks: {0}").format(spoken))


class Sparkline(QWidget):
    """A line over a faint area, a dot at its end."""

    def __init__(self, theme: ThemeManager, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._values: tuple[int, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_values(self, values: Sequence[int]) -> None:
        self._values = tuple(values)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(136, 36)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 36)

    def paintEvent(self, event: QPaintEvent) -> None:
        if len(self._values) < 2:
            return
        theme = self._theme.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(1, 3, -4, -2)
        high = max(self._values) or 1
        step = area.width() / (len(self._values) - 1)
        points = [
            QPointF(area.left() + step * number, area.bottom() - area.height() * value / high)
            for number, value in enumerate(self._values)
        ]
        line = _smooth(points)
        fill = QPainterPath(line)
        fill.lineTo(area.right(), area.bottom())
        fill.lineTo(area.left(), area.bottom())
        fill.closeSubpath()
        color = QColor("#7482FF") if theme.is_dark else theme.color("accent")
        faint = QColor(color)
        faint.setAlphaF(0.12)
        painter.fillPath(fill, faint)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(color, 1.75, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        painter.drawPath(line)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawEllipse(points[-1], 2.5, 2.5)
        painter.end()


def _smooth(points: Sequence[QPointF]) -> QPainterPath:
    """A curve through all points that never rises above or falls below two neighbours: no money that was not spent."""
    slopes = [(two.y() - one.y()) / (two.x() - one.x()) for one, two in pairwise(points)]
    tangents = [slopes[0], *(_between(one, two) for one, two in pairwise(slopes)), slopes[-1]]
    path = QPainterPath(points[0])
    for (start, end), (leaves, arrives) in zip(pairwise(points), pairwise(tangents), strict=True):
        third = (end.x() - start.x()) / 3
        path.cubicTo(
            QPointF(start.x() + third, start.y() + leaves * third),
            QPointF(end.x() - third, end.y() - arrives * third),
            end,
        )
    return path


def _between(one: float, two: float) -> float:
    """Slope at a point between two: flat at a peak, else their harmonic mean (monotone, after Fritsch and Carlson)."""
    return 0.0 if one * two <= 0 else 2 * one * two / (one + two)
