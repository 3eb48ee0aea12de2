"""A backup that comes back: clients start from a snapshot, and nothing that waited goes out a second time."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from huntaze_backend.app import Adapters, build
from huntaze_backend.areas.messages.leases import current_epoch
from huntaze_backend.areas.messages.restored import LEASE_STEP, distrust
from huntaze_backend.areas.messages.rules import SendPolicy
from huntaze_backend.areas.messages.tables import AttemptRow, MessageRow
from huntaze_backend.core.db import Database
from huntaze_backend.engines.limits.adapters.sql_log import SqlRateGate
from huntaze_backend.serve.backups import back_up, restore
from huntaze_backend.serve.failures import StartError
from huntaze_backend.serve.installation import only_one
from huntaze_backend.settings import Settings
from huntaze_contract.ids import new_id
from tests.helpers.house import SECRETS, FakePlatform, House, house_over
from tests.plugins.databases import DATABASE_KEY

SETTINGS = Settings(database_key=DATABASE_KEY, database_url=None)


def folder(sqlite_url: str) -> Path:
    return Path(sqlite_url.removeprefix("sqlite:///")).parent


def body_of(house: House, **more: Any) -> tuple[str, dict[str, Any]]:
    """A key and a message."""
    return new_id(), more | {
        "conversation_id": house.seed.conversation_ids[0],
        "text": "Good evening",
        "composed_at": house.services.clock.now().isoformat(),
        "device_id": new_id(),
        "device_seq": 1,
        "override": True,
    }


async def post(
    client: httpx2.AsyncClient, headers: dict[str, str], message: tuple[str, dict[str, Any]]
) -> tuple[int, str | None]:
    """The answer's status and code."""
    key, body = message
    answer = await client.post("/api/v2/messages", headers=headers | {"Idempotency-Key": key}, json=body)
    return answer.status_code, answer.json().get("code")


async def accept(house: House, headers: dict[str, str], **more: Any) -> str:
    message = body_of(house, **more)
    assert await post(house.client, headers, message) == (201, None)
    return message[0]


async def test_what_was_first_sent_before_a_restore_is_not_taken_in_by_a_repeat(sqlite_url, tmp_path):
    file, data = tmp_path / "monday.db", folder(sqlite_url)
    database = Database.open(sqlite_url, key=DATABASE_KEY)
    async with house_over(database) as house:
        owner = await house.headers()
        before = (await house.client.get("/api/v2/sync/snapshot", headers=owner)).json()["epoch"]
        kept = body_of(house, epoch=before)
        lost = body_of(house, epoch=before)
        assert await post(house.client, owner, kept) == (201, None)
        await asyncio.to_thread(back_up, SETTINGS, data, file)
        assert await post(house.client, owner, lost) == (201, None)
    await database.close()

    await asyncio.to_thread(restore, SETTINGS, data, file)

    async with reopened(sqlite_url) as (_, client):
        after = (await client.get("/api/v2/sync/snapshot", headers=owner)).json()["epoch"]
        assert after != before
        assert await post(client, owner, kept) == (200, None)
        assert await post(client, owner, lost) == (409, "RESTORED")
        asked = (lost[0], lost[1] | {"epoch": after})
        assert await post(client, owner, asked) == (201, None)


async def lease(house: House, headers: dict[str, str], conversation: int = 0) -> int:
    path = f"/api/v2/conversations/{house.seed.conversation_ids[conversation]}/lease"
    return int((await house.client.put(path, headers=headers, json={"device_id": new_id()})).json()["epoch"])


@asynccontextmanager
async def reopened(url: str) -> AsyncIterator[tuple[Database, httpx2.AsyncClient]]:
    database = Database.open(url, key=DATABASE_KEY)
    app, services = build(database, SECRETS, adapters=Adapters(gateways=FakePlatform()))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://backend") as client:
        yield database, client
    await services.bus.close()
    await database.close()


