"""Two clocks: this computer's, which is for display only, and the server's, as well as it is known here."""

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median

SAMPLES = 5


def wall_clock() -> datetime:
    return datetime.now(UTC)


class ServerClock:
    """This computer's clock, corrected by the median of the last five differences to the server's.

    The median, because one slow answer must not move what a countdown shows. Reading it from another thread is safe.
    """

    def __init__(self, wall: Callable[[], datetime] = wall_clock) -> None:
        self.wall = wall
        self._differences: deque[float] = deque(maxlen=SAMPLES)
        self._offset = 0.0

    @property
    def offset_s(self) -> float:
        """Server time minus local time, in seconds."""
        return self._offset

    def now(self) -> datetime:
        return self.wall() + timedelta(seconds=self._offset)

    def learn(self, server_time: datetime, asked: datetime, answered: datetime) -> None:
        """Take in a server's time; `asked` and `answered` are this computer's, around the request."""
        middle = asked + (answered - asked) / 2
        self._differences.append((server_time - middle).total_seconds())
        self._offset = median(self._differences)
