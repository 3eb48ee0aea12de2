"""Databases of both kinds, migrated, empty, and each test's own."""

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from huntaze_backend import migrations
from huntaze_backend.core.db import Database

DATABASE_KEY = "5a" * 32


async def _migrate(url: str, key: str | None) -> None:
    database = Database.open(url, key=key)
    try:
        await database.write(migrations.upgrade)
    finally:
        await database.close()


def migrated(url: str, key: str | None = None) -> None:
    """Give the database of this address all tables."""
    # In a thread of its own: a loop of the test's may be running in this one.
    thread = threading.Thread(target=lambda: asyncio.run(_migrate(url, key)))
    thread.start()
    thread.join()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encrypted SQLite file with all tables, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "huntaze.db"
    migrated(f"sqlite:///{path}", DATABASE_KEY)
    return path


@pytest.fixture
def sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    """A migrated, encrypted file of this test's own; its key is `DATABASE_KEY`."""
    copy = tmp_path / "huntaze.db"
    shutil.copy(migrated_file, copy)
    return f"sqlite:///{copy}"


@pytest.fixture
def migrated_postgres_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated PostgreSQL database of this test's own."""
    server = request.getfixturevalue("postgres_server")
    name = server.create(server.template("huntaze", migrated))
    yield server.url(name)
    server.drop(name)


@pytest.fixture
async def sqlite(sqlite_url: str) -> AsyncIterator[Database]:
    """The embedded database."""
    database = Database.open(sqlite_url, key=DATABASE_KEY)
    yield database
    await database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """Each of the two databases in turn, with all tables."""
    if request.param == "sqlite":
        opened = Database.open(request.getfixturevalue("sqlite_url"), key=DATABASE_KEY)
    else:
        opened = Database.open(request.getfixturevalue("migrated_postgres_url"))
    yield opened
    await opened.close()
