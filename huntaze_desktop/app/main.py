"""The way in: one QApplication, one window painted before anything heavy is imported, one loop until it closes."""

import builtins
import contextlib
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING, cast

from huntaze_desktop.app.options import DesktopOptions
from huntaze_desktop.app.profile import Profile, ProfileError, throw_away_profile

if TYPE_CHECKING:  # Qt and everything on it is imported when the first checks have passed
    from huntaze_desktop.app.desktop import Desktop
    from huntaze_desktop.ui_kit.theme_manager import ThemeChoice

__all__ = ["Companion", "NoDisplayError", "choose_platform", "main"]

EXIT_NO_DISPLAY = 2
EXIT_NO_PROFILE = 3

log = logging.getLogger(__name__)


class NoDisplayError(Exception):
    """There is no screen to open a window on."""


Companion = Callable[["Desktop"], Awaitable[None]]
"""Runs beside the desktop, such as the scripted chatter of the demo; when it returns the desktop closes."""


def main(options: DesktopOptions, companion: Companion | None = None) -> int:
    """Open the desktop and return its exit code when it has closed and everything it started has ended."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # One line per request says nothing that the backend's own log does not say better.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    try:
        choose_platform(os.environ, headless=options.headless)
        with _profile(options) as profile:
            return _run(options, profile, companion)
    except NoDisplayError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_NO_DISPLAY
    except ProfileError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_NO_PROFILE


def choose_platform(environment: "os._Environ[str] | dict[str, str]", *, headless: bool) -> None:
    """Pick Qt's platform, or say what is missing before Qt aborts the process. Raises NoDisplayError."""
    if environment.get("QT_QPA_PLATFORM"):
        return
    if headless:
        environment["QT_QPA_PLATFORM"] = "offscreen"
        return
    if sys.platform.startswith("linux") and not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        raise NoDisplayError(
            "Huntaze needs a display and found none (DISPLAY and WAYLAND_DISPLAY are not set). "
            "Nothing was changed. Start it in a desktop session, or try `huntaze demo --headless` for a scripted shift."
        )


@contextlib.contextmanager
def _profile(options: DesktopOptions) -> Iterator[Profile]:
    if options.throw_away:
        with throw_away_profile() as profile:
            yield profile
    else:
        yield Profile.open(options.profile, options.home)


def _run(options: DesktopOptions, profile: Profile, companion: Companion | None) -> int:
    from PySide6.QtWidgets import QApplication

    _import_plainly()
    from huntaze_desktop.app.desktop import Desktop
    from huntaze_desktop.ui.bridge import GuiLoop
    from huntaze_desktop.ui.window import MainWindow
    from huntaze_desktop.ui_kit.theme_manager import ThemeManager

    app = QApplication.instance() or QApplication(sys.argv[:1])
    if not isinstance(app, QApplication):
        raise TypeError("the desktop needs a QApplication")
    app.setApplicationName("Huntaze")
    app.setDesktopFileName("huntaze")
    theme = ThemeManager(app, _theme_choice(options, profile))
    window = MainWindow(theme, version=version("huntaze"))
    desktop = Desktop(app, window, theme, profile, options)
    # Painted now: the first paint comes before the engine's imports.
    desktop.show()
    try:
        return GuiLoop(app).run(desktop.run(companion))
    finally:
        window.close_for_good()
        window.deleteLater()


def _import_plainly() -> None:
    """Take PySide6's hook out of `import`.

    For the sake of `from __feature__ import ...`, which nothing here uses, it reads the source of every module that is
    imported after PySide6 and keeps it: 22 MB and 60 to 200 ms of CPU until the workplace is open, 16 ms of them before
    the first paint.
    """
    plain = getattr(builtins, "__orig_import__", None)
    if plain is not None:
        builtins.__import__ = plain


def _theme_choice(options: DesktopOptions, profile: Profile) -> "ThemeChoice":
    wanted = options.theme or profile.settings().theme
    return cast("ThemeChoice", wanted) if wanted in ("light", "dark", "system") else "system"
