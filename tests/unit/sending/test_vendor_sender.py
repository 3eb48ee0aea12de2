"""What each answer of the vendor proves, and what it leaves open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from huntaze_backend.engines.gateways.adapters.vendor_http import VendorGateways
from huntaze_backend.engines.gateways.factory import PlatformAccess
from huntaze_backend.engines.gateways.sending import (
    Ambiguous,
    NotExecuted,
    Outcome,
    Refused,
    SendWork,
    Sent,
    Throttled,
)

WORK = SendWork("attempt", "acct_1", "31000", "hello", client_key="key-1", ttl_s=20)
MADE = {"id": "77", "text": "<p>hello</p>", "isSentByMe": True, "createdAt": "2026-11-20T12:00:00Z", "price": 0}
ACCESS = PlatformAccess("c1", "http://platform.test", "secret-key")

Answer = Callable[[httpx2.Request], httpx2.Response]


async def send(answer: Answer, work: SendWork = WORK, *, asked_ago: float = 0.0) -> Outcome:
    gateways = VendorGateways(transport=httpx2.MockTransport(answer), call_timeout_s=0.05)
    sender = gateways.sender(ACCESS)
    try:
        return await sender.send(work, sender._monotonic() - asked_ago)
    finally:
        await sender.close()


def status(code: int, body: Any = None, **headers: str) -> Answer:
    def answer(_: httpx2.Request) -> httpx2.Response:
        if isinstance(body, str):
            return httpx2.Response(code, text=body, headers=headers)
        return httpx2.Response(
            code, json=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )

    return answer


def raising(error: type[Exception]) -> Answer:
    def answer(_: httpx2.Request) -> httpx2.Response:
        raise error("no")

    return answer


async def test_a_sent_message_is_known_by_its_platform_id() -> None:
    outcome = await send(status(200, {"data": MADE}))
    assert outcome == Sent("77", datetime(2026, 11, 20, 12, 0, tzinfo=UTC))


async def test_the_call_carries_text_key_and_price() -> None:
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json={"data": MADE})

    await send(answer, SendWork("a", "acct/1", "31 000", "look", "key-1", 20, price=1250, media=("m1",)))
    (request,) = seen
    assert request.url.raw_path == b"/api/acct%2F1/chats/31%20000/messages"
    assert request.headers["Idempotency-Key"] == "key-1"
    assert request.headers["Authorization"] == "Bearer secret-key"
    assert request.read() == b'{"text":"look","price":12.5,"mediaFiles":["m1"]}'


ERROR = {"error": "X", "message": "no", "description": ""}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (
            status(200, {"data": {"success": False, "hasError": True, "error": {"message": "blocked"}}}),
            Refused("refused: blocked"),
        ),
        (status(422, ERROR | {"error": "VALIDATION_ERROR"}), Refused("validation")),
        (status(400, ERROR), Refused("refused")),
        (status(404, ERROR), Refused("not_found")),
        (status(403, ERROR), Refused("forbidden")),
        (status(403, ERROR | {"error": "ONLYFANS_SESSION_EXPIRED"}), NotExecuted("session_expired")),
        (status(401, ERROR | {"error": "ONLYFANS_SESSION_EXPIRED"}), NotExecuted("session_expired")),
        (status(401, {"error": "Unauthorized. Check your API key."}), NotExecuted("unauthorized")),
        (status(429, ERROR, Retry_After="7"), Throttled(7.0)),
        (status(429, ERROR, Retry_After="soon"), Throttled(60.0)),
        (status(429, ERROR, Retry_After="nan"), Throttled(60.0)),
        (status(429, ERROR), Throttled(60.0)),
        (status(503, ERROR | {"request_outcome": "not_sent"}), NotExecuted("platform_error")),
        (raising(httpx2.ConnectError), NotExecuted("unreachable")),
        (raising(httpx2.ConnectTimeout), NotExecuted("unreachable")),
        (raising(httpx2.PoolTimeout), NotExecuted("unreachable")),
    ],
)
async def test_what_is_certain_is_said(answer: Answer, outcome: Outcome) -> None:
    assert await send(answer) == outcome


@pytest.mark.parametrize(
    "answer",
    [
        status(500, ERROR),
        status(503, ERROR | {"request_outcome": "unknown"}),
        status(502, "<html>Bad gateway</html>"),
        status(404, "<html>a proxy's page</html>"),
        status(403, "<html>a proxy's page</html>"),
        status(408, ERROR),
        status(302, "", Location="http://elsewhere.test"),
        status(409, ERROR | {"error": "IDEMPOTENCY_CONFLICT"}),
        status(422, ERROR | {"error": "IDEMPOTENCY_KEY_MISMATCH"}),
        status(200, "<html>fine</html>"),
        status(200, {"data": {}}),
        status(200, {"data": MADE | {"createdAt": "yesterday"}}),
        status(200, []),
        raising(httpx2.ReadTimeout),
        raising(httpx2.WriteTimeout),
        raising(httpx2.ReadError),
        raising(httpx2.WriteError),
        raising(httpx2.RemoteProtocolError),
    ],
)
async def test_what_is_not_certain_is_ambiguous(answer: Answer) -> None:
    assert isinstance(await send(answer), Ambiguous)


async def test_past_the_deadline_nothing_is_sent() -> None:
    def answer(_: httpx2.Request) -> httpx2.Response:
        pytest.fail("it was sent")

    assert await send(answer, asked_ago=20.0) == NotExecuted("expired_not_executed")


@pytest.fixture
async def silent_server() -> AsyncIterator[str]:
    """Takes the request and never answers."""
    connections: list[asyncio.StreamWriter] = []

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        await reader.read(10_000)

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    for writer in connections:
        writer.close()
    await server.wait_closed()


async def test_a_call_that_takes_too_long_is_ambiguous_once_bytes_left(silent_server: str) -> None:
    sender = VendorGateways(call_timeout_s=0.1).sender(PlatformAccess("c1", silent_server, "k"))
    assert await sender.send(WORK, sender._monotonic()) == Ambiguous("timeout")
    await sender.close()


async def test_a_closed_door_is_certain() -> None:
    sender = VendorGateways().sender(PlatformAccess("c1", "http://127.0.0.1:1", "k"))
    assert await sender.send(WORK, sender._monotonic()) == NotExecuted("unreachable")
    await sender.close()


async def test_no_secret_is_in_an_access_that_is_printed() -> None:
    assert "secret-key" not in repr(ACCESS)
