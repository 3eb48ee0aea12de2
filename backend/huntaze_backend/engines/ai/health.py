"""The state of the orchestrator in words and figures that hold no secret."""

from collections import Counter
from typing import Literal

from huntaze_backend.engines.ai.gauges import AgencyGauges
from huntaze_backend.engines.ai.orchestrator import HybridOrchestrator
from huntaze_backend.engines.ai.plan import FLAG
from huntaze_backend.engines.ai.routing import LOCAL
from huntaze_contract.wire import AiEndpoint, AiHealth, AiUse

__all__ = ["health_of"]

_RANGE = (0.05, 0.15)
_ENOUGH = 100


async def health_of(ai: HybridOrchestrator, agency_id: str) -> AiHealth:
    """As one agency may see it: endpoints are everybody's, use is its own."""
    endpoints = _endpoints(ai)
    return AiHealth(
        status=_status(ai, endpoints),
        hybrid=await ai.flags.is_on(agency_id, FLAG, agency_id),
        table_version=ai.planner.table.version,
        providers=sorted(ai.providers),
        endpoints=endpoints,
        use=_use(ai.gauges.of(agency_id)),
    )


def _endpoints(ai: HybridOrchestrator) -> list[AiEndpoint]:
    found = []
    for candidate in ai.planner.table.candidates():
        provider = ai.providers.get(candidate.provider)
        if candidate.provider == LOCAL or provider is None or not provider.serves(candidate.model, candidate.region):
            continue
        breaker = ai.breakers.of(candidate)
        seen = ai.gauges.attempts.get(f"{candidate.provider}/{candidate.model}", Counter())
        found.append(
            AiEndpoint(
                provider=candidate.provider,
                model=candidate.priced_as,
                state=breaker.state.value,
                open_for_s=round(breaker.open_for_s, 1),
                needs_a_person=breaker.shut,
                ok=seen["ok"],
                failed=seen["failed"],
            )
        )
    return found


def _status(ai: HybridOrchestrator, endpoints: list[AiEndpoint]) -> Literal["ok", "degraded", "local_only", "off"]:
    if any(endpoint.state != "open" for endpoint in endpoints):
        return "ok" if all(endpoint.state == "closed" for endpoint in endpoints) else "degraded"
    return "local_only" if LOCAL in ai.providers else "off"


def _use(gauges: AgencyGauges) -> AiUse:
    share = gauges.share_large
    enough = share is not None and len(gauges.ordinary) >= _ENOUGH
    return AiUse(
        decisions=gauges.decisions,
        critical=gauges.critical,
        local=gauges.local,
        share_large=share,
        share_in_range=not enough or (share is not None and _RANGE[0] <= share <= _RANGE[1]),
        cache_asked=gauges.cache_asked,
        cache_hit_rate=gauges.cache_hits / gauges.cache_asked if gauges.cache_asked else None,
    )
