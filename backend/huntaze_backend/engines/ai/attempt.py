"""One attempt at one model: reserved, made, booked, and told to the breaker, in every way it can end.

An attempt never chooses what comes next; it answers, or raises `AttemptError` with the failure. The walk reads the rest
in the table of failures.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

import structlog

from huntaze_backend.engines.ai import tokens
from huntaze_backend.engines.ai.breaker import Permit
from huntaze_backend.engines.ai.failures import CONSEQUENCES, Billed, OnBreaker, ProviderError
from huntaze_backend.engines.ai.plan import Plan
from huntaze_backend.engines.ai.port import AiRequest, AttemptSeen, Failure, Finish, Usage
from huntaze_backend.engines.ai.provider import Call, Provider
from huntaze_backend.engines.ai.routing import LOCAL, Candidate, Model, RoutingTable
from huntaze_backend.engines.ai.till import Booking, Till
from huntaze_backend.engines.ledger.port import BudgetExceededError, Charge, UnknownPriceError
from huntaze_contract.ids import new_id

__all__ = ["Answered", "Attempt", "AttemptError", "Attempts", "Leaving", "Trip", "failed"]

log = structlog.get_logger(__name__)


class AttemptError(Exception):
    """An attempt failed."""

    def __init__(self, failure: Failure, retry_after_s: float | None = None, *, soft: bool = False) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.retry_after_s = retry_after_s
        self.soft = soft
        """A soft budget is passed, which asks for the small model and refuses nothing."""


@dataclass(slots=True)
class Trip:
    """A request on its way: what was decided, until when there is time, and what was tried."""

    request: AiRequest
    plan: Plan
    ends_at: float
    """By the monotonic clock."""
    seen: list[AttemptSeen] = field(default_factory=list)

    @property
    def cost(self) -> int:
        return sum(attempt.cost_nano_usd for attempt in self.seen)


@dataclass(slots=True)
class Leaving:
    """What a cancelled attempt is booked as; whoever cancels it says so first."""

    outcome: str = "cancelled"


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of it."""

    candidate: Candidate
    text: str
    finish: Finish
    usage: Usage
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class Attempt:
    """An attempt under way, from its reservation to its end. Exactly one of the ends is called."""

    trip: Trip
    candidate: Candidate
    provider: Provider
    call: Call
    model: Model
    attempt_id: str
    _permit: Permit | None
    _booking: Booking | None
    """None for a local answer that no budget had room for: it costs nothing."""
    _clock: Callable[[], float]
    _on_latency: Callable[[str, float], None]
    _started: float = 0.0

    @property
    def elapsed_ms(self) -> int:
        return round((self._clock() - self._started) * 1000)

    async def succeed(self, usage: Usage, *, outcome: str = "ok", ttft_ms: int | None = None) -> int:
        """It answered. Returns its cost in nano-USD."""
        elapsed = self.elapsed_ms
        if self._permit is not None:
            self._permit.succeeded()
        if ttft_ms is None:
            self._on_latency(self.candidate.key, elapsed / 1000)
        cost = 0
        if self._booking is not None:
            cost = await self._booking.settle(usage, outcome=outcome, latency_ms=elapsed, ttft_ms=ttft_ms)
        self._note(outcome, elapsed, cost)
        return cost

    async def fail(
        self,
        failure: Failure,
        *,
        retry_after_s: float | None = None,
        usage: Usage | None = None,
        outcome: str | None = None,
    ) -> int:
        """It did not. Returns its cost in nano-USD: what was told or counted, else what the table of failures says."""
        consequence, elapsed = CONSEQUENCES[failure], self.elapsed_ms
        if self._permit is not None:
            self._permit.failed(consequence.breaker, wait_s=retry_after_s)
        if consequence.breaker is OnBreaker.SHUT:
            log.error("ai.set_up_wrong", endpoint=self.candidate.key, failure=str(failure))
        else:
            log.warning("ai.attempt_failed", endpoint=self.candidate.key, failure=str(failure), ms=elapsed)
        return await self._book(outcome or str(failure), elapsed, usage, bound=consequence.billed is Billed.BOUND)

    async def leave(self, outcome: str, usage: Usage | None = None) -> int:
        """Nobody waits for it any more; the provider may go on all the same. Returns its cost in nano-USD."""
        if self._permit is not None:
            self._permit.abandoned()
        return await self._book(outcome, self.elapsed_ms, usage, bound=True)

    async def _book(self, outcome: str, elapsed: int, usage: Usage | None, *, bound: bool) -> int:
        cost = 0
        if self._booking is not None:
            if usage is not None:
                cost = await self._booking.settle(usage, outcome=outcome, latency_ms=elapsed)
            elif bound:
                cost = await self._booking.settle_bound(outcome=outcome, latency_ms=elapsed)
            else:
                await self._booking.release(outcome=outcome)
        self._note(outcome, elapsed, cost)
        return cost

    def _note(self, outcome: str, elapsed: int, cost: int) -> None:
        seen = AttemptSeen(self.attempt_id, self.candidate.provider, self.candidate.model, outcome, elapsed, cost)
        self.trip.seen.append(seen)

    def estimated(self, text: str, pieces: int = 0, silent: int = 0) -> Usage:
        """What it used, as far as we can count: a piece of a stream is at least a token."""
        counted = max(pieces, tokens.estimate_text(text)) + silent
        sent = tokens.estimate(self.call.request, self.model.image_tokens)
        return Usage(sent, output_tokens=counted, reasoning_tokens=silent, estimated=True)


