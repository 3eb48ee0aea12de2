"""Old tombstones go, and with them the cursors that have not seen them; other processes' commits are noticed."""

import asyncio

import pytest
from sqlalchemy import text

from huntaze_backend.areas.accounts.sign_in import forget_expired
from huntaze_backend.core.db import Database
from huntaze_backend.engines.sync.hub import Hub
from huntaze_backend.engines.sync.retention import purge_tombstones
from tests.helpers.house import House, plant

DAY_US = 24 * 3600 * 1_000_000


async def sync(house: House, headers: dict[str, str], cursor: str | None = None):
    return await house.client.get("/api/v2/sync", headers=headers, params={"cursor": cursor} if cursor else {})


async def age_log(house: House, days: int) -> None:
    older = text(f"UPDATE change_log SET at = at - {days * DAY_US}")
    await house.services.db.write(lambda session: session.execute(older))


async def test_a_tombstone_stays_35_days_and_then_voids_what_has_not_seen_it(house: House):
    owner = await house.headers()
    before = (await sync(house, owner)).json()["cursor"]
    await house.client.delete(f"/api/v2/notes/{house.seed.note_ids[0]}", headers=owner)
    after = (await sync(house, owner)).json()["cursor"]

    await age_log(house, 34)
    assert await house.services.db.write(purge_tombstones) == 0
    assert (await sync(house, owner, before)).status_code == 200
    await age_log(house, 2)
    assert await house.services.db.write(purge_tombstones) == 1

    assert (await sync(house, owner, before)).json()["code"] == "CURSOR_EXPIRED"
    assert (await sync(house, owner, after)).status_code == 200
    changes = (await sync(house, owner)).json()["changes"]
    assert house.seed.note_ids[0] not in {change["id"] for change in changes}


async def test_one_agencys_tombstones_void_no_other_agencys_cursors(house: House):
    owner = await house.headers()
    await house.services.db.write(lambda session: plant(session, "south.example"))
    house.seed.address, ours = "south.example", house.seed.address
    south = await house.headers()
    cursor = (await sync(house, south)).json()["cursor"]
    house.seed.address = ours
    await house.client.delete(f"/api/v2/notes/{house.seed.note_ids[0]}", headers=owner)
    await age_log(house, 40)
    await house.services.db.write(purge_tombstones)

    assert (await sync(house, south, cursor)).status_code == 200


async def test_refresh_tokens_that_ended_long_ago_are_forgotten(house: House):
    await house.headers()
    assert await house.services.db.write(forget_expired) == 0

    older = text(f"UPDATE refresh_tokens SET expires_at = expires_at - {61 * DAY_US}")
    await house.services.db.write(lambda session: session.execute(older))

    assert await house.services.db.write(forget_expired) == 1


@pytest.mark.timeout(30)
async def test_a_hub_notices_the_commits_of_another_process(migrated_postgres_url: str):
    here, there = Database.open(migrated_postgres_url), Database.open(migrated_postgres_url)
    seed = await there.write(plant)
    hub = Hub(here)
    watching = asyncio.create_task(hub.watch())
    try:
        with hub.subscribe(seed.agency_id) as subscription:
            await asyncio.wait_for(subscription.woken.wait(), 10)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await here.close()
        await there.close()
