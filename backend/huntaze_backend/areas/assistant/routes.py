"""HTTP of the assistant: suggestions as a stream of events, rewrites, and what became of a suggestion."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, status
from fastapi.responses import StreamingResponse
from starlette.requests import HTTPConnection

from huntaze_backend.areas.assistant import store
from huntaze_backend.areas.assistant.flights import Frame
from huntaze_backend.areas.assistant.prefetch import prefetch_for
from huntaze_backend.areas.assistant.service import Assistant
from huntaze_backend.core.auth import Signed
from huntaze_backend.core.deps import Db
from huntaze_backend.engines.queue.port import enqueue
from huntaze_contract.wire import Problem, Rewrite, RewriteRequest, SuggestionRequest, SuggestionUse
from huntaze_contract.wire.base import Uuid

__all__ = ["router"]

router = APIRouter(prefix="/api/v2", tags=["assistant"])
_EVENTS = "text/event-stream"
_EVENT = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"enum": ["delta", "done", "incomplete", "problem"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}
"""One event of the stream."""
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events; the data of each is a `wire.SuggestionFrame`. Cards may come in any order.",
        "content": {_EVENTS: {"schema": _EVENT}},
    },
    409: {"model": Problem, "description": "the conversation has gone on"},
    429: {"model": Problem, "description": "a prefetch, and its budget is spent"},
}


async def _assistant(connection: HTTPConnection) -> Assistant:
    found: Assistant = connection.app.state.assistant
    return found


Helper = Annotated[Assistant, Depends(_assistant)]


@router.post("/conversations/{conversation_id}/suggestions", response_class=StreamingResponse, responses=_STREAM)
async def suggest_replies(
    who: Signed, db: Db, assistant: Helper, conversation_id: Uuid, request: SuggestionRequest
) -> StreamingResponse:
    """Suggest replies to a conversation's last message. The same set is shown, and paid, once."""
    frames, written = await assistant.suggest(who, conversation_id, request)
    if written and not request.prefetch:
        await db.write(partial(enqueue, job=prefetch_for(who)))
    return StreamingResponse(_events(frames), media_type=_EVENTS, headers={"Cache-Control": "no-store"})


@router.post(
    "/conversations/{conversation_id}/rewrite",
    responses={424: {"model": Problem, "description": "no model is there to do it"}},
)
async def rewrite_text(who: Signed, assistant: Helper, conversation_id: Uuid, form: RewriteRequest) -> Rewrite:
    """Say the writer's text in another way, in another tone or language. Nothing is sent."""
    return await assistant.rewrite(who, conversation_id, form)


@router.post("/suggestions/{suggestion_id}/use", status_code=status.HTTP_204_NO_CONTENT)
async def tell_use(who: Signed, db: Db, suggestion_id: Uuid, told: SuggestionUse) -> None:
    """Tell what became of a suggestion: from this the agency's own suggestions learn."""
    await db.write(partial(store.use, who=who, suggestion_id=suggestion_id, told=told))


async def _events(frames: AsyncIterator[Frame]) -> AsyncIterator[str]:
    async for frame in frames:
        yield f"event: {frame.type}\ndata: {frame.model_dump_json()}\n\n"
