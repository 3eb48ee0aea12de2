"""A coloured strip with an icon and one sentence: why something waits, or who else is here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from huntaze_desktop.ui_kit.buttons import Button
from huntaze_desktop.ui_kit.labels import IconLabel, Paragraph
from huntaze_desktop.ui_kit.theme import ColorRole
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

Kind = Literal["warning", "danger", "accent"]

_LOOKS: dict[Kind, tuple[ColorRole, ColorRole, ColorRole, str]] = {
    "warning": ("warningSubtle", "warningBorder", "warningText", "triangle-alert"),
    "danger": ("dangerSubtle", "dangerBorder", "dangerText", "circle-alert"),
    "accent": ("accentSubtle", "accentBorder", "accentText", "users"),
}


class Strip(QWidget):
    """At the top of the composer's box, or across the column; hidden while it has nothing to say."""

    def __init__(self, theme: ThemeManager, *, in_box: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._in_box = in_box
        self._kind: Kind = "warning"
        self._icon = IconLabel(theme, "triangle-alert", 15, "warningText")
        self._text = Paragraph(theme, style="small", role="warningText")
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(12, 8, 12, 8)
        self._row.setSpacing(8)
        self._row.addWidget(self._icon)
        self._row.addWidget(self._text, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)
        self.hide()

    @property
    def text(self) -> str:
        return "" if self.isHidden() else self._text.text()

    def add_button(self, text: str, on_click: Callable[[], object], *, object_name: str = "") -> Button:
        """A quiet button at the strip's end."""
        button = Button(self._theme, text, kind="ghost", size=24)
        button.setObjectName(object_name)
        button.set_text_role("accentText")
        button.clicked.connect(on_click)
        self._row.setContentsMargins(12, 4, 6, 5)
        self._row.addWidget(button)
        return button

    def say(self, kind: Kind, text: str, *, icon: str = "") -> None:
        """Show a sentence, or nothing for an empty one; `icon` replaces that of the kind."""
        if not text:
            self.hide()
            return
        self._kind = kind
        _, _, role, own = _LOOKS[kind]
        self._icon.set_icon(icon or own, role)
        self._text.set_role(role)
        self._text.set_content(text)
        self.setAccessibleName(text)
        self.show()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        ground, edge, _, _ = _LOOKS[self._kind]
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect())
        if not self._in_box:
            painter.fillRect(box, theme.color(ground))
            painter.end()
            return
        # Its upper corners follow those of the composer's box.
        path = QPainterPath()
        path.addRoundedRect(box.adjusted(0, 0, 0, 9), 9, 9)
        painter.setClipRect(box)
        painter.fillPath(path, theme.color(ground))
        painter.fillRect(QRectF(0, box.bottom() - 1, box.width(), 1), theme.color(edge))
        painter.end()
