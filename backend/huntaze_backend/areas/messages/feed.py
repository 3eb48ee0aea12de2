"""Everything that comes from the platforms, put together: webhooks are asked for, histories read, accounts watched.

The worker runs one feed. Domain events make it quick; what they tell stands in the database as well, and the feed looks
there when it starts and every few seconds, because another process may have made a connection.
"""

import asyncio
from collections.abc import Callable
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.messages import inbound
from huntaze_backend.areas.messages.backfill import Backfills
from huntaze_backend.areas.messages.inbound import LookAgain
from huntaze_backend.areas.messages.poller import Poller
from huntaze_backend.areas.messages.readers import Readers
from huntaze_backend.core.db import Database
from huntaze_backend.core.secrets import SecretBox
from huntaze_backend.engines.gateways.reading import GatewayError
from huntaze_backend.events import (
    BackfillRequested,
    ConnectionCreated,
    ConnectionDeleted,
    CreatorStateChanged,
    EventBus,
)

log = structlog.get_logger(__name__)

HOOK_PATH = "/api/webhooks/platform/"
_LOOK_EVERY_S = 5.0
_TIDY_EVERY_S = 3600.0


class PlatformFeed:
    """Webhook registration, backfills and the poller, under one roof and one stop."""

    def __init__(
        self,
        db: Database,
        bus: EventBus,
        readers: Readers,
        backfills: Backfills,
        poller: Poller,
        box: SecretBox,
        own_url: Callable[[], str | None],
    ) -> None:
        """Args: own_url: where the platform reaches this backend, without a path; None if it cannot."""
        self._db = db
        self._readers = readers
        self._backfills = backfills
        self._poller = poller
        self._box = box
        self._own_url = own_url
        self._bus = bus
        self._asked: set[str] = set()
        self._look = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`: then everything under way is broken off; the next start goes on with it."""
        self._listen()
        tidied: float | None = None
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._look.clear()
                try:
                    await self._look_around()
                    if tidied is None or self._db.clock.monotonic() - tidied >= _TIDY_EVERY_S:
                        await self._db.write(inbound.forget_old)
                        tidied = self._db.clock.monotonic()
                except (OSError, SQLAlchemyError):
                    log.warning("the database cannot be asked what to read", exc_info=True)
                looking = asyncio.create_task(self._look.wait())
                await asyncio.wait({stopping, looking}, timeout=_LOOK_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
                looking.cancel()
        finally:
            stopping.cancel()
            await self._poller.close()
            await self._backfills.close()
            await self._readers.close()

    def _listen(self) -> None:
        """Here and not when it is made: a process without a worker reads no platform."""
        for kind in (ConnectionCreated, BackfillRequested, ConnectionDeleted, CreatorStateChanged):
            self._bus.subscribe(kind, lambda _: self._look.set())
        self._bus.subscribe(CreatorStateChanged, lambda event: self._poller.wake(event.creator_id))
        self._bus.subscribe(LookAgain, lambda event: self._poller.wake(event.creator_id))

    async def _look_around(self) -> None:
        """Bring what runs in line with the connections there are."""
        connection_ids = await self._db.read(_connection_ids)
        await self._backfills.keep(connection_ids)
        await self._poller.refresh()
        await self._readers.keep(connection_ids)
        for connection_id in connection_ids:
            if connection_id not in self._asked and await self._ask_for_webhooks(connection_id):
                self._asked.add(connection_id)

    async def _ask_for_webhooks(self, connection_id: str) -> bool:
        """Without webhooks the poller finds everything too, only later: a failure is logged and tried again."""
        url = self._own_url()
        reader = await self._readers.of(connection_id)
        if url is None or reader is None:
            return False
        secret = await self._db.read(partial(_secret, connection_id, self._box))
        try:
            await reader.ensure_webhook(url.rstrip("/") + HOOK_PATH + connection_id, inbound.EVENTS, secret)
        except GatewayError as error:
            log.warning("the platform does not take our webhook", connection_id=connection_id, trouble=str(error))
            return False
        return True


def _connection_ids(session: Session) -> list[str]:
    return [row.id for row in accounts.connections(session)]


def _secret(connection_id: str, box: SecretBox, session: Session) -> str:
    return accounts.webhook_secret(accounts.connection(session, connection_id), box)
