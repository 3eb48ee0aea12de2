"""The vendor's routes to register webhooks. A secret goes in and never comes out."""

from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from huntaze_sandbox.api import envelope
from huntaze_sandbox.errors import invalid, missing
from huntaze_sandbox.events import WebhookGone, WebhookSet
from huntaze_sandbox.http import json_object, platform_of, require_key
from huntaze_sandbox.webhooks import EVENTS


def _row(webhook: WebhookSet) -> dict[str, Any]:
    return {
        "id": str(webhook.id),
        "endpoint_url": webhook.url,
        "events": list(webhook.events),
        "enabled": webhook.enabled,
    }


def _checked(number: int, body: dict[str, Any], before: WebhookSet | None) -> WebhookSet:
    """Build a registration from a body; what a change leaves out stays as it was. Raises 422."""
    wrong: dict[str, str] = {}
    url = body.get("endpoint_url", before.url if before else None)
    if not isinstance(url, str) or not _is_http(url):
        wrong["endpoint_url"] = "The endpoint_url must be an http or https address."
    names = body.get("events", list(before.events) if before else list(EVENTS))
    if not isinstance(names, list) or not names or any(name not in EVENTS for name in names):
        wrong["events"] = "The events must be names from GET /api/webhooks/events."
    secret = body.get("signing_secret", before.secret if before else None)
    if not isinstance(secret, str) or not 8 <= len(secret) <= 255 or not secret.isascii():
        wrong["signing_secret"] = "The signing_secret must be 8 to 255 ASCII characters."  # noqa: S105 - it is the rule
    enabled = body.get("enabled", before.enabled if before else True)
    if not isinstance(enabled, bool):
        wrong["enabled"] = "The enabled must be true or false."
    if wrong:
        raise invalid(**wrong)
    return WebhookSet(number, str(url), tuple(names), str(secret), bool(enabled))


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _find(request: Request) -> WebhookSet:
    text = request.path_params["webhook"]
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1
    found = platform_of(request).world.webhooks.get(number)
    if found is None:
        raise missing("webhook")
    return found


async def event_names(request: Request) -> Response:
    require_key(request)
    return JSONResponse(envelope(platform_of(request), list(EVENTS)))


async def index(request: Request) -> Response:
    require_key(request)
    platform = platform_of(request)
    return JSONResponse(envelope(platform, [_row(webhook) for webhook in platform.world.webhooks.values()]))


async def create(request: Request) -> Response:
    require_key(request)
    platform = platform_of(request)
    number = 1 + max(platform.world.webhooks, default=0)
    webhook = _checked(number, await json_object(request), None)
    platform.world.commit(webhook)
    return JSONResponse(envelope(platform, _row(webhook)))


async def change(request: Request) -> Response:
    require_key(request)
    before = _find(request)
    platform = platform_of(request)
    webhook = _checked(before.id, await json_object(request), before)
    platform.world.commit(webhook)
    return JSONResponse(envelope(platform, _row(webhook)))


async def remove(request: Request) -> Response:
    require_key(request)
    platform = platform_of(request)
    platform.world.commit(WebhookGone(_find(request).id))
    return JSONResponse(envelope(platform, {"success": True}))


routes = [
    Route("/api/webhooks/events", event_names),
    Route("/api/webhooks", index, methods=["GET"]),
    Route("/api/webhooks", create, methods=["POST"]),
    Route("/api/webhooks/{webhook}", change, methods=["PUT"]),
    Route("/api/webhooks/{webhook}", remove, methods=["DELETE"]),
]
