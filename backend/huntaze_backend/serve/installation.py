"""Opens an installation: its database, migrated, with its secrets and, on the first start, its owner."""

import contextlib
import os
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from huntaze_backend import migrations
from huntaze_backend.areas.accounts.members import NewOwner, has_members
from huntaze_backend.areas.accounts.members import create_owner as add_owner
from huntaze_backend.areas.accounts.passwords import Passwords
from huntaze_backend.core.db import Database, OldSqliteError, WrongKeyError
from huntaze_backend.core.installation import InstallationSecrets, SecretsMissingError, load_secrets
from huntaze_backend.serve.failures import StartError
from huntaze_backend.serve.options import Owner
from huntaze_backend.settings import Settings

__all__ = ["DATABASE_FILE", "Installation", "add_first_owner", "only_one", "open_installation", "owner_of"]

DATABASE_FILE = "huntaze.db"
"""Name of the embedded database in its data folder."""
_LOCK_FILE = "huntaze.lock"


@dataclass(frozen=True, slots=True)
class Installation:
    """An open, migrated database and the secrets that belong to it."""

    database: Database
    secrets: InstallationSecrets


@contextlib.asynccontextmanager
async def open_installation(settings: Settings, data: Path | None) -> AsyncIterator[Installation]:
    """Open, migrate, and close again at the end. Raises: StartError."""
    folder = data or settings.data
    with only_one(folder) if folder is not None and settings.database_url is None else contextlib.nullcontext():
        database = _open(settings, folder)
        try:
            secrets = await _prepare(database, settings)
            yield Installation(database, secrets)
        finally:
            await database.close()


async def add_first_owner(database: Database, owner: Owner) -> bool:
    """Make the owner if nobody can sign in yet; whether that was so."""
    if await database.read(has_members):
        return False
    password_hash = await Passwords().hash(owner.password.get_secret_value())
    wanted = NewOwner(owner.agency, owner.name, owner.email, password_hash)

    def work(session: Session) -> bool:
        if has_members(session):  # another replica was quicker
            return False
        add_owner(session, wanted)
        return True

    return await database.write(work)


def owner_of(settings: Settings) -> Owner | None:
    """The owner that the environment names. Raises: StartError if it cannot be one."""
    if settings.owner_email is None or settings.owner_password is None:
        return None
    try:
        return Owner(
            email=settings.owner_email,
            password=settings.owner_password,
            name=settings.owner_name,
            agency=settings.agency_name,
        )
    except ValidationError as error:
        wrong = ", ".join(str(item["loc"][0]) for item in error.errors())
        raise StartError("BAD_SETTINGS", f"The first owner is not valid: {wrong}.") from error


def _open(settings: Settings, folder: Path | None) -> Database:
    key = settings.database_key.get_secret_value() if settings.database_key else None
    try:
        if settings.database_url is not None:
            return Database.open(_with_driver(settings.database_url.get_secret_value()))
        if folder is None:
            raise StartError("NO_DATABASE", "Name a folder (--data or HUNTAZE_DATA) or a database (DATABASE_URL).")
        return Database.open(f"sqlite:///{folder / DATABASE_FILE}", key=key)
    except WrongKeyError as error:
        raise StartError("WRONG_KEY", "The database is encrypted with another key. Nothing was changed.") from error
    except OldSqliteError as error:
        raise StartError("OLD_SQLITE", str(error)) from error
    except (SQLAlchemyError, ValueError, OSError) as error:
        raise StartError("DATABASE_FAILED", f"The database cannot be opened ({type(error).__name__}).") from error


async def _prepare(database: Database, settings: Settings) -> InstallationSecrets:
    jwt_secret, sealing = settings.jwt_secret, settings.token_encryption_key
    given_jwt = jwt_secret.get_secret_value() if jwt_secret else None
    given_sealing = sealing.get_secret_value() if sealing else None
    encrypted = database.embedded and settings.database_key is not None
    try:
        await database.write(migrations.upgrade)
        return await database.write(
            lambda session: load_secrets(
                session, jwt_secret=given_jwt, token_encryption_key=given_sealing, encrypted=encrypted
            )
        )
    except SecretsMissingError as error:
        raise StartError("SECRETS_MISSING", str(error)) from error
    except (SQLAlchemyError, OSError) as error:
        raise StartError("DATABASE_FAILED", f"The database cannot be prepared ({type(error).__name__}).") from error


def _with_driver(url: str) -> str:
    for plain in ("postgresql://", "postgres://"):
        if url.startswith(plain):
            return "postgresql+asyncpg://" + url.removeprefix(plain)
    return url


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the folder's lock: a second service would take the first one's open sends for crashed ones."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / _LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StartError("DATABASE_FAILED", f"The data folder cannot be used ({type(error).__name__}).") from error
    try:
        try:
            _lock(handle)
        except OSError as error:
            raise StartError("ALREADY_RUNNING", "Another service works in this data folder.") from error
        yield
    finally:
        os.close(handle)  # which gives the lock back, as the death of the process would


def _lock(handle: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
