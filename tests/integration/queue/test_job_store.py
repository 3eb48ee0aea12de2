"""The job store keeps its promises on both databases: all or nothing, in order, never two at once, fenced."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from huntaze_backend.core.clock import now
from huntaze_backend.core.db import Committed, Database
from huntaze_backend.engines.queue import port as queue
from huntaze_backend.engines.queue.port import Job, JobsReady, Leased, LeaseLostError, Priority
from huntaze_backend.engines.queue.tables import DeadJobRow, JobRow, LaneRow
from tests.helpers.queue_time import pass_time

LEASE = timedelta(seconds=30)
SECOND = timedelta(seconds=1)


class BrokenError(Exception):
    pass


async def put(db: Database, *jobs: Job) -> list[str]:
    return await db.write(lambda session: [queue.enqueue(session, job) for job in jobs])


async def claim(db: Database, n: int = 10, lease: timedelta = LEASE, worker: str = "w") -> list[Leased]:
    return await db.write(lambda session: queue.claim(session, worker, n, lease))


async def claim_one(db: Database) -> Leased:
    (leased,) = await claim(db)
    return leased


async def complete(db: Database, leased: Leased) -> None:
    await db.write(lambda session: queue.complete(session, leased.token))


async def again(db: Database, leased: Leased, after: timedelta = timedelta(0), *, count: bool = True) -> None:
    await db.write(lambda session: queue.retry(session, leased.token, now(session) + after, count=count, reason="no"))


async def later(db: Database, by: timedelta) -> None:
    await db.write(lambda session: pass_time(session, by))


async def counts(db: Database) -> dict[str, int]:
    def work(session: Session) -> dict[str, int]:
        tables = (JobRow, LaneRow, DeadJobRow)
        return {t.__tablename__: session.execute(select(func.count()).select_from(t)).scalar_one() for t in tables}

    return await db.read(work)


def lane_of(number: int, **more: Any) -> Job:
    return Job("t.do", {"n": number}, lane="a", **more)


async def test_what_was_added_comes_back_whole(database):
    at = await database.read(now)
    job = Job("t.do", {"n": 1, "deep": [None, "é"]}, "a", Priority.HIGH, at, "key", 7, agency_id="agency")
    (id_,) = await put(database, job)

    leased = await claim_one(database)

    assert (leased.id, leased.job, leased.attempt) == (id_, job, 1)
    assert LEASE - 5 * SECOND < leased.lease_until - at <= LEASE + 5 * SECOND


async def test_a_unit_of_work_that_fails_adds_no_job(database):
    def work(session: Session) -> None:
        queue.enqueue(session, lane_of(1, dedupe_key="k"))
        raise BrokenError

    with pytest.raises(BrokenError):
        await database.write(work)

    assert await claim(database) == []
    assert await counts(database) == {"jobs": 0, "job_lanes": 0, "dead_jobs": 0}


async def test_a_unit_of_work_that_fails_acks_nothing(database):
    await put(database, lane_of(1))
    leased = await claim_one(database)

    def work(session: Session) -> None:
        queue.complete(session, leased.token)
        raise BrokenError

    with pytest.raises(BrokenError):
        await database.write(work)

    await complete(database, leased)
    assert await counts(database) == {"jobs": 0, "job_lanes": 0, "dead_jobs": 0}


async def test_a_commit_with_a_job_tells_runners_and_a_rollback_does_not(database):
    told: list[Committed] = []
    database.on_commit(told.append)

    with pytest.raises(BrokenError):
        await database.write(lambda session: (queue.enqueue(session, lane_of(1)), _raise()))
    assert told == []

    await put(database, lane_of(1))
    assert [committed.events for committed in told] == [(JobsReady(),)]


async def test_jobs_of_a_lane_come_one_after_the_other_in_their_order(database):
    await put(database, lane_of(1), lane_of(2))
    await put(database, lane_of(3))

    for number in (1, 2, 3):
        (leased,) = await claim(database)
        assert leased.job.payload["n"] == number
        assert await claim(database) == [], "a lane is never held twice"
        await complete(database, leased)

    assert await counts(database) == {"jobs": 0, "job_lanes": 0, "dead_jobs": 0}


async def test_jobs_without_a_lane_wait_for_nobody(database):
    await put(database, *(Job("t.do", {"n": n}) for n in range(5)))

    assert len(await claim(database, n=3)) == 3
    assert len(await claim(database, n=3)) == 2


async def test_a_job_that_waits_for_its_time_holds_up_its_lane_only(database):
    at = await database.read(now)
    await put(database, lane_of(1, run_at=at + 60 * SECOND), lane_of(2), Job("t.do", {"n": 3}))

    assert [leased.job.payload["n"] for leased in await claim(database)] == [3]

    await later(database, 61 * SECOND)
    assert [leased.job.payload["n"] for leased in await claim(database, n=1)] == [1]


async def test_urgent_lanes_go_first_and_then_the_one_that_is_due_the_longest(database):
    at = await database.read(now)
    order = [
        (Priority.LOW, 50),
        (Priority.URGENT, 1),
        (Priority.NORMAL, 2),
        (Priority.URGENT, 3),
        (Priority.HIGH, 1),
        (Priority.NORMAL, 9),
    ]
    await put(
        database,
        *(Job("t.do", {"n": n}, priority=p, run_at=at - ago * SECOND) for n, (p, ago) in enumerate(order)),
    )

    assert [leased.job.payload["n"] for leased in await claim(database, n=4)] == [3, 1, 4, 5]
    assert [leased.job.payload["n"] for leased in await claim(database)] == [2, 0]


async def test_an_urgent_job_lends_its_urgency_to_those_before_it(database):
    await put(database, Job("t.do", {"n": 0}, priority=Priority.HIGH), lane_of(1, priority=Priority.LOW))
    await put(database, lane_of(2, priority=Priority.URGENT), lane_of(3, priority=Priority.LOW))

    (first,) = await claim(database, n=1)
    assert first.job.payload["n"] == 1
    await complete(database, first)
    (second,) = await claim(database, n=1)
    assert second.job.payload["n"] == 2
    await complete(database, second)
    assert [leased.job.payload["n"] for leased in await claim(database)] == [0, 3], "and it takes it along"


async def test_a_key_is_added_once_while_its_job_lives_and_again_afterwards(database):
    (first,) = await put(database, lane_of(1, dedupe_key="k"))

    assert await put(database, lane_of(2, dedupe_key="k")) == [first]
    leased = await claim_one(database)
    assert await put(database, lane_of(3, dedupe_key="k")) == [first], "also while it is being done"
    await complete(database, leased)

    (second,) = await put(database, lane_of(4, dedupe_key="k"))
    assert second != first
    assert (await claim_one(database)).job.payload["n"] == 4


async def test_one_key_added_by_sixteen_at_once_makes_one_job(database):
    added = await asyncio.gather(*(put(database, lane_of(n, dedupe_key="k")) for n in range(16)))

    assert len({id_ for ids in added for id_ in ids}) == 1
    assert (await counts(database))["jobs"] == 1


async def test_sixteen_writers_to_one_lane_get_sixteen_places(database):
    await asyncio.gather(*(put(database, lane_of(n)) for n in range(16)))

    places = await database.read(lambda session: list(session.scalars(select(JobRow.seq).order_by(JobRow.seq))))
    assert places == list(range(1, 17))


async def test_eight_workers_at_once_get_each_job_once(database):
    await put(database, *(Job("t.do", {"n": n}) for n in range(40)))
    seen: list[int] = []

    async def worker(name: str) -> None:
        while leases := await claim(database, n=3, worker=name):
            for leased in leases:
                seen.append(leased.job.payload["n"])
                await complete(database, leased)

    await asyncio.gather(*(worker(f"w{n}") for n in range(8)))
    for leased in await claim(database):  # one that another worker's lock hid from the last look
        seen.append(leased.job.payload["n"])

    assert sorted(seen) == list(range(40))


async def test_a_lease_that_ran_out_goes_to_another_and_its_first_holder_can_ack_nothing(database):
    await put(database, lane_of(1), lane_of(2))
    lost = await claim_one(database)
    assert await claim(database) == []
    await later(database, LEASE + SECOND)

    taken = await claim_one(database)
    assert (taken.id, taken.attempt) == (lost.id, 2)

    acks: list[Callable[[Session], object]] = [
        lambda session: queue.complete(session, lost.token),
        lambda session: queue.retry(session, lost.token, now(session), count=True),
        lambda session: queue.dead(session, lost.token, "no"),
    ]
    for ack in acks:
        with pytest.raises(LeaseLostError):
            await database.write(ack)
    assert await database.write(lambda session: queue.extend(session, [lost.token, taken.token], LEASE)) == {
        taken.token
    }
    await complete(database, taken)
    assert (await claim_one(database)).job.payload["n"] == 2


async def test_an_extended_lease_holds(database):
    await put(database, lane_of(1))
    leased = await claim_one(database)
    for _ in range(3):
        await later(database, LEASE - 5 * SECOND)
        assert await database.write(lambda s: queue.extend(s, [leased.token], LEASE)) == {leased.token}
        assert await claim(database) == []

    await complete(database, leased)


async def test_one_that_failed_keeps_its_place_until_it_is_its_time_again(database):
    await put(database, lane_of(1), lane_of(2))
    await again(database, await claim_one(database), 10 * SECOND)

    assert await claim(database) == []
    await later(database, 11 * SECOND)
    leased = await claim_one(database)
    assert (leased.job.payload["n"], leased.attempt) == (1, 2)


async def test_a_deferral_costs_no_attempt(database):
    await put(database, lane_of(1, max_attempts=2))
    for _ in range(5):
        leased = await claim_one(database)
        assert leased.attempt == 1
        await again(database, leased, count=False)


async def test_a_dead_job_frees_its_lane_and_is_kept_with_its_reason(database):
    await put(database, lane_of(1), lane_of(2))
    leased = await claim_one(database)
    await database.write(lambda session: queue.dead(session, leased.token, "x" * 900))

    assert (await claim_one(database)).job.payload["n"] == 2
    row = await database.read(lambda session: session.get_one(DeadJobRow, leased.id))
    assert (row.payload, row.attempts, row.reason) == ({"n": 1}, 1, "x" * 500)


async def test_a_job_that_keeps_losing_its_worker_is_dead_after_its_attempts(database):
    await put(database, lane_of(1, max_attempts=2), lane_of(2))
    for attempt in (1, 2):
        leased = await claim_one(database)
        assert (leased.job.payload["n"], leased.attempt) == (1, attempt)
        await later(database, LEASE + SECOND)

    assert (await claim_one(database)).job.payload["n"] == 2
    assert (await counts(database))["dead_jobs"] == 1


async def test_taking_back_says_how_many_were_lost(database):
    await put(database, lane_of(1), Job("t.do"))
    await claim(database)
    assert await database.write(queue.reap) == 0
    await later(database, LEASE + SECOND)

    assert await database.write(queue.reap) == 2
    assert await database.write(queue.reap) == 0


async def test_the_next_look_is_when_something_becomes_due_or_a_lease_ends(database):
    at, nothing = await database.read(queue.next_due)
    assert nothing is None
    await put(database, lane_of(1, run_at=at + 500 * SECOND))
    assert (await database.read(queue.next_due))[1] == at + 500 * SECOND

    await put(database, Job("t.do", priority=Priority.LOW, run_at=at))
    assert (await database.read(queue.next_due))[1] == at
    leased = await claim_one(database)
    assert (await database.read(queue.next_due))[1] == leased.lease_until


async def test_the_places_in_a_lane_are_commit_order_although_a_writer_is_slow(migrated_postgres_url):
    database = Database.open(migrated_postgres_url)

    def slow(session: Session) -> None:
        queue.enqueue(session, lane_of(1))
        session.execute(text("SELECT pg_sleep(0.2)"))

    try:
        slow_one = asyncio.create_task(database.write(slow))
        while not await database.read(_somebody_sleeps):  # noqa: ASYNC110  (it happens in another process)
            await asyncio.sleep(0.005)
        await put(database, lane_of(2))
        assert slow_one.done(), "the second one waits for the commit of the first"
        await slow_one
        assert (await claim_one(database)).job.payload["n"] == 1
    finally:
        await database.close()


@pytest.mark.parametrize(
    "values",
    [{"kind": ""}, {"kind": "k" * 61}, {"lane": ""}, {"lane": "l" * 121}, {"dedupe_key": ""}, {"max_attempts": 0}],
)
def test_a_job_that_cannot_be_stored_is_refused_where_it_is_made(values):
    with pytest.raises(ValueError):
        Job(**{"kind": "t.do", **values})


def _raise() -> None:
    raise BrokenError


def _somebody_sleeps(session: Session) -> bool:
    query = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
    return bool(session.execute(query).scalar_one())
