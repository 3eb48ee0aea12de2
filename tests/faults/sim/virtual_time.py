"""An event loop whose clock jumps to the next timer, and programs on it that can be made to die.

Nothing waits: when no callback is ready the clock moves on to the earliest one, so an hour of waiting costs nothing.
What would run on a thread (the stores' executors) runs inline, which makes a run repeatable. A `Program` owns every
task that is started in its context; killing it drops them wherever they stand, as a SIGKILL would.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from datetime import datetime, timedelta
from typing import Any, TypeVar
from weakref import WeakSet

from tests.faults.sim.platform import NOON

__all__ = ["Program", "VirtualClock", "VirtualLoop", "play_in_virtual_time"]

T = TypeVar("T")
_TURN_S = 1e-6


class StandstillError(Exception):
    """Everybody waits for somebody, and no timer runs: in virtual time nothing will ever happen again."""


class _JumpingSelector(selectors.SelectSelector):
    """Instead of waiting for the timeout, moves the loop's clock by it, and by a microsecond for every turn.

    asyncio lets a timer fire up to its clock's resolution (1 ns) early. Who then finds 0.5 ns left and waits for them
    would do so for ever if turns took no time: worlds stood still at full speed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise StandstillError
        self.now += max(timeout, _TURN_S)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Seconds since the loop was made; executors run inline."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self.set_task_factory(_task_of_its_program)

    def time(self) -> float:
        return self._jumping.now

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  (it is the awaiting task's, whatever it is)
            future.set_exception(error)
        return future


class VirtualClock:
    """The backend's `Clock` on a virtual loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self._loop.time())

    def monotonic(self) -> float:
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


_PROGRAM: ContextVar["Program | None"] = ContextVar("program", default=None)


class Program:
    """What would be a process: tasks that live and die together."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self._tasks: WeakSet[asyncio.Task[Any]] = WeakSet()
        self._context: Context = copy_context()
        self._context.run(_PROGRAM.set, self)

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run something as part of the program; whatever it starts is part of it too."""
        return asyncio.get_running_loop().create_task(work, context=self._context)

    def own(self, task: asyncio.Task[Any]) -> None:
        self._tasks.add(task)

    async def kill(self) -> None:
        """Drop every task. What they still do while they end reaches nobody: their lines are cut first."""
        self.alive = False
        while left := [task for task in self._tasks if not task.done()]:
            for task in left:
                task.cancel()
            await asyncio.wait(left)


def _task_of_its_program(
    loop: asyncio.AbstractEventLoop, work: Any, context: Context | None = None
) -> asyncio.Task[Any]:
    task = asyncio.Task(work, loop=loop, context=context)
    program = context.get(_PROGRAM) if context is not None else _PROGRAM.get()
    if program is not None:
        program.own(task)
    return task


def play_in_virtual_time(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine function to its end on a virtual loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work())
