"""The change log under sixteen writers: a reader that follows it, and is restarted, sees every change once.

On both stores. The same race over a plain sequence must lose on PostgreSQL, or it proves nothing; SQLite has one
writer, so there nothing can overtake.
"""

from __future__ import annotations

import asyncio
import contextlib
import time

from huntaze_backend.core.db import Database
from huntaze_contract.ids import new_id
from tests.faults.layer import LayerResult, Plan
from tests.helpers.change_race import Found, plain_sequence, prepare, race
from tests.plugins.databases import DATABASE_KEY, migrated
from tests.plugins.postgres import running_server

__all__ = ["run"]

WRITERS = 16
EACH = {"short": 60, "full": 1_500}
REPLICAS = 2
"""Backends on one PostgreSQL; the embedded database has one process."""


def run(plan: Plan) -> LayerResult:
    """Both stores and the loser."""
    began = time.perf_counter()
    result = LayerResult("change_log")
    sqlite_url = f"sqlite:///{plan.folder / 'changes.db'}"
    migrated(sqlite_url, DATABASE_KEY)
    _take(result, "sqlite", asyncio.run(_race(plan, sqlite_url, DATABASE_KEY, replicas=1)))
    with running_server() as server:
        url = server.url(server.create(server.template("huntaze", migrated)))
        _take(result, "postgresql", asyncio.run(_race(plan, url, None, replicas=REPLICAS)))
        with plain_sequence(at_once=True):
            lost = asyncio.run(_race(plan, url, None, replicas=REPLICAS)).lost
    result.figures["changes_lost_by_a_plain_sequence"] = lost
    if not lost:
        result.violations.append("the race over a plain sequence lost nothing, so it would not see a broken log")
    result.seconds = time.perf_counter() - began
    return result


async def _race(plan: Plan, url: str, key: str | None, *, replicas: int) -> Found:
    async with contextlib.AsyncExitStack() as opened:
        databases = []
        for _ in range(replicas):
            database = Database.open(url, key=key)
            opened.push_async_callback(database.close)
            databases.append(database)
        agency_id = new_id()
        await prepare(databases[0], agency_id)
        return await race(databases, databases[0], agency_id, writers=WRITERS, each=EACH[plan.scale], seed=plan.seed)


def _take(result: LayerResult, store: str, found: Found) -> None:
    result.violations += [f"on {store}, {WRITERS} writers: {wrong}" for wrong in found.violations()]
    result.figures[f"changes_{store}"] = {
        "units": len(found.commits),
        "lost": found.lost,
        "reader_restarts": found.restarts,
        "units_per_s": round(len(found.commits) / found.seconds),
    }
