"""Of all processes on a PostgreSQL database one is the worker: two offers, a lock, and what happens when it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx2
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from huntaze_backend import worker
from huntaze_backend.app import WORKER_LOCK, assemble, build
from huntaze_backend.areas.messages import elsewhere
from huntaze_backend.core import changes
from huntaze_backend.core.db import Database
from huntaze_backend.core.exclusive import is_held
from huntaze_contract.ids import new_id
from tests.helpers.house import SECRETS, plant

_LOCKED = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted"


class Offer:
    """A process that offers to be the worker, here in this one."""

    def __init__(self, database: Database) -> None:
        self.services = assemble(database, SECRETS)
        self.stop, self.asked = asyncio.Event(), asyncio.Event()
        self.running = asyncio.create_task(worker.run_in_turn(self.services, self.stop, self.asked))

    async def end(self) -> None:
        self.stop.set()
        await self.running
        await self.services.bus.close()
        await self.services.db.close()

    @property
    def works(self) -> bool:
        return self.services.worker_runs


@pytest.fixture
async def offer(migrated_postgres_url: str) -> AsyncIterator[Callable[[], Offer]]:
    made: list[Offer] = []

    def make() -> Offer:
        made.append(Offer(Database.open(migrated_postgres_url)))
        return made[-1]

    yield make
    for one in made:
        await one.end()


@pytest.fixture
async def postgres(migrated_postgres_url: str) -> AsyncIterator[Database]:
    database = Database.open(migrated_postgres_url)
    yield database
    await database.close()


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not happened():  # noqa: ASYNC110  (what is asked has no event)
            await asyncio.sleep(0.01)


async def test_the_second_stands_by_until_the_first_has_ended(offer: Callable[[], Offer]) -> None:
    first = offer()
    await first.asked.wait()
    second = offer()
    await second.asked.wait()
    await asyncio.sleep(1.2)  # two more of its tries
    assert (first.works, second.works) == (True, False)

    first.stop.set()
    await first.running
    assert not first.works
    await until(lambda: second.works)


async def test_when_the_lock_is_torn_from_one_it_stops_before_another_begins(
    offer: Callable[[], Offer], postgres: Database
) -> None:
    first = offer()
    await until(lambda: first.works)
    second = offer()
    await second.asked.wait()

    def tear(session: Session) -> None:
        session.execute(text(f"SELECT pg_terminate_backend(pid) FROM ({_LOCKED}) AS held"))

    await postgres.write(tear)
    await until(lambda: second.works or not first.works)
    assert (first.works, second.works) == (False, False)
    await until(lambda: first.works or second.works)
    await asyncio.sleep(1.2)
    assert first.works != second.works
    assert not first.running.done(), "the one that lost it offers itself again"


async def test_a_lock_is_lost_when_its_session_is(postgres: Database) -> None:
    lock = postgres.exclusive(WORKER_LOCK)
    assert await lock.try_take()
    assert await postgres.read(lambda session: is_held(session, WORKER_LOCK))
    assert not await postgres.read(lambda session: is_held(session, WORKER_LOCK + 1))
    lost = asyncio.create_task(lock.lost())
    await asyncio.sleep(0)
    await postgres.write(lambda session: session.execute(text(f"SELECT pg_terminate_backend(pid) FROM ({_LOCKED}) h")))
    async with asyncio.timeout(10):
        await lost
    await lock.give_back()
    assert not await postgres.read(lambda session: is_held(session, WORKER_LOCK))


async def test_the_embedded_database_has_no_such_lock(sqlite: Database) -> None:
    with pytest.raises(TypeError, match="one process"):
        sqlite.exclusive(WORKER_LOCK)


async def test_health_tells_of_a_worker_in_another_process(offer: Callable[[], Offer], postgres: Database) -> None:
    app, _ = build(postgres, SECRETS)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://backend") as client:

        async def health() -> tuple[str, str]:
            told = (await client.get("/health")).json()
            return told["status"], told["worker"]

        assert await health() == ("degraded", "stopped")
        other = offer()
        await other.asked.wait()
        assert await health() == ("ok", "running")
        await other.end()
        assert await health() == ("degraded", "stopped")


async def test_it_waits_for_a_database_that_is_away(
    offer: Callable[[], Offer], monkeypatch: pytest.MonkeyPatch
) -> None:
    away = True
    one = offer()
    lock = one.services.db.exclusive(WORKER_LOCK)
    take = type(lock).try_take

    async def try_take(self: object) -> bool:
        if away:
            raise ConnectionRefusedError
        return bool(await take(self))  # type: ignore[arg-type]

    monkeypatch.setattr(type(lock), "try_take", try_take)
    await one.asked.wait()
    assert not one.works
    away = False
    await until(lambda: one.works)


@pytest.mark.parametrize("entity", ["message", "creator"])
async def test_an_account_that_another_process_changed_is_named_once(database: Database, entity: str) -> None:
    seed = await database.write(plant)
    agency_id, creator_id = seed.agency_id, new_id()
    seen = await database.read(elsewhere.log_ends)

    def change(session: Session) -> None:
        for name, creator in ((entity, creator_id), ("fan", new_id())):
            changes.record(session, agency_id=agency_id, entity=name, entity_id=new_id(), creator_id=creator)

    await database.write(change)
    found, ends = await database.read(lambda session: elsewhere.touched(session, seen))
    assert set(found) == {creator_id}
    again, _ = await database.read(lambda session: elsewhere.touched(session, ends))
    assert not again
