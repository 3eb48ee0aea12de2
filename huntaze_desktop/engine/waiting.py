"""Waiting for the next try: a bell that ends waits early, and a back-off with full jitter."""

import asyncio
import random

from huntaze_desktop.engine.timing import Timing


class Bell:
    """Ends the waits of whoever waits now: the network came up, the window got the focus, there is something new."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self, seconds: float | None = None) -> bool:
        """Wait for a ring, at most `seconds`; returns whether it rang."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            async with asyncio.timeout(seconds):
                await waiter
        except TimeoutError:
            return False
        finally:
            self._waiters.discard(waiter)
        return True


class Backoff:
    """Delays after failures: anywhere from 0 to base x 2^n, so that many clients do not come back in step."""

    def __init__(self, timing: Timing) -> None:
        self._base, self._cap = timing.backoff_base, timing.backoff_cap
        self._failures = 0

    def reset(self) -> None:
        self._failures = 0

    def next_delay(self, at_least: float | None = None) -> float:
        ceiling = min(self._cap, self._base * 2 ** min(self._failures, 16))
        self._failures += 1
        return max(at_least or 0.0, random.uniform(0.0, ceiling))
