"""`/sync`, its snapshot and digest, and the event stream: how clients learn what changed."""

import asyncio
import contextlib
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response, WebSocket, WebSocketDisconnect
from sqlalchemy.orm import Session

from huntaze_backend.core.auth import Principal, Signed, principal_of
from huntaze_backend.core.deps import Db
from huntaze_backend.core.errors import UnauthenticatedError
from huntaze_backend.engines.sync.digest import digest
from huntaze_backend.engines.sync.hub import Hub
from huntaze_backend.engines.sync.kinds import SyncRegistry
from huntaze_backend.engines.sync.reader import changes_after, position_of, snapshot_page
from huntaze_backend.engines.sync.stream import EventStream, ScopeChangedError, scope_of
from huntaze_contract.wire import Problem, SnapshotPage, SyncDigest, SyncPage

__all__ = ["TOKEN_ENDED", "router"]

TOKEN_ENDED = 4401
"""WebSocket close code: authenticate and come again."""
SCOPE_CHANGED = 4410
"""WebSocket close code: pull; the answer will be CURSOR_EXPIRED."""

router = APIRouter(prefix="/api/v2", tags=["sync"])


async def _hub(request: Request) -> Hub:
    found: Hub = request.app.state.hub
    return found


async def _registry(request: Request) -> SyncRegistry:
    found: SyncRegistry = request.app.state.sync
    return found


Kinds = Annotated[SyncRegistry, Depends(_registry)]


@router.get("/sync", response_model=SyncPage)
async def sync(
    principal: Signed,
    db: Db,
    registry: Kinds,
    hub: Annotated[Hub, Depends(_hub)],
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
    wait: Annotated[float, Query(ge=0, le=25, description="seconds to wait for a change if there is none")] = 0,
) -> Response:
    """Changes after a cursor, in commit order; without one, everything from the beginning.

    410 CURSOR_EXPIRED asks for a snapshot.
    """
    scope = scope_of(principal)

    def read(session: Session) -> SyncPage:
        position = position_of(session, scope, cursor)
        return changes_after(session, registry, scope, position, limit)[0]

    with hub.subscribe(principal.agency_id) as subscription:
        page = await db.read(read)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                while not page.changes:
                    await subscription.woken.wait()
                    subscription.woken.clear()
                    page = await db.read(read)
    # Written here: checking a page of a thousand rows again on its way out would take longer than reading it.
    return Response(page.model_dump_json(), media_type="application/json")


@router.get("/sync/snapshot", response_model=SnapshotPage)
async def snapshot(
    principal: Signed,
    db: Db,
    registry: Kinds,
    page: Annotated[str | None, Query(max_length=1000)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> Response:
    """A page of everything the reader may see; then `/sync` from the snapshot's cursor."""
    scope = scope_of(principal)
    found = await db.read(lambda session: snapshot_page(session, registry, scope, page, limit))
    return Response(found.model_dump_json(), media_type="application/json")


@router.get("/sync/digest", responses={409: {"model": Problem, "description": "CONFLICT: the log is not at `seq`."}})
async def get_digest(
    principal: Signed,
    db: Db,
    seq: Annotated[int | None, Query(ge=0, le=2**62, description="where the client is; it must be the end")] = None,
) -> SyncDigest:
    """What a client that is at the end of the log must hold: per entity, how many rows and two sums over their `ver`.

    Entities of which there is nothing are left out. A difference asks for a snapshot.
    """
    return await db.read(lambda session: digest(session, scope_of(principal), seq))


@router.websocket("/events")
async def events(socket: WebSocket) -> None:
    """The stream of hints. Closes with 4401 when the token ends and with 4410 when the reader's rights change."""
    await socket.accept()

    async def principal() -> Principal:
        return await principal_of(socket)

    try:
        agency_id = (await principal()).agency_id
    except UnauthenticatedError as error:
        await socket.close(TOKEN_ENDED, error.code)
        return
    state = socket.app.state
    with state.hub.subscribe(agency_id) as subscription:
        stream = EventStream(state.db, state.sync, subscription, principal, socket.send_text)
        feeding = asyncio.create_task(stream.run())
        listening = asyncio.create_task(_until_gone(socket))
        try:
            await asyncio.wait({feeding, listening}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (feeding, listening):
                task.cancel()
            outcomes = await asyncio.gather(feeding, listening, return_exceptions=True)
    await _close(socket, outcomes[0])


async def _until_gone(socket: WebSocket) -> None:
    """Clients send nothing that matters; reading is how their going is noticed."""
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await socket.receive_text()


async def _close(socket: WebSocket, outcome: BaseException | None) -> None:
    if isinstance(outcome, UnauthenticatedError):
        await socket.close(TOKEN_ENDED, outcome.code)
    elif isinstance(outcome, ScopeChangedError):
        await socket.close(SCOPE_CHANGED, "CURSOR_EXPIRED")
    elif outcome is not None and not isinstance(
        outcome, (asyncio.CancelledError, WebSocketDisconnect, ConnectionError)
    ):
        raise outcome
