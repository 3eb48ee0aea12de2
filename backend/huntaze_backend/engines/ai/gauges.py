"""What health shows of the orchestrator: how its latest decisions fell, and how its cache and providers do."""

from collections import Counter, OrderedDict, deque
from dataclasses import dataclass, field

from huntaze_backend.engines.ai.port import AttemptSeen, Decision, Tier

__all__ = ["AgencyGauges", "Gauges"]

_LATEST = 500
_AGENCIES = 5000


@dataclass
class AgencyGauges:
    """One agency's, since this process began; shares are of the latest 500."""

    ordinary: deque[bool] = field(default_factory=lambda: deque(maxlen=_LATEST))
    """Whether each went large. Critical, reasoning and picture work is not in it: nobody chose its tier."""
    decisions: int = 0
    critical: int = 0
    cache_asked: int = 0
    cache_hits: int = 0
    local: int = 0

    @property
    def share_large(self) -> float | None:
        return sum(self.ordinary) / len(self.ordinary) if self.ordinary else None


class Gauges:
    """In memory: health is about this process, the ledger remembers the rest."""

    def __init__(self) -> None:
        self._agencies: OrderedDict[str, AgencyGauges] = OrderedDict()
        self.attempts: dict[str, Counter[str]] = {}
        """Per endpoint: how many ended well and how many did not."""

    def of(self, agency_id: str) -> AgencyGauges:
        found = self._agencies.get(agency_id)
        if found is None:
            found = self._agencies[agency_id] = AgencyGauges()
            if len(self._agencies) > _AGENCIES:
                self._agencies.popitem(last=False)
        return found

    def decided(self, agency_id: str, decision: Decision, *, hybrid: bool) -> None:
        gauges = self.of(agency_id)
        gauges.decisions += 1
        if decision.critical:
            gauges.critical += 1
        elif hybrid and decision.tier in (Tier.MINI, Tier.LARGE):
            gauges.ordinary.append(decision.tier is Tier.LARGE)

    def tried(self, attempts: list[AttemptSeen]) -> None:
        for seen in attempts:
            endpoint = self.attempts.setdefault(f"{seen.provider}/{seen.model}", Counter())
            endpoint["ok" if seen.outcome in ("ok", "hedge_lost", "cancelled") else "failed"] += 1
