"""The assistant's side of the scripted backend: suggestions piece by piece, at the pace that a test sets."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from huntaze_contract import wire
from huntaze_contract.ids import Id, new_id

HELD = object()
"""In a script: wait until `go_on` is set."""
BREAK = object()
"""In a script: the line breaks here."""


def suggestion(conversation_id: Id, text: str, **more: Any) -> wire.Suggestion:
    given: dict[str, Any] = {
        "id": new_id(),
        "conversation_id": conversation_id,
        "text": text,
        "tone": "warm",
        "confidence": 0.94,
        "provider": "openai",
        "model": "large-1",
        "tier": "large",
        "local": False,
        "cost_nano_usd": 2_100_000,
        "reason": ["Ordinary talk."],
        "created_at": datetime.now(UTC),
    }
    return wire.Suggestion(**(given | more))


@dataclass
class Assistant:
    """What it says next, and what it was told."""

    script: list[Any] = field(default_factory=list)
    """Frames of the next streams, `HELD` and `BREAK`."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    rewrites: list[dict[str, Any]] = field(default_factory=list)
    uses: list[tuple[Id, dict[str, Any]]] = field(default_factory=list)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a reader went before its stream was over."""
    instead: list[Response] = field(default_factory=list)

    def routes(self) -> list[Route]:
        return [
            Route("/api/v2/conversations/{id}/suggestions", self._suggest, methods=["POST"]),
            Route("/api/v2/conversations/{id}/rewrite", self._rewrite, methods=["POST"]),
            Route("/api/v2/suggestions/{id}/use", self._use, methods=["POST"]),
        ]

    async def _suggest(self, request: Request) -> Response:
        self.requests.append(await request.json())
        if self.instead:
            return self.instead.pop(0)
        return StreamingResponse(self._pieces(list(self.script)), media_type="text/event-stream")

    async def _pieces(self, script: list[Any]) -> AsyncIterator[str]:
        over = False
        try:
            yield ": begun\n\n"
            for item in script:
                if item is HELD:
                    await self.go_on.wait()
                elif item is BREAK:
                    over = True
                    raise ConnectionError("the line broke")
                else:
                    yield f"event: {item.type}\ndata: {item.model_dump_json()}\n\n"
            over = True
        finally:
            if not over:
                self.left.set()

    async def _rewrite(self, request: Request) -> Response:
        body = await request.json()
        self.rewrites.append(body)
        if self.instead:
            return self.instead.pop(0)
        row = wire.Rewrite(
            id=new_id(),
            text=f"{body['text']}, truly",
            kind=body["kind"],
            provider="openai",
            model="small-1",
            tier="mini",
            local=False,
            cost_nano_usd=400_000,
            reason=[],
        )
        return JSONResponse(json.loads(row.model_dump_json()))

    async def _use(self, request: Request) -> Response:
        self.uses.append((request.path_params["id"], await request.json()))
        return Response(status_code=204)
