"""The open readers of platform connections: one per connection, shared by webhooks, poller and backfill."""

from collections.abc import Awaitable, Callable, Collection
from random import Random
from typing import TypeVar

from sqlalchemy.orm import Session

from huntaze_backend.core.clock import Clock
from huntaze_backend.core.db import Database
from huntaze_backend.engines.gateways.factory import PlatformAccess, ReaderFactory
from huntaze_backend.engines.gateways.reading import GatewayError, PlatformReader

T = TypeVar("T")


class Readers:
    """Opens a reader when it is first asked for."""

    def __init__(
        self, db: Database, factory: ReaderFactory, access: Callable[[Session, str], PlatformAccess | None]
    ) -> None:
        """Args: access: what opens a connection, by its id; None if it is gone."""
        self._db = db
        self._factory = factory
        self._access = access
        self._open: dict[str, PlatformReader] = {}

    async def of(self, connection_id: str) -> PlatformReader | None:
        """The connection's reader; None if there is no such connection."""
        if connection_id not in self._open:
            access = await self._db.read(lambda session: self._access(session, connection_id))
            if access is None:
                return None
            if connection_id not in self._open:  # another task may have opened it meanwhile
                self._open[connection_id] = self._factory.reader(access)
        return self._open[connection_id]

    async def forget(self, connection_id: str) -> None:
        """Close the reader of a connection that was removed."""
        reader = self._open.pop(connection_id, None)
        if reader is not None:
            await reader.close()

    async def keep(self, connection_ids: Collection[str]) -> None:
        """Close the readers of all other connections: they were removed."""
        for connection_id in self._open.keys() - set(connection_ids):
            await self.forget(connection_id)

    async def close(self) -> None:
        for connection_id in list(self._open):
            await self.forget(connection_id)


class Patience:
    """Repeats a read that failed for a passing reason: 0.5, 1, 2 … 30 s apart, or as long as the platform asks for."""

    def __init__(self, clock: Clock, *, tries: int, chance: Random | None = None) -> None:
        self._clock = clock
        self._tries = tries
        self._chance = chance or Random()

    async def read(self, call: Callable[[], Awaitable[T]]) -> T:
        """Raises: GatewayError, the last one."""
        for tried in range(1, self._tries + 1):
            try:
                return await call()
            except GatewayError as error:
                if not error.passing or tried == self._tries:
                    raise
                wait = min(30.0, 0.5 * 2 ** (tried - 1))
                # Spread, so that the parallel reads of an account do not come back all at once.
                spread = wait * (0.5 + self._chance.random() / 2)
                await self._clock.sleep(spread if error.retry_after_s is None else error.retry_after_s)
        raise AssertionError("a patient read tries at least once")
