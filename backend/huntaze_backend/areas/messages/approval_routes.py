"""HTTP of approvals, for managers and owners: what waits, deciding, its past, and a creator's policy."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from huntaze_backend.areas.messages.approving import Approvals
from huntaze_backend.core.auth import Signed
from huntaze_contract.wire import (
    Approval,
    ApprovalDecisions,
    ApprovalPast,
    ApprovalPolicy,
    ApprovalPolicyUpdate,
    ApprovalResults,
    Page,
    Problem,
)
from huntaze_contract.wire.base import Uuid

__all__ = ["router"]

router = APIRouter(prefix="/api/v2", tags=["approvals"])


async def _approvals(request: Request) -> Approvals:
    found: Approvals = request.app.state.approvals
    return found


Door = Annotated[Approvals, Depends(_approvals)]
Creator = Annotated[Uuid | None, Query(description="one creator's; without it those of all that the member sees")]
Cursor = Annotated[str | None, Query()]
Limit = Annotated[int, Query(ge=1, le=100)]


@router.get("/approvals")
async def list_approvals(
    who: Signed, door: Door, creator_id: Creator = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[Approval]:
    """What waits, the oldest first. A change of it is announced as a change of the message."""
    return await door.waiting(who, creator_id=creator_id, cursor=cursor, limit=limit)


@router.get("/approvals/history")
async def list_approvals_of_the_past(
    who: Signed, door: Door, creator_id: Creator = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[ApprovalPast]:
    """How it went with what waited, the latest decision first."""
    return await door.decided(who, creator_id=creator_id, cursor=cursor, limit=limit)


@router.post("/approvals/decide")
async def decide_approvals(who: Signed, door: Door, bulk: ApprovalDecisions) -> ApprovalResults:
    """Approve, edit and approve, or reject up to 100 messages. Each decision is done or not, whatever the others."""
    return await door.decide(who, bulk)


@router.get("/creators/{creator_id}/approval-policy")
async def get_approval_policy(who: Signed, door: Door, creator_id: Uuid) -> ApprovalPolicy:
    """Which of the creator's messages wait for a yes."""
    return await door.policy(who, creator_id)


@router.put(
    "/creators/{creator_id}/approval-policy",
    responses={409: {"model": Problem, "description": "CONFLICT: the policy was changed meanwhile"}},
)
async def set_approval_policy(
    who: Signed, door: Door, creator_id: Uuid, update: ApprovalPolicyUpdate
) -> ApprovalPolicy:
    """Choose it. What has not gone yet and now needs a yes waits for it; what waits already goes on waiting."""
    return await door.set_policy(who, creator_id, update)
