"""The vendor's JSON as plain rows: text without HTML, money in cents, times in UTC; what is malformed raises."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntaze_backend.engines.gateways.adapters import vendor_json
from huntaze_backend.engines.gateways.adapters.vendor_http import VendorGateways
from huntaze_backend.engines.gateways.adapters.vendor_reader import VendorReader
from huntaze_backend.engines.gateways.errors import GatewayError, Trouble
from huntaze_backend.engines.gateways.factory import PlatformAccess

MESSAGE = {"id": "77", "text": "<p>hi</p>", "isSentByMe": True, "createdAt": "2026-11-20T12:00:00Z", "price": 0}


def reader(answer: Callable[[httpx2.Request], httpx2.Response]) -> VendorReader:
    return VendorGateways(transport=httpx2.MockTransport(answer)).reader(PlatformAccess("c", "http://p.test", "k"))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Hi &amp; hello</p>", "Hi & hello"),
        ("<p>one<br />two</p>", "one\ntwo"),
        ("<p>one</p><p>two</p>", "one\ntwo"),
        ("a &lt;3 b", "a <3 b"),
        ('<p>see <a href="https://x.test">this</a></p>', "see this"),
        ("", ""),
    ],
)
def test_html_becomes_the_text_a_person_wrote(html: str, text: str) -> None:
    assert vendor_json.plain_text(html) == text


@given(st.integers(-(10**9), 10**9))
def test_dollars_become_cents_exactly(cents: int) -> None:
    assert vendor_json.minor(Decimal(cents) / 100) == cents


def test_a_price_between_two_cents_is_malformed() -> None:
    with pytest.raises(ValueError, match="cents"):
        vendor_json.minor(Decimal("3.005"))


@pytest.mark.parametrize("missing", ["id", "isSentByMe", "createdAt"])
def test_a_message_without_what_it_needs_is_malformed(missing: str) -> None:
    data = {name: value for name, value in MESSAGE.items() if name != missing}
    with pytest.raises(GatewayError) as caught:
        vendor_json.reading(vendor_json.message, data, "31")
    assert caught.value.kind is Trouble.MALFORMED


async def test_a_page_leaves_out_the_message_its_cursor_names() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        assert dict(request.url.params) == {"limit": "2", "order": "desc", "first_id": "78"}
        rows = [MESSAGE | {"id": "78"}, MESSAGE]
        return httpx2.Response(200, json={"data": rows, "_pagination": {"next_page": None}})

    source = reader(answer)
    page = await source.messages("a", "31", before="78", limit=2)
    assert [message.id for message in page.items] == ["77"]
    assert page.items[0].created_at == datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    assert page.complete
    await source.close()


@pytest.mark.parametrize(
    ("code", "body", "kind"),
    [
        (401, {"error": "Unauthorized"}, Trouble.UNAUTHORIZED),
        (403, {"error": "ONLYFANS_SESSION_EXPIRED"}, Trouble.SESSION_EXPIRED),
        (404, {"error": "NOT_FOUND"}, Trouble.NOT_FOUND),
        (429, {"error": "ONLYFANS_COM_RATE_LIMIT_ERROR"}, Trouble.THROTTLED),
        (500, {"error": "ONLYFANS_COM_ERROR"}, Trouble.PLATFORM_ERROR),
        (200, "<html>", Trouble.MALFORMED),
        (200, {"data": "no list"}, Trouble.MALFORMED),
        (200, {"data": [{"id": "1"}]}, Trouble.MALFORMED),
    ],
)
async def test_trouble_has_a_kind(code: int, body: Any, kind: Trouble) -> None:
    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(code, text=body) if isinstance(body, str) else httpx2.Response(code, json=body)

    source = reader(answer)
    with pytest.raises(GatewayError) as caught:
        await source.messages("a", "31")
    assert caught.value.kind is kind
    await source.close()


async def test_an_endpoint_is_registered_once_and_then_brought_up_to_date() -> None:
    calls: list[tuple[str, str]] = []
    hooks: list[dict[str, Any]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        calls.append((request.method, request.url.path))
        if request.method == "POST":
            hooks.append({"id": "h1", "endpoint_url": "http://us.test:8000/hook"})
        return httpx2.Response(200, json={"data": hooks if request.method == "GET" else {"id": "h1"}})

    source = reader(answer)
    for port in (8000, 8001):  # the backend came back on another one
        await source.ensure_webhook(f"http://us.test:{port}/hook", ["messages.received"], "what signs")
    assert [call for call in calls if call[0] != "GET"] == [("POST", "/api/webhooks"), ("PUT", "/api/webhooks/h1")]
    await source.close()
