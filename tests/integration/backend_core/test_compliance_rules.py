"""Managing the rules over HTTP: who may, what may be changed, and how clients hear of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from huntaze_backend.core.audit import AuditRow
from huntaze_backend.core.db import Database
from tests.helpers.house import House, house_over

RULES = "/api/v2/compliance/rules"
MANGO = {
    "id": "own.mango",
    "category": "platform_word",
    "tier": "block",
    "terms": ["mango"],
    "reason_en": "Not this fruit.",
    "reason_fr": "Pas ce fruit.",
}


@pytest.fixture
async def api(database: Database) -> AsyncIterator[House]:
    async with house_over(database) as made:
        made.client.headers.update(await made.headers())
        yield made


async def put(api: House, base: int = 0, path: str = RULES, **changes: Any) -> httpx2.Response:
    return await api.client.put(path, json={"base_version": base, "changes": changes})


async def tried(api: House, text: str, **more: Any) -> dict[str, Any]:
    answer = await api.client.post("/api/v2/compliance/check", json={"text": text} | more)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_the_rules_that_ship_are_in_force_until_somebody_changes_them(api: House) -> None:
    found = (await api.client.get(RULES)).json()
    assert (found["version"], found["least_price"], found["most_price"]) == (0, 300, 20_000)
    assert {"minors.words", "payment.services"} <= {rule["id"] for rule in found["rules"]}
    verdict = await tried(api, "My P a y P a l", price=100)
    assert verdict["refused"]
    assert [(f["rule"], f["start"], f["end"]) for f in verdict["findings"]] == [
        ("general.price", 0, 0),
        ("payment.services", 3, 14),
    ]


async def test_an_agency_changes_its_rules_and_a_creator_upon_them(api: House) -> None:
    changed = await put(api, add=[MANGO], tiers={"contact.phone": "warn"}, least_price=500)
    assert (changed.status_code, changed.json()["version"]) == (200, 1)
    assert (await tried(api, "a mango"))["blocked"]
    assert not (await tried(api, "+33 6 12 34 56 78"))["refused"]
    creator = api.seed.creator_ids[0]
    path = f"{RULES}/{creator}"
    answer = await put(api, path=path, disable=["own.mango"])
    assert answer.json()["least_price"] == 500
    assert not (await tried(api, "a mango", creator_id=creator))["refused"]
    assert (await tried(api, "a mango", creator_id=api.seed.creator_ids[1]))["refused"]


async def test_the_second_of_two_changes_is_told_of_the_first(api: House) -> None:
    await put(api, allow=["paypal hoodie"])
    again = await put(api, allow=["other"])
    assert (again.status_code, again.json()["code"]) == (409, "CONFLICT")


@pytest.mark.parametrize(
    "changes",
    [
        {"disable": ["minors.words"]},
        {"tiers": {"minors.age.claimed": "warn"}},
        {"disable": ["no.such.rule"]},
        {"tiers": {"contact.phone": "replace"}},
        {"add": [MANGO, MANGO]},
        {"add": [MANGO | {"id": "minors.words"}]},
        {"add": [MANGO | {"terms": ["--"]}]},
        {"add": [MANGO | {"tier": "replace"}]},
        {"add": [MANGO | {"tier": "replace", "replacement": "paypal"}]},
        {"add": [MANGO | {"patterns": ["(a+)+$"]}], "domains": ["not a domain"]},
        {"least_price": 900, "most_price": 500},
    ],
)
async def test_changes_that_make_no_sense_are_refused(api: House, changes: dict[str, Any]) -> None:
    answer = await put(api, **changes)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION")
    assert (await api.client.get(RULES)).json()["version"] == 0


async def test_chatters_neither_see_nor_change_nor_try(api: House) -> None:
    api.client.headers.update(await api.headers("chatter"))
    assert (await api.client.get(RULES)).status_code == 403
    assert (await put(api, add=[MANGO])).status_code == 403
    assert (await api.client.post("/api/v2/compliance/check", json={"text": "x"})).status_code == 403


async def test_a_foreign_creator_looks_like_none(api: House) -> None:
    path = f"{RULES}/0197aaaa-0000-7000-8000-000000000000"
    assert (await api.client.get(path)).status_code == 404
    assert (await put(api, path=path, add=[MANGO])).status_code == 404


async def test_every_change_is_in_the_audit_log(api: House, database: Database) -> None:
    await put(api, add=[MANGO])
    await put(api, 1, allow=["mango street"])
    query = select(AuditRow).where(AuditRow.action == "compliance.change").order_by(AuditRow.at, AuditRow.id)
    first, second = await database.read(lambda session: list(session.scalars(query).all()))
    assert first.detail["before"] is None
    assert second.detail["before"]["add"][0]["id"] == "own.mango"
    assert second.detail["after"] == {"allow": ["mango street"]}


async def test_clients_hear_of_it_each_of_their_creators(api: House) -> None:
    await put(api, add=[MANGO])
    for creator in api.seed.creator_ids:
        await put(api, path=f"{RULES}/{creator}", allow=["mango street"])
    owned = await _compliance_rows(api)
    assert {row["creator_id"] for row in owned} == {None, *api.seed.creator_ids}
    api.client.headers.update(await api.headers("chatter"))
    assert {row["creator_id"] for row in await _compliance_rows(api)} == {None, api.seed.creator_ids[0]}


async def _compliance_rows(api: House) -> list[dict[str, Any]]:
    """As a snapshot and as a pull from the beginning, which must agree."""
    pulled: list[dict[str, Any]] = []
    for path in ("/api/v2/sync?limit=500", "/api/v2/sync/snapshot?limit=500"):
        answer = await api.client.get(path)
        assert answer.status_code == 200, answer.text
        rows = [change["row"] for change in answer.json()["changes"] if change["entity"] == "compliance"]
        assert not pulled or sorted(map(str, pulled)) == sorted(map(str, rows))
        pulled = rows
    return pulled


async def test_a_refused_message_answers_with_its_findings(api: House) -> None:
    body = {
        "conversation_id": api.seed.conversation_ids[0],
        "text": "my paypal",
        "composed_at": "2026-11-20T12:00:00Z",
        "device_id": "0197aaaa-0000-7000-8000-000000000000",
        "device_seq": 1,
    }
    key = "0197aaaa-0000-7000-8000-000000000001"
    answer = await api.client.post("/api/v2/messages", json=body, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["code"]) == (422, "COMPLIANCE_BLOCKED")
    (finding,) = answer.json()["findings"]
    assert (finding["start"], finding["end"], finding["tier"], finding["reason"]) == (3, 9, "block", "payment")
