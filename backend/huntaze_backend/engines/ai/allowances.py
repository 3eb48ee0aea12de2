"""Buckets that keep trouble from multiplying: how much of the traffic may be repeats, fall-overs or hedges.

A failing provider is asked less, not more. Each bucket is filled by a share of the calls that went well and by a
trickle over time, so that a quiet service may still try (Finagle's retry budget; research §4.3).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Allowances", "Bucket"]


class Bucket:
    """Tokens; one is one extra attempt."""

    __slots__ = ("_at", "_capacity", "_clock", "_held", "_per_second", "_share")

    def __init__(self, clock: Callable[[], float], *, share: float, per_second: float, capacity: float) -> None:
        """Args: share: of a token, for each call that went well; per_second: the trickle; capacity: the most."""
        self._clock = clock
        self._share = share
        self._per_second = per_second
        self._capacity = capacity
        self._held = capacity
        self._at = clock()

    def went_well(self) -> None:
        self._held = min(self._capacity, self._held + self._share)

    def take(self) -> bool:
        """Whether there was one."""
        now = self._clock()
        self._held = min(self._capacity, self._held + (now - self._at) * self._per_second)
        self._at = now
        if self._held < 1:
            return False
        self._held -= 1
        return True


@dataclass
class Allowances:
    """The buckets of the service: repeats per provider, fall-overs and hedges for all together."""

    clock: Callable[[], float]
    fall_overs: Bucket = field(init=False)
    hedges: Bucket = field(init=False)
    _repeats: dict[str, Bucket] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.fall_overs = Bucket(self.clock, share=0.2, per_second=2.0, capacity=20)
        # No trickle: a hedge doubles a cost, so it is earned by twenty calls that needed none.
        self.hedges = Bucket(self.clock, share=0.05, per_second=0.0, capacity=5)

    def repeats(self, provider: str) -> Bucket:
        found = self._repeats.get(provider)
        if found is None:
            found = self._repeats[provider] = Bucket(self.clock, share=0.1, per_second=1.0, capacity=10)
        return found

    def went_well(self, provider: str) -> None:
        self.repeats(provider).went_well()
        self.fall_overs.went_well()
        self.hedges.went_well()
