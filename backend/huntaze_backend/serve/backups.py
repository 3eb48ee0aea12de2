"""Backups of the embedded database: made while the service runs, and put back with a new epoch.

A restored database is not a continuation of what clients saw. Every cursor is void (they take a snapshot, and keep
their drafts and outboxes), and what waited to be sent is first looked for on the platform (areas/messages/restored.py).
"""

import asyncio
import contextlib
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from huntaze_backend import migrations
from huntaze_backend.app import Adapters
from huntaze_backend.areas.messages import restored
from huntaze_backend.core import changes, copies
from huntaze_backend.core.copies import DamagedError
from huntaze_backend.core.db import Database, WrongKeyError
from huntaze_backend.serve.failures import StartError
from huntaze_backend.serve.installation import DATABASE_FILE, only_one, open_installation
from huntaze_backend.settings import Settings

__all__ = ["Restored", "after_restore", "back_up", "restore"]


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did."""

    kept: Path | None
    """Folder of the database that was there before."""
    looked_for: int
    """Messages that waited when the backup was made: each is looked for on the platform."""


def back_up(settings: Settings, data: Path | None, file: Path) -> None:
    """Copy the database to `file`, with the same key; a service may go on working. Raises: StartError."""
    source = _folder(settings, data) / DATABASE_FILE
    if not source.exists():
        raise StartError("NO_DATABASE", f"There is no {DATABASE_FILE} in {source.parent}.")
    try:
        # Made here and by nobody else: a backup never writes over another one.
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError as error:
        raise StartError("FILE_EXISTS", f"{file} is there already; nothing was written.") from error
    except OSError as error:
        raise StartError("BAD_BACKUP", f"{file} cannot be written ({error.strerror}).") from error
    try:
        copies.copy(source, file, _key(settings))
        _to_disk(file)
    except BaseException as error:
        file.unlink(missing_ok=True)
        if isinstance(error, WrongKeyError):
            raise StartError("WRONG_KEY", "The database is encrypted with another key.") from error
        if isinstance(error, DamagedError | OSError):
            raise StartError("BAD_BACKUP", f"The database could not be copied: {error}") from error
        raise


def restore(settings: Settings, data: Path | None, file: Path) -> Restored:
    """Put a backup in the place of the database, which is kept aside. Raises: StartError; then nothing was changed."""
    folder, key = _folder(settings, data), _key(settings)
    if not file.is_file():
        raise StartError("BAD_BACKUP", f"There is no file {file}.")
    with only_one(folder):
        present, coming = folder / DATABASE_FILE, folder / f"{DATABASE_FILE}.restoring"
        _remove(coming)
        try:
            copies.check(file, key)
            copies.copy(file, coming, key)
            looked_for = asyncio.run(_begin_anew_in(coming, key))
            copies.settle(coming, key)
            _to_disk(coming)
        except WrongKeyError as error:
            raise StartError("WRONG_KEY", "The backup is encrypted with another key. Nothing was changed.") from error
        except (DamagedError, SQLAlchemyError, CommandError, OSError) as error:
            raise StartError("BAD_BACKUP", f"The backup cannot be used ({type(error).__name__}: {error}).") from error
        kept = _set_aside(present, key) if present.exists() else None
        coming.replace(present)
        return Restored(kept, looked_for)


def after_restore(settings: Settings, data: Path | None) -> int:
    """Make a database that other tools put back fit to be served: with a new epoch, and nothing taken for granted.

    Run it before any service does. Returns how many messages are looked for. Raises: StartError.
    """

    async def work() -> int:
        async with open_installation(settings, data) as installation:
            return await installation.database.write(_begin_anew)

    return asyncio.run(work())


async def _begin_anew_in(path: Path, key: str | None) -> int:
    database = Database.open(f"sqlite:///{path}", key=key)
    try:
        await database.write(migrations.upgrade)
        return await database.write(_begin_anew)
    finally:
        await database.close()


def _begin_anew(session: Session) -> int:
    used = Adapters()
    changes.renew_epochs(session)
    return restored.distrust(session, used.rate_gate, used.policy)


def _set_aside(present: Path, key: str | None) -> Path:
    """Give the present database a second name in a folder of its own, so that at every moment one is in its place."""
    with contextlib.suppress(WrongKeyError, DamagedError):  # a broken one is kept as it is, with its log
        copies.settle(present, key)
    aside = present.with_name(f"replaced-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}")
    aside.mkdir(mode=0o700)
    for log in (present.with_name(present.name + suffix) for suffix in ("-wal", "-shm")):
        if log.exists():
            log.replace(aside / log.name)
    try:
        os.link(present, aside / present.name)
    except OSError:  # a file system without links
        shutil.copy2(present, aside / present.name)
    return aside


def _folder(settings: Settings, data: Path | None) -> Path:
    if settings.database_url is not None:
        raise StartError(
            "NOT_EMBEDDED",
            "The data is in PostgreSQL: use pg_dump and pg_restore, then `huntaze backend after-restore`.",
        )
    folder = data or settings.data
    if folder is None:
        raise StartError("NO_DATABASE", "Name the data folder (--data or HUNTAZE_DATA).")
    return folder


def _key(settings: Settings) -> str | None:
    return settings.database_key.get_secret_value() if settings.database_key else None


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())
