"""The vendor's contract as a client meets it: shapes, cursors, checks, refusals and idempotency."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest


def walk(sandbox: Any, path: str) -> list[dict[str, Any]]:
    """Follow next_page to the end, as a client does."""
    rows: list[dict[str, Any]] = []
    address: str | None = path
    while address:
        body = sandbox.http.get(address).json()
        rows += body["data"]
        address = body["_pagination"]["next_page"]
    return rows


def test_it_says_who_and_what_is_there(sandbox: Any) -> None:
    assert sandbox.ready["pid"] == sandbox.process.pid
    whoami = sandbox.http.get("/api/whoami").json()
    assert set(whoami["data"]) == {"team", "key_name"}
    assert set(whoami["_meta"]) == {"_credits", "_cache", "_rate_limits"}
    accounts = sandbox.http.get("/api/accounts").json()
    assert [row["display_name"] for row in accounts] == ["Mara Lind", "Nora Berg", "Tess Ardent", "Ivy Rhodes"]
    for row in accounts:
        assert row["id"].startswith("acct_")
        assert row["is_authenticated"] is True
        assert row["authentication_progress"] == "connected"
        assert set(row) == {
            "id",
            "onlyfans_id",
            "onlyfans_username",
            "display_name",
            "timezone",
            "is_authenticated",
            "authentication_progress",
        }


@pytest.mark.parametrize("path", ["/api/whoami", "/api/accounts", "/admin/status", "/api/webhooks", "/api/x/chats"])
@pytest.mark.parametrize("key", [None, "Bearer wrong", "Basic abc", "Bearer"])
def test_a_wrong_key_is_401_everywhere(sandbox: Any, path: str, key: str | None) -> None:
    answer = httpx2.get(sandbox.url + path, headers={"Authorization": key} if key else {}, trust_env=False)
    assert answer.status_code == 401
    assert answer.json()["error"] == "Unauthorized. Check your API key."


def test_chats_come_newest_first_and_can_be_walked(sandbox: Any) -> None:
    chats = walk(sandbox, f"/api/{sandbox.account}/chats?limit=3")
    assert len({row["id"] for row in chats}) == len(chats) >= 6
    last_ids = [int(row["lastMessage"]["id"]) for row in chats]
    assert last_ids == sorted(last_ids, reverse=True)
    old_first = walk(sandbox, f"/api/{sandbox.account}/chats?limit=3&order=old")
    assert [row["id"] for row in old_first] == [row["id"] for row in reversed(chats)]
    row = chats[0]
    assert set(row["fan"]) == {"id", "name", "username", "timezone", "language", "location"}
    assert row["id"] == row["fan"]["id"]
    assert row["isMutedNotifications"] is False


def test_message_cursors_include_the_message_they_name(sandbox: Any) -> None:
    chat = sandbox.chat()
    newest_first = sandbox.messages(chat)
    ids = [row["id"] for row in newest_first]
    assert len(ids) > 6
    assert [row["id"] for row in sandbox.messages(chat, first_id=ids[3], limit=2)] == ids[3:5]
    assert [row["id"] for row in sandbox.messages(chat, order="asc", last_id=ids[3])] == ids[3::-1]
    assert [row["id"] for row in sandbox.messages(chat, order="asc", limit=2)] == ids[::-1][:2]


@pytest.mark.parametrize("order", ["desc", "asc"])
@pytest.mark.parametrize("limit", [1, 4, 100])
def test_walking_messages_gives_each_once(sandbox: Any, order: str, limit: int) -> None:
    chat = sandbox.chat()
    whole = [row["id"] for row in sandbox.messages(chat)]
    walked = [
        row["id"] for row in walk(sandbox, f"/api/{sandbox.account}/chats/{chat}/messages?limit={limit}&order={order}")
    ]
    assert walked == (whole if order == "desc" else whole[::-1])


def test_a_sent_message_looks_as_the_vendor_s_do_and_is_in_the_journal(sandbox: Any) -> None:
    chat = sandbox.chat()
    answer = sandbox.send('Hi <b>& "you"\nbye 😀', chat=chat, key="key-1")
    assert answer.status_code == 200
    sent = answer.json()["data"]
    assert sent["text"] == '<p>Hi &lt;b&gt;&amp; "you"<br />bye 😀</p>'
    assert sent["isSentByMe"] is True
    assert sent["isFree"] is True
    assert sent["price"] == 0
    assert 86_390 <= sent["cancelSeconds"] <= 86_400
    assert set(sent) == {
        "id", "text", "lockedText", "isFree", "price", "title", "media", "previews", "isTip", "tipAmount", "isOpened",
        "isNew", "isRead", "isSentByMe", "fromUser", "createdAt", "changedAt", "cancelSeconds", "isFromQueue",
    }  # fmt: skip
    assert sandbox.messages(chat)[0]["id"] == sent["id"]
    chats = sandbox.http.get(f"/api/{sandbox.account}/chats?limit=1").json()["data"]
    assert chats[0]["id"] == chat
    assert chats[0]["lastMessage"]["id"] == sent["id"]
    (row,) = sandbox.journal()
    assert (row["text"], row["client_key"], row["direction"]) == ('Hi <b>& "you"\nbye 😀', "key-1", "out")
    assert row["received_at"] <= row["executed_at"]


def test_a_ppv_message_takes_its_title_from_the_vault(sandbox: Any) -> None:
    vault = walk(sandbox, f"/api/{sandbox.account}/media/vault?limit=40")
    media = [vault[0]["id"], vault[1]["id"]]
    sent = sandbox.send("New!", price=12.5, mediaFiles=media, lockedText=True).json()["data"]
    assert (sent["title"], sent["price"], sent["isFree"]) == (vault[0]["title"], 12.5, False)
    assert [item["id"] for item in sent["media"]] == media
    assert sent["lockedText"] is True
    assert sandbox.journal()[0]["price_minor"] == 1250


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": "  "}, "text"),
        ({"text": 5}, "text"),
        ({"text": "x" * 10_001}, "text"),
        ({"text": "\ud800"}, "text"),
        ({"text": "x", "price": 5}, "price"),
        ({"text": "x", "price": 2, "mediaFiles": "one"}, "price"),
        ({"text": "x", "price": 200.01, "mediaFiles": "one"}, "price"),
        ({"text": "x", "price": 5.005, "mediaFiles": "one"}, "price"),
        ({"text": "x", "price": "5", "mediaFiles": "one"}, "price"),
        ({"text": "x", "price": True, "mediaFiles": "one"}, "price"),
        ({"text": "x", "mediaFiles": ["1"]}, "mediaFiles"),
        ({"text": "x", "mediaFiles": [None]}, "mediaFiles"),
        ({"text": "x", "mediaFiles": "twice"}, "mediaFiles"),
        ({"text": "x", "lockedText": "yes"}, "lockedText"),
    ],
)
def test_a_body_that_breaks_a_rule_is_422_with_the_field(sandbox: Any, body: dict[str, Any], field: str) -> None:
    one = sandbox.http.get(f"/api/{sandbox.account}/media/vault").json()["data"][0]["id"]
    if isinstance(body.get("mediaFiles"), str):
        body = body | {"mediaFiles": [one] * (2 if body["mediaFiles"] == "twice" else 1)}
    path = f"/api/{sandbox.account}/chats/{sandbox.chat()}/messages"
    answer = sandbox.http.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["error"] == "VALIDATION_ERROR"
    assert list(answer.json()["errors"]) == [field]
    assert sandbox.journal() == []


def test_ten_thousand_characters_are_not_too_long(sandbox: Any) -> None:
    assert sandbox.send("é" * 10_000).status_code == 200


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"[" * 5_000])
def test_a_body_that_is_no_json_object_is_400(sandbox: Any, content: bytes) -> None:
    answer = sandbox.http.post(f"/api/{sandbox.account}/chats/{sandbox.chat()}/messages", content=content)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "message", "description"}


@pytest.mark.parametrize(
    "path",
    [
        "/api/acct_none/chats",
        "/api/{account}/chats/1/messages",
        "/api/{account}/chats/abc/messages",
        "/api/{account}/chats/٣١/messages",
        "/api/{account}/fans/1",
        "/api/nothing/here",
    ],
)
def test_what_is_not_there_is_404(sandbox: Any, path: str) -> None:
    answer = sandbox.http.get(path.format(account=sandbox.account))
    assert answer.status_code == 404
    assert answer.json()["error"] == "NOT_FOUND"


def test_the_fan_of_another_account_is_not_there(sandbox: Any) -> None:
    other = sandbox.http.get("/api/accounts").json()[1]["id"]
    assert sandbox.http.get(f"/api/{other}/chats/{sandbox.chat()}/messages").status_code == 404


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "offset=-1", "order=up", "limit=1e2", "limit=٣"])
def test_a_query_that_makes_no_sense_is_422(sandbox: Any, query: str) -> None:
    answer = sandbox.http.get(f"/api/{sandbox.account}/chats?{query}")
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [query.split("=", 1)[0]]


def test_a_fan_who_takes_no_messages_is_a_refusal_with_200(start: Callable[..., Any]) -> None:
    sandbox = start(fans=400, messages=400)
    chats = walk(sandbox, f"/api/{sandbox.account}/chats?limit=100")
    blocked = next(row for row in chats if not row["canSendMessage"])
    assert blocked["canNotSendReason"]
    answer = sandbox.send("Hello?", chat=blocked["id"])
    assert answer.status_code == 200
    assert answer.json()["data"]["success"] is False
    assert answer.json()["data"]["hasError"] is True
    assert answer.json()["data"]["error"]["message"]
    assert sandbox.journal() == []


def test_the_limit_is_exact_and_says_how_long_to_wait(start: Callable[..., Any]) -> None:
    sandbox = start("--rate-limit", "3")
    chat = sandbox.chat()
    left = [sandbox.send(f"{n}", chat=chat).json()["_meta"]["_rate_limits"]["remaining_minute"] for n in range(3)]
    assert left == [2, 1, 0]
    refused = sandbox.send("too much", chat=chat)
    assert refused.status_code == 429
    assert refused.json()["error"] == "ONLYFANS_COM_RATE_LIMIT_ERROR"
    assert 55 <= int(refused.headers["Retry-After"]) <= 60
    other = sandbox.http.get("/api/accounts").json()[1]["id"]
    chat = sandbox.http.get(f"/api/{other}/chats").json()["data"][0]["id"]
    assert sandbox.http.post(f"/api/{other}/chats/{chat}/messages", json={"text": "mine"}).status_code == 200


def test_in_journal_mode_a_key_is_noted_and_stops_nothing(sandbox: Any) -> None:
    first, second = (sandbox.send("twice", key="same").json()["data"]["id"] for _ in range(2))
    assert first != second
    assert [row["client_key"] for row in sandbox.journal()] == ["same", "same"]


def test_in_replay_mode_a_key_sends_once(start: Callable[..., Any], tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "state.jsonl"))
    sandbox = start("--idempotency", "replay", *state)
    chat = sandbox.chat()
    first = sandbox.send("once", chat=chat, key="same")
    again = sandbox.send("once", chat=chat, key="same")
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    other_body = sandbox.send("twice", chat=chat, key="same")
    assert (other_body.status_code, other_body.json()["error"]) == (422, "IDEMPOTENCY_KEY_MISMATCH")
    sandbox.kill()
    sandbox = start("--idempotency", "replay", *state)
    assert sandbox.send("once", chat=chat, key="same").json() == first.json()
    assert len(sandbox.journal()) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
def test_a_key_that_is_not_printable_is_400(sandbox: Any, key: str) -> None:
    path = f"/api/{sandbox.account}/chats/{sandbox.chat()}/messages"
    answer = sandbox.http.post(path, json={"text": "x"}, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["error"]) == (400, "IDEMPOTENCY_KEY_INVALID")


def test_own_messages_can_be_taken_back_once(sandbox: Any) -> None:
    chat = sandbox.chat()
    sent = sandbox.send("oops", chat=chat).json()["data"]["id"]
    path = f"/api/{sandbox.account}/chats/{chat}/messages"
    assert sandbox.http.delete(f"{path}/{sent}").status_code == 200
    assert sent not in [row["id"] for row in sandbox.messages(chat)]
    assert sandbox.http.delete(f"{path}/{sent}").status_code == 404
    theirs = next(row["id"] for row in sandbox.messages(chat) if not row["isSentByMe"])
    assert sandbox.http.delete(f"{path}/{theirs}").status_code == 422
    old = next(row["id"] for row in reversed(sandbox.messages(chat)) if row["isSentByMe"])
    assert sandbox.http.delete(f"{path}/{old}").status_code == 422


def test_reading_a_chat_clears_what_was_unread(sandbox: Any) -> None:
    account, chat = sandbox.account, sandbox.chat()
    written = sandbox.admin("inbound", account=account, chat=chat, text="Are you there?")
    before = sandbox.http.get(f"/api/{account}/chats?limit=1").json()["data"][0]
    assert before["unreadMessagesCount"] >= 1
    assert before["lastMessage"]["isNew"] is True
    assert sandbox.http.post(f"/api/{account}/chats/{chat}/read").status_code == 200
    after = sandbox.http.get(f"/api/{account}/chats?limit=1").json()["data"][0]
    assert (after["unreadMessagesCount"], after["lastReadMessageId"]) == (0, written["id"])
    assert after["lastMessage"]["isNew"] is False
    assert sandbox.http.post(f"/api/{account}/chats/{chat}/typing").status_code == 200


def test_what_a_fan_has_spent_is_the_sum_of_the_listed_transactions(sandbox: Any) -> None:
    account = sandbox.account
    rows = walk(sandbox, f"/api/{account}/transactions?limit=7")
    times = [row["createdAt"] for row in rows]
    assert times == sorted(times, reverse=True)
    for fan in walk(sandbox, f"/api/{account}/fans/all?limit=5"):
        spent = sum(row["amount"] for row in rows if row["fan"]["id"] == fan["id"])
        assert fan["totals"]["total"] == pytest.approx(spent)
        assert fan == sandbox.http.get(f"/api/{account}/fans/{fan['id']}").json()["data"]
    assert all(row["net"] + row["fee"] == pytest.approx(row["amount"]) for row in rows)
    since = rows[5]["createdAt"]
    recent = walk(sandbox, f"/api/{account}/transactions?limit=2&startDate={since}")
    assert recent == [row for row in rows if row["createdAt"] >= since]
    assert sandbox.http.get(f"/api/{account}/transactions?startDate=soon").status_code == 422


def test_a_tip_and_a_purchase_move_the_totals(sandbox: Any) -> None:
    account, chat = sandbox.account, sandbox.chat()
    before = sandbox.http.get(f"/api/{account}/fans/{chat}").json()["data"]["totals"]
    media = [sandbox.http.get(f"/api/{account}/media/vault").json()["data"][0]["id"]]
    offer = sandbox.send("New!", chat=chat, price=20, mediaFiles=media).json()["data"]["id"]
    bought = sandbox.admin("purchase", account=account, chat=chat, message_id=offer)
    assert bought["isOpened"] is True
    again = sandbox.http.post("/admin/purchase", json={"account": account, "chat": chat, "message_id": offer})
    assert again.status_code == 422
    tip = sandbox.admin("tip", account=account, chat=chat, amount_minor=750)
    assert (tip["isTip"], tip["tipAmount"]) == (True, 7.5)
    after = sandbox.http.get(f"/api/{account}/fans/{chat}").json()["data"]["totals"]
    assert after["messages"] - before["messages"] == pytest.approx(20)
    assert after["total"] - before["total"] == pytest.approx(27.5)


def test_lists_count_the_fans(sandbox: Any) -> None:
    lists = {row["id"]: row for row in sandbox.http.get(f"/api/{sandbox.account}/user-lists").json()["data"]}
    fans = walk(sandbox, f"/api/{sandbox.account}/fans/all?limit=50")
    assert lists["fans"]["usersCount"] == sum(fan["isActive"] for fan in fans)
    assert lists["fans"]["usersCount"] + lists["expired"]["usersCount"] == len(fans)


def test_the_page_says_that_nothing_is_real(sandbox: Any) -> None:
    page = sandbox.http.get("/")
    assert page.headers["content-type"].startswith("text/html")
    for words in ("No person, message or payment in it is real", "Mara Lind", "docs/guide/sandbox.md"):
        assert words in page.text
    assert "test-key" not in page.text
