"""Asking the assistant: suggested replies as they are written, and one's own text in another form.

Needs the backend: without it there is an error at once and nothing is queued, for a suggestion that comes an hour late
answers a conversation that has gone on. What became of a suggestion is told when there is a line, and lost without one:
the server learns the important part, that it was sent, from the message itself.
"""

import logging
from collections.abc import Callable

from huntaze_contract import wire
from huntaze_contract.ids import Id
from huntaze_desktop.engine.api import ApiClient
from huntaze_desktop.engine.backend import API
from huntaze_desktop.engine.errors import EngineError, UnreachableError
from huntaze_desktop.model.assistant import (
    Rewrite,
    RewriteKind,
    Suggestion,
    SuggestionCut,
    SuggestionPiece,
    SuggestionReady,
    SuggestionText,
    UseOutcome,
)
from huntaze_desktop.sdk import BackendError

log = logging.getLogger(__name__)

BROKE_OFF = "The line broke while it was written."


class Suggestions:
    """Belongs to the engine's loop."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api

    async def stream(
        self,
        conversation_id: Id,
        based_on: Id | None,
        count: int,
        *,
        fresh: bool,
        tell: Callable[[SuggestionPiece], None],
    ) -> None:
        """Tell each piece as it comes. Raises ApiError, UnreachableError, SignedOutError or BackendError."""
        request = wire.SuggestionRequest(based_on=based_on, count=count, fresh=fresh)
        begun = False
        try:
            async for data in self._api.events("POST", f"{API}/conversations/{conversation_id}/suggestions", request):
                piece = _piece(data)
                if piece is not None:
                    tell(piece)
                    begun = True
        except UnreachableError:
            if not begun:
                raise
            # What is complete is worth as much as before; only the rest is missing.
            tell(SuggestionCut(None, BROKE_OFF))

    async def rewrite(
        self, conversation_id: Id, text: str, kind: RewriteKind, *, tone: str | None, language: str | None
    ) -> Rewrite:
        request = wire.RewriteRequest(text=text, kind=wire.RewriteKind(kind), tone=tone, language=language)
        path = f"{API}/conversations/{conversation_id}/rewrite"
        found = await self._api.request("POST", path, wire.Rewrite, body=request)
        return Rewrite(found.text, found.model, found.local, found.cost_nano_usd)

    async def used(self, suggestion_id: Id, outcome: UseOutcome, message_id: Id | None, final_text: str | None) -> None:
        use = wire.SuggestionUse(outcome=wire.SuggestionOutcome(outcome), message_id=message_id, final_text=final_text)
        try:
            await self._api.request("POST", f"{API}/suggestions/{suggestion_id}/use", body=use)
        except EngineError as error:
            log.info("what became of a suggestion was not told: %s", type(error).__name__)


def _piece(data: str) -> SuggestionPiece | None:
    try:
        frame = wire.SUGGESTION_FRAME.validate_json(data)
    except ValueError:
        log.warning("skipped a piece of a suggestion that could not be read")
        return None
    match frame:
        case wire.SuggestionDelta():
            return SuggestionText(frame.index, frame.text)
        case wire.SuggestionDone():
            return SuggestionReady(frame.index, suggestion_of(frame.suggestion))
        case wire.SuggestionIncomplete():
            return SuggestionCut(frame.index, frame.reason)
        case wire.SuggestionProblem(index=None):
            problem = frame.problem
            raise BackendError(problem.detail or problem.title, problem.code, problem.trace_id)
        case wire.SuggestionProblem():
            return SuggestionCut(frame.index, frame.problem.detail or frame.problem.title)


def suggestion_of(row: wire.Suggestion) -> Suggestion:
    """A suggestion as plugins see it."""
    return Suggestion(
        id=row.id,
        conversation_id=row.conversation_id,
        text=row.text,
        tone=row.tone,
        confidence=row.confidence,
        model=row.model,
        local=row.local,
        cost_nano_usd=row.cost_nano_usd,
        reason=tuple(row.reason),
        created_at=row.created_at,
    )
