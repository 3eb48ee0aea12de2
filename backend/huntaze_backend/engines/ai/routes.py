"""HTTP of the orchestrator: its health. Asking for text is the areas' business."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import HTTPConnection

from huntaze_backend.core.auth import Signed
from huntaze_backend.engines.ai.health import health_of
from huntaze_backend.engines.ai.orchestrator import HybridOrchestrator
from huntaze_contract.wire import AiHealth, Role

__all__ = ["router"]

router = APIRouter(tags=["ai"])


async def _orchestrator(connection: HTTPConnection) -> HybridOrchestrator:
    orchestrator: HybridOrchestrator = connection.app.state.ai
    return orchestrator


Ai = Annotated[HybridOrchestrator, Depends(_orchestrator)]


@router.get("/api/health/hybrid-orchestrator")
async def ai_health(principal: Signed, ai: Ai) -> AiHealth:
    """Whether suggestions can be had; for owners and managers also why not, and how the agency's calls fell."""
    found = await health_of(ai, principal.agency_id)
    return found if principal.role in (Role.OWNER, Role.MANAGER) else AiHealth(status=found.status)
