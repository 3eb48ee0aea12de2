"""The Qt styles under the widgets: Fusion minus what it draws of its own, and that of the focus ring.

Fusion's dotted focus rectangle is suppressed and `QFocusFrame` (see `focus.py`) is painted as two pixels of `focus`
two pixels away from the widget.

Two styles, because a method that Python overrides is called through Python for every widget: as one, opening a
conversation asked 570 style hints of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QFocusFrame, QProxyStyle, QStyle, QStyleHintReturn, QStyleOption, QWidget

if TYPE_CHECKING:
    from huntaze_desktop.ui_kit.theme_manager import ThemeManager

RING_WIDTH = 2
RING_GAP = 2
#: Dynamic property with the corner radius of the ringed widget, for widgets that are not 6 px round.
RADIUS_PROPERTY = "focusRadius"
_DEFAULT_RADIUS = 6


class KitStyle(QProxyStyle):
    """Fusion without its focus rectangle, for every widget."""

    def __init__(self) -> None:
        super().__init__("Fusion")

    def drawPrimitive(
        self,
        element: QStyle.PrimitiveElement,
        option: QStyleOption,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        if element != QStyle.PrimitiveElement.PE_FrameFocusRect:
            super().drawPrimitive(element, option, painter, widget)


class RingStyle(QProxyStyle):
    """For the focus ring alone; asks the manager for the current colours at paint time."""

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__("Fusion")
        self._theme = theme

    def drawControl(
        self, element: QStyle.ControlElement, option: QStyleOption, painter: QPainter, widget: QWidget | None = None
    ) -> None:
        if element != QStyle.ControlElement.CE_FocusFrame:
            super().drawControl(element, option, painter, widget)
            return
        target = widget.widget() if isinstance(widget, QFocusFrame) else None
        radius = target.property(RADIUS_PROPERTY) if target is not None else None
        corner = (radius if isinstance(radius, int) else _DEFAULT_RADIUS) + RING_GAP + RING_WIDTH / 2
        inset = RING_WIDTH / 2
        # A QFocusFrame never gets the style sheet's palette, so the pen comes from the theme itself.
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.theme.color("focus"), RING_WIDTH))
        rect = QRectF(option.rect).adjusted(inset, inset, -inset, -inset)
        painter.drawRoundedRect(rect, corner, corner)

    def pixelMetric(
        self, metric: QStyle.PixelMetric, option: QStyleOption | None = None, widget: QWidget | None = None
    ) -> int:
        if metric in {QStyle.PixelMetric.PM_FocusFrameHMargin, QStyle.PixelMetric.PM_FocusFrameVMargin}:
            return RING_WIDTH + RING_GAP
        return super().pixelMetric(metric, option, widget)

    def styleHint(
        self,
        hint: QStyle.StyleHint,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
        returnData: QStyleHintReturn | None = None,  # noqa: N803 - Qt's name, given by keyword
    ) -> int:
        # Fusion masks the frame down to a rectangular border, which cuts the curves of a round ring.
        if hint == QStyle.StyleHint.SH_FocusFrame_Mask:
            return 0
        return super().styleHint(hint, option, widget, returnData)
