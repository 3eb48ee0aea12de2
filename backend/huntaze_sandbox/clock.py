"""Two clocks: the platform's (real UTC, for timestamps and limits) and the personas' (from Friday 18:00, at `speed`).

Both are handed in, so that a test lets minutes pass without waiting for them.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR_S = 3600
DAY_S = 24 * HOUR_S
HOUR_MS = HOUR_S * 1000
DAY_MS = DAY_S * 1000

#: The personas' week begins on Monday 00:00; their clock starts on its Friday at 18:00 (platform time, UTC).
FRIDAY_EVENING_S = 4 * DAY_S + 18 * HOUR_S


class Clock(Protocol):
    """The platform's time. `now_ms` is UTC in milliseconds since 1970, `monotonic` is seconds that never go back."""

    def now_ms(self) -> int: ...

    def monotonic(self) -> float: ...


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()


class PersonaClock:
    """Seconds since Monday 00:00 of the personas' week; runs at `speed`, stands still while they are stopped."""

    def __init__(self, clock: Clock, speed: float) -> None:
        self._clock = clock
        self.speed = speed
        self._at = float(FRIDAY_EVENING_S)
        self._since: float | None = None

    @property
    def running(self) -> bool:
        return self._since is not None

    def now(self) -> float:
        if self._since is None:
            return self._at
        return self._at + (self._clock.monotonic() - self._since) * self.speed

    def start(self) -> None:
        if self._since is None:
            self._since = self._clock.monotonic()

    def stop(self) -> None:
        self._at = self.now()
        self._since = None

    def real_seconds_until(self, persona_s: float) -> float:
        """How long the machine must wait until the personas' clock shows `persona_s`."""
        return max(0.0, (persona_s - self.now()) / self.speed)


def rfc3339(ms: int) -> str:
    """Write a timestamp as the vendor does: UTC, milliseconds, `Z`."""
    return (EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds")[:-6] + "Z"


def parse_rfc3339(text: str) -> int:
    """Read a timestamp of any offset into UTC milliseconds. A date is its midnight; without an offset it is UTC."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // timedelta(milliseconds=1)
