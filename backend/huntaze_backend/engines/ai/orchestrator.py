"""The orchestrator: decide, look in the cache, walk the row, answer. Everything it needs is given to it.

classify → route → cache → attempt loop (reserve, call, settle; see `attempt.py`) → answer. What leaves for a fan passes
the compliance check where it is sent, as a person's words do: here no text is judged.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import TypeVar

from huntaze_backend.core.clock import Clock
from huntaze_backend.core.flags import FlagReader
from huntaze_backend.engines.ai.allowances import Allowances
from huntaze_backend.engines.ai.attempt import Answered, AttemptError, Attempts, Trip
from huntaze_backend.engines.ai.cache import ResponseCache, cache_key
from huntaze_backend.engines.ai.failures import CONSEQUENCES
from huntaze_backend.engines.ai.gauges import Gauges
from huntaze_backend.engines.ai.hedge import Hedge
from huntaze_backend.engines.ai.latency import Latencies
from huntaze_backend.engines.ai.live import Opener
from huntaze_backend.engines.ai.plan import Plan, Planner
from huntaze_backend.engines.ai.port import AiAnswer, AiError, AiRequest, Delta, Event, Final, Incomplete
from huntaze_backend.engines.ai.provider import Provider
from huntaze_backend.engines.ai.routing import LOCAL, RoutingTable
from huntaze_backend.engines.ai.till import Till
from huntaze_backend.engines.ai.walk import Breakers, Try, Walk
from huntaze_backend.engines.ledger.port import Ledger

__all__ = ["HybridOrchestrator"]

T = TypeVar("T")


class HybridOrchestrator:
    """Implements `port.Orchestrator` over any providers."""

    def __init__(
        self,
        table: RoutingTable,
        providers: Mapping[str, Provider],
        ledger: Ledger,
        flags: FlagReader,
        clock: Clock,
    ) -> None:
        """Args: providers: by the names that the table uses; whoever is missing is passed over."""
        monotonic = clock.monotonic
        self.providers = providers
        self.flags = flags
        self.planner = Planner(table, providers, flags)
        self.gauges = Gauges()
        self.breakers = Breakers(monotonic)
        self._clock = monotonic
        self._till = Till(ledger)
        self._allowances = Allowances(monotonic)
        self._cache = ResponseCache(monotonic)
        self._latencies = Latencies()
        self._attempts = Attempts(table, providers, self._till, monotonic, self._latencies.note)
        self._opener = Opener(self._attempts, monotonic)

    async def complete(self, request: AiRequest) -> AiAnswer:
        """See the port. Raises: AiError."""
        plan = await self._decide(request)
        if not request.cacheable:
            return await self._complete(request, plan)
        key = cache_key(request, plan.candidates[0].key if plan.candidates else LOCAL)
        kept = self._look_up(request, key)
        if kept is not None:
            return _again(kept, plan)

        async def work() -> AiAnswer:
            answer = await self._complete(request, plan)
            self._cache.put(key, answer)
            return answer

        answer, joined = await self._cache.once(key, work)
        return _again(answer, plan) if joined else answer

    async def stream(self, request: AiRequest) -> AsyncIterator[Event]:
        """See the port. Raises: AiError."""
        plan = await self._decide(request)
        key = cache_key(request, plan.candidates[0].key if plan.candidates else LOCAL) if request.cacheable else None
        kept = self._look_up(request, key) if key is not None else None
        if kept is not None:
            yield Delta(kept.text)
            yield Final(_again(kept, plan))
            return
        trip = self._trip(request, plan)
        try:
            live = await self._walk(trip, self._opener.open)
        except AiError:
            self.gauges.tried(trip.seen)
            raise
        try:
            yield Delta(live.first)
            async for words in live.words:
                yield Delta(words)
        except AttemptError as error:
            yield Incomplete(
                live.text,
                error.failure,
                CONSEQUENCES[error.failure].message,
                live.candidate.provider,
                live.candidate.model,
                live.usage,
                trip.cost,
                trip.plan.decision,
                tuple(trip.seen),
            )
            return
        finally:
            await live.leave()
            self.gauges.tried(trip.seen)
        answer = _answer(trip, Answered(live.candidate, live.text, live.finish or "stop", live.usage, live.extra))
        if key is not None:
            self._cache.put(key, answer)
        yield Final(answer)

    async def warm(self) -> None:
        """Do now what would otherwise make the first callers wait."""
        for provider in self.providers.values():
            await provider.warm()

    async def close(self) -> None:
        """Finish what the till still writes, then let go of every provider."""
        await self._till.close()
        for provider in self.providers.values():
            await provider.close()

    async def _decide(self, request: AiRequest) -> Plan:
        plan = await self.planner.plan(request)
        self.gauges.decided(request.agency_id, plan.decision, hybrid=plan.hybrid)
        return plan

    def _look_up(self, request: AiRequest, key: bytes) -> AiAnswer | None:
        gauges = self.gauges.of(request.agency_id)
        gauges.cache_asked += 1
        kept = self._cache.get(key)
        gauges.cache_hits += kept is not None
        return kept

    async def _complete(self, request: AiRequest, plan: Plan) -> AiAnswer:
        trip = self._trip(request, plan)
        try:
            answered = await self._answered(trip)
        finally:
            self.gauges.tried(trip.seen)
        answer = _answer(trip, answered)
        self.gauges.of(request.agency_id).local += answer.local
        return answer

    async def _answered(self, trip: Trip) -> Answered:
        if not trip.request.latency_critical:
            return await self._walk(trip, self._attempts.complete)
        hedge = Hedge(self._attempts.complete, self._latencies, self._allowances.hedges)
        walk = self._walk_over(trip, hedge.ask)
        hedge.second = walk.second
        return await _told(walk)

    async def _walk(self, trip: Trip, attempt: Try[T]) -> T:
        return await _told(self._walk_over(trip, attempt))

    def _walk_over(self, trip: Trip, attempt: Try[T]) -> Walk[T]:
        return Walk(trip, attempt, self.planner, self.breakers, self._allowances, self._clock)

    def _trip(self, request: AiRequest, plan: Plan) -> Trip:
        return Trip(request, plan, self._clock() + request.deadline_s)


async def _told(walk: Walk[T]) -> T:
    """The walk's answer. Raises: AiError with what a member is told."""
    try:
        return await walk.run()
    except AttemptError as error:
        told = CONSEQUENCES[error.failure]
        raise AiError(
            error.failure,
            told.message,
            code=told.code,
            status=told.status,
            action=told.action,
            retry_after_s=error.retry_after_s,
            attempts=tuple(walk.trip.seen),
        ) from error


def _answer(trip: Trip, answered: Answered) -> AiAnswer:
    candidate = answered.candidate
    return AiAnswer(
        text=answered.text,
        provider=candidate.provider,
        model=candidate.model,
        tier=trip.plan.decision.tier,
        local=candidate.provider == LOCAL,
        usage=answered.usage,
        cost_nano_usd=trip.cost,
        cached=False,
        decision=trip.plan.decision,
        attempts=tuple(trip.seen),
        finish=answered.finish,
        extra=dict(answered.extra),
    )


def _again(answer: AiAnswer, plan: Plan) -> AiAnswer:
    """A kept answer for whoever asks now: it costs nothing, and nobody was asked."""
    return replace(answer, cached=True, cost_nano_usd=0, attempts=(), decision=plan.decision)
