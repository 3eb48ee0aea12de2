"""The bookkeeping rules, without a database: what an attempt counts for in a budget and in the rollups.

Whatever happens to an attempt is booked as the difference between what it counted for before and after, so that a
correction (a late settlement) needs no rule of its own and cannot be counted twice.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from huntaze_backend.engines.ledger.port import Charge, Usage

__all__ = [
    "DIMENSIONS",
    "MEASURES",
    "NOTHING",
    "WITHOUT_ERROR",
    "Attempt",
    "State",
    "ended",
    "expired",
    "grains",
    "measures",
    "opened",
    "standing",
    "tidy",
]

WITHOUT_ERROR = frozenset({"ok", "cancelled", "hedge_lost"})
"""Outcomes that are nobody's fault; all others count into the error rate."""
DIMENSIONS = ("agency_id", "creator_id", "member_id", "agent", "provider", "model")
MEASURES = (
    "calls",
    "errors",
    "estimated",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost",
)
NOTHING: Mapping[str, int] = dict.fromkeys(MEASURES, 0)


class State(StrEnum):
    OPEN = "open"
    SETTLED = "settled"
    RELEASED = "released"
    EXPIRED = "expired"


class Attempt(NamedTuple):
    """A row of the attempts' table; see there for the fields, which are its columns in their order.

    A tuple, because one is made of every row that is read and of every ending: a dataclass takes eight times as long.
    """

    attempt_id: str
    request_id: str
    agency_id: str
    creator_id: str | None
    member_id: str | None
    agent: str
    task: str
    provider: str
    model: str
    price_version: str
    state: str
    bound: int
    at: datetime
    expires_at: datetime
    ended_at: datetime | None
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost: int
    outcome: str
    estimated: bool
    latency_ms: int | None
    ttft_ms: int | None


def opened(charge: Charge, *, bound: int, price_version: str, at: datetime, ttl_s: float) -> Attempt:
    """An attempt that is about to be made."""
    return Attempt(
        charge.attempt_id,
        charge.request_id,
        charge.agency_id,
        charge.creator_id,
        charge.member_id,
        charge.agent,
        charge.task,
        charge.provider,
        charge.model,
        price_version,
        State.OPEN,
        bound,
        at,
        at + timedelta(seconds=ttl_s),
        None,
        charge.input_tokens,
        0,
        charge.max_output_tokens,
        0,
        0,
        "",
        estimated=False,
        latency_ms=None,
        ttft_ms=None,
    )


def ended(
    attempt: Attempt,
    state: State,
    usage: Usage,
    *,
    cost: int,
    outcome: str,
    at: datetime,
    latency_ms: int | None = None,
    ttft_ms: int | None = None,
) -> Attempt:
    """The attempt as it is booked."""
    return attempt._replace(
        state=state,
        ended_at=at,
        input_tokens=usage.input_tokens,
        cached_tokens=usage.cached_tokens,
        output_tokens=usage.output_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        cost=cost,
        outcome=outcome,
        estimated=usage.estimated,
        latency_ms=latency_ms,
        ttft_ms=ttft_ms,
    )


def expired(attempt: Attempt, at: datetime) -> Attempt:
    """Nobody ended it in time. The provider may have answered, so it is booked at its bound."""
    return attempt._replace(state=State.EXPIRED, ended_at=at, cost=attempt.bound, outcome="expired", estimated=True)


def tidy(usage: Usage) -> Usage:
    """A provider's count that contradicts itself, read so that nothing of it is free; then it is an estimate."""
    cached, output = usage.cached_tokens, usage.output_tokens
    if usage.reasoning_tokens > output:
        output += usage.reasoning_tokens  # it was told apart from the output, not as a part of it
    if cached > usage.input_tokens:
        cached = 0
    numbers = (usage.input_tokens, cached, output, usage.reasoning_tokens)
    if min(numbers) < 0:
        raise ValueError(f"an attempt has no negative tokens: {usage}")
    if (cached, output) == (usage.cached_tokens, usage.output_tokens):
        return usage
    return Usage(*numbers, estimated=True)


def standing(attempt: Attempt) -> tuple[int, int]:
    """What the attempt counts for in a budget: spent, held."""
    return (0, attempt.bound) if attempt.state == State.OPEN else (attempt.cost, 0)


def measures(attempt: Attempt) -> Mapping[str, int]:
    """What the attempt counts for in the rollups; nothing while it is open."""
    if attempt.state == State.OPEN:
        return NOTHING
    return {
        "calls": 1,
        "errors": int(attempt.outcome not in WITHOUT_ERROR),
        "estimated": int(attempt.estimated),
        "input_tokens": attempt.input_tokens,
        "cached_tokens": attempt.cached_tokens,
        "output_tokens": attempt.output_tokens,
        "reasoning_tokens": attempt.reasoning_tokens,
        "cost": attempt.cost,
    }


def grains(attempt: Attempt) -> Iterator[tuple[str, datetime]]:
    """The hour and the day of UTC in which the attempt is counted."""
    hour = attempt.at.replace(minute=0, second=0, microsecond=0)
    yield "hour", hour
    yield "day", hour.replace(hour=0)
