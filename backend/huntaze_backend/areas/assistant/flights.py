"""One run for all who want the same at the same time: it writes frames once, everybody reads them from the first.

A run goes on when its readers leave: what was begun is billed, and the next one who opens the conversation finds it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from huntaze_contract.wire import SuggestionDelta, SuggestionDone, SuggestionIncomplete, SuggestionProblem

__all__ = ["Flight", "Flights", "Frame", "Tell"]

Frame = SuggestionDelta | SuggestionDone | SuggestionIncomplete | SuggestionProblem
Tell = Callable[[Frame], None]
Key = tuple[str, str | None]
"""A conversation and its last message."""


@dataclass
class Flight:
    """A run under way, or done."""

    frames: list[Frame] = field(default_factory=list)
    _more: asyncio.Event = field(default_factory=asyncio.Event)
    _done: bool = False

    def tell(self, frame: Frame) -> None:
        self.frames.append(frame)
        self._wake()

    def end(self) -> None:
        self._done = True
        self._wake()

    async def read(self) -> AsyncIterator[Frame]:
        """Every frame, from the first."""
        at = 0
        while True:
            more = self._more
            while at < len(self.frames):
                yield self.frames[at]
                at += 1
            if self._done:
                return
            if more is self._more:
                await more.wait()

    def _wake(self) -> None:
        # Each event is used once: whoever waits on it goes on, later readers wait on the next.
        woken, self._more = self._more, asyncio.Event()
        woken.set()


class Flights:
    """The runs of this process."""

    def __init__(self) -> None:
        self._flying: dict[Key, tuple[Flight, asyncio.Task[None]]] = {}

    def join(self, key: Key) -> Flight | None:
        """The run for this key, if there is one."""
        flying = self._flying.get(key)
        return flying[0] if flying is not None else None

    def start(self, key: Key, work: Callable[[Tell], Awaitable[None]]) -> Flight:
        """Begin one."""
        flight = Flight()

        async def fly() -> None:
            try:
                await work(flight.tell)
            finally:
                self._flying.pop(key, None)
                flight.end()

        self._flying[key] = (flight, asyncio.get_running_loop().create_task(fly()))
        return flight

    async def close(self) -> None:
        """Break off those that still run."""
        tasks = [task for _, task in self._flying.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
