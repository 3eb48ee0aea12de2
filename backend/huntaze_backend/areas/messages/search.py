"""Runs the searches for sends that nobody answered, and finds sends whose gateway went silent."""

import asyncio
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from huntaze_backend.areas.messages import reconcile
from huntaze_backend.areas.messages.readers import Readers
from huntaze_backend.areas.messages.reconcile import Listing, Search
from huntaze_backend.areas.messages.rules import SendPolicy
from huntaze_backend.core.db import Database
from huntaze_backend.engines.limits.port import RateGate
from huntaze_contract.outgoing import State

__all__ = ["Searcher"]

log = structlog.get_logger(__name__)

_LONGEST_NAP_S = 1.0
_PARALLEL = 8
_SEARCHED_AGAIN = (State.RECONCILING, None)
"""After these there may be something due: the next listing of the same message, or of what overtook the search."""


class Searcher:
    """One per worker."""

    def __init__(self, db: Database, gate: RateGate, policy: SendPolicy, readers: Readers) -> None:
        self._db = db
        self._gate = gate
        self._policy = policy
        self._readers = readers
        self._woken = asyncio.Event()
        self._slots = asyncio.Semaphore(_PARALLEL)
        self._searching: dict[str, asyncio.Task[State | None]] = {}

    def wake(self) -> None:
        """A send became unknown, or we stop."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; searches under way are broken off, their messages are looked for at the next start."""
        try:
            while not stop.is_set():
                self._woken.clear()
                try:
                    pause_s = await self._look()
                except SQLAlchemyError:
                    log.exception("search.no_database")
                    pause_s = _LONGEST_NAP_S
                try:
                    await asyncio.wait_for(self._woken.wait(), pause_s)
                except TimeoutError:
                    continue
        finally:
            tasks = list(self._searching.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self) -> float:
        look = partial(reconcile.look, policy=self._policy, running=frozenset(self._searching))
        found = await self._db.read(look)
        if found.silent:
            await self._db.write(partial(reconcile.recover, gate=self._gate, policy=self._policy, everything=False))
            found = await self._db.read(look)
        for search in found.due:
            task = asyncio.get_running_loop().create_task(self._search(search))
            self._searching[search.message_id] = task
            task.add_done_callback(partial(self._done, search.message_id))
        if found.next_at is None:
            return _LONGEST_NAP_S
        return min(max((found.next_at - found.at).total_seconds(), 0.001), _LONGEST_NAP_S)

    def _done(self, message_id: str, task: asyncio.Task[State | None]) -> None:
        self._searching.pop(message_id, None)
        if not task.cancelled() and task.exception() is not None:
            log.error("search.broke_off", message_id=message_id, exc_info=task.exception())
        elif not task.cancelled() and task.result() in _SEARCHED_AGAIN:
            self.wake()

    async def _search(self, search: Search) -> State | None:
        async with self._slots:
            reader = None if search.connection_id is None else await self._readers.of(search.connection_id)
            listing = Listing((), complete=False)
            if reader is not None:
                listing = await reconcile.read_back(reader, search)
            state = await self._db.write(
                partial(reconcile.judge, search=search, listing=listing, timing=self._policy.timing)
            )
        if state is not State.RECONCILING:
            log.info("search.ended", message_id=search.message_id, state=state)
        return state
