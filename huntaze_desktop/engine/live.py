"""Live views: what a consumer holds, and the loop behind it that looks again when something changed.

`Live` lives on the consumer's thread (the GUI's) and carries the value over; `Watcher` lives on the engine's loop and
computes it. Many changes in a row cost one look, and many values in a row cost one call.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from huntaze_desktop.cache import Touched

log = logging.getLogger(__name__)

T = TypeVar("T")

Deliver = Callable[[Callable[[], None]], None]
"""Runs a call on the consumer's thread, later, in order; may be called from any thread and never blocks."""


class Live(Generic[T]):
    """A value that the engine keeps up to date; implements the sdk's `LiveView`.

    `value`, `subscribe` and `close` belong to the consumer's thread; `push` may be called from any.
    """

    def __init__(self, initial: T, deliver: Deliver) -> None:
        self._value = initial
        self._deliver = deliver
        self._on_close: Callable[[], None] | None = None
        self._listeners: dict[object, Callable[[Any], None]] = {}
        self._closed = False
        self._lock = threading.Lock()
        self._newest: list[T] = []

    @property
    def value(self) -> T:
        return self._value

    def subscribe(self, listener: Callable[[Any], None]) -> Callable[[], None]:
        """Call `listener(value)` now and on every change; returns the function that ends it."""
        key = object()
        if not self._closed:
            self._listeners[key] = listener
        listener(self._value)
        return lambda: self._end(key)

    def on_close(self, call: Callable[[], None]) -> None:
        """What has to end with the view."""
        self._on_close = call

    def close(self) -> None:
        """End the view; its listeners hear nothing more."""
        if self._closed:
            return
        self._closed = True
        self._listeners.clear()
        if self._on_close is not None:
            self._on_close()

    def push(self, value: T) -> None:
        """Make this the value. Of several that were not delivered yet only the newest is."""
        with self._lock:
            on_its_way = bool(self._newest)
            self._newest = [value]
        if not on_its_way:
            self._deliver(self._arrive)

    def _end(self, key: object) -> None:
        self._listeners.pop(key, None)

    def _arrive(self) -> None:
        with self._lock:
            if not self._newest:
                return
            value = self._newest.pop()
        if self._closed or value == self._value:
            return
        self._value = value
        for listener in list(self._listeners.values()):
            try:
                listener(value)
            except Exception:
                log.exception("a listener of a live view failed")


class Watcher(Generic[T]):
    """Computes one view on the engine's loop, at most once per `interval` seconds and never twice at a time."""

    def __init__(self, live: Live[T], interval: float) -> None:
        self.live = live
        self._interval = interval
        self._dirty = False
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def concerned(self, touched: Touched) -> bool:
        """Whether a change may change the value."""
        raise NotImplementedError

    async def compute(self) -> T:
        raise NotImplementedError

    def look_again_at(self) -> float | None:
        """Seconds until the passing of time alone changes the value; None if it does not."""
        return None

    def on_touched(self, touched: Touched) -> None:
        if touched.everything or self.concerned(touched):
            self.look()

    def look(self) -> None:
        """Compute anew, soon."""
        if self._closed:
            return
        self._dirty = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=f"view {type(self).__name__}")

    def close(self) -> None:
        self._closed = True
        self._cancel_timer()
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._dirty:
            self._dirty = False
            self._cancel_timer()
            began = loop.time()
            try:
                value = await self.compute()
            except Exception:
                log.exception("a view could not be computed")
                return
            if self._dirty and self.stale():
                continue
            self.live.push(value)
            took = loop.time() - began
            # A view that is dear to compute is computed more rarely: it must not take more than a third of the time.
            await asyncio.sleep(max(self._interval, 2 * took) if self._dirty else self._interval)
        after = self.look_again_at()
        if after is not None and not self._closed:
            self._timer = loop.call_later(max(after, self._interval), self.look)

    def stale(self) -> bool:
        """Whether what was just computed answers a question that is no longer asked."""
        return False

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
