"""A lock that belongs to a session with PostgreSQL: whoever dies gives it back, and another one may take it.

It needs a session of its own from the taking to the giving back; a pooler that hands one session to several clients
(PgBouncer in transaction mode) breaks it.
"""

import asyncio

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.orm import Session

__all__ = ["NOTICED_WITHIN_S", "Exclusive", "is_held"]

log = structlog.get_logger(__name__)

_SPACE = 0x68756E74
"""Of our locks among the database's: advisory locks of two numbers, of which this is the first."""
_LOOK_EVERY_S = 0.5
_ANSWERS_WITHIN_S = 1.5
NOTICED_WITHIN_S = _LOOK_EVERY_S + _ANSWERS_WITHIN_S
"""How long a holder may take to notice that its lock is gone."""


class Exclusive:
    """One holder's view of the lock."""

    def __init__(self, engine: AsyncEngine, key: int) -> None:
        self._engine = engine
        self._key = key
        self._session: AsyncConnection | None = None

    async def try_take(self) -> bool:
        """Take the lock if nobody has it. Raises: OSError, SQLAlchemyError if the database cannot be asked."""
        session = await self._engine.connect()
        try:
            # No transaction: one that stays open for days would keep the database from tidying up.
            await session.execution_options(isolation_level="AUTOCOMMIT")
            asked = {"space": _SPACE, "key": self._key}
            taken = (await session.execute(text("SELECT pg_try_advisory_lock(:space, :key)"), asked)).scalar_one()
        except BaseException:
            await session.invalidate()
            await session.close()
            raise
        if not taken:
            await session.close()
            return False
        self._session = session
        return True

    async def lost(self) -> None:
        """Return when the session no longer answers within 1.5 s: from then on another process may have the lock."""
        while self._session is not None:
            try:
                async with asyncio.timeout(_ANSWERS_WITHIN_S):
                    await self._session.execute(text("SELECT 1"))
            except (OSError, SQLAlchemyError):  # a timeout is an OSError
                log.warning("a lock's session broke off", exc_info=True)
                return
            await asyncio.sleep(_LOOK_EVERY_S)

    async def give_back(self) -> None:
        """End the session, and the lock with it. Does nothing without one."""
        session, self._session = self._session, None
        if session is not None:
            # Not back into the pool, whatever state it is in: closing it is what surely ends the lock.
            await session.invalidate()
            await session.close()


def is_held(session: Session, key: int) -> bool:
    """Whether any process has the lock. Changes nothing."""
    query = text(
        "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND classid = :space AND objid = :key)"
    )
    return bool(session.execute(query, {"space": _SPACE, "key": key}).scalar_one())
