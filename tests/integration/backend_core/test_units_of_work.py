"""Units of work on both databases: all or nothing, a change log without gaps, announcements that follow commits."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from huntaze_backend.core import changes
from huntaze_backend.core.changes import ChangeRow, CounterRow, record
from huntaze_backend.core.clock import now
from huntaze_backend.core.db import Committed, Database, WrongKeyError, after_commit
from huntaze_contract.ids import new_id

AGENCY = new_id()


@pytest.fixture
async def agency(database: Database) -> str:
    await database.write(lambda session: changes.start(session, AGENCY))
    return AGENCY


def touch(session: Session, *ids: str, entity: str = "fan", op: changes.Op = "U") -> None:
    for id_ in ids:
        record(session, agency_id=AGENCY, entity=entity, entity_id=id_, creator_id=None, op=op)


async def log_of(database: Database) -> list[tuple[int, str, str]]:
    query = select(ChangeRow.seq, ChangeRow.entity_id, ChangeRow.op).order_by(ChangeRow.seq)
    return await database.read(lambda session: list(session.execute(query).all()))


async def last_seq(database: Database) -> int:
    return await database.read(lambda session: session.get_one(CounterRow, AGENCY).last_seq)


async def test_changes_get_their_places_in_the_order_of_the_latest_touch(database, agency):
    await database.write(lambda session: touch(session, "a", "b", "a"))

    assert await log_of(database) == [(1, "b", "U"), (2, "a", "U")]


async def test_a_later_change_moves_the_entitys_row(database, agency):
    await database.write(lambda session: touch(session, "a", "b"))
    await database.write(lambda session: touch(session, "a", op="D"))

    assert await log_of(database) == [(2, "b", "U"), (3, "a", "D")]
    versions = await database.read(lambda session: changes.versions(session, AGENCY, "fan", ["a", "b", "c"]))
    assert versions == {"a": 3, "b": 2}


async def test_a_unit_that_fails_leaves_nothing_behind(database, agency):
    told: list[Committed] = []
    database.on_commit(told.append)

    def failing(session: Session) -> None:
        touch(session, "a")
        after_commit(session, "never")
        raise KeyError("broken")

    with pytest.raises(KeyError):
        await database.write(failing)

    assert await log_of(database) == []
    assert await last_seq(database) == 0
    assert told == []


async def test_a_commit_is_announced_with_its_places_and_its_events(database, agency):
    told: list[Committed] = []
    database.on_commit(told.append)

    def work(session: Session) -> None:
        touch(session, "a", "b")
        after_commit(session, "something happened")

    await database.write(work)

    assert told == [Committed({AGENCY: (1, 2)}, ("something happened",))]


async def test_a_commit_is_announced_though_its_caller_was_cancelled(database, agency):
    announced = asyncio.Event()
    database.on_commit(lambda _: announced.set())
    writing = asyncio.create_task(database.write(lambda session: touch(session, "a")))
    await asyncio.sleep(0)
    writing.cancel()

    with pytest.raises(asyncio.CancelledError):
        await writing

    await asyncio.wait_for(announced.wait(), 5)
    assert await log_of(database) == [(1, "a", "U")]


async def test_a_reader_that_follows_the_cursor_misses_nothing_of_sixteen_writers(database, agency):
    each = 40

    async def writer(number: int) -> None:
        for index in range(each):
            await database.write(lambda session, id_=f"{number}-{index}": touch(session, id_))

    async def follow() -> list[int]:
        seen: list[int] = []
        while len(seen) < 16 * each:
            query = select(ChangeRow.seq).where(ChangeRow.seq > (seen[-1] if seen else 0)).order_by(ChangeRow.seq)
            seen.extend(await database.read(lambda session, query=query: list(session.scalars(query))))
            await asyncio.sleep(0)
        return seen

    following = asyncio.create_task(follow())
    await asyncio.gather(*(writer(number) for number in range(16)))

    assert await asyncio.wait_for(following, 30) == list(range(1, 16 * each + 1))


async def test_the_counter_is_taken_after_all_other_statements(sqlite):
    await sqlite.write(lambda session: changes.start(session, AGENCY))
    statements: list[str] = []

    def work(session: Session) -> None:
        event.listen(session.connection(), "before_cursor_execute", lambda *args: statements.append(args[2]))
        touch(session, "a")
        session.add(CounterRow(agency_id="another", last_seq=0, epoch="e", min_seq=0))

    await sqlite.write(work)

    assert [" ".join(statement.split()[:2]) for statement in statements] == [
        "INSERT INTO",
        "UPDATE sync_counters",
        "INSERT INTO",
    ]


async def test_a_reader_keeps_its_snapshot_while_others_write(database, agency):
    await database.write(lambda session: touch(session, "a"))
    loop = asyncio.get_running_loop()

    def look_twice(session: Session) -> tuple[int, int]:
        count = text("SELECT count(*) FROM change_log")
        before = session.execute(count).scalar_one()
        if database.embedded:
            asyncio.run_coroutine_threadsafe(database.write(lambda s: touch(s, "b")), loop).result(5)
        return before, session.execute(count).scalar_one()

    assert await database.read(look_twice) == (1, 1)


async def test_reading_cannot_write(database, agency):
    with pytest.raises(DBAPIError):
        await database.read(lambda session: session.execute(update(CounterRow).values(last_seq=99)))

    assert await last_seq(database) == 0


async def test_time_is_aware_and_survives_the_store(database, agency):
    await database.write(lambda session: touch(session, "a"))
    at = await database.read(lambda session: session.scalars(select(ChangeRow.at)).one())
    moment = await database.read(now)

    assert at.tzinfo is not None
    assert timedelta(0) <= moment - at < timedelta(seconds=30)
    assert abs(moment - datetime.now(UTC)) < timedelta(seconds=30)


async def test_a_serialization_failure_is_tried_again(migrated_postgres_url):
    database = Database.open(migrated_postgres_url)
    tries = 0

    def clash(session: Session) -> int:
        nonlocal tries
        tries += 1
        if tries < 3:
            session.execute(text("DO $$ BEGIN RAISE EXCEPTION 'clash' USING ERRCODE = '40001'; END $$"))
        return tries

    try:
        assert await database.write(clash) == 3
    finally:
        await database.close()


def test_a_wrong_key_opens_nothing_and_says_so(sqlite_url):
    for key in ("c3" * 32, None, "not a key"):
        with pytest.raises(WrongKeyError):
            Database.open(sqlite_url, key=key)


async def test_the_file_shows_nothing_of_its_content(sqlite, sqlite_url):
    def work(session: Session) -> None:
        changes.start(session, AGENCY)
        touch(session, "a-very-telling-entity-id")

    await sqlite.write(work)

    path = sqlite_url.removeprefix("sqlite:///")
    for name in (path, f"{path}-wal"):
        with open(name, "rb") as file:  # noqa: ASYNC230, PTH123
            content = file.read()
        assert b"telling" not in content
        assert not content.startswith(b"SQLite format 3")
