"""A choice from a list: shows the value, opens a menu of the others. Use it where Qt offers QComboBox."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from huntaze_desktop.ui_kit.buttons import IconButton
from huntaze_desktop.ui_kit.painting import rounded_box
from huntaze_desktop.ui_kit.popover import Menu
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

_ICON = 15


class Select(IconButton):
    """One of several values; `chosen` carries the key of a value that the person picked."""

    chosen = Signal(str)

    def __init__(
        self,
        theme: ThemeManager,
        name: str,
        options: Sequence[tuple[str, str]],
        *,
        width: int = 110,
        parent: QWidget | None = None,
    ) -> None:
        """`options`: key and text of each value; the first is chosen.

        Raises:
            ValueError: there is nothing to choose from.
        """
        if not options:
            raise ValueError("A choice needs at least one option.")
        super().__init__(theme, "chevron-down", name, kind="secondary", parent=parent)
        self._name = name
        self._options = dict(options)
        self._value = options[0][0]
        self._menu = Menu(theme, name)
        self.setFixedWidth(width)
        self.setToolTip("")
        self.clicked.connect(self._open)
        self.set_value(self._value)

    @property
    def menu(self) -> Menu:
        return self._menu

    @property
    def value(self) -> str:
        """Key of the chosen value."""
        return self._value

    def set_value(self, key: str) -> None:
        """Chooses without telling.

        Raises:
            KeyError: no option has this key.
        """
        self.setAccessibleName(f"{self._name}: {self._options[key]}")
        self._value = key
        self.update()

    def _open(self) -> None:
        self._menu.clear()
        for key, text in self._options.items():
            self._menu.add_item(text, partial(self._choose, key), ticked=key == self._value)
        self._menu.open_at(self, width=self.width())

    def _choose(self, key: str) -> None:
        if key != self._value:
            self.set_value(key)
            self.chosen.emit(key)

    def sizeHint(self) -> QSize:
        return QSize(self.width(), self._height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Down, Qt.Key.Key_Up}:
            self.click()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        box = QRectF(self.rect())
        fill = theme.field_color() if self.isEnabled() else theme.color("fill")
        rounded_box(painter, box, 6, fill=fill, border=theme.color("borderStrong"))
        painter.setPen(theme.color("text" if self.isEnabled() else "textDisabled"))
        painter.setFont(theme.font("body"))
        text_box = box.adjusted(10, 0, -33, 0)
        metrics = QFontMetricsF(theme.font("body"))
        text = metrics.elidedText(self._options[self._value], Qt.TextElideMode.ElideRight, text_box.width())
        painter.drawText(text_box, Qt.AlignmentFlag.AlignVCenter, text)
        corner = QPointF(self.width() - 10 - _ICON, (self.height() - _ICON) / 2)
        theme.icons.paint(painter, corner, "chevron-down", _ICON, theme.color("text2"))
        painter.end()
