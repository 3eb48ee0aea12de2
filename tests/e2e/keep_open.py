"""Opens a small demo agency and keeps it open; closes the window as a person would at the first line on stdin.

Prints one JSON line when the agency is shown: the ids of the services it runs on.
"""

import asyncio
import json
import sys

from huntaze_desktop.app.desktop import Desktop
from huntaze_desktop.app.main import main
from huntaze_desktop.app.options import DesktopOptions
from huntaze_desktop.app.own import DemoSettings


async def stay(desktop: Desktop) -> None:
    await desktop.ready.wait()
    services = desktop.services
    assert services is not None
    assert services.backend is not None
    assert services.sandbox is not None
    print(json.dumps({"backend": services.backend.pid, "sandbox": services.sandbox.pid}), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    desktop.window.close()
    await asyncio.Event().wait()


if __name__ == "__main__":
    small = DemoSettings(fans=8, messages=60)
    sys.exit(main(DesktopOptions(headless=True, throw_away=True, demo=small), stay))
