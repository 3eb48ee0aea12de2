"""The embedded database: SQLCipher, with one writer thread and four readers.

SQLite admits one writer at a time. A thread that owns the only writing connection turns that into a queue in memory
instead of a busy loop on a file lock, and readers go on undisturbed on their own snapshots (WAL).
"""

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool, StaticPool
from sqlcipher3 import dbapi2

__all__ = ["EmbeddedStore", "OldSqliteError", "WrongKeyError"]

T = TypeVar("T")
READERS = 4
_FIRST_SAFE_WAL = (3, 51, 3)
_WRITER_CACHE_KIB = 32 * 1024
_READER_CACHE_KIB = 16 * 1024  # four of them: 64 MB for the timelines in all
_KEY = re.compile(r"[0-9a-f]{64}")
_NOT_A_DATABASE = "file is not a database"


class WrongKeyError(Exception):
    """The file is encrypted with another key, or it is no database at all."""


class OldSqliteError(Exception):
    """SQLite 3.7.0 to 3.51.2 can corrupt a write-ahead log when it is reset."""


class EmbeddedStore:
    """Runs units of work on a SQLite file."""

    dialect = "sqlite"

    def __init__(self, path: str, key: str | None) -> None:
        if dbapi2.sqlite_version_info < _FIRST_SAFE_WAL:
            raise OldSqliteError(f"SQLite {dbapi2.sqlite_version}: before 3.51.3 its write-ahead log is not safe")
        if key is not None and not _KEY.fullmatch(key):
            raise WrongKeyError("a database key is 64 hex digits in lower case")
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._writer_engine = _engine(path, key, writes=True)
        self._reader_engine = _engine(path, key, writes=False)
        try:
            with self._writer_engine.connect():
                pass  # opening is what proves the key
        except BaseException:
            self._writer_engine.dispose()
            raise
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="db-writer")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="db-reader")

    async def write(self, work: Callable[[Session], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, _run, self._writer_engine, work)

    async def read(self, work: Callable[[Session], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, _run, self._reader_engine, work)

    async def close(self) -> None:
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._readers.shutdown(wait=True)
        self._writer.shutdown(wait=True)
        self._reader_engine.dispose()
        with self._writer_engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA optimize")
        self._writer_engine.dispose()


def _run(engine: Engine, work: Callable[[Session], T]) -> T:
    # Services hand rows' values to the event loop after the commit: they must not be reloaded there.
    with Session(engine, expire_on_commit=False) as session:
        return work(session)


def _engine(path: str, key: str | None, *, writes: bool) -> Engine:
    def connect() -> Any:
        return _connect(path, key, writes=writes)

    pool: dict[str, Any] = (
        {"poolclass": StaticPool}
        if writes
        else {"poolclass": QueuePool, "pool_size": READERS, "max_overflow": 0, "pool_reset_on_return": "rollback"}
    )
    engine = create_engine("sqlite://", module=dbapi2, creator=connect, **pool)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that turns into a writing one half-way can fail; this one waits before it starts.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _connect(path: str, key: str | None, *, writes: bool) -> Any:
    connection = dbapi2.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA cipher_log_level = NONE")
        if key is not None:
            connection.execute(f"PRAGMA key = \"x'{key}'\"")  # a raw key: 0.2 ms to open, a passphrase 200 ms
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            f"cache_size = -{_WRITER_CACHE_KIB if writes else _READER_CACHE_KIB}",
            "busy_timeout = 5000",
            "foreign_keys = ON",
            f"query_only = {'OFF' if writes else 'ON'}",
        ):
            connection.execute(f"PRAGMA {pragma}")
    except dbapi2.DatabaseError as error:
        connection.close()
        if _NOT_A_DATABASE in str(error):
            raise WrongKeyError("the database is encrypted with another key, or it is no database") from error
        raise
    return connection
