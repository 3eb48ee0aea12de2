"""Approvals and the running total of AI costs on the scripted backend."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from huntaze_contract import wire


def costs(today: int, limit: int | None = None) -> wire.LiveCosts:
    """A running total; `limit` is the day's hard budget."""
    now = datetime.now(UTC)
    budgets: list[dict[str, Any]] = []
    if limit is not None:
        budgets.append(
            {
                "id": "0192f000-0000-7000-8000-000000000001",
                "creator_id": None,
                "period": "day",
                "timezone": "UTC",
                "soft_nano_usd": None,
                "hard_nano_usd": limit,
                "spent_nano_usd": today,
                "held_nano_usd": 0,
                "soft_exceeded": False,
                "period_start": now,
                "period_end": now + timedelta(days=1),
            }
        )
    return wire.LiveCosts.model_validate(
        {
            "timezone": "UTC",
            "today_nano_usd": today,
            "month_nano_usd": 9 * today,
            "budgets": budgets,
            "server_time": now,
        }
    )


def waiting(message: wire.Message, **more: Any) -> wire.Approval:
    """A message as it waits for a yes."""
    now = datetime.now(UTC)
    given: dict[str, Any] = {
        "message": message,
        "text_hash": wire.text_hash(message.text),
        "conversation_id": message.conversation_id,
        "creator_name": "Mara Lind",
        "fan_name": "Daniel Reyes",
        "author_name": "Ana",
        "waiting_since": now,
        "expires_at": now + timedelta(hours=24),
    }
    return wire.Approval(**(given | more))


@dataclass
class Desk:
    """What waits and what was decided; what AI cost."""

    queue: list[wire.Approval] = field(default_factory=list)
    decisions: list[dict[str, Any]] = field(default_factory=list)
    results: list[wire.ApprovalResult] = field(default_factory=list)
    today: wire.LiveCosts = field(default_factory=lambda: costs(0))

    def routes(self) -> list[Route]:
        return [
            Route("/api/v2/approvals", self._queue),
            Route("/api/v2/approvals/history", self._past),
            Route("/api/v2/approvals/decide", self._decide, methods=["POST"]),
            Route("/api/v2/costs/live", self._costs),
        ]

    async def _queue(self, _request: Request) -> Response:
        return _json(wire.Page[wire.Approval](items=self.queue))

    async def _past(self, _request: Request) -> Response:
        return _json(wire.Page[wire.ApprovalPast](items=[]))

    async def _decide(self, request: Request) -> Response:
        self.decisions += (await request.json())["decisions"]
        return _json(wire.ApprovalResults(results=self.results))

    async def _costs(self, _request: Request) -> Response:
        return _json(self.today)


def _json(row: Any) -> Response:
    return JSONResponse(json.loads(row.model_dump_json()))
