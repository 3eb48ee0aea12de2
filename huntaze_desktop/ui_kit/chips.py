"""Small interactive and static labels: filter chips, tags, badges, segmented choice."""

from __future__ import annotations

import math
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QLabel, QSizePolicy, QWidget

from huntaze_desktop.ui_kit.painting import rounded_box
from huntaze_desktop.ui_kit.style import RADIUS_PROPERTY
from huntaze_desktop.ui_kit.theme import ColorRole
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

BadgeKind = Literal["neutral", "accent", "success", "warning", "danger", "outline"]

_BADGES: dict[BadgeKind, tuple[ColorRole | None, ColorRole]] = {
    "neutral": ("fill", "text2"),
    "accent": ("accentSubtle", "accentText"),
    "success": ("successSubtle", "successText"),
    "warning": ("warningSubtle", "warningText"),
    "danger": ("dangerSubtle", "dangerText"),
    "outline": (None, "text2"),
}


class Chip(QAbstractButton):
    """A filter, on or off, with an optional count; None shows "–" while the count is being found."""

    def __init__(self, theme: ThemeManager, text: str, *, counted: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._counted = counted
        self._count: int | None = None
        self.setText(text)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setProperty(RADIUS_PROPERTY, 13)
        self._name_it()
        theme.changed.connect(self.updateGeometry)
        theme.changed.connect(self.update)

    def set_count(self, count: int | None) -> None:
        if count != self._count:
            self._count = count
            self._name_it()
            self.updateGeometry()
            self.update()

    def set_label(self, text: str) -> None:
        """A shorter or longer text for another window width."""
        self.setText(text)
        self._name_it()
        self.updateGeometry()

    def _name_it(self) -> None:
        self.setAccessibleName(self.text() if self._count is None else f"{self.text()} {self._count}")

    def _count_text(self) -> str:
        if not self._counted:
            return ""
        return "–" if self._count is None else str(self._count)

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(self._theme.theme.font("smallMedium"))
        width = 18 + metrics.horizontalAdvance(self.text())
        if self._counted:
            width += 4 + metrics.horizontalAdvance(self._count_text())
        return QSize(math.ceil(width), self._theme.theme.at_least(26))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        box = QRectF(0, 0, self.width(), self.height())
        on = self.isChecked()
        ground: ColorRole = "surface"
        if on:
            ground = "accentSubtle"
        elif self.isDown():
            ground = "pressed"
        elif self.underMouse():
            ground = "hover"
        edge = theme.color("accentBorder" if on else "border")
        rounded_box(painter, box, box.height() / 2, fill=theme.color(ground), border=edge)
        painter.setFont(theme.font("smallMedium"))
        painter.setPen(theme.color("textDisabled" if not self.isEnabled() else "accentText" if on else "text2"))
        painter.drawText(box.adjusted(9, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.text())
        if self._counted:
            painter.setPen(theme.color("accentText" if on else "text3"))
            painter.drawText(
                box.adjusted(0, 0, -9, 0),
                Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
                self._count_text(),
            )
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.click()
            return
        super().keyPressEvent(event)


class Tag(QAbstractButton):
    """A tag; when `remove_name` is given it ends in a cross, and pressing or Delete emits `removed`.

    `waits` marks one that is not saved everywhere yet, and says so to screen readers.
    """

    removed = Signal(str)

    def __init__(
        self, theme: ThemeManager, text: str, *, remove_name: str = "", waits: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._waits = waits
        self._removable = bool(remove_name)
        self.setText(text)
        self.setAccessibleName(f"{text}, {waits}" if waits else text)
        self.setToolTip(remove_name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if remove_name else Qt.FocusPolicy.NoFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setProperty(RADIUS_PROPERTY, 5)
        self.clicked.connect(self._on_clicked)
        theme.changed.connect(self.updateGeometry)
        theme.changed.connect(self.update)

    def _on_clicked(self) -> None:
        if self._removable:
            self.removed.emit(self.text())

    def sizeHint(self) -> QSize:
        width = QFontMetricsF(self._theme.theme.font("smallMedium")).horizontalAdvance(self.text())
        extra = (15 if self._removable else 0) + (16 if self._waits else 0)
        return QSize(math.ceil(width) + 16 + extra, max(24, self._theme.theme.px(22)))

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        # Drawn 22 high in a hit area of 24.
        height = theme.at_least(22)
        box = QRectF(0, (self.height() - height) / 2, self.width(), height)
        ground: ColorRole = "pressed" if self._removable and (self.isDown() or self.underMouse()) else "fill"
        edge = theme.color("warningBorder") if self._waits else None
        rounded_box(painter, box, 5, fill=theme.color(ground), border=edge)
        color = theme.color("text2" if self.isEnabled() else "textDisabled")
        left = 8.0
        if self._waits:
            at = QPointF(left, box.center().y() - 6)
            theme.icons.paint(painter, at, "cloud-off", 12, theme.color("warningText"))
            left += 16
        painter.setPen(color)
        painter.setFont(theme.font("smallMedium"))
        painter.drawText(box.adjusted(left, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.text())
        if self._removable:
            theme.icons.paint(painter, QPointF(box.right() - 19, box.center().y() - 6), "x", 12, color)
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Delete, Qt.Key.Key_Backspace} and self._removable:
            self.removed.emit(self.text())
            return
        super().keyPressEvent(event)


class AddTag(QAbstractButton):
    """The dashed square with a plus at the end of the tags."""

    def __init__(self, theme: ThemeManager, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFixedSize(26, 24)
        self.setProperty(RADIUS_PROPERTY, 5)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        box = QRectF(0, 1, self.width(), 22)
        ground = theme.color("hover") if self.underMouse() else None
        rounded_box(painter, box, 5, fill=ground, border=theme.color("borderStrong"), dashed=True)
        color = theme.color("text3" if self.isEnabled() else "textDisabled")
        theme.icons.paint(painter, box.center() - QPointF(6.5, 6.5), "plus", 13, color)
        painter.end()


class Badge(QLabel):
    """A state word on a tinted ground; `dot` puts a point before it."""

    def __init__(
        self,
        theme: ThemeManager,
        text: str,
        kind: BadgeKind = "neutral",
        *,
        dot: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._kind: BadgeKind = kind
        self._dot = dot
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.updateGeometry)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        width = QFontMetricsF(self._theme.theme.font("smallMedium")).horizontalAdvance(self.text())
        return QSize(math.ceil(width) + 14 + (10 if self._dot else 0), self._theme.theme.at_least(20))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        ground, role = _BADGES[self._kind]
        painter = QPainter(self)
        box = QRectF(0, 0, self.width(), self.height())
        edge = theme.color("borderStrong") if ground is None else None
        rounded_box(painter, box, 5, fill=theme.color(ground) if ground else None, border=edge)
        x = 7.0
        if self._dot:
            rounded_box(painter, QRectF(x, box.center().y() - 3, 6, 6), 3, fill=theme.color(role))
            x += 10
        painter.setPen(theme.color(role))
        painter.setFont(theme.font("smallMedium"))
        painter.drawText(box.adjusted(x, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.text())
        painter.end()


class Segmented(QWidget):
    """A choice between a few values side by side; emits `chosen` with the value's key."""

    chosen = Signal(str)

    def __init__(self, theme: ThemeManager, name: str, options: list[tuple[str, str, str]]) -> None:
        """`options`: key, text, icon name (or an empty text)."""
        super().__init__()
        self._theme = theme
        self.setAccessibleName(name)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, _Segment] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(0)
        for key, text, icon in options:
            button = _Segment(theme, text, icon)
            button.clicked.connect(lambda _checked=False, key=key: self.chosen.emit(key))
            self._group.addButton(button)
            self._buttons[key] = button
            row.addWidget(button, 1)

    def set_value(self, key: str) -> None:
        self._buttons[key].setChecked(True)

    @property
    def value(self) -> str:
        return next((key for key, button in self._buttons.items() if button.isChecked()), "")

    def button(self, key: str) -> QAbstractButton:
        return self._buttons[key]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        rounded_box(painter, QRectF(self.rect()), 7, fill=self._theme.theme.color("sunken"))
        painter.end()


class _Segment(QAbstractButton):
    def __init__(self, theme: ThemeManager, text: str, icon: str) -> None:
        super().__init__()
        self._theme = theme
        self._icon_name = icon
        self.setText(text)
        self.setAccessibleName(text)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setProperty(RADIUS_PROPERTY, 5)

    def sizeHint(self) -> QSize:
        width = QFontMetricsF(self._theme.theme.font("smallMedium")).horizontalAdvance(self.text())
        return QSize(math.ceil(width) + 20 + (20 if self._icon_name else 0), self._theme.theme.at_least(28))

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        box = QRectF(self.rect())
        if self.isChecked():
            ground: ColorRole = "pressed" if theme.is_dark else "surface"
            rounded_box(painter, box, 5, fill=theme.color(ground), border=theme.color("border"))
        color = theme.color("text" if self.isChecked() or self.underMouse() else "text2")
        font = theme.font("smallMedium")
        text = QFontMetricsF(font).horizontalAdvance(self.text())
        x = (self.width() - text - (20 if self._icon_name else 0)) / 2
        if self._icon_name:
            theme.icons.paint(painter, QPointF(round(x), box.center().y() - 7), self._icon_name, 14, color)
            x += 20
        painter.setPen(color)
        painter.setFont(font)
        painter.drawText(QRectF(x, 0, text + 1, self.height()), Qt.AlignmentFlag.AlignVCenter, self.text())
        painter.end()
