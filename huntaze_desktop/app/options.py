"""What a person may choose on the command line of the desktop."""

from dataclasses import dataclass
from pathlib import Path

from huntaze_desktop.app.own import DemoSettings

__all__ = ["DesktopOptions"]


@dataclass(frozen=True, slots=True)
class DesktopOptions:
    """How to start the desktop. Nothing here is secret."""

    profile: str = "default"
    home: Path | None = None
    """Where profiles live; None means HUNTAZE_HOME or the platform's folder for application data."""
    server: str | None = None
    """Address of a backend to sign in to; None means the profile's own choice."""
    plugins: bool = True
    theme: str | None = None
    headless: bool = False
    """Qt's offscreen platform: no display is needed, nothing is seen."""
    throw_away: bool = False
    """A fresh profile with its keys in memory, removed at the end."""
    demo: DemoSettings | None = None
    """Open the demo agency at once instead of the sign-in page."""
