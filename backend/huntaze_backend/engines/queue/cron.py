"""Work at fixed times: every replica looks at the schedules, and each tick becomes one job whoever is first.

The row of a tick is unique and is committed together with its job, so no leader is needed and a crash loses no tick.
Schedules are periods in UTC ("every hour", "daily at 03:00 UTC"): what the service does for itself needs no more.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from huntaze_backend.core.bulk import insert_once
from huntaze_backend.core.clock import now
from huntaze_backend.core.db import Database
from huntaze_backend.engines.queue.jobs import LONGEST_KIND, Job
from huntaze_backend.engines.queue.rules import CatchUp, due_ticks, next_tick
from huntaze_backend.engines.queue.store import enqueue
from huntaze_backend.engines.queue.tables import TickRow

__all__ = ["Schedule", "Ticker", "fire", "next_fire"]

log = structlog.get_logger(__name__)

_TICKS_KEPT = timedelta(days=35)
_LONGEST_NAP_S = 30.0
_AFTER_FAILURE_S = 5.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is to be done at fixed times."""

    name: str
    """Never another one for the same work: the ticks that were fired are known by it."""
    every: timedelta
    job: Callable[[datetime], Job]
    """The job of a tick; the tick is its scheduled time."""
    offset: timedelta = timedelta(0)
    """After midnight UTC, for periods that divide a day."""
    catch_up: CatchUp = "latest"
    """After a pause: `latest` does the work once, and not while the tick before still waits; `all` does it for each
    tick that was missed, as a bill per month needs it."""

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= LONGEST_KIND:
            raise ValueError(f"a schedule's name has 1 to {LONGEST_KIND} characters: {self.name!r}")
        if self.every < timedelta(seconds=1):
            raise ValueError(f"schedule {self.name} would never rest")


def fire(session: Session, schedules: Sequence[Schedule]) -> int:
    """Add the jobs of every tick that is due and that nobody has fired; how many there were."""
    at = now(session)
    last = _last_ticks(session)
    fired = 0
    for schedule in schedules:
        ticks = due_ticks(
            last.get(schedule.name), at, every=schedule.every, offset=schedule.offset, catch_up=schedule.catch_up
        )
        for tick in ticks:
            if insert_once(session, TickRow, {"name": schedule.name, "scheduled_at": tick, "fired_at": at}):
                enqueue(session, _job(schedule, tick))
                fired += 1
        if ticks:
            old = (TickRow.name == schedule.name, TickRow.scheduled_at < ticks[-1] - _TICKS_KEPT)
            session.execute(delete(TickRow).where(*old).execution_options(synchronize_session=False))
    return fired


def next_fire(session: Session, schedules: Sequence[Schedule]) -> tuple[datetime, datetime | None]:
    """The time, and when there is next something to fire; None without schedules. Changes nothing."""
    last = _last_ticks(session)
    at = now(session)
    times = [
        next_tick(last[schedule.name], every=schedule.every, offset=schedule.offset) if schedule.name in last else at
        for schedule in schedules
    ]
    return at, min(times, default=None)


class Ticker:
    """Fires ticks for as long as the process works."""

    def __init__(self, db: Database, schedules: Sequence[Schedule]) -> None:
        self._db = db
        self._schedules = schedules

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        while not stop.is_set():
            pause_s = await self._look()
            try:
                async with asyncio.timeout(pause_s):
                    await stop.wait()
            except TimeoutError:
                continue

    async def _look(self) -> float:
        """Fire what is due. Returns for how long nothing will be."""
        try:
            at, due = await self._db.read(lambda session: next_fire(session, self._schedules))
            if due is not None and due <= at:
                await self._db.write(lambda session: fire(session, self._schedules))
                return 0.0
        except (OSError, SQLAlchemyError):
            log.warning("cron.no_database", exc_info=True)
            return _AFTER_FAILURE_S
        return _LONGEST_NAP_S if due is None else min(_LONGEST_NAP_S, (due - at).total_seconds())


def _last_ticks(session: Session) -> dict[str, datetime]:
    newest = session.execute(select(TickRow.name, func.max(TickRow.scheduled_at)).group_by(TickRow.name))
    return {row[0]: row[1] for row in newest}


def _job(schedule: Schedule, tick: datetime) -> Job:
    job = schedule.job(tick)
    if schedule.catch_up == "latest" and job.dedupe_key is None:
        return replace(job, dedupe_key=f"cron.{schedule.name}")
    return job
