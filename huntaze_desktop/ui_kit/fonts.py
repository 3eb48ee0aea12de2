"""Loads the bundled fonts once per application, so that every machine shows the same letters and emoji."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QFontDatabase

import huntaze_resources

_LOADED = "huntaze.fonts_loaded"


class FontError(RuntimeError):
    """A bundled font could not be read: the installation is damaged."""


def load_fonts(app: QCoreApplication) -> None:
    """Registers Inter and Noto Color Emoji with `app`; a second call does nothing.

    The mark sits on the application because the font database lives and dies with it.

    Raises:
        FontError: naming the file that could not be read.
    """
    if app.property(_LOADED):
        return
    for path in huntaze_resources.fonts():
        if QFontDatabase.addApplicationFont(str(path)) < 0:
            raise FontError(f"The font {path.name} is missing or damaged; installing Huntaze again mends it.")
    app.setProperty(_LOADED, True)  # noqa: FBT003 - Qt's signature
