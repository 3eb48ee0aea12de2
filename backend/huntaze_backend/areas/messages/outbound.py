"""Everything that goes to the platforms, put together: a dispatch per connection, the searches for lost answers, and
what lets scheduled messages go at their time.

The worker runs one. It listens to domain events, which only make it quicker: what must be done stands in the database,
and every loop also looks there by itself once a second.
"""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from huntaze_backend.areas.messages import elsewhere, reconcile
from huntaze_backend.areas.messages.dispatch import ConnectionDispatch, Dispatches
from huntaze_backend.areas.messages.readers import Readers
from huntaze_backend.areas.messages.scheduled import Releaser
from huntaze_backend.areas.messages.search import Searcher
from huntaze_backend.core.db import Database
from huntaze_backend.engines.gateways.factory import PlatformAccess
from huntaze_backend.events import (
    ConnectionCreated,
    ConnectionDeleted,
    CreatorStateChanged,
    EventBus,
    MessageReady,
    MessageSettled,
)

__all__ = ["Outbound"]

log = structlog.get_logger(__name__)
_DRAIN_S = 5.0
_LOOK_EVERY_S = 1.0


class Outbound:
    """The sending half of the worker."""

    def __init__(
        self,
        db: Database,
        bus: EventBus,
        readers: Readers,
        dispatches: Dispatches,
        access: Callable[[Session, str], PlatformAccess | None],
    ) -> None:
        """Args: access: what opens a connection, by its id; None if it is gone."""
        self._db = db
        self._readers = readers
        self._dispatches = dispatches
        self._access = access
        self._searcher = Searcher(db, dispatches.gate, dispatches.policy, readers)
        self._releaser = Releaser(db, dispatches.policy.timing)
        self._open: dict[str, tuple[ConnectionDispatch, asyncio.Task[None]]] = {}
        self._stopping = False
        bus.subscribe(ConnectionCreated, lambda event: self._start(event.connection_id))
        bus.subscribe(ConnectionDeleted, lambda event: self._end([event.connection_id]))
        bus.subscribe(CreatorStateChanged, lambda event: self._wake(event.creator_id))
        bus.subscribe(MessageReady, lambda event: self._wake(event.creator_id))
        bus.subscribe(MessageSettled, self._settled)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; then what is under way may end within 5 s. What does not is found and searched for later."""
        recovered = await self._db.write(
            partial(reconcile.recover, gate=self._dispatches.gate, policy=self._dispatches.policy, everything=True)
        )
        if recovered:
            log.warning("outbound.recovered", messages=recovered)
        seen = await self._db.read(elsewhere.log_ends)
        for connection_id in await self._db.read(elsewhere.connection_ids):
            await self._start(connection_id)
        loop = asyncio.get_running_loop()
        searching = loop.create_task(self._searcher.run(stop))
        releasing = loop.create_task(self._releaser.run(stop))
        try:
            await self._watch_others(stop, seen)
        finally:
            self._stopping = True
            self._searcher.wake()
            await self._end(list(self._open))
            searching.cancel()
            await asyncio.gather(searching, releasing, return_exceptions=True)

    async def _watch_others(self, stop: asyncio.Event, seen: dict[str, int]) -> None:
        """Until `stop`: learn what other processes accept, connect and remove."""
        while not stop.is_set():
            try:
                async with asyncio.timeout(None if self._db.embedded else _LOOK_EVERY_S):
                    await stop.wait()
            except TimeoutError:
                try:
                    seen = await self._look_elsewhere(seen)
                except (OSError, SQLAlchemyError):
                    log.warning("outbound.no_database", exc_info=True)

    async def _look_elsewhere(self, seen: dict[str, int]) -> dict[str, int]:
        there = await self._db.read(elsewhere.connection_ids)
        for connection_id in there:
            if connection_id not in self._open:
                await self._start(connection_id)
        await self._end([id_ for id_ in self._open if id_ not in there])
        creator_ids, ends = await self._db.read(partial(elsewhere.touched, since=seen))
        for creator_id in creator_ids:
            self._wake(creator_id)
        return ends

    async def _start(self, connection_id: str) -> None:
        access = await self._db.read(lambda session: self._access(session, connection_id))
        reader = await self._readers.of(connection_id)
        if access is None or reader is None or connection_id in self._open or self._stopping:
            return
        dispatch = self._dispatches.open(access, reader)
        self._open[connection_id] = (dispatch, asyncio.get_running_loop().create_task(dispatch.run()))

    async def _end(self, connection_ids: Iterable[str]) -> None:
        ending = [self._open.pop(id_) for id_ in connection_ids if id_ in self._open]
        if not ending:
            return
        for dispatch, _ in ending:
            dispatch.drain()
        tasks = [task for _, task in ending]
        _, late = await asyncio.wait(tasks, timeout=_DRAIN_S)
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _wake(self, creator_id: str) -> None:
        for dispatch, _ in self._open.values():
            dispatch.wake(creator_id)

    def _settled(self, event: MessageSettled) -> None:
        self._wake(event.creator_id)
        if event.unclear:
            self._searcher.wake()
