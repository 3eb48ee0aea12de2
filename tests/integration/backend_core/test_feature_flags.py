"""Feature flags: per agency, by percentage, live, audited, and set by owners alone."""

import pytest
from sqlalchemy import select

from huntaze_backend.core.audit import AuditRow
from huntaze_backend.core.flags import Flags, in_share
from huntaze_backend.engines.ai.plan import FLAG
from tests.helpers.house import House

PATH = "/api/admin/feature-flags"


async def test_a_flag_that_nobody_set_has_its_default(house: House) -> None:
    answer = await house.client.get(PATH, headers=await house.headers())
    (flag,) = (each for each in answer.json()["items"] if each["name"] == FLAG)
    assert (flag["enabled"], flag["percentage"], flag["updated_by"]) == (True, 100, None)


async def test_an_owner_sets_a_flag_and_it_holds_at_once(house: House) -> None:
    agency, headers = house.seed.agency_id, await house.headers()
    assert await house.services.flags.is_on(agency, FLAG, "anybody")

    answer = await house.client.put(f"{PATH}/{FLAG}", json={"enabled": False}, headers=headers)
    assert answer.status_code == 200
    assert answer.json()["updated_by"] == house.seed.owner_id
    assert not await house.services.flags.is_on(agency, FLAG, "anybody")

    await house.client.put(f"{PATH}/{FLAG}", json={"enabled": True}, headers=headers)
    assert await house.services.flags.is_on(agency, FLAG, "anybody")


async def test_another_process_sees_it_within_seconds(house: House) -> None:
    # A reader of its own has no part in this process's announcements.
    elsewhere = Flags(house.services.db)
    house.services.db._listeners.remove(elsewhere._on_commit)
    agency = house.seed.agency_id
    assert await elsewhere.is_on(agency, FLAG, "anybody")
    await house.client.put(f"{PATH}/{FLAG}", json={"enabled": False}, headers=await house.headers())
    until, states = elsewhere._kept[agency]
    elsewhere._kept[agency] = (until - 5.0, states)  # five seconds later
    assert not await elsewhere.is_on(agency, FLAG, "anybody")


async def test_it_is_the_agency_s_own(house: House) -> None:
    await house.client.put(f"{PATH}/{FLAG}", json={"enabled": False}, headers=await house.headers())
    assert await house.services.flags.is_on("another agency", FLAG, "anybody")


async def test_every_setting_is_audited_with_what_was_before(house: House) -> None:
    headers = await house.headers()
    await house.client.put(f"{PATH}/{FLAG}", json={"enabled": True, "percentage": 25}, headers=headers)
    rows = await house.services.db.read(
        lambda session: session.scalars(select(AuditRow).where(AuditRow.action == "flag_set")).all()
    )
    (row,) = rows
    assert (row.actor_id, row.subject) == (house.seed.owner_id, FLAG)
    assert row.detail == {"enabled": True, "percentage": 25, "was_enabled": True, "was_percentage": 100}


async def test_a_chatter_neither_sees_nor_sets_flags(house: House) -> None:
    headers = await house.headers("chatter")
    assert (await house.client.get(PATH, headers=headers)).status_code == 403
    assert (await house.client.put(f"{PATH}/{FLAG}", json={"enabled": False}, headers=headers)).status_code == 403


async def test_a_flag_that_no_code_asks_for_does_not_exist(house: House) -> None:
    answer = await house.client.put(f"{PATH}/warp_drive", json={"enabled": True}, headers=await house.headers())
    assert answer.status_code == 404


@pytest.mark.parametrize("percentage", [-1, 101])
async def test_a_percentage_is_one(house: House, percentage: int) -> None:
    body = {"enabled": True, "percentage": percentage}
    assert (await house.client.put(f"{PATH}/{FLAG}", json=body, headers=await house.headers())).status_code == 422


def test_a_share_is_stable_grows_and_is_of_its_size() -> None:
    subjects = [f"creator {place}" for place in range(4000)]
    tenth = {subject for subject in subjects if in_share("f", subject, 10)}
    fifth = {subject for subject in subjects if in_share("f", subject, 20)}
    assert tenth < fifth
    assert 0.08 < len(tenth) / len(subjects) < 0.12
    assert tenth == {subject for subject in subjects if in_share("f", subject, 10)}
    assert tenth != {subject for subject in subjects if in_share("g", subject, 10)}
    assert not any(in_share("f", subject, 0) for subject in subjects)
    assert all(in_share("f", subject, 100) for subject in subjects)
