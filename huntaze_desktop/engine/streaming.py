"""A stream of pieces from the engine's loop to the consumer's: an asynchronous iterator that can be closed at any time.

Closing it is what cancels the request behind it, at once and not with the next piece: a model that writes for nobody
costs money all the same.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from huntaze_desktop.engine.errors import EngineStoppedError, for_plugins

T = TypeVar("T")

Tell = Callable[[T], None]
Work = Callable[[Tell[Any]], Coroutine[Any, Any, None]]


class Stream(Generic[T]):
    """Implements the sdk's `PieceStream`. Belongs to the consumer's thread; nothing begins before it is iterated."""

    def __init__(self, submit: Callable[[Coroutine[Any, Any, None]], "Future[None]"], work: Work) -> None:
        self._submit, self._work = submit, work
        self._future: Future[None] | None = None
        self._queue: asyncio.Queue[T | BaseException | None] = asyncio.Queue()
        self._closed = False

    def __aiter__(self) -> "Stream[T]":
        return self

    async def __anext__(self) -> T:
        if self._future is None and not self._closed:
            self._begin()
        item = None if self._closed else await self._queue.get()
        if self._closed or item is None:
            self.close()
            raise StopAsyncIteration
        if isinstance(item, BaseException):
            self.close()
            raise item
        return item

    def close(self) -> None:
        """End it; whoever waits for a piece hears that there are no more."""
        if self._closed:
            return
        self._closed = True
        if self._future is not None:
            self._future.cancel()
        self._queue.put_nowait(None)

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()

        def tell(item: T | BaseException | None) -> None:
            # The consumer's loop is gone only when the application is: nobody is left who would miss a piece.
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._queue.put_nowait, item)

        async def run() -> None:
            try:
                await self._work(tell)
            except Exception as error:  # noqa: BLE001 - it is the consumer's to handle
                tell(error)
            else:
                tell(None)

        try:
            self._future = self._submit(run())
        except EngineStoppedError as error:
            self._queue.put_nowait(for_plugins(error))
