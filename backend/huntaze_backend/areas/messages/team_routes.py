"""HTTP of what the team does: ops, one's own drafts, and reply leases."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, status
from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from starlette.requests import Request

from huntaze_backend.areas.messages import drafts, leases, ops
from huntaze_backend.areas.messages.ops import Malformed
from huntaze_backend.core.auth import Principal, Signed
from huntaze_backend.core.deps import Db, Time
from huntaze_backend.engines.sync.hub import Hub
from huntaze_contract.ids import is_id
from huntaze_contract.wire import Draft, Lease, LeaseFrame, LeaseRequest, Op, OpResults, Problem, WireModel
from huntaze_contract.wire.base import Uuid

__all__ = ["router"]

router = APIRouter(prefix="/api/v2", tags=["team"])
_LONGEST_DETAIL = 300


def _op_or_malformed(value: object, handler: ValidatorFunctionWrapHandler) -> Any:
    """One op that cannot be understood must not hold up the others; without an id nobody could be answered."""
    try:
        return handler(value)
    except ValidationError as error:
        if not isinstance(value, dict) or not isinstance(op_id := value.get("op_id"), str) or not is_id(op_id):
            raise
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        # The words may repeat the input, which may hold what UTF-8 has no bytes for.
        detail = f"{where}: {first['msg']}"[:_LONGEST_DETAIL].encode(errors="replace").decode()
        return Malformed(op_id, detail, value)


class OpBatch(WireModel):
    """`wire.OpBatch`, read one op at a time."""

    device_id: Uuid
    ops: Annotated[
        list[Annotated[Op, WrapValidator(_op_or_malformed)]],
        Field(min_length=1, max_length=100, description="in the order in which they were made"),
    ]


@router.post("/ops", responses={409: {"model": Problem, "description": "IN_PROGRESS: repeat the request."}})
async def run_ops(who: Signed, db: Db, clock: Time, batch: OpBatch) -> OpResults:
    """Bring ops. Each takes effect once, for ever, and has its own answer, in order; a repeat is answered alike.

    200 also when ops were refused. 422 only for a request that is no batch, or an op without a readable id.
    """
    results = [await ops.run(db, who, batch.device_id, op) for op in batch.ops]
    return OpResults(results=results, server_time=clock.now())


@router.get("/drafts")
async def own_drafts(who: Signed, db: Db) -> list[Draft]:
    """What you have begun to write, here or on another computer."""
    return await db.read(lambda session: drafts.own_drafts(session, who))


@router.put("/conversations/{conversation_id}/lease", responses={409: {"model": Problem, "description": "LEASE_HELD"}})
async def take_lease(who: Signed, db: Db, request: Request, conversation_id: Uuid, wish: LeaseRequest) -> Lease:
    """Say that you answer this conversation, for 45 s; repeat it every 15 s.

    409 LEASE_HELD names the colleague who does, unless you take it over.
    """
    lease, creator_id = await db.write(lambda session: leases.take(session, who, conversation_id, wish))
    _tell(request, who, creator_id, LeaseFrame(cs=0, conversation_id=conversation_id, lease=lease))
    return lease


@router.delete("/conversations/{conversation_id}/lease", status_code=status.HTTP_204_NO_CONTENT)
async def give_lease_back(
    who: Signed,
    db: Db,
    request: Request,
    conversation_id: Uuid,
    device_id: Annotated[Uuid | None, Query(description="only if this device took it")] = None,
) -> None:
    """Say that you no longer answer it. What you wrote under the lease may still arrive."""
    creator_id = await db.write(lambda session: leases.give_back(session, who, conversation_id, device_id))
    if creator_id is not None:
        _tell(request, who, creator_id, LeaseFrame(cs=0, conversation_id=conversation_id))


def _tell(request: Request, who: Principal, creator_id: str, frame: LeaseFrame) -> None:
    hub: Hub = request.app.state.hub
    hub.publish_ephemeral(who.agency_id, creator_id, frame.model_dump(mode="json"))
