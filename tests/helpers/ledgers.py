"""A ledger that only remembers, for tests of what stands around one; and charges, prices and time for tests of ours."""

import asyncio
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from huntaze_backend.engines.ledger.port import Charge, Reserved, UnknownAttemptError, Usage
from huntaze_backend.engines.ledger.prices import Price, PriceTable, Rate
from huntaze_contract.ids import new_id

AGENCY = "0192aaaa-0000-7000-8000-000000000001"
CREATOR = "0192aaaa-0000-7000-8000-000000000002"


def price(provider: str, model: str, *rate: int, tier: str = "mini", since: str = "2020-01-01", **more: Any) -> Price:
    """Args: rate: input, cached and output in pico-USD per token."""
    values: dict[str, Any] = {"long": None, "long_above": 0, "source": "test", "checked_at": date(2026, 11, 21)}
    return Price(provider, model, tier, date.fromisoformat(since), Rate(*rate), **(values | more))


PRICES = PriceTable(
    [
        price("openai", "whole", 1_000_000, 500_000, 2_000_000),  # 1,000 nano-USD a token, 500 cached, 2,000 out
        price("openai", "odd", 150_333, 75_001, 600_077, tier="large"),
        price(
            "gemini", "long", 1_250_000, 125_000, 10_000_000, long=Rate(2_500_001, 250_003, 15_000_007), long_above=200
        ),
        price("local", "*", 0, 0, 0, tier="local"),
    ]
)


def charge(**more: Any) -> Charge:
    """A call of `whole` for the whole agency, bound 100 × 1,000 + 50 × 2,000 = 200,000 nano-USD."""
    values: dict[str, Any] = {
        "attempt_id": new_id(),
        "request_id": new_id(),
        "agency_id": AGENCY,
        "creator_id": None,
        "member_id": None,
        "agent": "chat",
        "task": "chat_response",
        "provider": "openai",
        "model": "whole",
        "input_tokens": 100,
        "max_output_tokens": 50,
    }
    return Charge(**(values | more))


def end_leases(session: Session) -> None:
    """As if the leases of all open attempts had ended a minute ago."""
    session.execute(text("UPDATE ledger_attempts SET expires_at = at - 60000000"))


def pass_time(session: Session, by: timedelta) -> None:
    """As if `by` had passed since everything that the ledger holds."""
    micros = {"by": by // timedelta(microseconds=1)}
    session.execute(text("UPDATE ledger_attempts SET at = at - :by, expires_at = expires_at - :by"), micros)
    session.execute(text("UPDATE ledger_budgets SET period_start = period_start - :by"), micros)


@dataclass
class NullLedger:
    """Admits everything at `bound` nano-USD and books `cost` for each settlement; remembers what it was told."""

    bound: int = 1_000_000
    cost: int = 400_000
    soft_exceeded: bool = False
    reserved: dict[str, Charge] = field(default_factory=dict)
    settled: dict[str, tuple[Usage, str]] = field(default_factory=dict)
    released: dict[str, str] = field(default_factory=dict)

    @property
    def open(self) -> set[str]:
        """The attempts that nobody ended."""
        return self.reserved.keys() - self.settled.keys() - self.released.keys()

    async def reserve(self, charge: Charge, *, ttl_s: float) -> Reserved:
        assert ttl_s > 0
        self.reserved[charge.attempt_id] = charge
        return Reserved(charge.attempt_id, self.bound, "null", self.soft_exceeded)

    async def settle(self, attempt_id: str, usage: Usage, *, outcome: str, latency_ms: int, ttft_ms: int | None) -> int:
        if attempt_id not in self.reserved:
            raise UnknownAttemptError(attempt_id)
        self.settled.setdefault(attempt_id, (usage, outcome))
        return self.cost

    async def release(self, attempt_id: str, *, outcome: str) -> None:
        if attempt_id not in self.reserved:
            raise UnknownAttemptError(attempt_id)
        self.released.setdefault(attempt_id, outcome)


class MovedClock:
    """A clock that stands where it is put."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
