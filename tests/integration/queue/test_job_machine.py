"""The job store against a model of it, by hypothesis, on both databases: whatever is done in whatever order.

Time does not pass by itself in the model: everything stored becomes older instead (tests/helpers/queue_time.py).
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from huntaze_backend.core.clock import now
from huntaze_backend.core.db import Database
from huntaze_backend.engines.queue import port as queue
from huntaze_backend.engines.queue.port import Job, Leased, LeaseLostError, Priority
from huntaze_backend.engines.queue.tables import DeadJobRow, JobRow, LaneRow
from tests.helpers.queue_time import pass_time
from tests.plugins.databases import DATABASE_KEY

LEASE_S = 1000
"""Far longer than the machine takes for an example: only what the model lets pass counts."""
MOST = 3
LANES = ("a", "b", "c")


@dataclass
class Model:
    """One job, as it should be."""

    id: str
    lane: str
    number: int
    priority: Priority
    wait_s: int
    attempts: int = 0


@dataclass
class Lane:
    """A lane, as it should be: its jobs in order, and the lease on its head."""

    jobs: list[Model] = field(default_factory=list)
    token: str | None = None
    lease_s: int = 0

    @property
    def priority(self) -> Priority:
        return min(job.priority for job in self.jobs)

    @property
    def due(self) -> bool:
        return bool(self.jobs) and self.token is None and self.jobs[0].wait_s <= 0


class RolledBackError(Exception):
    pass


class JobMachine(RuleBasedStateMachine):
    """Any order of acts; after each, the store holds what the model says."""

    def __init__(self, database: Database, loop: asyncio.Runner) -> None:
        super().__init__()
        self.database = database
        self.loop = loop
        self.lanes = {lane: Lane() for lane in LANES}
        self.dead: list[Model] = []
        self.stale: list[str] = []
        self.number = 0
        self.write(lambda session: [session.execute(delete(table)) for table in (LaneRow, JobRow, DeadJobRow)])

    def write(self, work: Any) -> Any:
        return self.loop.run(self.database.write(work))

    def held(self) -> list[tuple[str, Lane]]:
        return [(lane.token, lane) for lane in self.lanes.values() if lane.token is not None]

    # --- acts -----------------------------------------------------------------------------------------------------

    @rule(
        lane=st.sampled_from(LANES),
        priority=st.sampled_from(Priority),
        wait_s=st.sampled_from((0, 0, 100, 5000)),
        commits=st.sampled_from((True, True, True, False)),
    )
    def enqueue(self, lane: str, priority: Priority, wait_s: int, commits: bool) -> None:
        self.number += 1
        number = self.number

        def work(session: Session) -> str:
            run_at = now(session) + timedelta(seconds=wait_s) if wait_s else None
            job = Job("t.do", {"n": number}, lane, priority, run_at, max_attempts=MOST)
            id_ = queue.enqueue(session, job)
            if not commits:
                raise RolledBackError
            return id_

        try:
            id_ = self.write(work)
        except RolledBackError:
            return
        self.lanes[lane].jobs.append(Model(id_, lane, number, priority, wait_s))

    @rule(n=st.integers(1, 4))
    def claim(self, n: int) -> None:
        self.take_back()
        leases: list[Leased] = self.write(lambda s: queue.claim(s, "w", n, timedelta(seconds=LEASE_S)))
        due = [lane for lane in self.lanes.values() if lane.due]
        assert len(leases) == min(n, len(due)), "as many as there are, up to as many as asked for"
        expected = sorted(lane.priority for lane in due)[:n]
        priorities = [self.lanes[leased.job.lane or ""].priority for leased in leases]
        assert priorities == expected, "the most urgent first"
        for leased in leases:
            lane = self.lanes[leased.job.lane or ""]
            assert lane.due, "neither held by another nor too early"
            head = lane.jobs[0]
            assert (leased.id, leased.job.payload["n"]) == (head.id, head.number), "the head of its lane"
            head.attempts += 1
            assert leased.attempt == head.attempts
            lane.token, lane.lease_s = leased.token, LEASE_S

    @rule(pick=st.integers(0, 9), how=st.sampled_from(("complete", "retry", "defer", "dead", "extend", "roll back")))
    def ack(self, pick: int, how: str) -> None:
        held = self.held()
        if not held:
            return
        token, lane = held[pick % len(held)]
        self.write_ack(token, how)
        if how == "extend":
            lane.lease_s = LEASE_S
        elif how != "roll back":
            self.stale.append(token)
            lane.token = None
            if how in ("complete", "dead"):
                gone = lane.jobs.pop(0)
                if how == "dead":
                    self.dead.append(gone)
            else:
                lane.jobs[0].wait_s = 100
                lane.jobs[0].attempts -= how == "defer"

    @rule(pick=st.integers(0, 99), how=st.sampled_from(("complete", "retry", "defer", "dead")))
    def ack_too_late(self, pick: int, how: str) -> None:
        if not self.stale:
            return
        with pytest.raises(LeaseLostError):
            self.write_ack(self.stale[pick % len(self.stale)], how)

    @rule(seconds=st.sampled_from((60, 110, 600, 1100)))
    def time_passes(self, seconds: int) -> None:
        self.write(lambda session: pass_time(session, timedelta(seconds=seconds)))
        for lane in self.lanes.values():
            lane.lease_s -= seconds
            for job in lane.jobs:
                job.wait_s -= seconds

    @rule()
    def reap(self) -> None:
        assert self.write(queue.reap) == self.take_back()

    @rule(pick=st.integers(0, 9))
    def redrive(self, pick: int) -> None:
        if not self.dead:
            return
        job = self.dead.pop(pick % len(self.dead))
        assert self.write(lambda session: queue.redrive(session, [job.id])) == [job.id]
        self.lanes[job.lane].jobs.append(Model(job.id, job.lane, job.number, job.priority, 0))

    # --- what must hold -------------------------------------------------------------------------------------------

    @invariant()
    def the_store_holds_what_the_model_says(self) -> None:
        def look(session: Session) -> tuple[dict[str, list[str]], set[str], dict[str, tuple[str, int]]]:
            jobs: dict[str, list[str]] = {}
            for lane, id_ in session.execute(select(JobRow.lane, JobRow.id).order_by(JobRow.lane, JobRow.seq)):
                jobs.setdefault(lane, []).append(id_)
            dead = set(session.scalars(select(DeadJobRow.id)))
            lanes = session.execute(select(LaneRow.lane, LaneRow.head_id, LaneRow.priority))
            return jobs, dead, {lane: (head, priority) for lane, head, priority in lanes}

        jobs, dead, lanes = self.loop.run(self.database.read(look))
        living = {name: lane for name, lane in self.lanes.items() if lane.jobs}
        assert jobs == {name: [job.id for job in lane.jobs] for name, lane in living.items()}, "nothing lost, in order"
        assert dead == {job.id for job in self.dead}
        assert lanes == {name: (lane.jobs[0].id, lane.priority) for name, lane in living.items()}

    # --- the model's own --------------------------------------------------------------------------------------------

    def take_back(self) -> int:
        """What a reap does. How many leases ran out."""
        lost = [lane for lane in self.lanes.values() if lane.token is not None and lane.lease_s <= 0]
        for lane in lost:
            self.stale.append(lane.token or "")
            lane.token = None
            if lane.jobs[0].attempts >= MOST:
                self.dead.append(lane.jobs.pop(0))
            else:
                lane.jobs[0].wait_s = 0
        return len(lost)

    def write_ack(self, token: str, how: str) -> None:
        def work(session: Session) -> None:
            at = now(session) + timedelta(seconds=100)
            match how:
                case "complete":
                    queue.complete(session, token)
                case "retry" | "defer":
                    queue.retry(session, token, at, count=how == "retry")
                case "dead":
                    queue.dead(session, token, "no")
                case "extend":
                    assert queue.extend(session, [token], timedelta(seconds=LEASE_S)) == {token}
                case _:
                    queue.complete(session, token)
                    raise RolledBackError

        try:
            self.write(work)
        except RolledBackError:
            assert how == "roll back"


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.mark.parametrize(("store", "examples"), [("sqlite", 40), ("postgresql", 15)])
def test_whatever_is_done_the_store_holds_what_the_model_says(request, loop, store, examples):
    if store == "sqlite":
        url, key = request.getfixturevalue("sqlite_url"), DATABASE_KEY
    else:
        url, key = request.getfixturevalue("migrated_postgres_url"), None

    async def opened() -> Database:
        return Database.open(url, key=key)

    database = loop.run(opened())
    try:
        run_state_machine_as_test(
            lambda: JobMachine(database, loop),
            settings=settings(
                max_examples=examples, stateful_step_count=30, suppress_health_check=list(HealthCheck), deadline=None
            ),
        )
    finally:
        loop.run(database.close())
