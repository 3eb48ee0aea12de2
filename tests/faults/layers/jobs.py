"""Workers of jobs that are killed at every point, on both stores: nothing lost, in order per lane, never two at once.

The workers are real processes with the product's runner. The embedded database has one at a time, PostgreSQL three.
What they did is judged by the rows they wrote, with this page's own rules.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import multiprocessing
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from sqlalchemy import func, select

from huntaze_backend.core.db import Database
from huntaze_backend.engines.queue import port as queue
from huntaze_backend.engines.queue.port import Job
from huntaze_backend.engines.queue.tables import DeadJobRow, JobRow, LaneRow
from tests.faults import job_worker
from tests.faults.job_worker import POINTS, WITNESS, Spec
from tests.faults.layer import LayerResult, Plan
from tests.plugins.databases import DATABASE_KEY, migrated
from tests.plugins.postgres import running_server

__all__ = ["Act", "judge", "run"]

KILLS = {"short": {"sqlite": 7, "postgresql": 14}, "full": {"sqlite": 60, "postgresql": 180}}
"""One in seven by the bench at a moment of its own, the others by the points in turn."""
LANES = {"short": 5, "full": 24}
WORKERS = {"sqlite": 1, "postgresql": 3}
LEASE_S = 0.5
FINISH_WITHIN_S = 120.0
_MOST_ATTEMPTS = 10_000


@dataclass(frozen=True, slots=True)
class Act:
    """One row of the witness."""

    lane: str
    n: int
    job: str
    token: str
    act: str
    at: datetime
    lease_until: datetime


@dataclass(slots=True)
class _Store:
    """One store under its workers."""

    name: str
    url: str
    key: str | None
    plan: Plan
    added: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Every job that was committed: its lane and its number there."""
    units: set[str] = field(default_factory=set)
    """Those whose effect commits with the ack."""
    kills: Counter[str] = field(default_factory=Counter)


def run(plan: Plan) -> LayerResult:
    """Both stores."""
    began = time.perf_counter()
    result = LayerResult("jobs", figures={"kills": {"worker": 0}})
    sqlite_url = f"sqlite:///{plan.folder / 'jobs.db'}"
    migrated(sqlite_url, DATABASE_KEY)
    _take(result, _Store("sqlite", sqlite_url, DATABASE_KEY, plan))
    with running_server() as server:
        url = server.url(server.create(server.template("huntaze", migrated)))
        _take(result, _Store("postgresql", url, None, plan))
    result.seconds = time.perf_counter() - began
    return result


def judge(added: dict[str, tuple[str, int]], units: set[str], acts: Sequence[Act]) -> list[str]:
    """What is wrong with the acts of all workers, given the jobs that were added and those that must happen once."""
    wrong: list[str] = []
    effects = Counter(act.job for act in acts if act.act == "effect")
    wrong += [f"job {added[job]} was lost" for job in added if not effects[job]]
    wrong += [f"job {added[job]} took effect {effects[job]} times" for job in units if effects[job] > 1]
    wrong += [f"job {job} was never committed, and took effect" for job in effects if job not in added]
    lanes: dict[str, list[Act]] = defaultdict(list)
    for act in acts:
        lanes[act.lane].append(act)
    for lane, found in lanes.items():
        found.sort(key=lambda act: act.at)
        first = list(dict.fromkeys(act.n for act in found if act.act == "effect"))
        if first != sorted(first):
            wrong.append(f"lane {lane} was done in the order {first}")
        wrong += _overlaps(lane, found)
    return wrong


def _overlaps(lane: str, acts: Sequence[Act]) -> list[str]:
    """A holder must have finished, or its lease must have run out, before another one begins in the lane."""
    wrong: list[str] = []
    finished = {act.token for act in acts if act.act in ("effect", "ended")}
    ends = {act.token: act.at for act in acts if act.act in ("effect", "ended")}
    begins = {act.token: act for act in reversed(acts)}
    for earlier, later in itertools.pairwise(sorted(begins.values(), key=lambda act: act.at)):
        over = ends[earlier.token] if earlier.token in finished else earlier.lease_until
        if later.at < min(over, earlier.lease_until):
            wrong.append(f"lane {lane}: {later.n} began at {later.at} while {earlier.n} was held until {over}")
    return wrong


def _take(result: LayerResult, store: _Store) -> None:
    began = time.perf_counter()
    acts, left = asyncio.run(_play(store))
    wrong = judge(store.added, store.units, acts)
    wrong += [f"{count} rows were left in {table}" for table, count in left.items() if count]
    wrong += [f"no worker was killed at {point}" for point in POINTS if not store.kills[point]]
    result.violations += [f"on {store.name}: {violation}" for violation in wrong]
    effects = Counter(act.job for act in acts if act.act == "effect")
    result.figures["kills"]["worker"] += store.kills.total()
    result.figures[f"jobs_{store.name}"] = {
        "jobs": len(store.added),
        "done": len(effects),
        "repeated_effects": effects.total() - len(effects),
        "kills": dict(store.kills),
        "seconds": round(time.perf_counter() - began, 1),
    }


