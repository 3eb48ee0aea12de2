"""Buttons in their five kinds and four heights. One primary button per view."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from huntaze_desktop.ui_kit.painting import key_cap_width, paint_key_cap, rounded_box
from huntaze_desktop.ui_kit.progress import SpinPhase, paint_spinner
from huntaze_desktop.ui_kit.style import RADIUS_PROPERTY
from huntaze_desktop.ui_kit.theme import ColorRole, TextStyle, Theme
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

ButtonKind = Literal["primary", "secondary", "ghost", "soft", "danger", "quietDanger", "link"]
ButtonSize = Literal[24, 28, 32, 40]
Side = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class _Measure:
    padding: int
    radius: int
    gap: int
    icon: int
    style: TextStyle


_MEASURES: dict[int, _Measure] = {
    24: _Measure(7, 5, 4, 14, "smallMedium"),
    28: _Measure(10, 6, 6, 15, "smallMedium"),
    32: _Measure(12, 6, 6, 16, "bodyMedium"),
    40: _Measure(16, 8, 6, 18, "message"),
}


@dataclass(frozen=True, slots=True)
class _Paint:
    fill: QColor | None
    border: QColor | None
    text: QColor


class Button(QAbstractButton):
    """A push button; Space and Enter press it. `clicked` as in Qt."""

    def __init__(
        self,
        theme: ThemeManager,
        text: str,
        *,
        kind: ButtonKind = "secondary",
        size: ButtonSize = 32,
        icon: str | None = None,
        key_hint: str | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._kind: ButtonKind = kind
        self._size = size
        self._icon_name = icon
        self._key_hint = key_hint
        self._text_role: ColorRole | None = None
        self._joined: Side | None = None
        self._spin: SpinPhase | None = None
        self.setText(text)
        self.setAccessibleName(text)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        self.setProperty(RADIUS_PROPERTY, _MEASURES[size].radius)
        theme.changed.connect(self.updateGeometry)
        theme.changed.connect(self.update)

    def set_label(self, text: str) -> None:
        """Changes text and accessible name together."""
        self.setText(text)
        self.setAccessibleName(text)
        self.updateGeometry()

    def set_icon(self, name: str | None) -> None:
        self._icon_name = name
        self.updateGeometry()
        self.update()

    def set_text_role(self, role: ColorRole) -> None:
        """Replaces the text colour, for a ghost button on a coloured strip."""
        self._text_role = role
        self.update()

    def set_joined(self, side: Side) -> None:
        """Makes that side square, for a button that another one continues."""
        self._joined = side
        self.update()

    @property
    def is_busy(self) -> bool:
        return self._spin is not None

    def set_busy(self, busy: bool) -> None:
        """Shows a spinner in place of the icon and takes no presses meanwhile; the focus stays."""
        if busy == self.is_busy:
            return
        if self._spin is not None:
            self._spin.stop()
            self._spin.deleteLater()
            self._spin = None
        if busy:
            self._spin = SpinPhase(self._theme, self)
            self._spin.start()
        self.update()

    def sizeHint(self) -> QSize:
        theme = self._theme.theme
        measure = _MEASURES[self._size]
        # A link stands in running text, flush with what is above it.
        width = 2.0 * (0 if self._kind == "link" else measure.padding) + 2
        if self.text():
            width += QFontMetricsF(theme.font(measure.style, weight=500)).horizontalAdvance(self.text())
        if self._icon_name:
            width += measure.icon + (measure.gap if self.text() else 0)
        if self._key_hint:
            width += key_cap_width(self._key_hint, theme) + measure.gap
        return QSize(math.ceil(width), self._height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def _height(self) -> int:
        return self._theme.theme.at_least(self._size)

    def _paint(self, theme: Theme) -> _Paint:
        kind, hover, down = self._kind, self.underMouse() and not self.is_busy, self.isDown() or self.isChecked()
        if not self.isEnabled():
            bare = kind in {"ghost", "link"}
            return _Paint(None if bare else theme.color("fill"), None, theme.color("textDisabled"))
        if kind == "primary":
            role: ColorRole = "accentPressed" if down else "accentHover" if hover else "accent"
            return _Paint(theme.color(role), None, theme.color("onAccent"))
        if kind == "danger":
            color = theme.color("danger")
            return _Paint(color.darker(118) if down else color.darker(108) if hover else color, None, QColor("#FFFFFF"))
        state = theme.color("pressed") if down else theme.color("hover") if hover else None
        if kind == "secondary":
            return _Paint(state or theme.secondary_color(), theme.color("borderStrong"), theme.color("text"))
        if kind == "quietDanger":
            return _Paint(state or theme.color("surface"), theme.color("dangerBorder"), theme.color("dangerText"))
        if kind == "soft":
            edge = theme.color("accentBorder") if hover or down else None
            return _Paint(theme.color("accentSubtle"), edge, theme.color("accentText"))
        if kind == "link":
            return _Paint(None, None, theme.color("accentPressed" if down and not theme.is_dark else "accentText"))
        return _Paint(state, None, theme.color(self._text_role or "text2"))

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        measure = _MEASURES[self._size]
        paint = self._paint(theme)
        painter = QPainter(self)
        # A joined side's round corners fall outside of the widget.
        out = 2 * measure.radius
        left, right = -out if self._joined == "left" else 0, out if self._joined == "right" else 0
        box = QRectF(0, 0, self.width(), self.height()).adjusted(left, 0, right, 0)
        if paint.fill is not None or paint.border is not None:
            rounded_box(painter, box, measure.radius, fill=paint.fill, border=paint.border)
        self._paint_content(painter, theme, measure, paint.text)
        painter.end()

    def _paint_content(self, painter: QPainter, theme: Theme, measure: _Measure, color: QColor) -> None:
        font = theme.font(measure.style, weight=500)
        painter.setFont(font)
        text = self.text()
        if self._spin is not None and self._icon_name is None and self.width() - self.sizeHint().width() < measure.icon:
            # No room beside the text, and the button must not change its width: the spinner stands for it.
            text = ""
        text_width = painter.fontMetrics().horizontalAdvance(text) if text else 0
        has_icon = self._icon_name is not None or self._spin is not None
        icon_width = measure.icon + (measure.gap if text else 0) if has_icon else 0
        hint_width = key_cap_width(self._key_hint, theme) + measure.gap if self._key_hint else 0.0
        x = (self.width() - text_width - icon_width - hint_width) / 2
        middle = self.height() / 2
        if self._spin is not None:
            rect = QRectF(x, middle - measure.icon / 2, measure.icon, measure.icon)
            paint_spinner(painter, rect, color, self._spin.turn)
        elif self._icon_name is not None:
            theme.icons.paint(
                painter, QPointF(round(x), middle - measure.icon / 2), self._icon_name, measure.icon, color
            )
        painter.setPen(color)
        rect = QRectF(x + icon_width, 0, text_width + 1, self.height())
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip, text)
        if self._key_hint:
            on_accent = self._kind in {"primary", "danger"} and self.isEnabled()
            paint_key_cap(
                painter, x + icon_width + text_width + measure.gap, middle, self._key_hint, theme, on_accent=on_accent
            )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and not event.isAutoRepeat():
            if not self.is_busy:
                self.click()
            return
        super().keyPressEvent(event)

    def hitButton(self, pos: object) -> bool:
        return not self.is_busy and super().hitButton(pos)  # type: ignore[arg-type]  # QPoint; the stub's name differs

    def nextCheckState(self) -> None:
        if not self.is_busy:
            super().nextCheckState()


class IconButton(Button):
    """A square button with an icon; its name is its tooltip and what a screen reader says."""

    def __init__(
        self,
        theme: ThemeManager,
        icon: str,
        name: str,
        *,
        kind: ButtonKind = "ghost",
        size: ButtonSize = 32,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(theme, "", kind=kind, size=size, icon=icon, parent=parent)
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(self._height(), self._height())
