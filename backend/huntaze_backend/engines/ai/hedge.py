"""A second provider beside a first that is unusually slow: the first answer counts, the other is cancelled and paid.

Only where whoever asks says that time is critical, only after the p95 of that model's own latest answers, and only for
one call in twenty (the bucket). The second attempt has a reservation of its own, as every attempt has.
"""

import asyncio
from collections.abc import Callable, Coroutine

from huntaze_backend.engines.ai.allowances import Bucket
from huntaze_backend.engines.ai.attempt import Answered, AttemptError, Leaving, Trip
from huntaze_backend.engines.ai.breaker import Permit
from huntaze_backend.engines.ai.latency import Latencies
from huntaze_backend.engines.ai.routing import Candidate

__all__ = ["Hedge"]

_Ask = Callable[[Trip, Candidate, Permit | None, float, Leaving], Coroutine[None, None, Answered]]
_Second = Callable[[Candidate], tuple[Candidate, Permit, float] | None]
_WORTH_IT = 0.7
"""Of the attempt's time: later than this a second call would not be back either."""


def _nobody(_: Candidate) -> None:
    return None


class Hedge:
    """An attempt that may become two."""

    def __init__(self, ask: _Ask, latencies: Latencies, bucket: Bucket) -> None:
        self.second: _Second = _nobody
        """Whom to ask beside the first."""
        self._ask = ask
        self._latencies = latencies
        self._bucket = bucket

    async def ask(
        self, trip: Trip, candidate: Candidate, permit: Permit | None, timeout_s: float, leaving: Leaving
    ) -> Answered:
        """The first good answer of one or two. Raises: AttemptError, the first one's."""
        patience = self._latencies.p95(candidate.key)
        if patience is None or patience > timeout_s * _WORTH_IT:
            return await self._ask(trip, candidate, permit, timeout_s, leaving)
        first = asyncio.create_task(self._ask(trip, candidate, permit, timeout_s, leaving))
        racing = {first: leaving}
        try:
            await asyncio.wait({first}, timeout=patience)
            if not first.done() and self._bucket.take() and (other := self.second(candidate)) is not None:
                its_leaving = Leaving()
                racing[asyncio.create_task(self._ask(trip, *other, its_leaving))] = its_leaving
            return await self._race(first, racing)
        finally:
            # Also when whoever asked went away: then nobody won, and nobody lost.
            won = any(task.done() and not task.cancelled() and task.exception() is None for task in racing)
            slower = [task for task in racing if not task.done()]
            for task in slower:
                racing[task].outcome = "hedge_lost" if won else "cancelled"
                task.cancel()
            if slower:
                await asyncio.wait(slower)

    async def _race(self, first: "asyncio.Task[Answered]", racing: "dict[asyncio.Task[Answered], Leaving]") -> Answered:
        waiting = set(racing)
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                error = task.exception()
                if error is None:
                    return task.result()
                if not isinstance(error, AttemptError):
                    raise error
        return first.result()