async def _play(store: _Store) -> tuple[list[Act], dict[str, int]]:
    db = Database.open(store.url, key=store.key)
    try:
        await db.write(lambda session: WITNESS.create(session.connection()))
        chance = Random(store.plan.seed)
        orders = iter(_orders(store, chance))
        enough = asyncio.Event()
        feeding = asyncio.create_task(_feed(db, store, chance, enough))
        async with asyncio.TaskGroup() as slots:
            for slot in range(WORKERS[store.name]):
                slots.create_task(_slot(store, f"w{slot}", orders, chance))
        # Asked to end, not cancelled: a commit goes on when its caller is, and would be missing in the books.
        enough.set()
        await feeding
        await _finish(db, store)
        return await db.read(_acts), await db.read(_left)
    finally:
        await db.close()


def _orders(store: _Store, chance: Random) -> list[tuple[str, int] | None]:
    """At which point each worker in turn dies, and the how many-th time; None: when the bench likes."""
    cycle: list[str | None] = [*POINTS, None]
    kills = KILLS[store.plan.scale][store.name]
    points = [cycle[number % len(cycle)] for number in range(kills)]
    return [None if point is None else (point, chance.randint(1, 3)) for point in points]


async def _slot(store: _Store, name: str, orders: Any, chance: Random) -> None:
    """One worker after the other, until all kills are spent."""
    for number, order in enumerate(orders):
        async with _worker(store, f"{name}.{number}", order) as process:
            if order is None:
                await asyncio.sleep(chance.uniform(0.05, 0.4))
                process.kill()
            await asyncio.to_thread(process.join, FINISH_WITHIN_S)
        if process.exitcode != -signal.SIGKILL:
            raise RuntimeError(f"worker {name}.{number} was to die at {order} and ended with {process.exitcode}")
        store.kills["at random" if order is None else order[0]] += 1


async def _feed(db: Database, store: _Store, chance: Random, enough: asyncio.Event) -> None:
    """More work for each lane, for as long as there are too few to do; some of it is rolled back."""
    numbers: Counter[str] = Counter()
    while not enough.is_set():
        waiting = await db.read(lambda session: session.execute(select(func.count(JobRow.id))).scalar_one())
        if waiting < 3 * LANES[store.plan.scale]:
            for number in range(LANES[store.plan.scale]):
                await _add(db, store, f"lane {number}", numbers, chance)
        await asyncio.sleep(0.02)


async def _add(db: Database, store: _Store, lane: str, numbers: Counter[str], chance: Random) -> None:
    kind = chance.choice(("bench.effect", "bench.unit"))
    job = Job(kind, {"n": numbers[lane]}, lane=lane, max_attempts=_MOST_ATTEMPTS)
    if chance.random() < 0.1:
        with contextlib.suppress(_RolledBackError):
            await db.write(lambda session: _add_and_fail(session, job))
        return
    id_ = await db.write(lambda session: queue.enqueue(session, job))
    numbers[lane] += 1
    store.added[id_] = (lane, job.payload["n"])
    if kind == "bench.unit":
        store.units.add(id_)


class _RolledBackError(Exception):
    pass


def _add_and_fail(session: Any, job: Job) -> None:
    queue.enqueue(session, job)
    raise _RolledBackError


async def _finish(db: Database, store: _Store) -> None:
    """Workers that nobody kills do what is left."""
    async with contextlib.AsyncExitStack() as stack:
        for slot in range(WORKERS[store.name]):
            await stack.enter_async_context(_worker(store, f"last{slot}", None))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH_WITHIN_S):
                while any((await db.read(_left)).values()):  # noqa: ASYNC110  (workers are other processes)
                    await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def _worker(store: _Store, name: str, armed: tuple[str, int] | None) -> Any:
    # From a server that has everything imported: a worker begins in 20 ms instead of a second.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([job_worker.__name__])
    spec = Spec(name, store.url, store.key, LEASE_S, armed)
    process = context.Process(target=job_worker.main, args=(spec,), name=name, daemon=True)
    await asyncio.to_thread(process.start)
    try:
        yield process
    finally:
        if process.is_alive():
            process.kill()
        await asyncio.to_thread(process.join)


def _acts(session: Any) -> list[Act]:
    columns = [column for column in WITNESS.columns if column.name != "id"]
    return [Act(*row) for row in session.execute(select(*columns).order_by(WITNESS.c.id))]


def _left(session: Any) -> dict[str, int]:
    tables = (JobRow, LaneRow, DeadJobRow)
    return {row.__tablename__: session.execute(select(func.count()).select_from(row)).scalar_one() for row in tables}
