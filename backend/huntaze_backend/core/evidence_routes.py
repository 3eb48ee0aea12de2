"""HTTP of the chain of evidence: an owner's export, to be kept where nobody with the database can reach it."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from huntaze_backend.core import chain_check
from huntaze_backend.core.auth import Signed
from huntaze_backend.core.deps import Db
from huntaze_contract.wire import Role, UtcTime

__all__ = ["router"]

router = APIRouter(prefix="/api/v2", tags=["evidence"])
_MEDIA_TYPE = "application/x-ndjson"


@router.get(
    "/evidence",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {_MEDIA_TYPE: {"schema": {"type": "string"}}},
            "description": "JSON lines: each record with its hash; the last line says where the export ends.",
        }
    },
)
async def export_evidence(
    who: Signed,
    db: Db,
    since: Annotated[UtcTime | None, Query(alias="from", description="from this time on")] = None,
    until: Annotated[UtcTime | None, Query(alias="to", description="before this time")] = None,
) -> StreamingResponse:
    """Export the agency's chain of evidence. `huntaze audit verify` checks the file; it holds no text of a message."""
    who.require_role(Role.OWNER)
    agency_id = who.agency_id
    found = await db.read(partial(chain_check.span, agency_id=agency_id, since=since, until=until))

    async def lines() -> AsyncIterator[str]:
        of = found or chain_check.Span(1, 0, chain_check.GENESIS)
        following: int | None = of.first
        while following is not None:
            page, following = await db.read(
                partial(chain_check.export_lines, agency_id=agency_id, of=of, first=following)
            )
            yield "".join(line + "\n" for line in page)

    return StreamingResponse(lines(), media_type=_MEDIA_TYPE)
