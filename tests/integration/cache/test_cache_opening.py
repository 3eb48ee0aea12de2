"""Opening the store: the key, the lock, the versions, and what stands in its files."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect

from huntaze_desktop.cache import (
    Cache,
    CacheCorruptError,
    CacheError,
    CacheKey,
    ProfileInUseError,
    SqliteTooOldError,
    WrongKeyError,
    apply,
    open_cache,
    outbox,
    store,
)
from huntaze_desktop.cache.migrations import MIGRATIONS, migrate
from huntaze_desktop.cache.schema import METADATA
from huntaze_desktop.cache.states import SQL_UNSETTLED
from tests.helpers.agency import KEY, NOON, Agency, changed


def pragma(cache: Cache, name: str) -> object:
    return cache.read(lambda c: c.exec_driver_sql(f"PRAGMA {name}").scalar_one())


def test_every_connection_is_set_up_for_durability(cache: Cache) -> None:
    assert pragma(cache, "journal_mode") == "wal"
    assert pragma(cache, "synchronous") == 2
    assert pragma(cache, "foreign_keys") == 1
    assert pragma(cache, "busy_timeout") == 5000
    assert pragma(cache, "cache_size") == -8192
    assert cache.timeline(lambda c: c.exec_driver_sql("PRAGMA cache_size").scalar_one()) == -65536


def test_a_wrong_key_is_told_apart_and_changes_nothing(path: Path) -> None:
    open_cache(path, CacheKey(KEY)).close()
    before = path.read_bytes()
    with pytest.raises(WrongKeyError):
        open_cache(path, CacheKey("00" * 32))
    assert path.read_bytes() == before
    open_cache(path, CacheKey(KEY)).close()


def test_a_key_of_another_form_is_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="64 hexadecimal"):
        open_cache(path, CacheKey("secret"))


def test_the_key_is_in_no_text_that_could_be_logged(cache: Cache) -> None:
    assert KEY not in repr(vars(cache))
    with pytest.raises(Exception) as caught:
        cache.read(lambda c: c.exec_driver_sql("SELECT nothing FROM nowhere WHERE x = ?", ("private words",)))
    assert KEY not in str(caught.value)
    assert "private words" not in str(caught.value)


def test_a_damaged_file_is_told_apart_and_kept(path: Path, agency: Agency) -> None:
    first = open_cache(path, CacheKey(KEY))
    fan = agency.fan()
    conversation = agency.conversation(fan)
    rows = [changed(fan), changed(conversation), *(changed(agency.message(conversation, "x" * 400)) for _ in range(99))]
    first.write(lambda c: apply.apply_changes(c, rows))
    first.close()
    damaged = bytearray(path.read_bytes())
    for at in range(8192, len(damaged), 4096):
        damaged[at] ^= 0xFF
    path.write_bytes(damaged)
    with pytest.raises(CacheCorruptError):
        second = open_cache(path, CacheKey(KEY))
        try:
            second.read(lambda c: c.exec_driver_sql("SELECT count(text) FROM messages").scalar_one())
        finally:
            second.close()
    assert path.exists()


def test_a_second_process_cannot_open_the_profile(cache: Cache) -> None:
    script = (
        "import sys, pathlib; from huntaze_desktop.cache import *\n"
        "try: open_cache(pathlib.Path(sys.argv[1]), sys.argv[2])\n"
        "except ProfileInUseError: sys.exit(7)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(cache.path), KEY], check=False, timeout=60)
    assert done.returncode == 7


def test_a_second_store_in_this_process_cannot_open_it_either(cache: Cache) -> None:
    with pytest.raises(ProfileInUseError):
        open_cache(cache.path, CacheKey(KEY))


def test_an_sqlite_that_corrupts_logs_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store.sqlcipher, "sqlite_version_info", (3, 51, 2))
    with pytest.raises(SqliteTooOldError):
        open_cache(path, CacheKey(KEY))
    assert not path.exists()


def test_nothing_that_people_wrote_stands_readable_in_the_files(path: Path, agency: Agency) -> None:
    cache = open_cache(path, CacheKey(KEY))
    fan = agency.fan("Zebediah Marker")
    conversation = agency.conversation(fan)
    rows = [changed(fan), changed(conversation), changed(agency.message(conversation, "incomingmarker"))]
    cache.write(lambda c: apply.apply_changes(c, rows))
    cache.write(lambda c: outbox.put(c, conversation.id, "outgoingmarker", NOON))
    cache.write(lambda c: outbox.save_draft(c, conversation.id, "draftmarker", NOON))
    files = [file for file in path.parent.iterdir() if file.suffix != ".lock"]
    assert {file.name for file in files} >= {"cache.db", "cache.db-wal"}
    for content in [file.read_bytes() for file in files]:
        for marker in (
            b"Zebediah",
            b"zebediah",
            b"incomingmarker",
            b"outgoingmarker",
            b"draftmarker",
            b"SQLite format",
        ):
            assert marker not in content
    cache.close()


def test_the_tables_of_the_schema_are_the_tables_of_the_file(cache: Cache) -> None:
    def columns(connection: Connection) -> dict[str, list[str]]:
        found = inspect(connection)
        return {name: [column["name"] for column in found.get_columns(name)] for name in METADATA.tables}

    assert cache.read(columns) == {name: list(table.c.keys()) for name, table in METADATA.tables.items()}


def test_the_index_of_unsettled_messages_has_the_condition_that_queries_use(cache: Cache) -> None:
    sql = cache.read(
        lambda c: c.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'messages_unsettled'").scalar_one()
    )
    assert SQL_UNSETTLED in " ".join(sql.split())


def test_a_migration_runs_once_and_keeps_what_is_there(path: Path) -> None:
    cache = open_cache(path, CacheKey(KEY))
    cache.write(lambda c: outbox.save_draft(c, "conversation", "half a thought", NOON))

    def add_column(connection: Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE drafts ADD COLUMN mood TEXT")

    assert cache.write(lambda c: migrate(c, (*MIGRATIONS, add_column))) == len(MIGRATIONS)
    assert cache.write(lambda c: migrate(c, (*MIGRATIONS, add_column))) == len(MIGRATIONS) + 1
    assert cache.read(lambda c: outbox.draft(c, "conversation")) == "half a thought"
    cache.close()
    with pytest.raises(CacheError, match="Update Huntaze"):
        open_cache(path, CacheKey(KEY))


def test_a_failed_migration_leaves_the_old_version(cache: Cache) -> None:
    def broken(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE half (x)")
        raise RuntimeError("out of paper")

    with pytest.raises(RuntimeError, match="paper"):
        cache.write(lambda c: migrate(c, (*MIGRATIONS, broken)))
    assert pragma(cache, "user_version") == len(MIGRATIONS)
    assert not cache.read(lambda c: inspect(c).has_table("half"))