class Attempts:
    """Makes attempts."""

    def __init__(
        self,
        table: RoutingTable,
        providers: Mapping[str, Provider],
        till: Till,
        clock: Callable[[], float],
        on_latency: Callable[[str, float], None],
    ) -> None:
        self._table = table
        self._providers = providers
        self._till = till
        self._clock = clock
        self._on_latency = on_latency

    async def begin(
        self, trip: Trip, candidate: Candidate, permit: Permit | None, timeout_s: float, *, stream: bool = False
    ) -> Attempt:
        """Reserve. Raises: AttemptError, when the budget or the price table refuses."""
        request, plan, model = trip.request, trip.plan, self._table.model(candidate)
        if stream:
            timeout_s = min(timeout_s, model.ttft_s)
        charge = Charge(
            attempt_id=new_id(),
            request_id=request.request_id,
            agency_id=request.agency_id,
            creator_id=request.creator_id,
            member_id=request.member_id,
            agent=plan.agent,
            task=plan.task,
            provider=candidate.provider,
            model=candidate.priced_as,
            input_tokens=tokens.bound(request, model.image_tokens),
            max_output_tokens=request.max_output_tokens,
        )
        booking: Booking | None
        try:
            booking = await self._till.reserve(charge, lasts_s=timeout_s + max(0.0, trip.ends_at - self._clock()))
        except (BudgetExceededError, UnknownPriceError) as error:
            if candidate.provider != LOCAL:
                _abandon(permit)
                raise AttemptError(
                    Failure.BUDGET if isinstance(error, BudgetExceededError) else Failure.UNKNOWN_PRICE
                ) from error
            booking = None
        except BaseException:
            _abandon(permit)
            raise
        if (
            booking is not None
            and booking.soft_exceeded
            and not plan.decision.critical
            and plan.decision.tier == "large"
        ):
            _abandon(permit)
            await booking.release(outcome=str(Failure.BUDGET))
            raise AttemptError(Failure.BUDGET, soft=True)
        call = Call(
            request, candidate.model, candidate.region, timeout_s, model.stall_s, model.reasons, _cache_key(request)
        )
        provider = self._providers[candidate.provider]
        attempt_id, started = charge.attempt_id, self._clock()
        return Attempt(
            trip, candidate, provider, call, model, attempt_id, permit, booking, self._clock, self._on_latency, started
        )

    async def complete(
        self, trip: Trip, candidate: Candidate, permit: Permit | None, timeout_s: float, leaving: Leaving
    ) -> Answered:
        """One whole answer. Raises: AttemptError."""
        attempt = await self.begin(trip, candidate, permit, timeout_s)
        try:
            async with asyncio.timeout(timeout_s):
                reply = await attempt.provider.complete(attempt.call)
        except asyncio.CancelledError:
            await attempt.leave(leaving.outcome)
            raise
        except Exception as error:  # noqa: BLE001  (it is logged, booked and raised there)
            await failed(attempt, error)
        usage = reply.usage or attempt.estimated(reply.text)
        if reply.finish == "content_filter" or not reply.text:
            failure = Failure.CONTENT_FILTER if reply.finish == "content_filter" else Failure.MALFORMED
            await attempt.fail(failure, usage=usage)
            raise AttemptError(failure)
        await attempt.succeed(usage)
        return Answered(candidate, reply.text, reply.finish, usage, reply.extra)


async def failed(attempt: Attempt, error: Exception, *, usage: Usage | None = None) -> NoReturn:
    """Book what an attempt raised. Raises: AttemptError, always."""
    failure, retry_after_s = Failure.INTERNAL, None
    if isinstance(error, TimeoutError):
        failure = Failure.TIMEOUT
    elif isinstance(error, ProviderError):
        failure, retry_after_s = error.failure, error.retry_after_s
    else:
        log.error("ai.attempt_broke", endpoint=attempt.candidate.key, exc_info=error)
    await attempt.fail(failure, retry_after_s=retry_after_s, usage=usage)
    raise AttemptError(failure, retry_after_s) from error


def _abandon(permit: Permit | None) -> None:
    if permit is not None:
        permit.abandoned()


def _cache_key(request: AiRequest) -> str:
    """What calls that share a prompt's head have in common; a hash, because it leaves the house."""
    whose = f"{request.agency_id} {request.creator_id} {request.prompt.version}"
    return hashlib.blake2b(whose.encode(), digest_size=16).hexdigest()
