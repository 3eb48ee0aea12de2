"""HTTP of the reading side of conversations: lists, timelines, read marks, presence."""

from typing import Annotated

from fastapi import APIRouter, Query, status
from starlette.requests import Request

from huntaze_backend.areas.messages import service
from huntaze_backend.core.auth import Signed
from huntaze_backend.core.deps import Db
from huntaze_backend.engines.sync.hub import Hub
from huntaze_contract.wire import Conversation, MarkRead, Message, Page, Presence, PresenceFrame
from huntaze_contract.wire.base import Uuid

router = APIRouter(prefix="/api/v2", tags=["conversations"])

Cursor = Annotated[str | None, Query(max_length=400, description="`next_cursor` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200)]


@router.get("/conversations")
async def list_conversations(
    who: Signed, db: Db, creator_id: Annotated[Uuid | None, Query()] = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[Conversation]:
    """The conversations you may see, the latest first."""
    return await db.read(
        lambda session: service.list_conversations(session, who, creator_id=creator_id, cursor=cursor, limit=limit)
    )


@router.get("/conversations/{conversation_id}")
async def get_conversation(who: Signed, db: Db, conversation_id: Uuid) -> Conversation:
    """One conversation."""
    return await db.read(lambda session: service.get_conversation(session, who, conversation_id))


@router.get("/conversations/{conversation_id}/messages")
async def list_messages(
    who: Signed, db: Db, conversation_id: Uuid, cursor: Cursor = None, limit: Limit = 50
) -> Page[Message]:
    """A conversation's timeline, the newest first."""
    return await db.read(
        lambda session: service.list_messages(session, who, conversation_id, cursor=cursor, limit=limit)
    )


@router.post("/conversations/{conversation_id}/read")
async def mark_read(who: Signed, db: Db, conversation_id: Uuid, mark: MarkRead) -> Conversation:
    """Say up to which message the conversation was seen."""
    await db.write(lambda session: service.mark_read(session, who, conversation_id, mark.up_to))
    return await db.read(lambda session: service.get_conversation(session, who, conversation_id))


@router.put("/conversations/{conversation_id}/presence", status_code=status.HTTP_204_NO_CONTENT)
async def set_presence(who: Signed, db: Db, request: Request, conversation_id: Uuid, presence: Presence) -> None:
    """Tell the colleagues that you look at it or type in it. Repeat it: it is forgotten after 30 s (typing: 8 s)."""
    conversation = await db.read(lambda session: service.get_conversation(session, who, conversation_id))
    frame = PresenceFrame(
        cs=0, conversation_id=conversation_id, member_id=who.member_id, member_name=who.name, kind=presence.kind
    )
    hub: Hub = request.app.state.hub
    hub.publish_ephemeral(who.agency_id, conversation.creator_id, frame.model_dump(mode="json"))
