"""The cache as coroutines: one thread writes, a few read, and whoever listens hears what changed."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection

from huntaze_desktop.cache import Cache, Touched
from huntaze_desktop.cache.store import READERS

T = TypeVar("T")


class Store:
    """Owns the cache. Belongs to the engine's loop; listeners are called on it."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache
        self._writer = ThreadPoolExecutor(1, "cache-writer")
        self._timeline = ThreadPoolExecutor(1, "cache-timeline")
        self._readers = ThreadPoolExecutor(READERS, "cache-reader")
        self._listeners: list[Callable[[Touched], None]] = []

    def listen(self, listener: Callable[[Touched], None]) -> None:
        self._listeners.append(listener)

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await self._run(self._readers, self.cache.read, work)

    async def timeline(self, work: Callable[[Connection], T]) -> T:
        return await self._run(self._timeline, self.cache.timeline, work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """A write that no view shows."""
        return await self._run(self._writer, self.cache.write, work)

    async def copy(self, work: Callable[[Connection], Touched]) -> Touched:
        """As `change`, for what the server has anyway."""
        touched = await self._run(self._writer, self.cache.copy, work)
        self.notify(touched)
        return touched

    async def change(self, work: Callable[[Connection], Touched]) -> Touched:
        """A write, and a notice of what it changed once it is durable."""
        touched = await self.write(work)
        self.notify(touched)
        return touched

    def notify(self, touched: Touched) -> None:
        if touched:
            for listener in self._listeners:
                listener(touched)

    def close(self) -> None:
        """Wait for what runs, then close the cache. Blocks; call it when the loop has nothing else to do."""
        for executor in (self._writer, self._timeline, self._readers):
            executor.shutdown(wait=True, cancel_futures=True)
        self.cache.close()

    @staticmethod
    async def _run(
        executor: ThreadPoolExecutor,
        run: Callable[[Callable[[Connection], T]], T],
        work: Callable[[Connection], T],
    ) -> T:
        # Shielded: a cancelled caller must not take back a transaction that is already on its way to the disk.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(executor, run, work))
