"""PostgreSQL by asyncpg: the same synchronous services, run on the event loop through greenlets."""

import asyncio
import random
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session

__all__ = ["PostgresStore"]

T = TypeVar("T")
_ATTEMPTS = 6
_SERIALIZATION_FAILURE = "40001"
_DEADLOCK = "40P01"
_FIRST_PAUSE_S = 0.01


class PostgresStore:
    """Runs units of work on a PostgreSQL database."""

    dialect = "postgresql"

    def __init__(self, url: URL) -> None:
        self._engine: AsyncEngine = create_async_engine(url, pool_size=10, max_overflow=10, pool_pre_ping=True)
        self._snapshots = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @property
    def engine(self) -> AsyncEngine:
        """Makes connections that are nobody's unit of work."""
        return self._engine

    async def write(self, work: Callable[[Session], T]) -> T:
        for attempt in range(_ATTEMPTS):
            try:
                return await self._run(self._engine, work)
            except DBAPIError as error:
                if attempt == _ATTEMPTS - 1 or not _may_repeat(error):
                    raise
            await asyncio.sleep(random.uniform(0, _FIRST_PAUSE_S * 2**attempt))
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def read(self, work: Callable[[Session], T]) -> T:
        return await self._run(self._snapshots, work)

    async def close(self) -> None:
        await self._engine.dispose()

    @staticmethod
    async def _run(engine: AsyncEngine, work: Callable[[Session], T]) -> T:
        async with AsyncSession(engine, expire_on_commit=False) as session:
            return await session.run_sync(work)


def _may_repeat(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) in {_SERIALIZATION_FAILURE, _DEADLOCK}
