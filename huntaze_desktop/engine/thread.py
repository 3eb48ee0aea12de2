"""The engine's own thread with its own event loop."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from huntaze_desktop.engine.errors import EngineStoppedError

T = TypeVar("T")


class EngineThread:
    """Runs a loop from `start` to `stop`. Its methods may be called from any thread but its own."""

    def __init__(self, name: str = "engine") -> None:
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running = threading.Event()
        self._lock = threading.Lock()
        self._stopping = False

    def start(self) -> None:
        self._thread.start()
        self._running.wait()

    def submit(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Run a coroutine on the loop; raises EngineStoppedError once `stop` was called."""
        with self._lock:
            if self._loop is None or self._stopping:
                work.close()
                raise EngineStoppedError
            return asyncio.run_coroutine_threadsafe(work, self._loop)

    def post(self, call: Callable[[], object]) -> None:
        """Call something on the loop, soon; without effect once `stop` was called."""
        with self._lock:
            if self._loop is not None and not self._stopping:
                self._loop.call_soon_threadsafe(call)

    def stop(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run `last`, end the loop and wait for the thread. A second call waits for the first."""
        with self._lock:
            loop, first = self._loop, not self._stopping
            self._stopping = True
        if loop is None:
            return
        if first:
            asyncio.run_coroutine_threadsafe(self._last(last), loop)
        self._thread.join()

    async def _last(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await last()
        finally:
            asyncio.get_running_loop().stop()

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            self._loop.call_soon(self._running.set)
            # Leaving the runner cancels and awaits whatever is left on the loop.
            self._loop.run_forever()
