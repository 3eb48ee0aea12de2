"""Copies of the embedded database: made while a service works on it, and checked before anybody relies on one."""

import re
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2

from huntaze_backend.core.embedded import WrongKeyError

__all__ = ["DamagedError", "check", "copy", "settle"]

_KEY = re.compile(r"[0-9a-f]{64}")


class DamagedError(Exception):
    """The file is a database, but not a whole one."""


def copy(source: Path, target: Path, key: str | None) -> None:
    """Copy a database, with all that is committed at this moment, to a file that does not exist or is empty.

    The copy is encrypted with the same key. Raises: WrongKeyError, DamagedError.
    """
    found = _open(source, key)
    try:
        made = dbapi2.connect(str(target), isolation_level=None)
        try:
            _unlock(made, key)
            found.backup(made)
        finally:
            made.close()
    finally:
        found.close()
    check(target, key)


def check(path: Path, key: str | None) -> None:
    """Read every page. Raises: WrongKeyError, DamagedError."""
    connection = _open(path, key)
    try:
        answers = [row[0] for row in connection.execute("PRAGMA integrity_check")]
    except dbapi2.DatabaseError as error:
        raise DamagedError(str(error)) from error
    finally:
        connection.close()
    if answers != ["ok"]:
        raise DamagedError(str(answers[0]))


def settle(path: Path, key: str | None) -> None:
    """Bring what its write-ahead log holds into the file. Raises: WrongKeyError, DamagedError."""
    connection = _open(path, key)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except dbapi2.DatabaseError as error:
        raise DamagedError(str(error)) from error
    finally:
        connection.close()


def _open(path: Path, key: str | None) -> Any:
    connection = dbapi2.connect(str(path), isolation_level=None)
    try:
        _unlock(connection, key)
        connection.execute("PRAGMA busy_timeout = 5000")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except dbapi2.DatabaseError as error:
        connection.close()
        raise WrongKeyError("the database is encrypted with another key, or it is no database") from error
    return connection


def _unlock(connection: Any, key: str | None) -> None:
    if key is not None and not _KEY.fullmatch(key):
        raise WrongKeyError("a database key is 64 hex digits in lower case")
    connection.execute("PRAGMA cipher_log_level = NONE")
    if key is not None:
        connection.execute(f"PRAGMA key = \"x'{key}'\"")
