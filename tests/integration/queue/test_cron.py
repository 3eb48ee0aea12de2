"""Cron on both databases: each tick becomes one job, however many replicas look, and what was missed is caught up."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from huntaze_backend import jobs
from huntaze_backend.core.db import Database
from huntaze_backend.engines.queue import port as queue
from huntaze_backend.engines.queue.cron import Schedule, Ticker, fire, next_fire
from huntaze_backend.engines.queue.handlers import Registry
from huntaze_backend.engines.queue.port import Job
from huntaze_backend.engines.queue.runner import Runner
from huntaze_backend.engines.queue.tables import JobRow, TickRow
from tests.helpers.queue_time import pass_time

HOUR = timedelta(hours=1)
OFFERS = Schedule("offers", HOUR, lambda tick: Job("t.offers", {"at": tick.isoformat()}))
BILLS = Schedule("bills", HOUR, lambda tick: Job("t.bills", {"at": tick.isoformat()}), catch_up="all")


async def tick(db: Database, *schedules: Schedule) -> int:
    return await db.write(lambda session: fire(session, schedules))


async def hours_pass(db: Database, hours: int) -> None:
    await db.write(lambda session: pass_time(session, hours * HOUR, "cron_ticks"))


async def waiting(db: Database) -> list[str]:
    return await db.read(lambda session: list(session.scalars(select(JobRow.kind).order_by(JobRow.created_at))))


async def do_all(db: Database) -> None:
    def work(session: Session) -> None:
        while leases := queue.claim(session, "w", 100, HOUR):
            for leased in leases:
                queue.complete(session, leased.token)

    await db.write(work)


async def test_a_new_schedule_fires_at_once_and_then_at_its_next_tick(database):
    assert await tick(database, OFFERS) == 1
    assert await tick(database, OFFERS) == 0
    at, next_at = await database.read(lambda session: next_fire(session, [OFFERS]))

    assert next_at is not None
    assert timedelta(0) < next_at - at <= HOUR
    assert next_at.minute == 0


async def test_a_pause_is_caught_up_by_the_latest_tick_or_by_all(database):
    await tick(database, OFFERS, BILLS)
    await do_all(database)
    await hours_pass(database, 5)

    assert await tick(database, OFFERS, BILLS) == 6
    assert sorted(await waiting(database)) == ["t.bills"] * 5 + ["t.offers"]
    times = await database.read(lambda s: [row["at"] for row in s.scalars(select(JobRow.payload).order_by(JobRow.id))])
    assert times[1:] == sorted(times[1:]), "the oldest first"


async def test_a_tick_adds_nothing_while_the_work_of_the_one_before_waits(database):
    for _ in range(3):
        assert await tick(database, OFFERS) == 1
        await hours_pass(database, 1)

    assert await waiting(database) == ["t.offers"]


async def test_a_tick_and_its_job_commit_together_or_not_at_all(database):
    def work(session: Session) -> None:
        fire(session, [OFFERS])
        raise KeyError

    with pytest.raises(KeyError):
        await database.write(work)

    assert await tick(database, OFFERS) == 1


async def test_eight_replicas_fire_each_tick_once(migrated_postgres_url):
    replicas = [Database.open(migrated_postgres_url) for _ in range(8)]
    try:
        await tick(replicas[0], OFFERS, BILLS)
        for _ in range(4):
            await do_all(replicas[0])
            await hours_pass(replicas[0], 3)
            fired = await asyncio.gather(*(tick(replica, OFFERS, BILLS) for replica in replicas))
            assert sum(fired) == 4
            assert sorted(await waiting(replicas[0])) == ["t.bills"] * 3 + ["t.offers"]
    finally:
        for replica in replicas:
            await replica.close()


async def test_eight_tickers_of_one_process_fire_each_tick_once(sqlite):
    stop = asyncio.Event()
    tickers = [asyncio.create_task(Ticker(sqlite, [OFFERS, BILLS]).run(stop)) for _ in range(8)]
    async with asyncio.timeout(20):
        while len(await waiting(sqlite)) < 2:  # noqa: ASYNC110  (the tickers tell nobody)
            await asyncio.sleep(0.005)
    stop.set()
    await asyncio.gather(*tickers)

    assert sorted(await waiting(sqlite)) == ["t.bills", "t.offers"]


async def test_ticks_of_long_ago_are_forgotten_but_never_the_latest(database):
    daily = replace(BILLS, every=timedelta(days=1))
    await tick(database, daily)
    await hours_pass(database, 24 * 40)
    assert await tick(database, daily) == 40

    ticks = await database.read(lambda session: list(session.scalars(select(TickRow.scheduled_at))))
    assert len(ticks) == 36
    assert max(ticks) - min(ticks) == timedelta(days=35)


async def test_the_services_own_schedules_find_their_handlers(database):
    registry = Registry()
    jobs.register(registry)
    stop = asyncio.Event()
    work = [
        asyncio.create_task(Ticker(database, jobs.SCHEDULES).run(stop)),
        asyncio.create_task(Runner(database, registry).run(stop)),
    ]

    def all_fired_and_done(session: Session) -> bool:
        fired = {name for (name,) in session.execute(select(TickRow.name))}
        return len(fired) == len(jobs.SCHEDULES) and session.scalars(select(JobRow.id)).first() is None

    try:
        async with asyncio.timeout(20):
            while not await database.read(all_fired_and_done):  # noqa: ASYNC110  (the database is where it shows)
                await asyncio.sleep(0.01)
    finally:
        stop.set()
        await asyncio.gather(*work)


@pytest.mark.parametrize("values", [{"name": ""}, {"name": "n" * 61}, {"every": timedelta(milliseconds=10)}])
def test_a_schedule_that_cannot_work_is_refused(values):
    def job(_: datetime) -> Job:
        return Job("t.do")

    with pytest.raises(ValueError):
        Schedule(**{"name": "n", "every": HOUR, "job": job, **values})
