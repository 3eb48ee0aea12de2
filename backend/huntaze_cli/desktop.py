"""`huntaze desktop` and `huntaze demo`: the window, for a person or for the scripted chatter."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

HISTORY_PER_FAN = 30
MOST_HISTORY = 60_000
DRAIN_S = 180.0
DRAIN_IN_CHAOS_S = 360.0
"""A send that was cut off and never executed is proven absent after a minute, and that may happen three times."""


class Theme(StrEnum):
    """What the desktop looks like; `system` follows the computer."""

    LIGHT = "light"
    DARK = "dark"
    SYSTEM = "system"


def desktop(
    profile: Annotated[str, typer.Option(help="Name of the profile to open.")] = "default",
    server: Annotated[str | None, typer.Option(help="Address of a backend to sign in to.")] = None,
    plugins: Annotated[
        bool, typer.Option("--plugins/--no-plugins", help="Start without plugins when one of them is in the way.")
    ] = True,
    theme: Annotated[Theme | None, typer.Option(help="Look of this run; the profile's own if not given.")] = None,
) -> None:
    """Open the desktop."""
    from huntaze_desktop.app.main import main
    from huntaze_desktop.app.options import DesktopOptions

    raise typer.Exit(main(DesktopOptions(profile=profile, server=server, plugins=plugins, theme=theme)))


def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help="Play a scripted shift in a fresh profile, without a display.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Same seed, same history and same choices of each fan.")] = 7,
    minutes: Annotated[float, typer.Option(min=0.1, help="Length of the played shift.")] = 5.0,
    speed: Annotated[float, typer.Option(min=0.01, help="How fast the fans live; never the send limit.")] = 1.0,
    fans: Annotated[int, typer.Option(min=1, help="How many fans the agency has.")] = 2_000,
    messages: Annotated[
        int | None, typer.Option(min=0, help="Messages of history; 30 per fan and at most 60,000 if not given.")
    ] = None,
    outage: Annotated[
        float, typer.Option(min=0, help="Seconds for which the killed backend stays away; 0 leaves it be.")
    ] = 60.0,
    chaos: Annotated[
        bool,
        typer.Option(
            "--chaos",
            help="With --headless: kill the backend and the platform again and again, and let sends go wrong.",
        ),
    ] = False,
    report: Annotated[Path | None, typer.Option(help="Write the shift's figures here as JSON.")] = None,
    journal: Annotated[Path | None, typer.Option(help="Keep the platform's journal here as JSON lines.")] = None,
    screenshots: Annotated[Path | None, typer.Option(help="Folder for pictures of the shift.")] = None,
) -> None:
    """Open the demo agency or, with --headless, have a scripted chatter play a shift and judge it."""
    if chaos and not headless:
        raise typer.BadParameter("chaos befalls a played shift only: add --headless", param_hint="--chaos")
    from huntaze_desktop.app.own import DemoSettings
    from huntaze_desktop.demo.main import DemoOptions, main

    history = min(MOST_HISTORY, fans * HISTORY_PER_FAN) if messages is None else messages
    options = DemoOptions(
        headless=headless,
        settings=DemoSettings(seed=seed, speed=speed, fans=fans, messages=history),
        minutes=minutes,
        outage_s=outage,
        chaos=chaos,
        drain_s=DRAIN_IN_CHAOS_S if chaos else DRAIN_S,
        report=report,
        journal=journal,
        screenshots=screenshots,
    )
    raise typer.Exit(main(options))
