"""The port of the ledger: an attempt is reserved before it is made, and settled, or released, once it has ended.

Amounts are whole nano-USD. A reservation is a lease: when nobody settles it in time it is booked at its bound, as
estimated, because the provider may have answered; a later settlement corrects it. Nothing that was asked of a provider
is ever free by accident, and nothing is held for ever.
"""

from dataclasses import dataclass
from typing import Protocol

from huntaze_backend.core.errors import AppError
from huntaze_contract.wire import ProblemCode

__all__ = [
    "LOCAL",
    "RESPONSE_CACHE",
    "BudgetExceededError",
    "Charge",
    "Ledger",
    "Reserved",
    "UnknownAttemptError",
    "UnknownPriceError",
    "Usage",
]


LOCAL = "local"
"""The provider whose models cost nothing."""
RESPONSE_CACHE = "response-cache"
"""As a model of `LOCAL`: an answer from the response cache is an attempt too, with no tokens. It is reserved and
settled as any other, without waiting for the database, and is counted apart from calls."""


class BudgetExceededError(AppError):
    """The attempt's bound does not fit a hard budget beside what was spent and what is reserved.

    402, not 429: a client that repeats a 429 by itself would ask until the period ends.
    """

    status = 402
    code = ProblemCode.BUDGET_EXCEEDED
    title = "The budget for AI calls is used up"
    action = "Wait for the next period, or ask an owner or a manager to raise the budget."


class UnknownPriceError(AppError):
    """The price table has no row for this provider and model: what cannot be priced is not bought."""

    status = 503
    code = ProblemCode.UNKNOWN_PRICE
    title = "This model has no known price"
    action = "Choose another model, or ask who runs the service to update the price table."


class UnknownAttemptError(LookupError):
    """Settled or released was what nobody reserved: a fault of the caller."""


@dataclass(frozen=True, slots=True)
class Charge:
    """One attempt, before it is made."""

    attempt_id: str
    request_id: str
    agency_id: str
    creator_id: str | None
    member_id: str | None
    agent: str
    task: str
    provider: str
    model: str
    """Provider and model are the price table's key. A deployment that costs more than Azure's global one says which it
    is: `gpt-4o@datazone` (of the US or the EU), `gpt-4o@datazone-other`, `gpt-4o@regional`."""
    input_tokens: int
    """An upper bound."""
    max_output_tokens: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What the provider says it did."""

    input_tokens: int
    """Cached ones included."""
    cached_tokens: int = 0
    output_tokens: int = 0
    """Reasoning included."""
    reasoning_tokens: int = 0
    estimated: bool = False
    """Counted by us: the stream was cut, or the provider told nothing."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """Leave to make an attempt."""

    attempt_id: str
    bound_nano_usd: int
    """The most it can cost."""
    price_version: str
    soft_exceeded: bool
    """A soft budget is passed: prefer the small model."""


class Ledger(Protocol):
    """What the orchestrator asks around each attempt."""

    async def reserve(self, charge: Charge, *, ttl_s: float) -> Reserved:
        """Hold the attempt's bound in every budget that applies, or in none.

        Args:
            charge: the attempt.
            ttl_s: after so many seconds the reservation is booked at its bound; take the attempt's deadline and some
                grace.

        Raises: BudgetExceededError, UnknownPriceError.
        """
        ...

    async def settle(self, attempt_id: str, usage: Usage, *, outcome: str, latency_ms: int, ttft_ms: int | None) -> int:
        """Book what the attempt used; returns its cost in nano-USD. Repeating it changes nothing.

        `outcome`: "ok", "incomplete" (the stream was cut), "cancelled", "hedge_lost", or the class of the error.

        Raises: UnknownAttemptError.
        """
        ...

    async def release(self, attempt_id: str, *, outcome: str) -> None:
        """Nothing was billed: the attempt is recorded with cost 0. Repeating it changes nothing.

        Raises: UnknownAttemptError.
        """
        ...
