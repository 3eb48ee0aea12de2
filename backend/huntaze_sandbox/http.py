"""The edges of HTTP that API and admin share: keys, JSON bodies, query numbers, and connections that just break."""

import asyncio
import json
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from huntaze_sandbox.errors import ApiError, invalid
from huntaze_sandbox.faults import FaultRule
from huntaze_sandbox.platform import Platform

#: Where the server's protocol leaves the function that breaks a connection (see `serve`).
ABORT = "huntaze_sandbox.abort"


def platform_of(request: Request) -> Platform:
    platform: Platform = request.app.state.platform
    return platform


def require_key(request: Request) -> None:
    """Raise 401 unless the bearer key is right; compared in constant time, as one would outside a simulation."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    wanted = platform_of(request).options.key
    if scheme.lower() != "bearer" or not secrets.compare_digest(key.strip().encode(), wanted.encode()):
        raise ApiError(401, "Unauthorized. Check your API key.", "Send the header Authorization: Bearer <key>.")


async def json_object(request: Request) -> dict[str, Any]:
    """Read the body. Raises 400 when it is not a JSON object in UTF-8."""
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "BAD_REQUEST", "The body is not valid JSON.") from error
    if not isinstance(body, dict):
        raise ApiError(400, "BAD_REQUEST", "The body must be a JSON object.")
    return body


def query_int(request: Request, name: str, default: int, low: int, high: int) -> int:
    """Read a whole number of the query between two bounds. Raises 422."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 16 and low <= int(text) <= high):
        raise invalid(**{name: f"The {name} must be a whole number from {low} to {high}."})
    return int(text)


class Dropped(Response):
    """No answer at all: the connection is reset, as when a machine in between dies."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["extensions"][ABORT]["call"]()
        # The server learns of the reset in the next turns of the loop; returning earlier would log a false alarm.
        while (await receive())["type"] != "http.disconnect":
            continue


async def hold(request: Request, seconds: float) -> None:
    """Hold a request until its client gives up, the time is over, or the platform ends."""

    async def client_leaves() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            continue

    reasons = [
        asyncio.ensure_future(client_leaves()),
        asyncio.ensure_future(platform_of(request).closing.wait()),
    ]
    try:
        await asyncio.wait(reasons, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for reason in reasons:
            reason.cancel()
        await asyncio.gather(*reasons, return_exceptions=True)


def broken(rule: FaultRule, default_status: int = 502) -> Response:
    """Make the answer of a 5xx or outage rule: HTML as a proxy would write it, the vendor's JSON, or none."""
    status = default_status if rule.status is None else int(rule.status)
    if status == 0:
        return Dropped()
    headers = {"Retry-After": _seconds(rule.retry_after)} if rule.retry_after is not None else {}
    if rule.html:
        page = f"<html><head><title>{status}</title></head><body><h1>Error {status}</h1></body></html>"
        return HTMLResponse(page, status, headers)
    body = {
        "error": "ONLYFANS_COM_ERROR",
        "message": "The platform could not answer this request.",
        "description": "The connection to the platform failed.",
        "onlyfans_response": {"status": status, "body": None},
    }
    if rule.request_outcome:
        body["request_outcome"] = rule.request_outcome
    return JSONResponse(body, status, headers)


def _seconds(value: float) -> str:
    return str(-int(-value // 1))


def rate_limited(seconds: float) -> ApiError:
    """429 with whole seconds, rounded up so that a client that waits exactly this long is admitted."""
    wait = _seconds(max(seconds, 0.001))
    return ApiError(
        429,
        "ONLYFANS_COM_RATE_LIMIT_ERROR",
        "Too many messages in a short time.",
        description=f"Try again in {wait} s.",
        headers={"Retry-After": wait},
    )
