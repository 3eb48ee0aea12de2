"""HTTP to the vendor: one client, no retries, no redirects, one deadline per call.

Reader and sender have a client each, so that a backfill can never take a connection away from a reply. Idle connections
are dropped before the other side does: a request on a connection that is just being closed would be ambiguous.
"""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import httpx2

from huntaze_backend.engines.gateways.errors import GatewayError, Trouble
from huntaze_backend.engines.gateways.factory import PlatformAccess

CALL_TIMEOUT_S = 15.0
_IDLE_S = 2.0
_SESSION_EXPIRED = "ONLYFANS_SESSION_EXPIRED"
_THROTTLE_S = 60.0
_LONGEST_THROTTLE_S = 3600.0


def make_client(
    access: PlatformAccess, *, connections: int, transport: httpx2.AsyncBaseTransport | None = None
) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        base_url=access.base_url.rstrip("/") + "/api/",
        headers={"Authorization": f"Bearer {access.api_key}", "Accept": "application/json"},
        timeout=CALL_TIMEOUT_S,
        follow_redirects=False,
        limits=httpx2.Limits(
            max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=_IDLE_S
        ),
        transport=transport,
    )


def chat_path(account: str, chat: str, end: str) -> str:
    return f"{quote(account, safe='')}/chats/{quote(chat, safe='')}/{end}"


def retry_after(response: httpx2.Response) -> float:
    """Seconds to wait after a 429; a missing or senseless value counts as a minute."""
    try:
        seconds = float(response.headers.get("Retry-After", _THROTTLE_S))
    except ValueError:
        return _THROTTLE_S
    # `not >=` also catches NaN.
    return _THROTTLE_S if not seconds >= 0 else min(seconds, _LONGEST_THROTTLE_S)


def body_of(response: httpx2.Response) -> Any:
    """The JSON of an answer, money exact; raises MALFORMED for HTML and the like."""
    try:
        return response.json(parse_float=Decimal)
    except ValueError as error:
        raise GatewayError(Trouble.MALFORMED, f"status {response.status_code} without JSON") from error


def error_code(response: httpx2.Response) -> tuple[str, Mapping[str, Any]]:
    """The vendor's error code and body, both empty if the answer is not the vendor's (a proxy's HTML)."""
    try:
        body = response.json()
    except ValueError:
        return "", {}
    if not isinstance(body, dict):
        return "", {}
    return str(body.get("error", "")), body


def session_expired(response: httpx2.Response) -> bool:
    return response.status_code in (401, 403) and error_code(response)[0] == _SESSION_EXPIRED


async def call(client: httpx2.AsyncClient, method: str, path: str, **request: Any) -> Any:
    """One reading call; returns the JSON body. Raises GatewayError and nothing else."""
    try:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            response = await client.request(method, path, **request)
    except (TimeoutError, httpx2.TimeoutException) as error:
        raise GatewayError(Trouble.UNREACHABLE, "no answer in time") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise GatewayError(Trouble.UNREACHABLE, type(error).__name__) from error
    if response.is_success:
        return body_of(response)
    raise _trouble(response)


def _trouble(response: httpx2.Response) -> GatewayError:
    status = response.status_code
    if session_expired(response):
        return GatewayError(Trouble.SESSION_EXPIRED)
    match status:
        case 401 | 403:
            return GatewayError(Trouble.UNAUTHORIZED, f"status {status}")
        case 404:
            return GatewayError(Trouble.NOT_FOUND)
        case 429:
            return GatewayError(Trouble.THROTTLED, retry_after_s=retry_after(response))
        case 400 | 409 | 422 if error_code(response)[0]:
            return GatewayError(Trouble.REFUSED, f"status {status}")
    return GatewayError(Trouble.PLATFORM_ERROR, f"status {status}")
