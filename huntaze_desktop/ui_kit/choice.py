"""One of several answers, each with what it means: a bordered row with a radio mark. None is chosen beforehand."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from huntaze_desktop.ui_kit.painting import lay_out_text, rounded_box
from huntaze_desktop.ui_kit.style import RADIUS_PROPERTY
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

_LEFT, _RIGHT, _TOP = 38, 12, 9


class Choice(QAbstractButton):
    """A title and what it means, both wrapped. Put those that exclude each other into one QButtonGroup."""

    def __init__(self, theme: ThemeManager, title: str, detail: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._detail = detail
        self.setText(title)
        self.setCheckable(True)
        self.setAccessibleName(title)
        self.setAccessibleDescription(detail)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setProperty(RADIUS_PROPERTY, 8)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme.changed.connect(self.updateGeometry)
        theme.changed.connect(self.update)

    def _heights(self, width: int) -> tuple[float, float]:
        theme = self._theme.theme
        room = max(40, width - _LEFT - _RIGHT)
        left = Qt.AlignmentFlag.AlignLeft
        strong = theme.font("body", weight=500)
        _, title = lay_out_text(self.text(), strong, room, theme.line_height("body"), left)
        if not self._detail:
            return title, 0.0
        font = theme.font("small")
        _, detail = lay_out_text(self._detail, font, room, theme.line_height("small"), left)
        return title, detail

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return math.ceil(sum(self._heights(width))) + 2 * _TOP

    def sizeHint(self) -> QSize:
        return QSize(320, self.heightForWidth(max(320, self.width())))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.heightForWidth(max(160, self.width())))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setMinimumHeight(self.heightForWidth(self.width()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.click()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        on, box = self.isChecked(), QRectF(self.rect())
        ground = theme.color("accentSubtle") if on else theme.color("hover") if self.underMouse() else None
        rounded_box(painter, box, 8, fill=ground, border=theme.color("accentBorder" if on else "border"))
        enabled = self.isEnabled()
        mark = QRectF(12, _TOP + theme.line_height("body") / 2 - 8, 16, 16)
        edge = theme.color("accent" if on else "borderControl") if enabled else theme.color("textDisabled")
        rounded_box(painter, mark, 8, fill=theme.field_color(), border=edge, width=5 if on else 1.5)
        room = self.width() - _LEFT - _RIGHT
        left = Qt.AlignmentFlag.AlignLeft
        strong, small = theme.font("body", weight=500), theme.font("small")
        title, height = lay_out_text(self.text(), strong, room, theme.line_height("body"), left)
        painter.setPen(theme.color("text" if enabled else "textDisabled"))
        title.draw(painter, QPointF(_LEFT, _TOP))
        if self._detail:
            detail, _ = lay_out_text(self._detail, small, room, theme.line_height("small"), left)
            painter.setPen(theme.color("text2" if enabled else "textDisabled"))
            detail.draw(painter, QPointF(_LEFT, _TOP + height))
        painter.end()
