"""The job store: a claim with 100,000 jobs in the way against one in an empty table, and how much goes through.

Only the claim itself is timed, inside its unit of work, which is rolled back; the empty table is measured before and
after the full one, so that a machine that grew busier meanwhile weighs on both.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from huntaze_backend.core.bulk import chunks, insert_new
from huntaze_backend.core.clock import now
from huntaze_backend.core.db import Database
from huntaze_backend.engines.queue import port as queue
from huntaze_backend.engines.queue.port import Job, Leased, Priority
from huntaze_backend.engines.queue.tables import JobRow, LaneRow
from tests.benchmarks.figures import Figure

__all__ = ["run"]

BLOCKED = 100_000
CLAIMS = 300
GOAL_RATIO = 3.0
JOBS = 600
AT_ONCE = 16
LEASE = timedelta(minutes=5)


def run(url: str, key: str | None, name: str) -> list[Figure]:
    """On a migrated database."""
    return asyncio.run(_run(url, key, name))


async def _run(url: str, key: str | None, name: str) -> list[Figure]:
    db = Database.open(url, key=key)
    try:
        throughput = await _throughput(db, name)
        figures = []
        empty = {kind: await _claims_us(db, due=due) for kind, due in _KINDS.items()}
        await _block(db)
        full = {kind: await _claims_us(db, due=due) for kind, due in _KINDS.items()}
        await _clear(db)
        for kind, due in _KINDS.items():
            peer = statistics.median(empty[kind] + await _claims_us(db, due=due))
            value = statistics.median(full[kind])
            figures += [
                Figure(
                    f"{kind}, {BLOCKED:,} jobs blocked, {name}", value, "µs", peer=f"{peer:,.0f} µs in an empty table"
                ),
                Figure(f"{kind}, {BLOCKED:,} jobs blocked ÷ empty table, {name}", value / peer, "x", GOAL_RATIO),
            ]
        return figures + throughput
    finally:
        await db.close()


_KINDS = {"claim of the one job that is due": True, "claim that finds nothing": False}


class _RolledBackError(Exception):
    """Ends a unit of work that was only to be timed."""


async def _claims_us(db: Database, *, due: bool) -> list[float]:
    """Microseconds of each claim."""
    if due:
        await db.write(lambda session: queue.enqueue(session, Job("bench.due", priority=Priority.LOW)))
    took: list[float] = []

    def work(session: Session) -> None:
        session.connection()
        began = time.perf_counter()
        found = queue.claim(session, "bench", 1, LEASE)
        took.append((time.perf_counter() - began) * 1e6)
        assert len(found) == due
        raise _RolledBackError

    for _ in range(CLAIMS):
        try:
            await db.write(work)
        except _RolledBackError:
            continue
    if due:
        await _do(db, 1)
    return took[CLAIMS // 10 :]  # the first ones compile statements


async def _throughput(db: Database, name: str) -> list[Figure]:
    async def enqueue() -> None:
        await db.write(lambda session: queue.enqueue(session, Job("bench.job", {"n": 1})))

    async def rate(what: Callable[[], Awaitable[int | None]]) -> float:
        began = time.perf_counter()
        done = 0
        while done < JOBS:
            done += await what() or 1
        return done / (time.perf_counter() - began)

    one_by_one = await rate(enqueue)
    claimed_singly = await rate(partial(_do, db, 1))
    began = time.perf_counter()
    await asyncio.gather(*(_times(enqueue, JOBS // AT_ONCE) for _ in range(AT_ONCE)))
    at_once = JOBS // AT_ONCE * AT_ONCE / (time.perf_counter() - began)
    began = time.perf_counter()
    done = 0
    while found := await _do(db, AT_ONCE):
        done += found
    return [
        Figure(f"enqueue, one by one, {name}", one_by_one, "jobs/s"),
        Figure(f"enqueue, {AT_ONCE} writers, {name}", at_once, "jobs/s"),
        Figure(f"claim and ack, one by one, {name}", claimed_singly, "jobs/s"),
        Figure(f"claim and ack, {AT_ONCE} at a time, {name}", done / (time.perf_counter() - began), "jobs/s"),
    ]


async def _times(what: Callable[[], Awaitable[None]], times: int) -> None:
    for _ in range(times):
        await what()


async def _do(db: Database, n: int) -> int:
    """Claim up to `n` jobs in one unit of work, ack them in another; how many there were."""
    leases: list[Leased] = await db.write(lambda session: queue.claim(session, "bench", n, LEASE))
    if leases:
        await db.write(lambda session: [queue.complete(session, leased.token) for leased in leases])
    return len(leases)


async def _block(db: Database) -> None:
    """In equal parts: behind a head that is being done, behind one whose time has not come, lanes that are leased,
    and lanes that are to be done later, of every priority."""

    def work(session: Session) -> None:
        at = now(session)
        later = at + timedelta(hours=1)
        lanes: list[dict[str, Any]] = []
        jobs: list[dict[str, Any]] = []
        for number, lane, seq in _blocked():
            priority = number % len(Priority)
            jobs.append({"id": f"j{number}", "lane": lane, "seq": seq, "priority": priority} | _JOB | _times_of(later))
            leased = lane.startswith(("held", "leased"))
            if seq == 1:
                lanes.append(
                    {
                        "lane": lane,
                        "head_id": f"j{number}",
                        "last_seq": 1,
                        "priority": priority,
                        "ready_at": None if leased else later,
                        "lease_until": later if leased else None,
                        "token": f"t{number}" if leased else None,
                        "worker": "another" if leased else None,
                    }
                )
        for table, rows in ((JobRow, jobs), (LaneRow, lanes)):
            for part in chunks(rows, 1000):
                insert_new(session, table, part)
        session.execute(text("ANALYZE"))

    await db.write(work)


_JOB: dict[str, Any] = {
    "agency_id": None,
    "kind": "bench.blocked",
    "payload": {},
    "dedupe_key": None,
    "attempts": 0,
    "max_attempts": 5,
    "failure": None,
}


def _times_of(at: Any) -> dict[str, Any]:
    return {"run_at": at, "created_at": at}


def _blocked() -> Iterator[tuple[int, str, int]]:
    """Number, lane and place of each job."""
    part = BLOCKED // 4
    for number in range(BLOCKED):
        which, index = divmod(number, part)
        match which:
            case 0:
                yield number, "held", index + 1
            case 1:
                yield number, "early", index + 1
            case 2:
                yield number, f"leased {index}", 1
            case _:
                yield number, f"later {index}", 1


async def _clear(db: Database) -> None:
    def work(session: Session) -> None:
        for table in (JobRow, LaneRow):
            session.execute(delete(table))

    await db.write(work)