async def test_clients_of_a_restored_backup_start_anew_and_what_it_lost_is_not_known(sqlite_url, tmp_path):
    file, data = tmp_path / "copies" / "monday.db", folder(sqlite_url)
    file.parent.mkdir()
    database = Database.open(sqlite_url, key=DATABASE_KEY)
    async with house_over(database) as house:
        owner = await house.headers()
        waited = await accept(house, owner)
        await asyncio.to_thread(back_up, SETTINGS, data, file)
        lost = await accept(house, owner)
        cursor = (await house.client.get("/api/v2/sync", headers=owner)).json()["cursor"]
    await database.close()
    before = (data / "huntaze.db").read_bytes()

    done = await asyncio.to_thread(restore, SETTINGS, data, file)

    assert done.looked_for == 1
    assert done.kept is not None
    assert (done.kept / "huntaze.db").read_bytes() == before
    async with reopened(sqlite_url) as (_, client):
        expired = await client.get("/api/v2/sync", headers=owner, params={"cursor": cursor})
        assert (expired.status_code, expired.json()["code"]) == (410, "CURSOR_EXPIRED")
        page = (await client.get("/api/v2/sync/snapshot", headers=owner, params={"limit": 1000})).json()
        rows = {change["id"]: change["row"] for change in page["changes"]}
        assert rows[waited]["state"] == "unknown"
        assert lost not in rows
        assert (await client.get(f"/api/v2/messages/{lost}", headers=owner)).status_code == 404
        following = await client.get("/api/v2/sync", headers=owner, params={"cursor": page["cursor"]})
        assert (following.status_code, following.json()["changes"]) == (200, [])


async def test_a_backup_never_writes_over_a_file_and_leaves_none_when_it_fails(sqlite_url, tmp_path):
    file, data = tmp_path / "copy.db", folder(sqlite_url)
    file.write_text("precious")

    with pytest.raises(StartError, match="FILE_EXISTS"):
        back_up(SETTINGS, data, file)
    assert file.read_text() == "precious"

    other = Settings(database_key="c3" * 32, database_url=None)
    with pytest.raises(StartError, match="WRONG_KEY"):
        back_up(other, data, tmp_path / "other.db")
    assert not (tmp_path / "other.db").exists()
    with pytest.raises(StartError, match="NOT_EMBEDDED"):
        back_up(Settings(database_url="postgresql://host/name"), data, tmp_path / "other.db")


async def test_a_restore_that_cannot_be_changes_nothing(sqlite_url, tmp_path):
    file, data = tmp_path / "copy.db", folder(sqlite_url)
    back_up(SETTINGS, data, file)
    before = (data / "huntaze.db").read_bytes()
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(file.read_bytes()[:-5000] + b"x" * 5000)

    with only_one(data), pytest.raises(StartError, match="ALREADY_RUNNING"):
        restore(SETTINGS, data, file)
    for broken in (damaged, tmp_path / "missing.db"):
        with pytest.raises(StartError, match="BAD_BACKUP"):
            await asyncio.to_thread(restore, SETTINGS, data, broken)
    with pytest.raises(StartError, match="WRONG_KEY"):
        await asyncio.to_thread(restore, Settings(database_key="c3" * 32, database_url=None), data, file)

    assert (data / "huntaze.db").read_bytes() == before
    assert not list(data.glob("replaced-*"))


async def test_what_waited_is_looked_for_as_after_an_answer_that_was_lost(house: House):
    owner = await house.headers()
    soon = house.services.clock.now() + timedelta(seconds=0.2)
    keys = [
        await accept(house, owner),
        await accept(house, owner),
        await accept(house, owner, send_at=soon.isoformat()),
    ]
    later = await accept(house, owner, send_at=(soon + timedelta(days=1)).isoformat())
    taken = await lease(house, owner)
    while house.services.clock.now() < soon:  # noqa: ASYNC110  (the clock is what the test waits for)
        await asyncio.sleep(0.02)

    count = await house.services.db.write(lambda session: distrust(session, SqlRateGate(), SendPolicy()))

    def read(session: Any) -> tuple[dict[str, str], list[AttemptRow]]:
        query = select(MessageRow.id, MessageRow.state).where(MessageRow.id.in_([*keys, later]))
        return dict(session.execute(query).all()), list(
            session.scalars(select(AttemptRow).where(AttemptRow.message_id.in_(keys)))
        )

    states, attempts = await house.services.db.read(read)
    assert count == len(keys)
    assert {states[key] for key in keys} == {"unknown"}
    assert states[later] == "scheduled"
    known = {f"p-{index}" for index in (0, 4, 8)}
    assert {(attempt.outcome, attempt.detail) for attempt in attempts} == {("ambiguous", "restored")}
    assert all(set(attempt.high_water) == known for attempt in attempts), json.dumps(attempts[0].high_water)
    epochs = [
        await house.services.db.read(lambda session, id_=id_: current_epoch(session, id_))
        for id_ in house.seed.conversation_ids[:2]
    ]
    assert epochs == [taken + LEASE_STEP, LEASE_STEP]
    assert await lease(house, owner, 1) == LEASE_STEP + 1
