"""How a process of the service shows the outside that it lives, and learns that it is to end: the ready line, stdin."""

import json
import os
import sys
from importlib.metadata import version

from huntaze_contract.wire import API_VERSION

__all__ = ["WORKER_GRACE_S", "say_ready", "wait_for_stdin"]

WORKER_GRACE_S = 5.0
"""How long the worker may take to end."""


def say_ready(**more: object) -> None:
    """One line of JSON on stdout, for a parent that waits for it."""
    line = {"ready": True, **more, "pid": os.getpid(), "api": API_VERSION, "version": version("huntaze")}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def wait_for_stdin() -> None:
    """Return at the end of stdin."""
    # On the bare descriptor: a buffered reader would be locked when the process ends.
    while True:
        try:
            if not os.read(0, 4096):
                break
        except OSError:
            break
