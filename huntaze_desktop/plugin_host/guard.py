"""The fault guard: every call into a plugin is timed and its errors stay with it.

Three faults disable a plugin for the session, with who and why. Python in one process is no sandbox: the guard protects
the desktop from mistakes, not from malice.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["FAULTS_ALLOWED", "SLOW_CALL_MS", "Fault", "Guard"]

log = logging.getLogger(__name__)
Result = TypeVar("Result")

SLOW_CALL_MS = 16.0
"""A call on the GUI thread that takes longer loses a frame and is logged with the plugin's name."""

FAULTS_ALLOWED = 3


@dataclass(frozen=True, slots=True)
class Fault:
    plugin_id: str
    what: str
    error: str


class Guard:
    """Guards the calls into one plugin. Not reentrant across threads: plugins run on the GUI thread."""

    def __init__(self, plugin_id: str, on_disable: Callable[[tuple[Fault, ...]], None]) -> None:
        self.plugin_id = plugin_id
        self.faults: list[Fault] = []
        self.disabled = False
        self._on_disable = on_disable
        self._thread = threading.get_ident()

    def call(self, what: str, function: Callable[[], Result]) -> Result | None:
        """Call into the plugin; None if it raised or is disabled."""
        if self.disabled:
            return None
        started = time.perf_counter()
        try:
            return function()
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises stays with it
            self.fault(what, error)
            return None
        finally:
            took = (time.perf_counter() - started) * 1000
            if took > SLOW_CALL_MS and threading.get_ident() == self._thread:
                log.warning("plugin %s took %.0f ms in %s on the GUI thread", self.plugin_id, took, what)

    def fault(self, what: str, error: BaseException) -> None:
        """Count a fault; at the third the plugin is disabled for this session."""
        log.error("plugin %s failed in %s", self.plugin_id, what, exc_info=error)
        self.faults.append(Fault(self.plugin_id, what, f"{type(error).__name__}: {error}"))
        if len(self.faults) >= FAULTS_ALLOWED and not self.disabled:
            self.disabled = True
            self._on_disable(tuple(self.faults))
