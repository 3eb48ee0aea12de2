"""Text fields: plain, search, password, and the labelled field with its error.

A field in use wears an accent border and a 1 px ring; reached by keyboard it wears the focus ring instead.
"""

from __future__ import annotations

import math
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from huntaze_desktop.ui_kit.buttons import IconButton
from huntaze_desktop.ui_kit.labels import IconLabel, Label, Paragraph
from huntaze_desktop.ui_kit.painting import key_cap_width, paint_key_cap, rounded_box
from huntaze_desktop.ui_kit.style import RADIUS_PROPERTY
from huntaze_desktop.ui_kit.theme import Theme
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

Ground = Literal["field", "sunken", "bar"]

# QLineEdit keeps two pixels of its own on each side of the text.
_QT_MARGIN = 2
_PADDING = 10
_ICON = 15
_GAP = 8
_MASK_SPACING = 2


class LineEdit(QLineEdit):
    """One line of text, 32 or 40 px high; `sunken` is the quiet variant of list searches, `bar` the top bar's."""

    def __init__(
        self,
        theme: ThemeManager,
        name: str,
        *,
        placeholder: str = "",
        icon: str | None = None,
        size: Literal[32, 40] = 32,
        ground: Ground = "field",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icon_name = icon
        self._size = size
        self._ground_kind: Ground = ground
        self._radius = 8 if ground == "bar" else 6
        self._error = False
        self._trailing = 0
        self.setAccessibleName(name)
        self.setPlaceholderText(placeholder)
        self.setFrame(False)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setProperty(RADIUS_PROPERTY, self._radius)
        self._lay_out()
        theme.changed.connect(self._lay_out)

    @property
    def has_error(self) -> bool:
        return self._error

    def set_error(self, on: bool) -> None:
        self._error = on
        self.update()

    def reserve_trailing(self, width: int) -> None:
        """Keeps `width` pixels free at the right end, for a button inside the field."""
        self._trailing = width
        self._lay_out()

    def _lay_out(self) -> None:
        left = _PADDING - _QT_MARGIN + (_ICON + _GAP if self._icon_name else 0)
        right = (self._trailing or _PADDING) - _QT_MARGIN
        self.setTextMargins(left, 0, right, 0)
        self.setFont(self._text_font(self._theme.theme))
        self.setFixedHeight(self._theme.theme.at_least(self._size))
        self.update()

    def _text_font(self, theme: Theme) -> QFont:
        return theme.font("body")

    def _ground(self, theme: Theme) -> tuple[QColor, QColor | None]:
        if not self.isEnabled():
            return theme.color("fill"), None
        if self._ground_kind == "sunken":
            return theme.color("sunken"), None
        if self._ground_kind == "bar":
            return theme.color("surface"), theme.color("border")
        return theme.field_color(), theme.color("borderStrong")

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        box = QRectF(0, 0, self.width(), self.height())
        fill, border = self._ground(theme)
        by_keyboard = self.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
        if self.hasFocus() and not by_keyboard:
            used = theme.color("danger" if self._error else "accent")
            rounded_box(painter, box, self._radius, fill=fill, border=used, width=2)
        else:
            edge = theme.color("danger") if self._error else border
            rounded_box(painter, box, self._radius, fill=fill, border=edge)
        if self._icon_name:
            corner = QPointF(_PADDING, (self.height() - _ICON) / 2)
            theme.icons.paint(painter, corner, self._icon_name, _ICON, theme.color("text3"))
        self.paint_extra(painter, theme)
        painter.end()
        super().paintEvent(event)

    def paint_extra(self, painter: QPainter, theme: Theme) -> None:
        """What a subclass adds over the ground and under the text."""


class SearchField(LineEdit):
    """A search with a magnifier, a key hint while empty and a clear button while not. Esc clears it."""

    def __init__(
        self,
        theme: ThemeManager,
        name: str,
        *,
        placeholder: str = "",
        clear_name: str,
        key_hint: tuple[str, ...] = (),
        ground: Ground = "sunken",
        parent: QWidget | None = None,
    ) -> None:
        self._keys = key_hint
        super().__init__(theme, name, placeholder=placeholder, icon="search", ground=ground, parent=parent)
        self._clear = IconButton(theme, "x", clear_name, size=24, parent=self)
        self._clear.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._clear.setCursor(Qt.CursorShape.ArrowCursor)
        self._clear.clicked.connect(self.clear)
        self._clear.hide()
        self.textChanged.connect(self._on_text)
        self._on_text("")

    def _on_text(self, text: str) -> None:
        self._clear.setVisible(bool(text))
        keys = sum(math.ceil(key_cap_width(key, self._theme.theme)) + 3 for key in self._keys)
        self.reserve_trailing(32 if text else keys + 10)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._clear.move(self.width() - 28, (self.height() - self._clear.sizeHint().height()) // 2)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
            return
        super().keyPressEvent(event)

    def paint_extra(self, painter: QPainter, theme: Theme) -> None:
        if self.text():
            return
        x = float(self.width() - 6)
        for key in reversed(self._keys):
            x -= key_cap_width(key, theme)
            paint_key_cap(painter, x, self.height() / 2, key, theme)
            x -= 3


class PasswordField(LineEdit):
    """A password with an eye that shows it."""

    def __init__(
        self,
        theme: ThemeManager,
        name: str,
        *,
        show_name: str,
        hide_name: str,
        size: Literal[32, 40] = 32,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(theme, name, size=size, parent=parent)
        self._show_name = show_name
        self._hide_name = hide_name
        self.setEchoMode(QLineEdit.EchoMode.Password)
        self.setInputMethodHints(Qt.InputMethodHint.ImhSensitiveData | Qt.InputMethodHint.ImhNoPredictiveText)
        self.eye = IconButton(theme, "eye", show_name, size=28, parent=self)
        self.eye.setObjectName("password.eye")
        self.eye.setCursor(Qt.CursorShape.ArrowCursor)
        self.eye.clicked.connect(self._toggle)
        self.textChanged.connect(self._respace)
        self.reserve_trailing(36)

    def _toggle(self) -> None:
        hidden = self.echoMode() == QLineEdit.EchoMode.Password
        self.setEchoMode(QLineEdit.EchoMode.Normal if hidden else QLineEdit.EchoMode.Password)
        name = self._hide_name if hidden else self._show_name
        self.eye.set_icon("eye-off" if hidden else "eye")
        self.eye.setAccessibleName(name)
        self.eye.setToolTip(name)
        self._respace()

    def _respace(self) -> None:
        self.setFont(self._text_font(self._theme.theme))

    def _text_font(self, theme: Theme) -> QFont:
        font = theme.font("body")
        if self.echoMode() == QLineEdit.EchoMode.Password and self.text():
            font = QFont(font)
            font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, _MASK_SPACING)
        return font

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        side = self.eye.sizeHint().height()
        self.eye.setGeometry(self.width() - side - 5, (self.height() - side) // 2, side, side)


class Field(QWidget):
    """A label, a control and, when something is wrong, why and what to do, read with the control."""

    def __init__(self, theme: ThemeManager, label: str, control: QWidget, *, hint: str = "") -> None:
        super().__init__()
        self._control = control
        self._hint = hint
        self.label = Label(theme, label, style="smallMedium")
        self.label.setBuddy(control)
        self._note = Paragraph(theme, hint, style="small", role="text3")
        self._note.setVisible(bool(hint))
        self._icon = IconLabel(theme, "circle-alert", 13, "dangerText")
        self._icon.hide()
        self._head = QHBoxLayout()
        self._head.addWidget(self.label)
        self._head.addStretch(1)
        foot = QHBoxLayout()
        foot.setSpacing(5)
        foot.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        foot.addWidget(self._note, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(self._head)
        column.addWidget(control)
        column.addLayout(foot)

    @property
    def error(self) -> str:
        """The error shown, or an empty text."""
        return self._note.text() if self._icon.isVisibleTo(self) else ""

    def set_error(self, text: str) -> None:
        """Shows an error, or with an empty text the hint again."""
        if isinstance(self._control, LineEdit):
            self._control.set_error(bool(text))
        self._icon.setVisible(bool(text))
        self._note.set_role("dangerText" if text else "text3")
        self._note.set_content(text or self._hint)
        self._note.setVisible(bool(text or self._hint))
        self._control.setAccessibleDescription(text or self._hint)
