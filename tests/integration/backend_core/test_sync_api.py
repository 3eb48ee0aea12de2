"""Syncing by HTTP: everything once, nothing twice without need, only what the reader may see, and clear expiry."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text, update

from huntaze_backend.core import changes
from huntaze_backend.core.changes import CounterRow
from huntaze_contract.ids import new_id
from huntaze_contract.wire import SnapshotPage, SyncPage
from tests.helpers.house import House, plant


async def sync(house: House, headers: dict[str, str], **params: Any) -> SyncPage:
    answer = await house.client.get("/api/v2/sync", headers=headers, params=params)
    assert answer.status_code == 200, answer.text
    return SyncPage.model_validate(answer.json())


async def snapshot(house: House, headers: dict[str, str], limit: int) -> list[SnapshotPage]:
    pages: list[SnapshotPage] = []
    params: dict[str, Any] = {"limit": limit}
    while True:
        answer = await house.client.get("/api/v2/sync/snapshot", headers=headers, params=params)
        assert answer.status_code == 200, answer.text
        pages.append(SnapshotPage.model_validate(answer.json()))
        if pages[-1].next_page is None:
            return pages
        params["page"] = pages[-1].next_page


def rows(pages: list[Any]) -> dict[tuple[str, str], Any]:
    return {(change.entity, change.id): change.row for page in pages for change in page.changes}


async def touch_fan(house: House, index: int = 0) -> None:
    await house.services.db.write(
        lambda session: changes.record(
            session,
            agency_id=house.seed.agency_id,
            entity="fan",
            entity_id=house.seed.fan_ids[index],
            creator_id=house.seed.creator_of(index),
        )
    )


async def test_the_log_from_its_beginning_and_a_snapshot_tell_the_same(house: House):
    owner = await house.headers()
    page = await sync(house, owner)
    pages = await snapshot(house, owner, limit=1000)

    assert not page.has_more
    assert rows([page]) == rows(pages)
    assert len(rows([page])) == 2 + 2 + 4 + 4 + 28 + 8 + 1


@pytest.mark.parametrize("limit", [1, 7, 50])
async def test_a_snapshot_in_small_pages_leaves_nothing_out(house: House, limit: int):
    owner = await house.headers()
    small = await snapshot(house, owner, limit)

    assert rows(small) == rows(await snapshot(house, owner, limit=1000))
    assert all(len(page.changes) <= limit for page in small)
    assert [page.done for page in small] == sorted(page.done for page in small)
    assert small[-1].done == small[-1].total


async def test_a_snapshot_begins_with_what_a_first_screen_needs(house: House):
    owner = await house.headers()
    entities = [change.entity for page in await snapshot(house, owner, limit=1000) for change in page.changes]
    firsts = list(dict.fromkeys(entities))

    assert firsts == ["member", "creator", "fan", "conversation", "message", "note", "transaction"]


async def test_syncing_on_from_a_snapshot_gives_what_changed_while_it_was_read(house: House):
    owner = await house.headers()
    first = (await house.client.get("/api/v2/sync/snapshot", headers=owner, params={"limit": 1})).json()
    await touch_fan(house, 2)

    page = await sync(house, owner, cursor=first["cursor"])

    assert [(change.entity, change.id) for change in page.changes] == [("fan", house.seed.fan_ids[2])]
    assert page.changes[0].row is not None
    assert page.changes[0].row.ver == page.seq == page.changes[0].seq


async def test_pages_of_the_log_follow_each_other(house: House):
    owner = await house.headers()
    whole = await sync(house, owner)
    parts = [await sync(house, owner, limit=10)]
    while parts[-1].has_more:
        parts.append(await sync(house, owner, limit=10, cursor=parts[-1].cursor))

    assert [change for part in parts for change in part.changes] == whole.changes
    assert parts[-1].seq == whole.seq


async def test_what_went_is_told_without_a_row(house: House):
    owner = await house.headers()
    before = await sync(house, owner)
    await house.client.delete(f"/api/v2/notes/{house.seed.note_ids[0]}", headers=owner)

    page = await sync(house, owner, cursor=before.cursor)

    assert [(change.op, change.id, change.row) for change in page.changes if change.entity == "note"] == [
        ("D", house.seed.note_ids[0], None)
    ]


async def test_a_chatter_syncs_granted_creators_only(house: House):
    chatter = await house.headers("chatter")
    page = await sync(house, chatter)
    seen = {change.id for change in page.changes}

    assert seen >= {house.seed.creator_ids[0], house.seed.fan_ids[0], house.seed.owner_id}
    assert not seen & {house.seed.creator_ids[1], house.seed.fan_ids[1], house.seed.conversation_ids[3]}
    assert rows([page]) == rows(await snapshot(house, chatter, limit=5))


async def test_changes_one_may_not_see_move_the_cursor_and_nothing_else(house: House):
    chatter = await house.headers("chatter")
    before = await sync(house, chatter)
    await touch_fan(house, 1)

    page = await sync(house, chatter, cursor=before.cursor)

    assert page.changes == []
    assert page.seq == before.seq + 1


async def test_other_rights_void_the_cursor_and_the_snapshot(house: House):
    owner, chatter = await house.headers(), await house.headers("chatter")
    cursor = (await sync(house, chatter)).cursor
    first = (await house.client.get("/api/v2/sync/snapshot", headers=chatter, params={"limit": 1})).json()
    access = f"/api/v2/members/{house.seed.chatter_id}/access"
    await house.client.put(access, headers=owner, json={"creator_ids": house.seed.creator_ids})

    for path, params in (("sync", {"cursor": cursor}), ("sync/snapshot", {"page": first["next_page"]})):
        answer = await house.client.get(f"/api/v2/{path}", headers=chatter, params=params)
        assert (answer.status_code, answer.json()["code"]) == (410, "CURSOR_EXPIRED")
    assert rows([await sync(house, chatter)]) == rows([await sync(house, owner)])


@pytest.mark.parametrize(
    "disaster",
    [
        {"epoch": new_id()},  # restored from a backup
        {"min_seq": 1000},  # tombstones were purged
        {"last_seq": 1},  # the database went back in time
    ],
)
async def test_a_cursor_of_another_time_has_expired(house: House, disaster: dict[str, Any]):
    owner = await house.headers()
    cursor = (await sync(house, owner)).cursor
    await house.services.db.write(lambda session: session.execute(update(CounterRow).values(disaster)))

    answer = await house.client.get("/api/v2/sync", headers=owner, params={"cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (410, "CURSOR_EXPIRED")


async def test_another_agencys_cursor_has_expired(house: House):
    await house.services.db.write(lambda session: plant(session, "south.example"))
    cursor = (await sync(house, await house.headers())).cursor
    house.seed.address = "south.example"

    answer = await house.client.get("/api/v2/sync", headers=await house.headers(), params={"cursor": cursor})

    assert answer.status_code == 410


@pytest.mark.parametrize("cursor", ["", "nonsense", "e30", "bnVsbA", "x" * 2000])
async def test_a_cursor_that_nobody_gave_out_is_refused(house: House, cursor: str):
    owner = await house.headers()

    for path, name in (("sync", "cursor"), ("sync/snapshot", "page")):
        answer = await house.client.get(f"/api/v2/{path}", headers=owner, params={name: cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION")


async def test_waiting_ends_with_the_first_change(house: House):
    owner = await house.headers()
    cursor = (await sync(house, owner)).cursor
    waiting = asyncio.create_task(sync(house, owner, cursor=cursor, wait=20))
    while not house.services.hub._subscriptions:  # noqa: ASYNC110
        await asyncio.sleep(0.005)

    await touch_fan(house)

    page = await asyncio.wait_for(waiting, 5)
    assert [change.id for change in page.changes] == [house.seed.fan_ids[0]]


async def test_waiting_ends_empty_when_nothing_happens(house: House):
    owner = await house.headers()
    cursor = (await sync(house, owner)).cursor

    assert (await sync(house, owner, cursor=cursor, wait=0.05)).changes == []
    assert not house.services.hub._subscriptions


async def test_a_page_costs_a_fixed_number_of_statements(house: House):
    from sqlalchemy import event

    owner = await house.headers()
    counted: list[str] = []
    engine = house.services.db._store
    target = getattr(engine, "_reader_engine", None) or engine._snapshots.sync_engine
    event.listen(target, "before_cursor_execute", lambda *args: counted.append(args[2]))

    async def cost(limit: int) -> int:
        counted.clear()
        await sync(house, owner, limit=limit)
        return len(counted)

    few, many = await cost(10), await cost(49)
    assert many <= few + 16  # more kinds of entities on the page, not more rows
    assert many < 30


async def test_the_log_is_read_in_one_snapshot_with_its_rows(house: House):
    await house.services.db.write(
        lambda session: session.execute(text("DELETE FROM transactions"))  # behind the log's back
    )

    page = await sync(house, await house.headers())

    assert [(change.op, change.row) for change in page.changes if change.entity == "transaction"] == [("D", None)]
