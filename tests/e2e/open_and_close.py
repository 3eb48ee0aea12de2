"""Opens the desktop and closes it again as soon as its profile is open: `open_and_close.py TIMES [HOME]`.

With HOME it is the profile there, locked by the system's keyring; without, a throw-away one each time. Prints one JSON
line per round: what the process holds after it.
"""

import asyncio
import gc
import json
import logging
import sys
from pathlib import Path
from typing import Any

import psutil

from huntaze_desktop.app.desktop import Desktop
from huntaze_desktop.app.main import main
from huntaze_desktop.app.options import DesktopOptions

LOOK_EVERY_S = 0.01


async def until_open(desktop: Desktop) -> None:
    while not desktop.is_open:  # noqa: ASYNC110 - a person looks too, and has no event to wait for
        await asyncio.sleep(LOOK_EVERY_S)


def held() -> dict[str, Any]:
    from PySide6.QtWidgets import QApplication

    gc.collect()
    return {
        "threads": psutil.Process().num_threads(),
        "files": psutil.Process().num_fds(),
        "children": len(psutil.Process().children(recursive=True)),
        "windows": len(QApplication.topLevelWidgets()),
        "objects": len(gc.get_objects()),
    }


if __name__ == "__main__":
    # How long a step takes is the machine's affair, and not what is looked for here.
    for loop in ("asyncio", "qasync._SimpleTimer"):
        logging.getLogger(loop).addFilter(lambda record: "took" not in record.getMessage())
    home = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    options = DesktopOptions(headless=True, home=home, throw_away=home is None)
    for _ in range(int(sys.argv[1])):
        code = main(options, until_open)
        print(json.dumps({"code": code, **held()}), flush=True)
        if code:
            sys.exit(code)
