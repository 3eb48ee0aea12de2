"""Webhooks: signed, told once per event by default, repeated after failure, and doubled, late or lost on demand."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import pytest

SECRET = "a-signing-secret-for-tests"


@pytest.fixture
def hooked(sandbox: Any, receiver: Any) -> Any:
    """The shared sandbox with this test's receiver registered for everything."""
    created = sandbox.http.post("/api/webhooks", json={"endpoint_url": receiver.url, "signing_secret": SECRET})
    assert created.status_code == 200
    yield sandbox
    sandbox.faults()
    assert sandbox.http.delete(f"/api/webhooks/{created.json()['data']['id']}").status_code == 200


def test_a_notice_is_signed_over_its_raw_body(hooked: Any, receiver: Any) -> None:
    account, chat = hooked.account, hooked.chat()
    written = hooked.admin("inbound", account=account, chat=chat, text="Grüße & 😀")
    notice = receiver.next("messages.received")
    assert notice.headers["signature"] == hmac.new(SECRET.encode(), notice.body, hashlib.sha256).hexdigest()
    assert notice.headers["user-agent"] == "OnlyFansAPI.com/Webhook-Client"
    assert notice.headers["x-ofapi-idempotency-key"].startswith("evt_")
    assert notice.payload["id"] == written["id"]
    assert notice.payload["chatId"] == notice.payload["fromUser"]["id"] == chat
    assert notice.payload["text"] == "<p>Grüße &amp; 😀</p>"


def test_each_kind_of_event_is_told(hooked: Any, receiver: Any) -> None:
    account, chat = hooked.account, hooked.chat()
    media = [hooked.http.get(f"/api/{account}/media/vault").json()["data"][0]["id"]]
    offer = hooked.send("New!", chat=chat, price=9, mediaFiles=media).json()["data"]["id"]
    assert receiver.next("messages.sent").payload["id"] == offer
    hooked.admin("purchase", account=account, chat=chat, message_id=offer)
    unlocked = receiver.next("messages.ppv.unlocked").payload
    assert (unlocked["chatId"], unlocked["messageId"], unlocked["amount"]) == (chat, offer, 9)
    paid = receiver.next("transactions.new").payload
    assert (paid["type"], paid["amount"], paid["messageId"]) == ("message", 9, offer)
    gone = hooked.send("oops", chat=chat).json()["data"]["id"]
    hooked.http.delete(f"/api/{account}/chats/{chat}/messages/{gone}")
    assert receiver.next("messages.deleted").payload == {"chatId": chat, "messageId": gone}
    fan = hooked.admin("subscribe", account=account)
    subscribed = receiver.next("subscriptions.new").payload
    assert subscribed["fan"]["id"] == fan["id"]
    assert receiver.next("transactions.new").payload["id"] == subscribed["transactionId"]
    hooked.admin(f"accounts/{account}/log-out")
    assert receiver.next().event == "accounts.session_expired"
    hooked.admin(f"accounts/{account}/log-in")
    assert receiver.next().event == "accounts.connected"


def test_a_tip_is_told_twice_with_one_transaction(hooked: Any, receiver: Any) -> None:
    hooked.admin("tip", account=hooked.account, chat=hooked.chat(), amount_minor=1250, text="For cake")
    assert receiver.next().event == "messages.received"
    tip = receiver.next("tips.received").payload
    row = receiver.next("transactions.new").payload
    assert tip["transactionId"] == row["id"]
    assert tip["amount"] == row["amount"] == 12.5
    assert tip["message"] == "For cake"


def test_notices_come_in_order(hooked: Any, receiver: Any) -> None:
    chat = hooked.chat()
    sent = [hooked.send(f"{number}", chat=chat).json()["data"]["id"] for number in range(20)]
    assert [receiver.next("messages.sent").payload["id"] for _ in sent] == sent


def test_a_doubled_notice_shares_its_key(hooked: Any, receiver: Any) -> None:
    hooked.faults({"kind": "webhook_duplicate", "limit": 1})
    hooked.send("hello")
    first, second = receiver.next(), receiver.next()
    assert first.body == second.body
    assert first.headers["x-ofapi-idempotency-key"] == second.headers["x-ofapi-idempotency-key"]


