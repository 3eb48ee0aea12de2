"""A runner does jobs on both databases: in order, again after failures, never beyond its lease; at last it drains."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from huntaze_backend.core.audit import AuditRow, audit
from huntaze_backend.core.clock import now
from huntaze_backend.core.db import Database
from huntaze_backend.engines.queue import port as queue
from huntaze_backend.engines.queue.handlers import Registry, in_one_unit
from huntaze_backend.engines.queue.port import Deferred, Job, Leased, Outcome, Rejected
from huntaze_backend.engines.queue.runner import Pace, Runner
from huntaze_backend.engines.queue.tables import DeadJobRow, JobRow, LaneRow
from tests.helpers.queue_time import pass_time

SOON = timedelta(milliseconds=30)
QUICK = Pace(poll_s=0.05, backoff=SOON, longest_backoff=SOON, drain_s=0.2)


@contextlib.asynccontextmanager
async def working(db: Database, registry: Registry, pace: Pace = QUICK) -> AsyncIterator[asyncio.Event]:
    """A runner at work; the event stops it, as the end of the block does."""
    stop = asyncio.Event()
    running = asyncio.create_task(Runner(db, registry, pace=pace).run(stop))
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(running, 20)


async def put(db: Database, *jobs: Job) -> list[str]:
    return await db.write(lambda session: [queue.enqueue(session, job) for job in jobs])


async def until(db: Database, holds: Callable[[Session], Any]) -> None:
    async with asyncio.timeout(20):
        while not await db.read(holds):  # noqa: ASYNC110  (the database is where it shows)
            await asyncio.sleep(0.01)


def nothing_left(session: Session) -> bool:
    return session.execute(select(func.count()).select_from(JobRow)).scalar_one() == 0


def of(number: int, **more: Any) -> Job:
    return Job("t.do", {"n": number}, **more)


class Doer:
    """A handler that keeps what it was given, and answers as it is told."""

    def __init__(self, *answers: Outcome | Exception) -> None:
        self.seen: list[tuple[int, int]] = []
        self.answers = list(answers)
        self.called = asyncio.Event()

    async def __call__(self, leased: Leased, db: Database) -> Outcome:
        self.seen.append((leased.job.payload["n"], leased.attempt))
        self.called.set()
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def registry(self) -> Registry:
        registry = Registry()
        registry.handle("t.do", self)
        return registry


async def test_jobs_of_a_lane_are_done_in_order_and_of_others_meanwhile(database):
    going = 0
    most = 0
    done: list[int] = []

    async def handler(leased: Leased, _: Database) -> None:
        nonlocal going, most
        going += 1
        most = max(most, going)
        await asyncio.sleep(0.005)
        going -= 1
        done.append(leased.job.payload["n"])

    registry = Registry()
    registry.handle("t.do", handler)
    await put(database, *(of(n, lane=f"lane {n % 4}") for n in range(24)))
    async with working(database, registry, Pace(at_once=3, poll_s=0.05)):
        await until(database, nothing_left)

    assert sorted(done) == list(range(24))
    assert all([n for n in done if n % 4 == lane] == list(range(lane, 24, 4)) for lane in range(4))
    assert most == 3, "three at once, and no more"


async def test_a_job_that_is_added_wakes_the_runner_of_the_same_process(database):
    doer = Doer()
    async with working(database, doer.registry, Pace(poll_s=60)):
        await until(database, nothing_left)
        await put(database, of(1))
        await asyncio.wait_for(doer.called.wait(), 20)


async def test_a_job_of_another_process_is_found_by_looking(migrated_postgres_url):
    here, there = Database.open(migrated_postgres_url), Database.open(migrated_postgres_url)
    doer = Doer()
    try:
        async with working(here, doer.registry):
            await put(there, of(1))
            await asyncio.wait_for(doer.called.wait(), 20)
    finally:
        await here.close()
        await there.close()


async def test_a_handler_that_raises_is_tried_again(database):
    doer = Doer(OSError("down"), KeyError("odd"))
    await put(database, of(1))
    async with working(database, doer.registry):
        await until(database, nothing_left)

    assert doer.seen == [(1, 1), (1, 2), (1, 3)]


async def test_after_its_attempts_a_job_is_dead_and_says_why_without_telling_secrets(database):
    doer = Doer(*(OSError("key sk-123 refused") for _ in range(3)))
    id_, _ = await put(database, of(1, lane="a", max_attempts=3), of(2, lane="a"))
    async with working(database, doer.registry):
        await until(database, nothing_left)

    assert doer.seen == [(1, 1), (1, 2), (1, 3), (2, 1)]
    row = await database.read(lambda session: session.get_one(DeadJobRow, id_))
    assert row.reason == "OSError in attempt 3 of 3."


async def test_a_deferral_costs_no_attempt_and_a_rejection_ends_it(database):
    at = await database.read(now)
    doer = Doer(*(Deferred(at) for _ in range(4)), Rejected("The fan is gone."))
    await put(database, of(1, max_attempts=2))
    async with working(database, doer.registry):
        await until(database, nothing_left)

    assert doer.seen == [(1, 1)] * 5
    reasons = await database.read(lambda session: session.scalars(select(DeadJobRow.reason)).all())
    assert reasons == ["The fan is gone."]


async def test_a_kind_that_nobody_here_knows_is_left_for_others(database):
    await put(database, Job("t.newer"))
    async with working(database, Registry()):
        await until(database, lambda session: session.scalars(select(JobRow.run_at)).one() > now(session))

    attempts = await database.read(lambda session: session.scalars(select(JobRow.attempts)).one())
    assert attempts == 0


async def test_an_effect_in_the_unit_of_its_ack_happens_once_although_the_first_try_breaks(database):
    tries = 0

    def work(session: Session, leased: Leased) -> None:
        nonlocal tries
        tries += 1
        audit(session, agency_id="a", actor_id=None, action="did", subject=leased.id)
        session.flush()
        if tries == 1:
            raise OSError

    registry = Registry()
    registry.handle("t.do", in_one_unit(work))
    await put(database, of(1))
    async with working(database, registry):
        await until(database, nothing_left)

    effects = select(func.count()).select_from(AuditRow)
    assert (tries, await database.read(lambda session: session.execute(effects).scalar_one())) == (2, 1)


async def test_an_effect_whose_lease_was_lost_does_not_commit(database):
    def work(session: Session, leased: Leased) -> None:
        audit(session, agency_id="a", actor_id=None, action="did", subject=leased.id)

    await put(database, of(1))
    (stale,) = await database.write(lambda session: queue.claim(session, "w1", 1, timedelta(seconds=30)))
    await database.write(lambda session: pass_time(session, timedelta(seconds=31)))
    await database.write(lambda session: queue.claim(session, "w2", 1, timedelta(seconds=30)))

    with pytest.raises(queue.LeaseLostError):
        await in_one_unit(work)(stale, database)

    effects = select(func.count()).select_from(AuditRow)
    assert await database.read(lambda session: session.execute(effects).scalar_one()) == 0


async def test_a_job_that_takes_longer_than_its_lease_keeps_it(database):
    lease = timedelta(seconds=3)
    seen: list[int] = []

    async def handler(leased: Leased, db: Database) -> None:
        seen.append(leased.attempt)
        await until(db, lambda session: session.scalars(select(LaneRow.lease_until)).one() > leased.lease_until + lease)

    registry = Registry()
    registry.handle("t.do", handler)
    await put(database, of(1))
    async with working(database, registry, Pace(lease=lease, poll_s=0.05)):
        await until(database, nothing_left)

    assert seen == [1]


async def test_a_handler_whose_lease_was_taken_is_cancelled(database):
    began, ended = asyncio.Event(), asyncio.Event()

    async def handler(_: Leased, __: Database) -> None:
        if began.is_set():
            return
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    def taken(session: Session) -> list[Leased]:
        pass_time(session, timedelta(seconds=100))
        return queue.claim(session, "another", 1, timedelta(milliseconds=10))

    registry = Registry()
    registry.handle("t.do", handler)
    await put(database, of(1))
    async with working(database, registry, Pace(lease=timedelta(seconds=1), poll_s=0.05)):
        await began.wait()
        assert await database.write(taken)
        await asyncio.wait_for(ended.wait(), 20)
        await until(database, nothing_left)


async def test_a_handler_is_cancelled_when_its_lease_runs_out_and_the_database_is_gone(database, monkeypatch):
    began, ended = asyncio.Event(), asyncio.Event()

    async def handler(_: Leased, __: Database) -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def gone(_: object) -> None:
        raise OSError

    registry = Registry()
    registry.handle("t.do", handler)
    await put(database, of(1))
    async with working(database, registry, Pace(lease=timedelta(milliseconds=500), poll_s=0.05, drain_s=0.1)):
        await began.wait()
        monkeypatch.setattr(database, "write", gone)
        await asyncio.wait_for(ended.wait(), 20)
        monkeypatch.undo()


async def test_at_the_end_jobs_may_finish_and_the_late_ones_are_given_back_unharmed(database):
    begun: list[int] = []
    ready = asyncio.Event()

    async def handler(leased: Leased, _: Database) -> None:
        begun.append(leased.job.payload["n"])
        if len(begun) == 2:
            ready.set()
        await asyncio.sleep(0.05 if leased.job.payload["n"] == 1 else 60)

    registry = Registry()
    registry.handle("t.do", handler)
    await put(database, of(1, lane="a"), of(2, lane="b"), of(3, lane="a"))
    async with working(database, registry) as stop:
        await ready.wait()
        stop.set()

    left = await database.write(lambda session: queue.claim(session, "w", 5, timedelta(seconds=30)))
    assert sorted((leased.job.payload["n"], leased.attempt) for leased in left) == [(2, 1), (3, 1)]
    assert sorted(begun) == [1, 2], "nothing is begun after the stop"


async def test_a_runner_outlives_a_database_that_is_away_for_a_moment(database, monkeypatch):
    doer = Doer()
    refused = asyncio.Event()

    async def gone(_: object) -> None:
        refused.set()
        raise OSError

    async with working(database, doer.registry):
        with monkeypatch.context() as away:
            away.setattr(database, "read", gone)
            await asyncio.wait_for(refused.wait(), 20)
        await put(database, of(1))
        await asyncio.wait_for(doer.called.wait(), 20)


def test_a_kind_has_one_handler():
    registry = Doer().registry

    with pytest.raises(ValueError):
        registry.handle("t.do", Doer())
