"""A desktop in a process of its own, run by a script instead of a person; it tells what it measured as JSON."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.agency import OWNER, environment

__all__ = ["Window"]

LONGEST_S = 300


@dataclass(frozen=True, slots=True)
class Window:
    """Starts the real desktop on a profile. The profile's keys are in a file beside it: this is no person's profile."""

    server: str
    profile: Path
    cache: Path

    def sync(self) -> dict[str, Any]:
        """Sign in with an empty store and wait until everything is there."""
        return self._run("sync")

    def start(self) -> dict[str, Any]:
        """Start until the list is filled."""
        return self._run("start")

    def work(self) -> dict[str, Any]:
        """Open conversation after conversation, then do nothing."""
        return self._run("work")

    def large(self) -> dict[str, Any]:
        """Work through a store that was made large: nothing may be synced, or the copies would be swept away."""
        return self._run("large")

    def _run(self, script: str) -> dict[str, Any]:
        self.profile.mkdir(parents=True, exist_ok=True)
        order = {
            "script": script,
            "server": self.server,
            "profile": str(self.profile),
            "email": OWNER.email,
            "password": OWNER.password,
            "started_at": time.time(),
        }
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.window_script", json.dumps(order)],
            capture_output=True,
            text=True,
            env=environment(self.cache),
            timeout=LONGEST_S,
            check=False,
        )
        if done.returncode != 0 or not done.stdout.startswith("{"):
            raise RuntimeError(f"the desktop ended with {done.returncode}: {done.stdout[-400:]}{done.stderr[-2000:]}")
        found: dict[str, Any] = json.loads(done.stdout)
        return found
