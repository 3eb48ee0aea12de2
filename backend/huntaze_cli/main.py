"""The way in to the `huntaze` command. The verbs are in `commands`; opening the window, as a launcher does, goes past.

Typer and the pydantic it reads its options with take 140 ms of CPU, half of what the window has until its first paint.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the `huntaze` script."""
    match sys.argv[1:]:
        case ["desktop"]:
            from huntaze_desktop.app.main import main as open_desktop
            from huntaze_desktop.app.options import DesktopOptions

            sys.exit(open_desktop(DesktopOptions()))
        case ["demo"]:
            from huntaze_desktop.demo.main import DemoOptions
            from huntaze_desktop.demo.main import main as open_demo

            sys.exit(open_demo(DemoOptions()))
        case _:
            from huntaze_cli.commands import app

            app()
