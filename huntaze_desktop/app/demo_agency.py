"""Filling the demo agency: connect the sandbox's accounts to the backend and wait until their history is read."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from huntaze_contract.wire import Connection, NewConnection

__all__ = ["FillFailedError", "Filling", "fill"]

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.25


class FillFailedError(Exception):
    """The history could not be read; the text is the backend's."""


@dataclass(frozen=True, slots=True)
class Filling:
    """How far the history is read."""

    conversations_done: int
    conversations_total: int
    messages: int


class Backend(Protocol):
    """The calls that filling needs; `engine.Engine` fits."""

    async def platform_connections(self) -> list[Connection]: ...
    async def connect_platform(self, platform: str, base_url: str, api_key: str) -> Connection: ...
    async def forget_platform(self, connection_id: str) -> None: ...


async def fill(backend: Backend, sandbox: NewConnection, tell: Callable[[Filling], None]) -> None:
    """Connect the sandbox, unless it is connected already, and wait for its history to be read.

    Raises FillFailedError.
    """
    connection = await _connected(backend, sandbox)
    while connection.backfill.state not in ("done", "failed"):
        _tell(connection, tell)
        await asyncio.sleep(LOOK_EVERY_S)
        known = {found.id: found for found in await backend.platform_connections()}
        connection = known.get(connection.id, connection)
    if connection.backfill.state == "failed":
        raise FillFailedError(connection.backfill.error or "The history of the demo agency could not be read.")
    _tell(connection, tell)


async def _connected(backend: Backend, sandbox: NewConnection) -> Connection:
    for found in await backend.platform_connections():
        if found.base_url == sandbox.base_url:
            return found
        # Another program took last time's port, so the sandbox has moved; its accounts come along to the new address.
        await backend.forget_platform(found.id)
    return await backend.connect_platform(sandbox.platform, sandbox.base_url, sandbox.api_key.get_secret_value())


def _tell(connection: Connection, tell: Callable[[Filling], None]) -> None:
    progress = connection.backfill
    tell(Filling(progress.conversations_done, progress.conversations_total, progress.messages))
