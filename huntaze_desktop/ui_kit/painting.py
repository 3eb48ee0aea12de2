"""Drawing steps that several widgets share: crisp rounded boxes, key caps, announcements."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QColor,
    QFont,
    QPainter,
    QPainterPath,
    QPen,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QWidget

from huntaze_desktop.ui_kit.theme import Theme


def rounded_box(
    painter: QPainter,
    rect: QRectF,
    radius: float,
    *,
    fill: QColor | None = None,
    border: QColor | None = None,
    width: float = 1.0,
    dashed: bool = False,
) -> None:
    """Fills and outlines a box; the outline lies inside `rect`, so that 1 px stays 1 px."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if border is None:
        painter.setPen(Qt.PenStyle.NoPen)
        inner = rect
    else:
        painter.setPen(QPen(border, width, Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine))
        inner = rect.adjusted(width / 2, width / 2, -width / 2, -width / 2)
        radius = max(0.0, radius - width / 2)
    painter.setBrush(fill if fill is not None else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(inner, radius, radius)


def key_cap_width(text: str, theme: Theme) -> float:
    """Width of a key cap as in "Ctrl"."""
    return max(18.0, theme.metrics("micro").horizontalAdvance(text) + 10)


def paint_key_cap(
    painter: QPainter, left: float, middle: float, text: str, theme: Theme, *, on_accent: bool = False
) -> float:
    """Paints a key cap at `left`, centred on `middle`; returns its width."""
    width = key_cap_width(text, theme)
    rect = QRectF(left, middle - 9, width, 18)
    if on_accent:
        edge = theme.color("onAccent", 0.38)
        rounded_box(painter, rect, 4, border=edge)
    else:
        rounded_box(painter, rect, 4, fill=theme.color("subtle"), border=theme.color("border"))
    painter.setPen(theme.color("onAccent" if on_accent else "text3"))
    painter.setFont(theme.font("micro"))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)
    return width


def paint_check(painter: QPainter, center: QPointF, color: QColor, theme: Theme, *, partial: bool = False) -> None:
    """Paints the tick (or the dash of a partly checked box) of a 16 px check box."""
    theme.icons.paint(painter, center - QPointF(6, 6), "minus" if partial else "check", 12, color)


def left_rounded_path(rect: QRectF, radius: float) -> QPainterPath:
    """A box whose top left corner alone is round: the sheet."""
    path = QPainterPath(QPointF(rect.right(), rect.top()))
    path.lineTo(rect.right(), rect.bottom())
    path.lineTo(rect.left(), rect.bottom())
    path.lineTo(rect.left(), rect.top() + radius)
    path.arcTo(QRectF(rect.left(), rect.top(), radius * 2, radius * 2), 180, -90)
    path.closeSubpath()
    return path


def lay_out_text(
    text: str,
    font: QFont,
    width: float,
    line_height: float,
    align: Qt.AlignmentFlag,
    *,
    lead: QFont | None = None,
    lead_length: int = 0,
) -> tuple[QTextLayout, float]:
    """Wraps text to `width` with a fixed line height, which QLabel and drawText do not offer.

    The first `lead_length` characters wear the font `lead`. Returns the layout and its height.
    """
    layout = QTextLayout(text, font)
    option = QTextOption(align)
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    if lead is not None and lead_length:
        run = QTextLayout.FormatRange()
        run.start, run.length = 0, lead_length
        style = run.format
        style.setFont(lead)
        run.format = style
        layout.setFormats([run])
    y = 0.0
    layout.beginLayout()
    while (line := layout.createLine()).isValid():
        line.setLineWidth(width)
        line.setPosition(QPointF(0, y + (line_height - line.height()) / 2))
        y += line_height
    layout.endLayout()
    return layout, max(y, line_height)


def announce(widget: QWidget, text: str) -> None:
    """Has a screen reader say `text` when it is next idle."""
    event = QAccessibleAnnouncementEvent(widget, text)
    QAccessible.updateAccessibility(event)
