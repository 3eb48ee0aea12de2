"""What an administrator does without a running service: migrate, and make the first owner."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import TypeVar

from huntaze_backend.serve.failures import StartError, give_up
from huntaze_backend.serve.options import Owner, load_settings

__all__ = ["create_owner", "migrate"]

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


def _run(work: Coroutine[object, object, T]) -> T:
    from huntaze_backend.core import logs

    logs.configure()
    try:
        return asyncio.run(work)
    except StartError as error:
        give_up(error)
