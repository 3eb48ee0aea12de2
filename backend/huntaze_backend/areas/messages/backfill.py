"""Reads the whole history of a connection's accounts when it is made, and again when someone asks.

Fans, chats and money first, so that the list fills at once; then every chat, the newest first, several at a time. A
conversation that was read to its beginning says so in its row: after a restart only the others are read. What is there
already is not written again.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.fans.intake import Source
from huntaze_backend.areas.messages.inbound import LookAgain
from huntaze_backend.areas.messages.readers import Patience, Readers
from huntaze_backend.areas.messages.sweep import Pace, Sweep
from huntaze_backend.areas.messages.tables import MessageRow
from huntaze_backend.core.db import Database
from huntaze_backend.core.errors import NotFoundError
from huntaze_backend.engines.gateways.reading import GatewayError, PlatformReader, Trouble
from huntaze_backend.events import emit
from huntaze_contract.wire import Backfill, CreatorState

log = structlog.get_logger(__name__)

_SAID = {
    Trouble.UNAUTHORIZED: "The platform does not accept the key any more. Connect it again with a new one.",
    Trouble.SESSION_EXPIRED: "An account is logged out at the platform. Log it in there, then read the history again.",
    Trouble.THROTTLED: "The platform asked for a pause again and again. Read the history again later.",
    Trouble.UNREACHABLE: "The platform could not be reached. Read the history again when it is back.",
    Trouble.NOT_FOUND: "The platform did not find something that it had listed. Read the history again.",
    Trouble.REFUSED: "The platform refused to show something. Read the history again later.",
    Trouble.PLATFORM_ERROR: "The platform answered with errors. Read the history again later.",
    Trouble.MALFORMED: "The platform answered in a way that is not understood. Read the history again later.",
}


@dataclass(slots=True)
class _Progress:
    """How far a connection's history was read; one object for all of its accounts."""

    done: int = 0
    total: int = 0
    messages: int = 0

    def wire(self, state: str, error: str | None = None) -> Backfill:
        return Backfill(
            state=state,
            conversations_done=self.done,
            conversations_total=self.total,
            messages=self.messages,
            error=error,
        )


class Backfills:
    """Runs a backfill per connection, each in a task."""

    def __init__(self, db: Database, readers: Readers, pace: Pace | None = None) -> None:
        self._db = db
        self._readers = readers
        self._pace = pace or Pace()
        self._running: dict[str, asyncio.Task[None]] = {}

    def start(self, connection_id: str) -> None:
        """Begin to read a connection's history, unless it is being read."""
        if connection_id not in self._running:
            task = asyncio.get_running_loop().create_task(self._guarded(connection_id))
            self._running[connection_id] = task
            task.add_done_callback(lambda _: self._running.pop(connection_id, None))

    async def keep(self, connection_ids: Collection[str]) -> None:
        """Go on with what was asked for, or interrupted by a restart; stop what reads a connection that is gone."""
        for connection_id in self._running.keys() - set(connection_ids):
            await self.cancel(connection_id)
        for connection_id in await self._db.read(_unfinished):
            self.start(connection_id)

    async def cancel(self, connection_id: str) -> None:
        """Stop reading a connection's history."""
        task = self._running.get(connection_id)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def close(self) -> None:
        for connection_id in list(self._running):
            await self.cancel(connection_id)

    async def read(self, connection_id: str) -> Backfill:
        """Read a connection's history to its end, or to what stands in the way of it. Returns how it ended."""
        reader = await self._readers.of(connection_id)
        if reader is None:
            raise NotFoundError("There is no such connection.")
        progress = _Progress()
        await self._note(connection_id, progress.wire("running"))
        sources = await self._db.read(partial(_sources, connection_id))
        slots = asyncio.Semaphore(self._pace.parallel)
        async with asyncio.TaskGroup() as tasks:
            accounts_ = [
                tasks.create_task(self._account(connection_id, reader, source, slots, progress)) for source in sources
            ]
        trouble = next((task.result() for task in accounts_ if task.result() is not None), None)
        ended = progress.wire("done") if trouble is None else progress.wire("failed", _SAID[trouble.kind])
        await self._db.write(partial(_end, connection_id, ended, sources))
        log.info("backfill ended", connection_id=connection_id, state=ended.state, messages=ended.messages)
        return ended

    async def _guarded(self, connection_id: str) -> None:
        try:
            await self.read(connection_id)
        except NotFoundError:
            log.info("the connection was removed while its history was read", connection_id=connection_id)
        except Exception:
            # Whatever it was, nobody waits for this task: it must be seen where people look.
            log.exception("backfill broke off", connection_id=connection_id)
            said = "Reading the history broke off. Read it again; if it goes on, send the logs to support."
            await self._note(connection_id, Backfill(state="failed", error=said))

    async def _account(
        self,
        connection_id: str,
        reader: PlatformReader,
        source: Source,
        slots: asyncio.Semaphore,
        progress: _Progress,
    ) -> GatewayError | None:
        """Read one account; its trouble does not keep the others from being read."""
        sweep = Sweep(self._db, reader, source, self._pace, slots, Patience(self._db.clock, tries=self._pace.tries))

        async def stored(conversations: int, messages: int) -> None:
            progress.done += conversations
            progress.messages += messages
            await self._note(connection_id, progress.wire("running"))

        try:
            await sweep.fans()
            unread, listed = await sweep.chats(full=True)
            progress.total += listed
            there = await self._db.read(partial(_stored_messages, source))
            await stored(listed - len(unread), there)
            await sweep.money()
            troubles = await sweep.read(unread, stored)
        except GatewayError as error:
            if error.kind is Trouble.SESSION_EXPIRED:
                await self._db.write(partial(_logged_out, source))
            log.warning("an account's history cannot be read", creator_id=source.creator_id, trouble=str(error))
            return error
        return troubles[0] if troubles else None

    async def _note(self, connection_id: str, progress: Backfill) -> None:
        await self._db.write(lambda session: accounts.set_backfill(session, connection_id, progress))


def _end(connection_id: str, ended: Backfill, sources: Sequence[Source], session: Session) -> None:
    accounts.set_backfill(session, connection_id, ended)
    for source in sources:
        emit(session, LookAgain(source.creator_id))  # the poller kept away, and something came meanwhile


def _unfinished(session: Session) -> list[str]:
    return [row.id for row in accounts.connections(session) if row.backfill_state in {"waiting", "running"}]


def _sources(connection_id: str, session: Session) -> list[Source]:
    return [
        Source(row.id, row.agency_id, row.platform_account_id)
        for row in accounts.creators_of_connection(session, connection_id)
    ]


def _stored_messages(source: Source, session: Session) -> int:
    # Without the timeline's rows of money: they are not messages of the platform.
    from_platform = (MessageRow.creator_id == source.creator_id, MessageRow.platform_id.is_not(None))
    return session.execute(select(func.count()).select_from(MessageRow).where(*from_platform)).scalar_one()


def _logged_out(source: Source, session: Session) -> None:
    row = accounts.creator(session, source.agency_id, source.creator_id)
    accounts.set_creator_state(session, row, CreatorState.SESSION_EXPIRED)
