"""What an administrator does beside the service: migrate, make the first owner, back up and restore."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from huntaze_backend.serve.failures import StartError, give_up
from huntaze_backend.serve.options import Owner, load_settings

if TYPE_CHECKING:
    from huntaze_backend.serve.backups import Restored

__all__ = ["after_restore", "back_up", "create_owner", "migrate", "restore", "say_why"]

T = TypeVar("T")


def migrate(data: Path | None = None) -> None:
    """Bring the database to the present schema. Ends the process with a clear line if that cannot be."""
    from huntaze_backend.serve.installation import open_installation

    async def work() -> None:
        async with open_installation(load_settings(), data):
            pass

    _run(work())


def create_owner(owner: Owner, data: Path | None = None) -> bool:
    """Make the first owner and the agency; False if somebody can sign in already."""
    from huntaze_backend.serve.installation import add_first_owner, open_installation

    async def work() -> bool:
        async with open_installation(load_settings(), data) as installation:
            return await add_first_owner(installation.database, owner)

    return _run(work())


def back_up(file: Path, data: Path | None = None) -> None:
    """Copy the embedded database to a new file, encrypted with the same key, while a service may work on it."""
    from huntaze_backend.serve import backups

    say_why(lambda: backups.back_up(load_settings(), data, file))


def restore(file: Path, data: Path | None = None) -> "Restored":
    """Put a backup in the place of the embedded database, which is kept aside."""
    from huntaze_backend.serve import backups

    return say_why(lambda: backups.restore(load_settings(), data, file))


def after_restore(data: Path | None = None) -> int:
    """Make a database that other tools put back fit to be served; how many messages are looked for."""
    from huntaze_backend.serve import backups

    return say_why(lambda: backups.after_restore(load_settings(), data))


def _run(work: Coroutine[object, object, T]) -> T:
    return say_why(lambda: asyncio.run(work))


def say_why(work: Callable[[], T]) -> T:
    """Do it; a reason that an administrator can act on ends the process with a clear line."""
    from huntaze_backend.core import logs

    logs.configure()
    try:
        return work()
    except StartError as error:
        give_up(error)
