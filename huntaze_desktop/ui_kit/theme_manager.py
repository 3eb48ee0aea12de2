"""Owns the current `Theme` and dresses the application in it.

There is one per application, built by the composition root and handed to every widget; nobody looks it up.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

import huntaze_resources
from huntaze_desktop.ui_kit.focus import FocusRing
from huntaze_desktop.ui_kit.fonts import load_fonts
from huntaze_desktop.ui_kit.icons import Icons
from huntaze_desktop.ui_kit.qss import render_qss
from huntaze_desktop.ui_kit.shadow import Shadows
from huntaze_desktop.ui_kit.style import KitStyle, RingStyle
from huntaze_desktop.ui_kit.theme import ColorRole, Look, Theme, ThemeName
from huntaze_desktop.ui_kit.tooltip import Tooltips

ThemeChoice = Literal["light", "dark", "system"]

_PALETTE: tuple[tuple[QPalette.ColorRole, ColorRole], ...] = (
    (QPalette.ColorRole.Window, "canvas"),
    (QPalette.ColorRole.WindowText, "text"),
    (QPalette.ColorRole.Base, "surface"),
    (QPalette.ColorRole.AlternateBase, "subtle"),
    (QPalette.ColorRole.ToolTipBase, "raised"),
    (QPalette.ColorRole.ToolTipText, "text"),
    (QPalette.ColorRole.PlaceholderText, "text3"),
    (QPalette.ColorRole.Text, "text"),
    (QPalette.ColorRole.Button, "surface"),
    (QPalette.ColorRole.ButtonText, "text"),
    (QPalette.ColorRole.BrightText, "onAccent"),
    (QPalette.ColorRole.Link, "accentText"),
    (QPalette.ColorRole.LinkVisited, "accentText"),
    (QPalette.ColorRole.Highlight, "accent"),
    (QPalette.ColorRole.HighlightedText, "onAccent"),
    (QPalette.ColorRole.Accent, "accent"),
    (QPalette.ColorRole.Light, "raised"),
    (QPalette.ColorRole.Midlight, "hover"),
    (QPalette.ColorRole.Mid, "border"),
    (QPalette.ColorRole.Dark, "borderStrong"),
    (QPalette.ColorRole.Shadow, "scrim"),
)


class ThemeManager(QObject):
    """Current theme and the person's choices about it; `changed` fires after the application wears the new one."""

    changed = Signal()

    def __init__(self, app: QApplication, choice: ThemeChoice = "system", *, look: Look | None = None) -> None:
        super().__init__(app)
        # Held until the end: their styles are asked once more when the application takes off the old one.
        earlier = [manager for manager in app.findChildren(ThemeManager) if manager is not self]
        for manager in earlier:
            manager.retire()
        self._app = app
        self._tokens = huntaze_resources.tokens()
        self._icons = Icons()
        self._shadows = Shadows()
        self._choice: ThemeChoice = choice
        load_fonts(app)
        self._look = replace(look or Look(), name=self._resolve())
        self._theme = Theme(self._tokens, self._look, self._icons, self._shadows)
        # The styles' Python halves must outlive the application's use of them, hence the attributes.
        self._style = KitStyle()
        self._ring_style = RingStyle(self)
        with _nothing_collected():
            app.setStyle(self._style)
        self._dress()
        self._ring = FocusRing(app, self._ring_style)
        self._tooltips = Tooltips(app)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_system_scheme)

    @property
    def theme(self) -> Theme:
        return self._theme

    @property
    def choice(self) -> ThemeChoice:
        return self._choice

    def set_choice(self, choice: ThemeChoice) -> None:
        """Light, dark, or whatever the system says."""
        self._choice = choice
        self._apply(replace(self._look, name=self._resolve()))

    def set_high_contrast(self, on: bool) -> None:
        self._apply(replace(self._look, high_contrast=on))

    def set_less_motion(self, on: bool) -> None:
        self._apply(replace(self._look, less_motion=on))

    def set_scale(self, scale: float) -> None:
        """Text scale; one of the tokens' steps from 0.9 to 1.5.

        Raises:
            ValueError: a scale that is not a step.
        """
        if scale not in self._tokens["type"]["scaleSteps"]:
            raise ValueError(f"{scale} is not one of {self._tokens['type']['scaleSteps']}")
        self._apply(replace(self._look, scale=scale))

    def retire(self) -> None:
        """Stops following the application; its widgets keep their last theme. Called when another one takes over."""
        self._ring.retire()
        self._tooltips.retire()
        QGuiApplication.styleHints().colorSchemeChanged.disconnect(self._on_system_scheme)
        self.setParent(None)

    def _resolve(self) -> ThemeName:
        if self._choice != "system":
            return self._choice
        dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return "dark" if dark else "light"

    def _on_system_scheme(self) -> None:
        if self._choice == "system":
            self._apply(replace(self._look, name=self._resolve()))

    def _apply(self, look: Look) -> None:
        if look == self._look:
            return
        self._look = look
        self._theme = Theme(self._tokens, look, self._icons, self._shadows)
        self._dress()
        self.changed.emit()

    def _dress(self) -> None:
        theme = self._theme
        palette = QPalette()
        for theirs, ours in _PALETTE:
            palette.setColor(theirs, theme.color(ours))
        for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, role, theme.color("textDisabled"))
        with _nothing_collected():
            self._app.setPalette(palette)
            self._app.setFont(theme.font("body"))
            self._app.setStyleSheet(render_qss(theme))


@contextlib.contextmanager
def _nothing_collected() -> Iterator[None]:
    """Keep Python's collector away while Qt goes through a list of all widgets.

    The styles and the widgets' handlers are called on the way; a collection that they set off may delete a widget that
    is still on the list, which ends the process.
    """
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            gc.enable()
