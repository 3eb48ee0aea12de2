"""Ledgers for tests of what stands around a ledger."""

from dataclasses import dataclass, field

from huntaze_backend.engines.ledger.port import Charge, Reserved, UnknownAttemptError, Usage


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
