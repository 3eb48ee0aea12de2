"""Plays a short shift on another program in the backend's place: `play_shift_with.py REPORT MINUTES BURST COMMAND…`."""

import sys
from pathlib import Path

from huntaze_desktop.app.own import DemoSettings
from huntaze_desktop.demo.main import DemoOptions, main

if __name__ == "__main__":
    report, minutes, burst, *command = sys.argv[1:]
    settings = DemoSettings(seed=7, fans=12, messages=120, backend_command=tuple(command))
    sys.exit(
        main(
            DemoOptions(
                headless=True,
                settings=settings,
                minutes=float(minutes),
                outage_s=0,
                burst=int(burst),
                drain_s=40,
                report=Path(report),
            )
        )
    )
