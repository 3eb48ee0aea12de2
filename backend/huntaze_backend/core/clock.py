"""The server's time: one injected clock, so that tests and the simulation run on a virtual one.

On PostgreSQL the database's own clock decides, because several backends must agree; on the embedded database there is
one process, and its clock is the database's.
"""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy import func, select
from sqlalchemy.orm import Session

__all__ = ["CLOCK_KEY", "Clock", "SystemClock", "now"]

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


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

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
