"""The sending routes over HTTP: codes, headers and problems as a client meets them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from huntaze_backend.core.db import Database
from huntaze_contract.ids import new_id
from huntaze_contract.outgoing import MAX_TEXT
from tests.helpers.house import House, house_over


@pytest.fixture
async def api(database: Database) -> AsyncIterator[House]:
    """Nothing is sent here: no worker runs."""
    async with house_over(database) as made:
        made.client.headers.update(await made.headers())
        yield made


def order(api: House, text: str = "Good evening", **more: Any) -> dict[str, Any]:
    body = {
        "conversation_id": api.seed.conversation_ids[0],
        "text": text,
        "composed_at": "2026-11-20T12:00:00Z",
        "device_id": new_id(),
        "device_seq": 1,
    }
    return body | more


async def post(api: House, body: Any, key: str | None) -> httpx2.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await api.client.post("/api/v2/messages", json=body, headers=headers)


async def test_the_first_request_creates_and_every_repeat_tells_how_it_stands(api: House) -> None:
    key, body = new_id(), order(api)
    first = await post(api, body, key)
    assert (first.status_code, first.json()["message"]["id"]) == (201, key)
    assert "Idempotent-Replayed" not in first.headers
    await api.client.post(f"/api/v2/messages/{key}/cancel")
    again = await post(api, body | {"device_seq": 9}, key)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (200, "true")
    assert again.json()["message"]["state"] == "cancelled"
    read = await api.client.get(f"/api/v2/messages/{key}")
    assert read.json()["message"] == again.json()["message"]


@pytest.mark.parametrize(
    ("key", "more", "status", "code"),
    [
        (None, {}, 400, "KEY_MISSING"),
        ("not-a-uuid", {}, 422, "VALIDATION"),
        ("0197AAAA-0000-7000-8000-000000000000", {}, 422, "VALIDATION"),
        ("new", {"text": "x" * (MAX_TEXT + 1)}, 422, "VALIDATION"),
        ("new", {"text": " \n "}, 422, "VALIDATION"),
        ("new", {"text": "a\x00b"}, 422, "VALIDATION"),
        ("new", {"conversation_id": "0197aaaa-0000-7000-8000-000000000000"}, 404, "NOT_FOUND"),
        ("new", {"prev_id": "0197aaaa-0000-7000-8000-000000000000"}, 409, "OUT_OF_ORDER"),
    ],
)
async def test_what_cannot_be_taken_is_a_problem_with_a_code(
    api: House, key: str | None, more: dict[str, Any], status: int, code: str
) -> None:
    answer = await post(api, order(api, **more), new_id() if key == "new" else key)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_longest_text_is_taken(api: House) -> None:
    answer = await post(api, order(api, "é" * MAX_TEXT), new_id())
    assert answer.status_code == 201


async def test_the_same_key_with_another_text_is_refused(api: House) -> None:
    key = new_id()
    await post(api, order(api, "this"), key)
    answer = await post(api, order(api, "that"), key)
    assert (answer.status_code, answer.json()["code"]) == (422, "KEY_REUSED")


async def test_a_chatter_writes_to_granted_creators_only(api: House) -> None:
    api.client.headers.update(await api.headers("chatter"))
    granted, foreign = api.seed.conversation_ids[:2]
    assert (await post(api, order(api, conversation_id=granted), new_id())).status_code == 201
    assert (await post(api, order(api, conversation_id=foreign), new_id())).status_code == 404
    assert (await api.client.get(f"/api/v2/creators/{api.seed.creator_ids[0]}/send-budget")).status_code == 200
    assert (await api.client.get(f"/api/v2/creators/{api.seed.creator_ids[1]}/send-budget")).status_code == 404


async def test_a_failed_message_is_retried_once_asked(api: House) -> None:
    path = f"/api/v2/messages/{api.seed.failed_ids[0]}/retry"
    answer = await api.client.post(path)
    assert (answer.status_code, answer.json()["message"]["state"]) == (200, "ready")
    again = await api.client.post(path)
    assert (again.status_code, again.json()["code"]) == (409, "ILLEGAL_STATE")


@pytest.mark.parametrize(
    ("verdict", "state"), [("sent", "sent"), ("not_sent_send_again", "ready"), ("not_sent_give_up", "failed")]
)
async def test_a_person_settles_what_nobody_else_can(api: House, verdict: str, state: str) -> None:
    path = f"/api/v2/messages/{api.seed.unclear_ids[0]}/resolve"
    answer = await api.client.post(path, json={"verdict": verdict})
    assert (answer.status_code, answer.json()["message"]["state"]) == (200, state)


async def test_the_budget_is_whole_before_anything_was_sent(api: House) -> None:
    answer = await api.client.get(f"/api/v2/creators/{api.seed.creator_ids[0]}/send-budget")
    budget = answer.json()
    assert (budget["limit"], budget["remaining"], budget["window_s"], budget["next_at"]) == (10, 10, 60, None)


async def test_what_a_fan_wrote_is_no_message_of_ours(api: House) -> None:
    answer = await api.client.get(f"/api/v2/messages/{api.seed.message_ids[0]}")
    assert answer.status_code == 404


async def test_a_collision_says_what_was_missed_and_what_to_name_next(api: House) -> None:
    api.client.headers.update(await api.headers("chatter"))
    first = (await post(api, order(api, "I have him"), new_id())).json()["message"]
    api.client.headers.update(await api.headers("owner"))
    key, body = new_id(), order(api, "me too", base_rev=0)
    refused = await post(api, body, key)
    assert (refused.status_code, refused.json()["code"]) == (409, "COLLISION")
    told = refused.json()["collision"]
    assert (told["reason"], told["missed"][-1]["id"]) == ("colleague_replied", first["id"])
    answer = await post(api, body | {"override": True, "base_rev": told["reply_rev"]}, key)
    assert (answer.status_code, answer.json()["message"]["id"]) == (201, key)


async def test_a_text_is_changed_by_who_wrote_it_while_it_waits(api: House) -> None:
    key = new_id()
    made = (await post(api, order(api, "helo"), key)).json()["message"]
    path = f"/api/v2/messages/{key}"
    changed = await api.client.put(path, json={"text": "hello", "base_ver": made["ver"]})
    assert (changed.status_code, changed.json()["message"]["text"]) == (200, "hello")
    stale = await api.client.put(path, json={"text": "hullo", "base_ver": made["ver"]})
    assert (stale.status_code, stale.json()["code"]) == (409, "CONFLICT")
    api.client.headers.update(await api.headers("chatter"))
    foreign = await api.client.put(path, json={"text": "mine", "base_ver": changed.json()["message"]["ver"]})
    assert (foreign.status_code, foreign.json()["code"]) == (403, "FORBIDDEN")


async def test_only_a_delivered_message_is_taken_back(api: House) -> None:
    answer = await api.client.post(f"/api/v2/messages/{api.seed.failed_ids[0]}/unsend")
    assert (answer.status_code, answer.json()["code"]) == (409, "ILLEGAL_STATE")


async def test_evidence_is_for_what_needs_a_person(api: House) -> None:
    seen = await api.client.get(f"/api/v2/messages/{api.seed.unclear_ids[0]}/evidence")
    assert (seen.status_code, seen.json()["complete"]) == (200, False)
    answer = await api.client.get(f"/api/v2/messages/{api.seed.failed_ids[0]}/evidence")
    assert (answer.status_code, answer.json()["code"]) == (409, "ILLEGAL_STATE")
    api.client.headers.update(await api.headers("chatter"))
    assert (await api.client.get(f"/api/v2/messages/{api.seed.unclear_ids[1]}/evidence")).status_code == 404
