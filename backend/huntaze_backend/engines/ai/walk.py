"""The attempt loop: one deadline and one loop for everything that may be tried for a request.

It goes down the row, asks a breaker before each attempt and a bucket before each extra one, and looks up in the table
of failures whether somebody else may be asked. Adapters and the SDK repeat nothing.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from huntaze_backend.engines.ai.allowances import Allowances
from huntaze_backend.engines.ai.attempt import AttemptError, Leaving, Trip
from huntaze_backend.engines.ai.breaker import Breaker, Permit
from huntaze_backend.engines.ai.failures import CONSEQUENCES, Then
from huntaze_backend.engines.ai.plan import Plan, Planner
from huntaze_backend.engines.ai.port import Failure
from huntaze_backend.engines.ai.routing import LOCAL, Candidate

__all__ = ["Breakers", "Walk"]

T = TypeVar("T")
Try = Callable[[Trip, Candidate, Permit | None, float, Leaving], Awaitable[T]]

_LEAST_S = 0.25
"""With less time left nobody is asked any more."""
_FOR_LOCAL_S = 0.5
"""Kept back for the local answer."""
_REPEATS = 2
_BACK_OFF_S = 0.2
_LIMIT_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 2.0
"""For longer a member is not kept waiting: the local answer comes at once."""


class Breakers:
    """One for each provider, model and region, made when it is first asked for."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._made: dict[str, Breaker] = {}

    def of(self, candidate: Candidate) -> Breaker:
        found = self._made.get(candidate.key)
        if found is None:
            found = self._made[candidate.key] = Breaker(self._clock)
        return found


