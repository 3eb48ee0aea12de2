"""`huntaze demo`: open the demo agency for a person, or let the scripted chatter play a shift and judge it."""

import json
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from huntaze_desktop.app.options import DesktopOptions
from huntaze_desktop.app.own import DemoSettings

__all__ = ["DemoOptions", "main"]

RESTART_DELAY_S = 0.5
"""Until a killed backend is started again; during the outage it is kept away."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What a person may choose on the command line of the demo."""

    headless: bool = False
    """Play a scripted shift in a fresh profile instead of opening the demo for a person."""
    settings: DemoSettings = field(default_factory=DemoSettings)
    minutes: float = 5.0
    """0 plays the quick answers at the start only."""
    outage_s: float = 60.0
    """How long the killed backend stays away; 0 leaves it alone."""
    chaos: bool = False
    """Kill the backend and the platform's process again and again, the outage among it, and let sends go wrong."""
    burst: int = 14
    """Quick answers to one account at the start, which meet its limit."""
    drain_s: float = 180.0
    """What has not left so long after the shift counts as lost."""
    report: Path | None = None
    journal: Path | None = None
    screenshots: Path | None = None


def main(options: DemoOptions) -> int:
    """Returns the exit code: for a shift, 0 only if nothing was lost, doubled, late in order or over the limit."""
    if not options.headless:
        from huntaze_desktop.app.main import main as open_desktop

        return open_desktop(DesktopOptions(profile="demo", demo=options.settings))

    from huntaze_desktop.demo.shift import ShiftFailedError, play_shift

    settings = replace(options.settings, journal=options.journal, backend_restart_delay_s=RESTART_DELAY_S)
    try:
        report = play_shift(replace(options, settings=settings))
    except ShiftFailedError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if options.report is not None:
        options.report.parent.mkdir(parents=True, exist_ok=True)
        options.report.write_text(json.dumps(report.as_json(), indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(report.as_table())
    return 0 if report.faultless else 1
