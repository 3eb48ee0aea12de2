"""The server's time: one injected clock, so that tests and the simulation run on a virtual one.

On PostgreSQL the database's own clock decides, because several backends must agree; on the embedded database there is
one process, and its clock is the database's.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Protocol

from sqlalchemy import BigInteger, ColumnElement, cast, func, select, type_coerce
from sqlalchemy.orm import Session

from huntaze_backend.core.schema import UtcMicros

__all__ = ["CLOCK_KEY", "Clock", "SystemClock", "now", "server_time"]

CLOCK_KEY = "huntaze.clock"
"""Where a unit of work carries the clock (`Session.info`); put there by `core.db` alone."""


class Clock(Protocol):
    """What needs time asks this and nothing else."""

    def now(self) -> datetime:
        """UTC, aware."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; for durations and deadlines inside one process."""
        ...

    async def sleep(self, seconds: float) -> None: ...


def elapsed() -> float:
    """Seconds of real time since some moment, those that the machine slept included where the system tells."""
    if sys.platform == "win32":
        return time.monotonic()  # counts sleep
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class SystemClock:
    """The machine's clock as it was at the start, and the time that has passed since.

    Somebody may set the machine's clock while this runs, and a limit of sends in any minute must hold all the same: so
    a jump is not followed. Time never goes back, and what the machine's clock is ahead is made up for by at most one
    part in a thousand, which over a minute is less than the margin of the limiter.
    """

    _CATCH_UP = 0.001

    def __init__(
        self,
        *,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        elapsed: Callable[[], float] = elapsed,
    ) -> None:
        """Args: wall: what the machine says, which may jump; elapsed: seconds, which never do."""
        self._wall = wall
        self._elapsed = elapsed
        self._lock = Lock()
        self._anchor = (elapsed(), wall())

    def now(self) -> datetime:
        with self._lock:  # units of work ask from several threads
            since, at = self._anchor
            passed = self._elapsed() - since
            moment = at + timedelta(seconds=passed)
            ahead = (self._wall() - moment).total_seconds()
            moment += timedelta(seconds=min(max(ahead, 0.0), passed * self._CATCH_UP))
            self._anchor = (since + passed, moment)
            return moment

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def now(session: Session) -> datetime:
    """The time that decides: the database's on PostgreSQL, else the injected clock's. UTC, aware."""
    if session.get_bind().dialect.name == "postgresql":
        # clock_timestamp(), not now(): the latter stands still for the whole transaction.
        value = session.execute(select(func.clock_timestamp())).scalar_one()
        moment: datetime = value.astimezone(UTC)
        return moment
    clock: Clock = session.info[CLOCK_KEY]
    return clock.now()


def server_time() -> ColumnElement[datetime]:
    """What `now` answers on PostgreSQL, as a part of a statement there: read for each row, at no extra cost."""
    seconds = func.extract("epoch", func.clock_timestamp())
    return type_coerce(cast(seconds * 1_000_000, BigInteger), UtcMicros())
