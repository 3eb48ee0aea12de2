"""What runs inside the desktop's process: the desktop as it is, with a companion that clicks, waits and measures."""

import json
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

# Only what the desktop imports before its first paint anyway: this module's imports count as the desktop's.
import huntaze_desktop.app.desktop as composition
from huntaze_desktop.app.main import main as open_desktop
from huntaze_desktop.app.options import DesktopOptions

ORDER: dict[str, Any] = json.loads(sys.argv[1])


class FileSecrets:
    """The profile's secrets in a file, so that one process's sign-in is there for the next."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}

    def get(self, name: str) -> str | None:
        return self._values.get(name)

    def set(self, name: str, value: str) -> None:
        self._values[name] = value
        self._path.write_text(json.dumps(self._values))

    def delete(self, name: str) -> None:
        self._values.pop(name, None)
        self._path.write_text(json.dumps(self._values))


async def companion(desktop: composition.Desktop) -> None:
    painted_cpu = time.process_time()
    painted_at = desktop.first_paint_at or time.time()
    from tests.benchmarks import window_large, window_tasks

    scripts = {
        "sync": window_tasks.sync,
        "start": window_tasks.start,
        "work": window_tasks.work,
        "large": window_large.large,
    }
    told: dict[str, Any] = {
        "paint_ms": (painted_at - ORDER["started_at"]) * 1000,
        "paint_cpu_ms": painted_cpu * 1000,
    }
    told |= await scripts[ORDER["script"]](desktop, ORDER)
    sys.stdout.write(json.dumps(told) + "\n")


def run() -> int:
    folder = Path(ORDER["profile"])
    secrets = FileSecrets(folder / "secrets.json")
    composition.Desktop = partial(composition.Desktop, secrets=secrets)  # type: ignore[assignment,misc]
    options = DesktopOptions(profile="bench", home=folder, server=ORDER["server"], theme="light", headless=True)
    return open_desktop(options, companion)


if __name__ == "__main__":
    sys.exit(run())
