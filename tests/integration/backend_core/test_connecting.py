"""Connecting a platform: the key is tried, sealed and never given back; its accounts become creators."""

from sqlalchemy import select, update

from huntaze_backend.areas.accounts import service
from huntaze_backend.areas.accounts.tables import ConnectionRow, CreatorRow
from huntaze_backend.events import BackfillRequested, ConnectionCreated, ConnectionDeleted
from huntaze_contract.ids import new_id
from tests.helpers.house import House, platform_account

FORM = {"platform": "sandbox", "base_url": "http://sandbox.example:9/", "api_key": "key-of-the-platform"}


async def connect(house: House, **more):
    return await house.client.post("/api/v2/connections", headers=await house.headers(), json=FORM | more)


def listen(house: House, kind: type) -> list:
    told: list = []
    house.services.db.on_commit(lambda done: told.extend(event for event in done.events if type(event) is kind))
    return told


async def test_a_connection_brings_its_creators_and_is_announced(house: House):
    house.platform.accounts = [platform_account("acct_1"), platform_account("acct_2", "Ivy Rhodes", connected=False)]
    told = listen(house, ConnectionCreated)

    answer = await connect(house)

    connection = answer.json()
    assert answer.status_code == 201
    assert connection["backfill"]["state"] == "waiting"
    assert told == [ConnectionCreated(connection["id"], house.seed.agency_id)]
    creators = await house.client.get("/api/v2/creators", headers=await house.headers())
    states = {row["name"]: row["state"] for row in creators.json()["items"] if row["id"] in connection["creator_ids"]}
    assert states == {"Mara Lind": "connected", "Ivy Rhodes": "session_expired"}
    assert house.platform.closed == 1


async def test_the_key_is_sealed_and_never_given_back(house: House):
    answer = await connect(house)
    row = await house.services.db.read(lambda session: session.scalars(select(ConnectionRow)).one())

    assert FORM["api_key"] not in answer.text
    assert FORM["api_key"] not in row.api_key_sealed
    assert service.platform_access(row, house.services.box).api_key == FORM["api_key"]
    assert len(service.webhook_secret(row, house.services.box)) >= 32


async def test_a_key_that_the_platform_refuses_connects_nothing(house: House):
    answer = await connect(house, api_key="wrong")

    assert (answer.status_code, answer.json()["code"]) == (424, "PLATFORM_REFUSED")
    listed = await house.client.get("/api/v2/connections", headers=await house.headers())
    assert listed.json()["items"] == []


async def test_a_platform_that_is_not_there_says_so(house: House):
    answer = await connect(house, base_url="http://nowhere.example")

    assert (answer.status_code, answer.json()["code"]) == (424, "PLATFORM_UNREACHABLE")


async def test_a_real_platforms_key_travels_by_https_only(house: House):
    answer = await connect(house, platform="onlyfans")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "base_url"


async def test_an_account_answers_through_one_connection_only(house: House):
    house.platform.accounts = [platform_account("acct_1")]
    await connect(house)

    answer = await connect(house)

    assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
    assert "Mara Lind" in answer.json()["detail"]


async def test_a_removed_connection_leaves_its_creators_and_can_be_made_again(house: House):
    house.platform.accounts = [platform_account("acct_1")]
    first = (await connect(house)).json()
    told = listen(house, ConnectionDeleted)

    removed = await house.client.delete(f"/api/v2/connections/{first['id']}", headers=await house.headers())
    creator = await house.client.get(f"/api/v2/creators/{first['creator_ids'][0]}", headers=await house.headers())
    again = (await connect(house)).json()

    assert removed.status_code == 204
    assert told == [ConnectionDeleted(first["id"], house.seed.agency_id)]
    assert creator.json()["state"] == "disconnected"
    assert again["creator_ids"] == first["creator_ids"]


async def test_the_history_is_read_again_on_request_but_not_twice_at_once(house: House):
    connection = (await connect(house)).json()
    told = listen(house, BackfillRequested)
    path, headers = f"/api/v2/connections/{connection['id']}/backfill", await house.headers()

    waiting = await house.client.post(path, headers=headers)
    await house.services.db.write(
        lambda session: session.execute(update(ConnectionRow).values(backfill_state="failed", backfill_error="why"))
    )
    asked = await house.client.post(path, headers=headers)

    assert waiting.status_code == asked.status_code == 202
    assert asked.json()["backfill"] == {
        "state": "waiting",
        "conversations_done": 0,
        "conversations_total": 0,
        "messages": 0,
        "error": None,
    }
    assert told == [BackfillRequested(connection["id"], house.seed.agency_id)]


async def test_a_connection_of_nobody_is_not_found(house: House):
    headers = await house.headers()
    path = f"/api/v2/connections/{new_id()}"

    for method, end in (("GET", ""), ("DELETE", ""), ("POST", "/backfill")):
        assert (await house.client.request(method, path + end, headers=headers)).status_code == 404


async def test_a_longer_pause_is_not_shortened(house: House):
    creator_id = house.seed.creator_ids[0]
    now = house.services.clock.now()

    def pause(minutes: int):
        from datetime import timedelta

        return house.services.db.write(
            lambda session: service.pause_creator(session, creator_id, now + timedelta(minutes=minutes))
        )

    await pause(5)
    await pause(2)

    row = await house.services.db.read(lambda session: session.get_one(CreatorRow, creator_id))
    assert (row.paused_until - now).total_seconds() == 300
