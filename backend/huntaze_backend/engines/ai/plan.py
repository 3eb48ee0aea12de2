"""The plan for a request: which agent, which tier and why, and who may answer in which order. No network, no words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from huntaze_backend.core.flags import FlagReader
from huntaze_backend.engines.ai.agents import Agent, assignment
from huntaze_backend.engines.ai.calibration import LARGE_ABOVE, Calibration
from huntaze_backend.engines.ai.classify import read
from huntaze_backend.engines.ai.port import AiRequest, Decision, Tier
from huntaze_backend.engines.ai.provider import Provider
from huntaze_backend.engines.ai.routing import LOCAL, Candidate, RoutingTable

__all__ = ["FLAG", "Plan", "Planner"]

FLAG = "hybrid_orchestrator"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the attempt loop works through."""

    decision: Decision
    agent: Agent
    task: str
    candidates: tuple[Candidate, ...]
    """Those that are set up, the paid ones in order."""
    local: Candidate | None
    """Who answers when nobody else does."""
    hybrid: bool
    """False: the flag is off, and one provider is all there is."""


class Planner:
    """Decides. Its only state is the calibration's."""

    def __init__(self, table: RoutingTable, providers: Mapping[str, Provider], flags: FlagReader) -> None:
        self.table = table
        self._providers = providers
        self._flags = flags
        self._calibration = Calibration()

    async def plan(self, request: AiRequest) -> Plan:
        """Decide about a request."""
        # A creator's suggestions all come by the same way, so that her voice does not change from one to the next.
        whose = request.creator_id or request.agency_id
        hybrid = await self._flags.is_on(request.agency_id, FLAG, whose)
        work = assignment(request.type)
        reading = read(request, work)
        complexity, reasons = 0.0, reading.reasons
        if not hybrid:
            tier, why = Tier.MINI, "the hybrid orchestrator is switched off: one provider answers everything"
        elif request.images:
            tier, why = Tier.VISION, "there are pictures to look at"
        elif work.reasons:
            tier, why = Tier.REASONING, f"{work.task} work goes to a model that thinks first"
        elif reading.critical:
            tier, why = Tier.LARGE, "critical work goes to the large model"
        else:
            complexity = self._calibration.complexity(request.agency_id, reading.score, request_id=request.request_id)
            tier = Tier.LARGE if complexity > LARGE_ABOVE else Tier.MINI
            side = "above" if tier is Tier.LARGE else "not above"
            why = f"complexity {complexity:.1f} is {side} {LARGE_ABOVE:.0f}, among this agency's latest requests"
        decision = Decision(
            tier=tier,
            reasons=(why, *reasons),
            complexity=round(complexity, 2),
            score=round(reading.score, 2),
            critical=reading.critical,
            agent=work.agent,
            task=work.task,
            expected_tokens=reading.expected_tokens,
            table_version=self.table.version,
        )
        if hybrid:
            candidates, local = self._served(self.table.row(work.task, tier))
        else:
            candidates, local = self._served(self.table.single)
            candidates = [each for each in candidates if not request.images or self.table.model(each).image_tokens][:1]
            local = None if request.images else self._local()
        return Plan(decision, work.agent, work.task, tuple(candidates), local, hybrid)

    def smaller(self, plan: Plan, why: str) -> Plan | None:
        """The same work by the small model, because of its cost; None where there is nothing smaller."""
        if plan.decision.tier is not Tier.LARGE or not plan.hybrid:
            return None
        candidates, local = self._served(self.table.row(plan.task, Tier.MINI))
        decision = replace(plan.decision, tier=Tier.MINI, reasons=(why, *plan.decision.reasons))
        return replace(plan, decision=decision, candidates=tuple(candidates), local=local)

    def _served(self, row: tuple[Candidate, ...]) -> tuple[list[Candidate], Candidate | None]:
        paid, local = [], None
        for candidate in row:
            provider = self._providers.get(candidate.provider)
            if provider is None or not provider.serves(candidate.model, candidate.region):
                continue
            if candidate.provider == LOCAL:
                local = candidate
            else:
                paid.append(candidate)
        return paid, local

    def _local(self) -> Candidate | None:
        return self._served(self.table.row("*", Tier.MINI))[1]
