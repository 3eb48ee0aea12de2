"""Stores on which a rate gate is tried: the real ones, on a clock that the suite moves.

SQLite takes its time from the injected clock. PostgreSQL takes it from the server, so there a schema in front of
`pg_catalog` gives `clock_timestamp()` another meaning for this one database; the product's code is the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlalchemy import make_url, text
from sqlalchemy.orm import Session

from huntaze_backend.core.db import Database
from tests.plugins.databases import DATABASE_KEY
from tests.plugins.postgres import PostgresServer

T = TypeVar("T")
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
_VIRTUAL_TIME = (
    "CREATE SCHEMA virtual;"
    " CREATE TABLE virtual.clock (at timestamptz NOT NULL);"
    f" INSERT INTO virtual.clock VALUES ('{NOON.isoformat()}');"
    " CREATE FUNCTION virtual.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE"
    " AS 'SELECT at FROM virtual.clock'"
)


class VirtualClock:
    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - NOON).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Ground:
    """One store; `at` is what its clock shows from the next unit of work on."""

    def __init__(self, runner: asyncio.Runner, database: Database, clock: VirtualClock) -> None:
        self._runner, self._database, self._clock = runner, database, clock

    @property
    def at(self) -> datetime:
        return self._clock.at

    @at.setter
    def at(self, at: datetime) -> None:
        self._clock.at = at

    def unit(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a transaction of its own."""
        return self._runner.run(self._database.write(lambda session: self._unit(session, work)))

    def _unit(self, session: Session, work: Callable[[Session], T]) -> T:
        if not self._database.embedded:
            session.execute(text("UPDATE virtual.clock SET at = :at"), {"at": self.at})
        return work(session)


@contextmanager
def sqlite_ground(url: str) -> Iterator[Ground]:
    """On a migrated file of the fixtures."""
    clock = VirtualClock()
    with _opened(Database.open(url, key=DATABASE_KEY, clock=clock), clock) as ground:
        yield ground


@contextmanager
def postgres_ground(server: PostgresServer, url: str) -> Iterator[Ground]:
    """On a migrated database of this server, which gets a clock of its own."""
    name = make_url(url).database
    assert name is not None
    server.sql(_VIRTUAL_TIME, name)
    server.sql(f"ALTER DATABASE {name} SET search_path = virtual, pg_catalog, public")
    with _opened(Database.open(url), VirtualClock()) as ground:
        yield ground


@contextmanager
def _opened(database: Database, clock: VirtualClock) -> Iterator[Ground]:
    with asyncio.Runner() as runner:
        try:
            yield Ground(runner, database, clock)
        finally:
            runner.run(database.close())