class Walk(Generic[T]):
    """One request's way down its row."""

    def __init__(
        self,
        trip: Trip,
        attempt: Try[T],
        planner: Planner,
        breakers: Breakers,
        allowances: Allowances,
        clock: Callable[[], float],
    ) -> None:
        self.trip = trip
        self._attempt = attempt
        self._planner = planner
        self._breakers = breakers
        self._allowances = allowances
        self._clock = clock
        self._asked: dict[str, Failure | None] = {}
        """Who was tried, and how it failed."""
        self._refused_by_filter = False
        self._window_needed = 0

    async def run(self) -> T:
        """Raises: AttemptError with the failure that counts, when nobody answered."""
        try:
            try:
                return await self._paid()
            except AttemptError as error:
                smaller = self._smaller(error)
                if smaller is None:
                    raise
                self.trip.plan = smaller
                return await self._paid()
        except AttemptError as error:
            return await self._by_local(error)

    def second(self, first: Candidate) -> tuple[Candidate, Permit, float] | None:
        """Whom a hedge may ask beside `first`: the next one who is well. It counts as tried from then on."""
        for candidate in self.trip.plan.candidates:
            if candidate.key == first.key or candidate.key in self._asked:
                continue
            permit = self._breakers.of(candidate).admit(critical=self.trip.plan.decision.critical)
            if permit is not None:
                self._asked[candidate.key] = None
                return candidate, permit, self._time_for(candidate, 1)
        return None

    async def _paid(self) -> T:
        failed: AttemptError | None = None
        passed_over: list[Candidate] = []
        candidates = self.trip.plan.candidates
        for place, candidate in enumerate(candidates):
            if candidate.key in self._asked or not self._may_see(candidate):
                continue
            if self._left() < _LEAST_S:
                raise failed or AttemptError(Failure.DEADLINE)
            permit = self._breakers.of(candidate).admit(critical=self.trip.plan.decision.critical)
            if permit is None:
                passed_over.append(candidate)
                continue
            if failed is not None and not self._allowances.fall_overs.take():
                permit.abandoned()
                break
            try:
                return await self._ask(candidate, permit, len(candidates) - place)
            except AttemptError as error:
                if CONSEQUENCES[error.failure].then is not Then.ANOTHER:
                    raise
                failed = error
        if failed is None:
            return await self._last_resort(passed_over)
        return await self._again(candidates, failed)

    async def _last_resort(self, passed_over: list[Candidate]) -> T:
        """Everybody's breaker is open: ask the one nearest to its end, once."""
        hopeful = [candidate for candidate in passed_over if not self._breakers.of(candidate).shut]
        if not hopeful:
            raise AttemptError(Failure.NO_PROVIDER)
        nearest = min(hopeful, key=lambda candidate: self._breakers.of(candidate).open_for_s)
        permit = await self._forced(nearest)
        if permit is None:
            raise AttemptError(Failure.NO_PROVIDER, self._breakers.of(nearest).open_for_s)
        return await self._ask(nearest, permit, 1)

    async def _forced(self, candidate: Candidate) -> Permit | None:
        """Leave to ask although the breaker is open, if repeats are allowed.

        A time that the provider asked for is waited out if it is short, and never cut.
        """
        breaker = self._breakers.of(candidate)
        pause = breaker.open_for_s if breaker.asked_for else 0.0
        if breaker.shut or pause > min(_LONGEST_PAUSE_S, self._left() / 2):
            return None
        if not self._allowances.repeats(candidate.provider).take():
            return None
        await asyncio.sleep(pause)
        return breaker.force()

    async def _again(self, candidates: tuple[Candidate, ...], failed: AttemptError) -> T:
        """Ask the first whose failure may have been a moment's once more, after a pause."""
        for repeat in range(_REPEATS):
            again = next((each for each in candidates if self._repeats(each)), None)
            pause = random.random() * _BACK_OFF_S * 2**repeat
            if again is None or self._left() < pause + _LEAST_S * 4:
                break
            if self._breakers.of(again).asked_for:
                permit = await self._forced(again)
            elif self._allowances.repeats(again.provider).take():
                # Of a limit without a time one knows that it is no matter of milliseconds.
                await asyncio.sleep(pause + (_LIMIT_PAUSE_S if self._asked[again.key] is Failure.RATE_LIMITED else 0))
                permit = self._breakers.of(again).admit(critical=self.trip.plan.decision.critical)
            else:
                permit = None
            if permit is None:
                break
            try:
                return await self._ask(again, permit, 1)
            except AttemptError as error:
                if CONSEQUENCES[error.failure].then is not Then.ANOTHER:
                    raise
                failed = error
        raise failed

    async def _ask(self, candidate: Candidate, permit: Permit, others: int) -> T:
        self._asked[candidate.key] = None
        try:
            answer = await self._attempt(self.trip, candidate, permit, self._time_for(candidate, others), Leaving())
        except AttemptError as error:
            self._asked[candidate.key] = error.failure
            if error.failure is Failure.CONTENT_FILTER:
                self._refused_by_filter = True
            elif error.failure is Failure.CONTEXT_OVERFLOW:
                self._window_needed = max(self._window_needed, self._planner.table.model(candidate).window + 1)
            raise
        self._allowances.went_well(candidate.provider)
        return answer

    async def _by_local(self, failed: AttemptError) -> T:
        local = self.trip.plan.local
        if local is None or CONSEQUENCES[failed.failure].then is Then.NOBODY or not self._may_see(local):
            raise failed
        try:
            timeout_s = min(self._planner.table.model(local).timeout_s, max(self._left(), _FOR_LOCAL_S))
            return await self._attempt(self.trip, local, None, timeout_s, Leaving())
        except AttemptError:
            raise failed from None

    def _smaller(self, error: AttemptError) -> Plan | None:
        """A budget that has no room for the large model may have some for the small one."""
        if error.failure is not Failure.BUDGET:
            return None
        why = "a soft budget is passed" if error.soft else "the budget has no room for the large model"
        return self._planner.smaller(self.trip.plan, f"{why}: the small model answers")

    def _may_see(self, candidate: Candidate) -> bool:
        """What an earlier failure asks of whoever comes next."""
        table = self._planner.table
        if self._refused_by_filter and candidate.provider not in table.after_content_filter:
            return False
        return candidate.provider == LOCAL or table.model(candidate).window >= self._window_needed

    def _repeats(self, candidate: Candidate) -> bool:
        failure = self._asked.get(candidate.key)
        return failure is not None and CONSEQUENCES[failure].repeats and self._may_see(candidate)

    def _left(self) -> float:
        """Seconds for those who are paid."""
        kept = 0.0
        if self.trip.plan.local is not None:
            kept = min(_FOR_LOCAL_S, self.trip.request.deadline_s / 10)
        return self.trip.ends_at - kept - self._clock()

    def _time_for(self, candidate: Candidate, others: int) -> float:
        """Half of what is left while somebody else could be asked, all of it for the last one."""
        share = self._left() / min(max(others, 1), 2)
        return max(0.01, min(self._planner.table.model(candidate).timeout_s, share))
