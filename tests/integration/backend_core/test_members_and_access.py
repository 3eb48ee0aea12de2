"""Who may do what, and that a foreign thing looks like one that does not exist."""

import pytest

from huntaze_contract.ids import new_id
from tests.helpers.house import PASSWORD, House, plant


def new_member(role: str = "chatter", **more):
    return {"name": "Kim", "email": f"{new_id()}@north.example", "password": PASSWORD, "role": role} | more


async def test_an_owner_adds_a_chatter_who_then_sees_what_was_granted(house: House):
    owner = await house.headers()
    form = new_member(creator_ids=[house.seed.creator_ids[1]])

    made = await house.client.post("/api/v2/members", headers=owner, json=form)
    signed_in = await house.client.post(
        "/api/v2/auth/sign-in", json={"email": form["email"], "password": PASSWORD, "device_id": new_id()}
    )
    headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    creators = await house.client.get("/api/v2/creators", headers=headers)

    assert made.status_code == 201
    assert made.json()["ver"] > 0
    assert [row["id"] for row in creators.json()["items"]] == [house.seed.creator_ids[1]]


async def test_a_taken_address_is_a_conflict(house: House):
    owner = await house.headers()
    form = new_member(email=house.seed.email("chatter").upper())

    answer = await house.client.post("/api/v2/members", headers=owner, json=form)

    assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")


async def test_a_manager_adds_chatters_only(house: House):
    owner = await house.headers()
    form = new_member("manager")
    await house.client.post("/api/v2/members", headers=owner, json=form)
    signed_in = await house.client.post(
        "/api/v2/auth/sign-in", json={"email": form["email"], "password": PASSWORD, "device_id": new_id()}
    )
    manager = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}

    assert (await house.client.post("/api/v2/members", headers=manager, json=new_member())).status_code == 201
    for role in ("manager", "owner"):
        refused = await house.client.post("/api/v2/members", headers=manager, json=new_member(role))
        assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")


async def test_a_chatter_administers_nothing(house: House):
    chatter = await house.headers("chatter")
    access = f"/api/v2/members/{house.seed.chatter_id}/access"
    connection = {"platform": "sandbox", "base_url": "http://sandbox.example", "api_key": "k"}

    answers = [
        await house.client.post("/api/v2/members", headers=chatter, json=new_member()),
        await house.client.put(access, headers=chatter, json={"creator_ids": house.seed.creator_ids}),
        await house.client.get("/api/v2/connections", headers=chatter),
        await house.client.post("/api/v2/connections", headers=chatter, json=connection),
    ]

    assert [answer.json()["code"] for answer in answers] == ["FORBIDDEN"] * 4


async def test_granting_an_unknown_creator_is_refused(house: House):
    owner = await house.headers()
    access = f"/api/v2/members/{house.seed.chatter_id}/access"

    answer = await house.client.put(access, headers=owner, json={"creator_ids": [new_id()]})

    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION")


async def test_a_chatter_finds_nothing_of_a_creator_that_was_not_granted(house: House):
    chatter = await house.headers("chatter")
    hidden = [
        f"/api/v2/creators/{house.seed.creator_ids[1]}",
        f"/api/v2/fans/{house.seed.fan_ids[1]}",
        f"/api/v2/conversations/{house.seed.conversation_ids[1]}",
        f"/api/v2/conversations/{house.seed.conversation_ids[1]}/messages",
        f"/api/v2/messages/{house.seed.message_ids[1]}",
        f"/api/v2/creators/{house.seed.creator_ids[1]}/send-budget",
    ]

    for path in hidden:
        answer = await house.client.get(path, headers=chatter)
        assert (path, answer.status_code, answer.json()["code"]) == (path, 404, "NOT_FOUND")


async def test_an_agency_finds_nothing_of_another(house: House):
    other = await house.services.db.write(lambda session: plant(session, "south.example"))
    owner = await house.headers()
    foreign = {
        "GET": [
            f"/api/v2/creators/{other.creator_ids[0]}",
            f"/api/v2/fans/{other.fan_ids[0]}",
            f"/api/v2/fans/{other.fan_ids[0]}/notes",
            f"/api/v2/conversations/{other.conversation_ids[0]}",
            f"/api/v2/messages/{other.message_ids[0]}",
        ],
        "DELETE": [f"/api/v2/notes/{other.note_ids[0]}"],
    }

    for method, paths in foreign.items():
        for path in paths:
            answer = await house.client.request(method, path, headers=owner)
            assert (path, answer.status_code) == (path, 404)
    sending = {
        "conversation_id": other.conversation_ids[0],
        "text": "Hello",
        "composed_at": "2026-11-21T18:00:00Z",
        "device_id": new_id(),
        "device_seq": 1,
    }
    headers = {**owner, "Idempotency-Key": new_id()}
    assert (await house.client.post("/api/v2/messages", headers=headers, json=sending)).status_code == 404
    for path in ("creators", "members", "fans", "conversations"):
        listed = await house.client.get(f"/api/v2/{path}", headers=owner)
        theirs = {other.owner_id, other.chatter_id, *other.creator_ids, *other.fan_ids, *other.conversation_ids}
        assert listed.json()["items"]
        assert not theirs & {row["id"] for row in listed.json()["items"]}


async def test_lists_come_in_pages(house: House):
    owner = await house.headers()
    first = (await house.client.get("/api/v2/creators", headers=owner, params={"limit": 1})).json()
    cursor = first["next_cursor"]
    second = (await house.client.get("/api/v2/creators", headers=owner, params={"limit": 1, "cursor": cursor})).json()

    assert [row["id"] for row in first["items"] + second["items"]] == sorted(house.seed.creator_ids)
    assert second["next_cursor"] is None


@pytest.mark.parametrize("cursor", ["nonsense", "e30", "WyJhIiwiYiJd", "ÿ"])
async def test_a_cursor_from_elsewhere_is_refused(house: House, cursor: str):
    owner = await house.headers()

    answer = await house.client.get("/api/v2/creators", headers=owner, params={"cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION")


async def test_a_nul_in_a_text_is_a_problem_and_not_a_failure(house: House):
    owner = await house.headers()

    answer = await house.client.post("/api/v2/members", headers=owner, json=new_member(name="K\x00m"))

    assert answer.status_code in (201, 422)  # SQLite keeps it, PostgreSQL cannot
