"""Faults over HTTP: what the client sees, and what really happened according to the journal."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest


def test_429_says_when_to_come_back_and_sends_nothing(sandbox: Any) -> None:
    sandbox.faults({"kind": "http_429", "retry_after": 2.2, "limit": 1})
    refused = sandbox.send("hello")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "3")
    assert sandbox.journal() == []
    assert sandbox.send("hello").status_code == 200


@pytest.mark.parametrize("status", [502, 520, 524])
def test_a_5xx_before_execution_sends_nothing(sandbox: Any, status: int) -> None:
    sandbox.faults({"kind": "http_5xx_before", "status": status, "html": True, "limit": 1})
    answer = sandbox.send("hello")
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert sandbox.journal() == []


def test_a_5xx_after_execution_has_sent(sandbox: Any) -> None:
    sandbox.faults({"kind": "http_5xx_after", "request_outcome": "unknown", "limit": 1})
    answer = sandbox.send("hello", key="k")
    assert answer.status_code == 502
    assert answer.json()["error"] == "ONLYFANS_COM_ERROR"
    assert answer.json()["request_outcome"] == "unknown"
    assert [row["client_key"] for row in sandbox.journal()] == ["k"]


def test_only_a_request_that_was_not_sent_is_called_so(sandbox: Any) -> None:
    sandbox.faults({"kind": "http_5xx_before", "request_outcome": "not_sent", "limit": 1})
    assert sandbox.send("hello").json()["request_outcome"] == "not_sent"
    assert sandbox.journal() == []


def test_a_timeout_after_execution_leaves_a_journal_row(sandbox: Any) -> None:
    chat = sandbox.chat()
    sandbox.faults({"kind": "timeout_after_execution", "seconds": 30, "limit": 1})
    path = f"/api/{sandbox.account}/chats/{chat}/messages"
    with pytest.raises(httpx2.ReadTimeout):
        sandbox.http.post(path, json={"text": "did it go out?"}, timeout=0.15)
    assert [row["text"] for row in sandbox.wait_for_journal(1)] == ["did it go out?"]
    assert sandbox.messages(chat)[0]["text"] == "<p>did it go out?</p>"


def test_a_held_request_ends_without_an_answer(sandbox: Any) -> None:
    sandbox.faults({"kind": "timeout_after_execution", "seconds": 0.05, "limit": 1})
    with pytest.raises(httpx2.TransportError):
        sandbox.send("gone")
    assert len(sandbox.journal()) == 1


def test_a_client_that_gives_up_during_latency_has_sent_all_the_same(sandbox: Any) -> None:
    chat = sandbox.chat()
    sandbox.faults({"kind": "latency", "ms": 150, "on": "send", "limit": 1})
    path = f"/api/{sandbox.account}/chats/{chat}/messages"
    with pytest.raises(httpx2.ReadTimeout):
        sandbox.http.post(path, json={"text": "slow"}, timeout=0.05)
    (row,) = sandbox.wait_for_journal(1)
    assert row["received_at"] < row["executed_at"]


def test_a_refusal_comes_with_200(sandbox: Any) -> None:
    sandbox.faults({"kind": "refusal_200", "limit": 1})
    answer = sandbox.send("hello")
    assert answer.status_code == 200
    assert answer.json()["data"]["success"] is False
    assert sandbox.journal() == []


def test_a_lagging_listing_shows_a_sent_message_later(sandbox: Any) -> None:
    chat = sandbox.chat()
    sandbox.faults({"kind": "listing_lag", "seconds": 0.3, "limit": 1})
    sent = sandbox.send("late", chat=chat).json()["data"]["id"]
    assert sent not in [row["id"] for row in sandbox.messages(chat)]
    last = sandbox.http.get(f"/api/{sandbox.account}/chats?limit=1").json()["data"][0]["lastMessage"]
    assert last["id"] != sent
    deadline = time.monotonic() + 5
    while sandbox.messages(chat)[0]["id"] != sent and time.monotonic() < deadline:
        time.sleep(0.02)
    assert sandbox.messages(chat)[0]["id"] == sent


def test_listings_fail_while_sending_works(sandbox: Any) -> None:
    chat = sandbox.chat()
    account = sandbox.account
    sandbox.faults({"kind": "listing_error"})
    assert sandbox.http.get(f"/api/{account}/chats/{chat}/messages").status_code == 503
    assert sandbox.http.get(f"/api/{account}/chats").status_code == 503
    assert sandbox.send("hello", chat=chat).status_code == 200


def test_an_outage_is_503_for_its_time_and_the_controls_stay(sandbox: Any) -> None:
    account, chat = sandbox.account, sandbox.chat()
    sandbox.faults({"kind": "outage", "seconds": 0.3, "html": True})
    assert sandbox.send("hello", chat=chat).status_code == 503
    assert sandbox.http.get(f"/api/{account}/chats").status_code == 503
    assert sandbox.http.get("/admin/status").status_code == 200
    deadline = time.monotonic() + 5
    while sandbox.http.get(f"/api/{account}/chats").status_code == 503 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert sandbox.send("hello", chat=chat).status_code == 200
    assert len(sandbox.journal()) == 1


def test_an_outage_can_break_the_connection(sandbox: Any) -> None:
    account, chat = sandbox.account, sandbox.chat()
    sandbox.faults({"kind": "outage", "status": 0})
    with pytest.raises(httpx2.TransportError):
        sandbox.http.post(f"/api/{account}/chats/{chat}/messages", json={"text": "hello"})
    sandbox.faults()
    assert sandbox.journal() == []
    assert not [line for line in sandbox.log if "ERROR" in line]


def test_a_logged_out_account_stays_so_until_it_is_logged_in(sandbox: Any) -> None:
    account, chat = sandbox.account, sandbox.chat()
    sandbox.faults({"kind": "log_out", "account": account, "limit": 1})
    for _ in range(2):
        answer = sandbox.http.post(f"/api/{account}/chats/{chat}/messages", json={"text": "hello"})
        assert (answer.status_code, answer.json()["error"]) == (403, "ONLYFANS_SESSION_EXPIRED")
    row = sandbox.http.get("/api/accounts").json()[0]
    assert (row["is_authenticated"], row["authentication_progress"]) == (False, "session_expired")
    other = sandbox.http.get("/api/accounts").json()[1]["id"]
    assert sandbox.http.get(f"/api/{other}/chats").status_code == 200
    sandbox.admin(f"accounts/{account}/log-in")
    assert sandbox.send("hello", chat=chat).status_code == 200
    assert len(sandbox.journal()) == 1


def test_a_twin_of_a_running_keyed_send_meets_a_conflict(start: Callable[..., Any]) -> None:
    sandbox = start("--idempotency", "replay")
    chat = sandbox.chat()
    sandbox.faults({"kind": "latency", "ms": 1500, "on": "send", "limit": 1})
    path = f"/api/{sandbox.account}/chats/{chat}/messages"
    with pytest.raises(httpx2.ReadTimeout):
        sandbox.http.post(path, json={"text": "x"}, headers={"Idempotency-Key": "k"}, timeout=0.2)
    answer = sandbox.send("x", chat=chat, key="k")
    assert (answer.status_code, answer.json()["error"]) == (409, "IDEMPOTENCY_CONFLICT")
    deadline = time.monotonic() + 5
    while (answer := sandbox.send("x", chat=chat, key="k")).status_code == 409 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert answer.headers["Idempotent-Replayed"] == "true"
    assert len(sandbox.journal()) == 1


def test_rules_that_make_no_sense_are_refused_with_the_reason(sandbox: Any) -> None:
    answer = sandbox.http.put("/admin/faults", json={"rules": [{"kind": "earthquake"}]})
    assert answer.status_code == 422
    assert "kind must be one of" in answer.json()["message"]
    assert sandbox.http.get("/admin/faults").json() == {"rules": []}


def test_faults_come_from_a_file(start: Callable[..., Any], tmp_path: Any) -> None:
    path = tmp_path / "faults.json"
    path.write_text('{"rules": [{"kind": "http_429", "retry_after": 7}]}')
    assert start("--faults", str(path)).send("hello").headers["Retry-After"] == "7"
