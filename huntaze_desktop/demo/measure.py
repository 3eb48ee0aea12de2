"""What a shift costs the desktop: stalls of the GUI thread, memory at its highest, time to the first paint."""

import resource
import sys
import time

from PySide6.QtCore import QObject, Qt, QTimer

__all__ = ["StallMeter", "milliseconds_since_process_start", "peak_rss_mb"]

TICK_MS = 4


class StallMeter(QObject):
    """A 4 ms timer on the GUI thread; the gaps between its ticks are what a person feels as a stall."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        # Counts per millisecond, not a list of gaps: an hour's shift has a million ticks.
        self._counts: dict[int, int] = {}
        self._last: float | None = None
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        self._last = time.perf_counter()
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def percentile(self, share: float) -> float:
        """The gap in ms that `share` (0 to 1) of all gaps do not exceed; 0 before the first tick."""
        total = sum(self._counts.values())
        seen = 0
        for tenths in sorted(self._counts):
            seen += self._counts[tenths]
            if seen >= share * total:
                return tenths / 10
        return 0.0

    def _tick(self) -> None:
        now = time.perf_counter()
        if self._last is not None:
            tenths = int((now - self._last) * 10_000)
            self._counts[tenths] = self._counts.get(tenths, 0) + 1
        self._last = now


def peak_rss_mb() -> float:
    """The highest resident memory of this process so far, in MB (10^6 bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in KiB, macOS in bytes.
    return round(peak * (1 if sys.platform == "darwin" else 1024) / 1e6, 1)


def milliseconds_since_process_start() -> float:
    """Wall time since the operating system started this process."""
    import psutil

    return (time.time() - float(psutil.Process().create_time())) * 1000
