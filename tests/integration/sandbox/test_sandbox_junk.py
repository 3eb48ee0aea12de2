"""Junk over HTTP: whatever comes in, the answer is a refusal in the vendor's shape and never an error of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = (
    "text", "price", "mediaFiles", "lockedText", "endpoint_url", "events", "signing_secret", "enabled", "account",
    "chat", "message_id", "amount_minor", "running", "rules", "kind",
)  # fmt: skip
bodies = st.dictionaries(st.sampled_from(NAMES), values, max_size=6)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/{account}/chats/{chat}/messages"),
        ("POST", "/api/webhooks"),
        ("POST", "/admin/personas"),
        ("PUT", "/admin/faults"),
        ("POST", "/admin/inbound"),
        ("POST", "/admin/tip"),
        ("POST", "/admin/purchase"),
        ("POST", "/admin/subscribe"),
    ],
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(body=bodies)
def test_a_junk_body_is_never_a_server_error(sandbox: Any, method: str, path: str, body: dict[str, Any]) -> None:
    address = path.format(account=sandbox.account, chat=sandbox.first_chat)
    answer = sandbox.http.request(method, address, content=json.dumps(body))
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert {"error", "message", "description"} <= set(answer.json())
    sandbox.faults()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    route=st.sampled_from(["chats", "chats/{chat}/messages", "fans/all", "transactions", "media/vault", "user-lists"]),
    query=st.dictionaries(
        st.sampled_from(["limit", "offset", "order", "first_id", "last_id", "startDate"]),
        st.text(max_size=12) | st.integers().map(str),
        max_size=4,
    ),
)
def test_a_junk_query_is_never_a_server_error(sandbox: Any, route: str, query: dict[str, str]) -> None:
    address = f"/api/{sandbox.account}/{route.format(chat=sandbox.first_chat)}"
    answer = sandbox.http.get(address, params=query)
    assert answer.status_code in (200, 422)