def test_a_late_notice_is_overtaken(hooked: Any, receiver: Any) -> None:
    hooked.faults({"kind": "webhook_reorder", "ms": 150, "limit": 1})
    chat = hooked.chat()
    first, second = (hooked.send(text, chat=chat).json()["data"]["id"] for text in ("one", "two"))
    assert [receiver.next().payload["id"] for _ in range(2)] == [second, first]


def test_a_dropped_notice_never_comes(hooked: Any, receiver: Any) -> None:
    hooked.faults({"kind": "webhook_drop", "limit": 1})
    chat = hooked.chat()
    hooked.send("lost", chat=chat)
    second = hooked.send("told", chat=chat).json()["data"]["id"]
    assert receiver.next().payload["id"] == second


def test_a_failed_notice_is_tried_again_and_holds_up_no_other(hooked: Any, receiver: Any) -> None:
    receiver.answers.put(500)
    chat = hooked.chat()
    first, second = (hooked.send(text, chat=chat).json()["data"]["id"] for text in ("one", "two"))
    assert [receiver.next().payload["id"] for _ in range(3)] == [first, second, first]


def test_only_the_asked_for_events_are_told(sandbox: Any, receiver: Any) -> None:
    body = {"endpoint_url": receiver.url, "events": ["messages.deleted"], "signing_secret": SECRET}
    number = sandbox.http.post("/api/webhooks", json=body).json()["data"]["id"]
    chat = sandbox.chat()
    sent = sandbox.send("x", chat=chat).json()["data"]["id"]
    sandbox.http.delete(f"/api/{sandbox.account}/chats/{chat}/messages/{sent}")
    assert receiver.next().event == "messages.deleted"
    sandbox.http.put(f"/api/webhooks/{number}", json={"enabled": False})
    sandbox.http.delete(f"/api/webhooks/{number}")


def test_registrations_can_be_seen_changed_and_removed_but_the_secret_stays_in(sandbox: Any) -> None:
    body = {"endpoint_url": "http://127.0.0.1:9/x", "events": ["messages.sent"], "signing_secret": SECRET}
    created = sandbox.http.post("/api/webhooks", json=body)
    number = created.json()["data"]["id"]
    assert created.json()["data"]["events"] == ["messages.sent"]
    changed = sandbox.http.put(f"/api/webhooks/{number}", json={"events": ["tips.received"], "enabled": False})
    assert changed.json()["data"]["endpoint_url"] == "http://127.0.0.1:9/x"
    listed = sandbox.http.get("/api/webhooks")
    assert number in [row["id"] for row in listed.json()["data"]]
    assert SECRET not in created.text + changed.text + listed.text
    assert sandbox.http.delete(f"/api/webhooks/{number}").status_code == 200
    assert sandbox.http.put(f"/api/webhooks/{number}", json={}).status_code == 404
    assert "users.typing" in sandbox.http.get("/api/webhooks/events").json()["data"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"endpoint_url": "ftp://x/y"}, "endpoint_url"),
        ({"endpoint_url": "http://"}, "endpoint_url"),
        ({"endpoint_url": "http://[x"}, "endpoint_url"),
        ({"endpoint_url": 5}, "endpoint_url"),
        ({"events": ["nothing.at.all"]}, "events"),
        ({"events": []}, "events"),
        ({"events": [{}]}, "events"),
        ({"signing_secret": "short"}, "signing_secret"),
        ({"signing_secret": None}, "signing_secret"),
        ({"enabled": "no"}, "enabled"),
    ],
)
def test_a_registration_that_cannot_work_is_422(sandbox: Any, change: dict[str, Any], field: str) -> None:
    body = {"endpoint_url": "http://127.0.0.1:9/x", "events": ["messages.sent"], "signing_secret": SECRET} | change
    answer = sandbox.http.post("/api/webhooks", json=body)
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]


def test_registrations_outlive_a_kill(start: Callable[..., Any], receiver: Any, tmp_path: Any) -> None:
    state = ("--state", str(tmp_path / "state.jsonl"))
    sandbox = start(*state)
    sandbox.http.post("/api/webhooks", json={"endpoint_url": receiver.url, "signing_secret": SECRET})
    sandbox.kill()
    sandbox = start(*state)
    sandbox.send("hello")
    assert receiver.next().event == "messages.sent"
