"""Where Qt meets asyncio: the only module that imports qasync, and the only way from another thread to the GUI.

`GuiPost` carries calls from the engine's thread to the GUI thread in batches, at most one batch per 16 ms, so that a
burst of changes costs one wake-up. `GuiLoop` runs one coroutine on the GUI thread's loop and takes everything down in
the only order that leaves nothing behind: the coroutine returns, its tasks are cancelled and awaited, the loop is
closed, then Qt goes. While it runs, the interpreter is shared so that the GUI thread waits for the others briefly.
"""

import asyncio
import contextlib
import gc
import logging
import sys
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

# PySide6 first: qasync takes the binding that is already imported.
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication

import qasync  # isort: skip

__all__ = ["GuiLoop", "GuiPost", "Tasks"]

log = logging.getLogger(__name__)

BATCH_MS = 16

SWITCH_S = 0.001
"""How long another thread may go on when the GUI thread wants the interpreter; Python's own 5 ms are a third of a
frame, and with two busy threads the GUI waits for both."""

COLLECT_AT = (10_000, 20, 100)
"""When to look for reference cycles: new objects before the youngest are looked through, and how many of those looks
before the next generation. A page of 500 changes is some 5,000 objects, none of them in a cycle. At Python's 700 a
first sync of 137,000 rows looked 1,750 times, 0.7 s of CPU in which every thread stood still, a dozen times for 10 to
16 ms; so it looks 5 times, for 5 to 11 ms."""


class GuiPost(QObject):
    """Runs callables on the GUI thread; `post` may be called from any thread, in order, and never blocks."""

    _wake = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._queue: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._scheduled = False
        self._closed = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(BATCH_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._rest_over)
        self._wake.connect(self._flush, Qt.ConnectionType.QueuedConnection)

    def post(self, call: Callable[[], None]) -> None:
        with self._lock:
            if self._closed:
                return
            self._queue.append(call)
            if self._scheduled:
                return
            self._scheduled = True
        self._wake.emit()

    def close(self) -> None:
        """Drop what is still queued and take nothing more; call it when the engine has stopped."""
        with self._lock:
            self._closed = True
            self._queue.clear()
        self._timer.stop()

    @Slot()
    def _flush(self) -> None:
        with self._lock:
            batch = list(self._queue)
            self._queue.clear()
        for call in batch:
            try:
                call()
            except Exception:
                log.exception("a call posted to the GUI thread failed")
        # Rest before the next batch, so that a storm of changes leaves the GUI time to paint.
        self._timer.start()

    @Slot()
    def _rest_over(self) -> None:
        with self._lock:
            if not self._queue:
                self._scheduled = False
                return
        self._flush()


class Tasks:
    """Owns the tasks of one owner, so that none is garbage-collected half-way and none outlives its owner."""

    def __init__(self, on_error: Callable[[BaseException], None]) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._on_error = on_error

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def cancel_all(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_error(error)


class GuiLoop:
    """The GUI thread's asyncio loop, for the life of one application."""

    def __init__(self, app: QApplication) -> None:
        # Qt must not quit by itself when the last window closes: the clean-up after it would never run.
        app.setQuitOnLastWindowClosed(False)
        self._app = app
        self._loop = qasync.QEventLoop(app)

    def run(self, main: Coroutine[Any, Any, int]) -> int:
        """Run `main` to its end and return its exit code; everything it started on this loop is gone afterwards."""
        asyncio.set_event_loop(self._loop)
        try:
            with _gui_first(), self._loop:
                try:
                    return int(self._loop.run_until_complete(main))
                finally:
                    self._loop.run_until_complete(_cancel_rest())
        finally:
            asyncio.set_event_loop(None)


@contextlib.contextmanager
def _gui_first() -> Iterator[None]:
    """Share the interpreter in favour of a thread that wants it often and briefly."""
    switch, collect = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(SWITCH_S)
    gc.set_threshold(*COLLECT_AT)
    try:
        yield
    finally:
        gc.set_threshold(*collect)
        sys.setswitchinterval(switch)


async def _cancel_rest() -> None:
    rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
