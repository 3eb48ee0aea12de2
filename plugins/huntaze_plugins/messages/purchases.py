"""What was already offered to a fan: three newest, all on demand, bought or not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from huntaze_desktop.sdk import FanTotals, Purchase
from huntaze_desktop.ui_kit.buttons import Button
from huntaze_desktop.ui_kit.chat.card import paint_thumb
from huntaze_desktop.ui_kit.chat.words import money
from huntaze_desktop.ui_kit.labels import Label
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.words import day_month, tr

_FIRST = 3
_ROW = 44


class PurchasesSection(QWidget):
    """Hidden while nothing was offered."""

    def __init__(self, theme: ThemeManager, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._all = False
        self._purchases: tuple[Purchase, ...] = ()
        self._now: datetime | None = None
        self._counts = Label(theme, style="small", role="text3")
        self._more = Button(theme, tr("All"), kind="link", size=24)
        self._more.setObjectName("messages.purchases.all")
        self._more.clicked.connect(self._toggle)
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(_strong(theme, tr("Already sent")))
        head.addWidget(self._counts, 1)
        head.addWidget(self._more)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 16, 12)
        column.setSpacing(4)
        column.addLayout(head)
        column.addLayout(self._rows)

    def show_purchases(self, purchases: Sequence[Purchase], totals: FanTotals, now: datetime) -> None:
        self._purchases, self._now = tuple(purchases), now
        offered = max(totals.offered, len(purchases))
        bought = max(totals.bought, sum(1 for one in purchases if one.bought_at is not None))
        items = tr("%n items", offered) if offered != 1 else tr("1 item")
        self._counts.setText(tr("{0}, {1} bought").format(items, bought))
        self.setVisible(bool(purchases))
        self._fill()

    def _toggle(self) -> None:
        self._all = not self._all
        self._fill()

    def _fill(self) -> None:
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self._more.setVisible(len(self._purchases) > _FIRST)
        self._more.set_label(tr("Fewer") if self._all else tr("All"))
        if self._now is None:
            return
        for purchase in self._purchases if self._all else self._purchases[:_FIRST]:
            self._rows.addWidget(_PurchaseRow(self._theme, purchase, day_month(purchase.offered_at, self._now)))


def _strong(theme: ThemeManager, text: str) -> Label:
    label = Label(theme, text, style="small")
    label.setMinimumHeight(24)

    def embolden() -> None:
        label.setFont(theme.theme.font("small", weight=600))

    embolden()
    theme.changed.connect(embolden)
    return label


class _PurchaseRow(QWidget):
    def __init__(self, theme: ThemeManager, purchase: Purchase, day: str) -> None:
        super().__init__()
        self._theme = theme
        self._purchase = purchase
        self._day = day
        self._price = money(purchase.price, purchase.currency)
        self._state = tr("Bought") if purchase.bought_at is not None else tr("Not bought")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setToolTip(purchase.title)
        self.setAccessibleName(f"{purchase.title}, {day}, {self._price}, {self._state}")
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(100, max(_ROW, self._theme.theme.px(_ROW)))

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        paint_thumb(painter, QRectF(0, middle - 18, 36, 36), (self._purchase.media_type,), theme)
        line, small = theme.line_height("body"), theme.line_height("small")
        top = middle - (line + small) / 2
        right = self._paint_right(painter, top, line, small)
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip
        font = theme.font("bodyMedium")
        painter.setFont(font)
        painter.setPen(theme.color("text"))
        title = QFontMetricsF(font).elidedText(self._purchase.title, Qt.TextElideMode.ElideRight, right - 10 - 46)
        painter.drawText(QRectF(46, top, right - 46, line), flags, title)
        painter.setFont(theme.font("small"))
        painter.setPen(theme.color("text3"))
        painter.drawText(QRectF(46, top + line, right - 46, small), flags, self._day)
        painter.end()

    def _paint_right(self, painter: QPainter, top: float, line: float, small: float) -> float:
        theme = self._theme.theme
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.setFont(theme.font("bodyStrong"))
        painter.setPen(theme.color("text"))
        painter.drawText(QRectF(0, top, self.width(), line), flags, self._price)
        bought = self._purchase.bought_at is not None
        width = theme.metrics("small").horizontalAdvance(self._state)
        color = theme.color("successText" if bought else "text3")
        painter.setFont(theme.font("small"))
        painter.setPen(color)
        painter.drawText(QRectF(0, top + line, self.width(), small), flags, self._state)
        left = self.width() - width
        if bought:
            left -= 17
            theme.icons.paint(painter, QPointF(left, top + line + small / 2 - 6.5), "circle-check", 13, color)
        return left
