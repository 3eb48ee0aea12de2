"""What speaks to the person in place: banners, empty and error states, copyable codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from huntaze_desktop.ui_kit.buttons import Button, ButtonKind, ButtonSize
from huntaze_desktop.ui_kit.labels import IconLabel, Label, Paragraph
from huntaze_desktop.ui_kit.painting import announce, rounded_box
from huntaze_desktop.ui_kit.theme import ColorRole
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

BannerKind = Literal["info", "warning", "error"]
Tone = Literal["plain", "neutral", "accent", "success", "warning", "danger"]

_BANNERS: dict[BannerKind, tuple[ColorRole, ColorRole, ColorRole, str]] = {
    "info": ("accentSubtle", "accentBorder", "accentText", "info"),
    "warning": ("warningSubtle", "warningBorder", "warningText", "triangle-alert"),
    "error": ("dangerSubtle", "dangerBorder", "dangerText", "triangle-alert"),
}
_TONES: dict[Tone, tuple[ColorRole | None, ColorRole]] = {
    "plain": (None, "text3"),
    "neutral": ("fill", "text2"),
    "accent": ("accentSubtle", "accentText"),
    "success": ("successSubtle", "successText"),
    "warning": ("warningSubtle", "warningText"),
    "danger": ("dangerSubtle", "dangerText"),
}


class Banner(QWidget):
    """A strip over the sheet: what happened (strong), what is safe, and what one can do."""

    def __init__(
        self,
        theme: ThemeManager,
        kind: BannerKind,
        title: str,
        text: str = "",
        *,
        icon: str | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._kind: BannerKind = kind
        _, _, role, default_icon = _BANNERS[kind]
        self._role: ColorRole = role
        self._text = Paragraph(theme, text, lead=title, role=role)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(16, 6, 16, 7)
        self._row.setSpacing(10)
        self._row.addWidget(IconLabel(theme, icon or default_icon, 17, role))
        self._row.addWidget(self._text, 1)
        self.setMinimumHeight(40)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self.setAccessibleName(f"{title} {text}".strip())
        theme.changed.connect(self.update)

    def set_content(self, title: str, text: str) -> None:
        """New words in the same banner, without announcing them again."""
        self._text.set_content(text, title)
        self.setAccessibleName(f"{title} {text}".strip())

    def add_action(
        self, text: str, on_click: Callable[[], object], *, primary: bool = False, icon: str | None = None
    ) -> Button:
        """A button at the strip's end; the primary one is outlined, the others plain."""
        kind: ButtonKind = "secondary" if primary else "ghost"
        button = Button(self._theme, text, kind=kind, size=28, icon=icon)
        if not primary:
            button.set_text_role(self._role)
        button.clicked.connect(on_click)
        self._row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        return button

    def announce(self) -> None:
        announce(self, self.accessibleName())

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        ground, edge, _, _ = _BANNERS[self._kind]
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color(ground))
        painter.fillRect(0, self.height() - 1, self.width(), 1, theme.color(edge))
        painter.end()


class IconTile(QWidget):
    """An icon on a tinted rounded square."""

    def __init__(
        self, theme: ThemeManager, icon: str, tone: Tone, *, side: int = 48, radius: int = 12, icon_size: int = 24
    ) -> None:
        super().__init__()
        self._theme = theme
        self._tone: Tone = tone
        self._radius = radius
        ground, role = _TONES[tone]
        side = side if ground else icon_size
        self.setFixedSize(side, side)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(IconLabel(theme, icon, icon_size, role), 0, Qt.AlignmentFlag.AlignCenter)
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        ground = _TONES[self._tone][0]
        if ground is None:
            return
        painter = QPainter(self)
        rounded_box(painter, QRectF(self.rect()), self._radius, fill=self._theme.theme.color(ground))
        painter.end()


class CodeStrip(QWidget):
    """An error's code with a way to copy its details for whoever can help."""

    copied = Signal()

    def __init__(self, theme: ThemeManager, code: str, details: str, *, copy_text: str) -> None:
        super().__init__()
        self._theme = theme
        self._details = details
        self.setFixedHeight(28)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 0, 4, 0)
        row.setSpacing(4)
        label = Label(theme, code, style="small", role="text2")
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(label)
        self.button = Button(theme, copy_text, kind="link", size=24, icon="copy")
        self.button.setObjectName("error.copy")
        self.button.clicked.connect(self._copy)
        row.addWidget(self.button)
        theme.changed.connect(self.update)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._details)
        self.copied.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        rounded_box(painter, QRectF(self.rect()), 6, fill=self._theme.theme.color("fill"))
        painter.end()


class EmptyState(QWidget):
    """The middle of a pane that has nothing to show, or could not: icon, title, text, what to do.

    `large` is for a page's main pane, the small one for a column.
    """

    def __init__(
        self,
        theme: ThemeManager,
        *,
        icon: str,
        title: str,
        text: str,
        tone: Tone = "neutral",
        large: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._large = large
        side, radius, icon_size = (56, 14, 26) if large else (48, 12, 24)
        column = QVBoxLayout(self)
        column.setContentsMargins(40, 24, 40, 24)
        column.setSpacing(0)
        column.addStretch(1)
        center = Qt.AlignmentFlag.AlignHCenter
        tile = IconTile(theme, icon, tone, side=side, radius=radius, icon_size=icon_size)
        column.addWidget(tile, 0, center)
        column.addSpacing(16 if large else 12)
        self.title = Paragraph(theme, lead=title, style="heading" if large else "message", align=center, max_width=420)
        self.title.setVisible(bool(title))
        self.text = Paragraph(theme, text, role="text2", align=center, max_width=420 if large else 280)
        self.text.setVisible(bool(text))
        column.addWidget(self.title, 0, center)
        column.addSpacing(4)
        column.addWidget(self.text, 0, center)
        self._actions = QHBoxLayout()
        self._actions.setSpacing(8)
        self._actions.setContentsMargins(0, 16, 0, 0)
        self._extra = QVBoxLayout()
        self._extra.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._actions)
        column.addLayout(self._extra)
        column.addStretch(1)
        self._actions.addStretch(1)
        self._actions.addStretch(1)
        self.setAccessibleName(f"{title} {text}".strip())

    def set_content(self, title: str, text: str) -> None:
        self.title.set_content("", title)
        self.text.set_content(text)
        self.title.setVisible(bool(title))
        self.text.setVisible(bool(text))
        self.setAccessibleName(f"{title} {text}".strip())

    def add_action(
        self, text: str, on_click: Callable[[], object], *, kind: ButtonKind = "secondary", icon: str | None = None
    ) -> Button:
        size: ButtonSize = 32 if self._large else 28
        button = Button(self._theme, text, kind=kind, size=size, icon=icon)
        button.clicked.connect(on_click)
        self._actions.insertWidget(self._actions.count() - 1, button)
        return button

    def add_below(self, widget: QWidget, gap: int = 24) -> None:
        """Something under the actions, such as a `CodeStrip`."""
        self._extra.addSpacing(gap)
        self._extra.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
