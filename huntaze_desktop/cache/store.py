"""Opening the encrypted store: one writer connection, readers beside it, the key first on every connection.

SQLCipher through SQLAlchemy Core. The functions that read and write are in the modules beside this one and take a
connection; whoever owns the store decides on which thread they run.
"""

import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NewType, TypeVar

import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy import URL, Connection, Engine, create_engine, event, exc
from sqlalchemy.pool import QueuePool

from huntaze_desktop.cache.errors import CacheCorruptError, CacheError, SqliteTooOldError, WrongKeyError
from huntaze_desktop.cache.lock import ProfileLock
from huntaze_desktop.cache.migrations import migrate

CacheKey = NewType("CacheKey", str)
"""64 hexadecimal digits: 256 random bits, used as they are (no key derivation, which would cost 0.2 s a connection)."""

OLDEST_SQLITE = (3, 51, 3)
TIMELINE_CACHE_KIB = 65536
OTHER_CACHE_KIB = 8192
READERS = 2

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Role:
    begin: str
    cache_kib: int
    connections: int
    synchronous: str = "FULL"


_WRITER = _Role("BEGIN IMMEDIATE", OTHER_CACHE_KIB, 1)
_COPIER = _Role("BEGIN IMMEDIATE", OTHER_CACHE_KIB, 1, "NORMAL")
_READER = _Role("BEGIN", OTHER_CACHE_KIB, READERS)
_TIMELINE = _Role("BEGIN", TIMELINE_CACHE_KIB, 1)


class Cache:
    """An open store. `write` and `copy` are for one thread; `read` and `timeline` may run beside it and each other."""

    def __init__(self, path: Path, key: CacheKey, lock: ProfileLock) -> None:
        self.path = path
        self._lock = lock
        self._engines = {role: _engine(path, key, role) for role in (_WRITER, _COPIER, _READER, _TIMELINE)}

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction that is durable when this returns and leaves nothing when it raises."""
        return self._run(_WRITER, work)

    def copy(self, work: Callable[[Connection], T]) -> T:
        """As `write`, for what the server has anyway: the last ones may be undone by a power cut, whole and in order.

        Not waiting for the disk 400 times makes a first sync a fifth quicker.
        """
        return self._run(_COPIER, work)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a consistent snapshot."""
        return self._run(_READER, work)

    def timeline(self, work: Callable[[Connection], T]) -> T:
        """As `read`, on the connection whose page cache (64 MB) is kept for timelines: 4 times faster at a million."""
        return self._run(_TIMELINE, work)

    def close(self) -> None:
        """Close every connection and release the profile. Nothing may be running."""
        for engine in self._engines.values():
            engine.dispose()
        self._lock.release()

    def _run(self, role: _Role, work: Callable[[Connection], T]) -> T:
        try:
            with self._engines[role].begin() as connection:
                return work(connection)
        except exc.DatabaseError as error:
            if _code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise CacheCorruptError(f"the local store {self.path.name} is damaged") from error
            raise


def open_cache(path: Path, key: CacheKey) -> Cache:
    """Open the store at `path`, creating it where there is none, and bring its schema up to date.

    Raises WrongKeyError, CacheCorruptError, ProfileInUseError, SqliteTooOldError, or CacheError for a file of a newer
    version. No error changes the file.
    """
    if re.fullmatch(r"[0-9a-fA-F]{64}", key) is None:
        raise ValueError("a cache key is 64 hexadecimal digits")
    if sqlcipher.sqlite_version_info < OLDEST_SQLITE:
        raise SqliteTooOldError(f"SQLite {sqlcipher.sqlite_version} can corrupt a write-ahead log; 3.51.3 is needed")
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = ProfileLock(path.with_name(path.name + ".lock"))
    cache = Cache(path, key, lock)
    try:
        _check_key(cache)
        cache.write(migrate)
    except BaseException:
        cache.close()
        raise
    return cache


def _check_key(cache: Cache) -> None:
    try:
        cache.write(lambda connection: connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one())
    except CacheCorruptError as error:
        cause = error.__cause__
        if isinstance(cause, exc.DatabaseError) and _code(cause) == sqlite3.SQLITE_NOTADB:
            raise WrongKeyError(f"the key does not open {cache.path.name}") from None
        raise
    except exc.OperationalError as error:
        raise CacheError(f"the local store {cache.path} cannot be opened") from error


def _code(error: exc.DBAPIError) -> int | None:
    code = getattr(error.orig, "sqlite_errorcode", None)
    if isinstance(code, int):
        return code & 0xFF  # the primary code; the rest says more precisely where
    text = str(error.orig)
    if "not a database" in text:
        return sqlite3.SQLITE_NOTADB
    if "malformed" in text:
        return sqlite3.SQLITE_CORRUPT
    return None


def _engine(path: Path, key: CacheKey, role: _Role) -> Engine:
    engine = create_engine(
        URL.create("sqlite+pysqlcipher", password=f"x'{key}'", host="", database=str(path)),
        poolclass=QueuePool,
        pool_size=role.connections,
        max_overflow=0,
        # An exception must not carry what people wrote into a log.
        hide_parameters=True,
        connect_args={"check_same_thread": False},
    )

    def configure(raw: Any, _record: object) -> None:
        # The dialect has given the key by now; SQLCipher 4.7 and later refuses everything before that.
        raw.isolation_level = None
        for pragma in (
            "cipher_log_level = NONE",  # it writes to stderr otherwise
            f"cache_size = -{role.cache_kib}",
            "journal_mode = WAL",
            f"synchronous = {role.synchronous}",
            "busy_timeout = 5000",
            "foreign_keys = ON",
        ):
            raw.execute(f"PRAGMA {pragma}").close()

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(role.begin)

    event.listen(engine, "connect", configure)
    event.listen(engine, "begin", begin)
    return engine
