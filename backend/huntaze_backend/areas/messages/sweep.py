"""One pass over an account at the platform: fans, chats, money, and the messages of chats that have more than was read.

Backfill and poller differ only in how much of this they ask for. Reads run in parallel, writes in batches, and no
network call stands inside a unit of work.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from sqlalchemy.orm import Session

from huntaze_backend.areas.fans import intake as fans
from huntaze_backend.areas.fans.intake import Source
from huntaze_backend.areas.messages import money
from huntaze_backend.areas.messages.chats import put_chats
from huntaze_backend.areas.messages.history import ChatRead, Unread, find_unread, read_chat, store_reads
from huntaze_backend.areas.messages.readers import Patience
from huntaze_backend.areas.messages.tables import AccountMarkRow
from huntaze_backend.core.db import Database
from huntaze_backend.engines.gateways.reading import (
    ChatPage,
    GatewayError,
    PlatformFan,
    PlatformReader,
    PlatformTransaction,
    Trouble,
)

_OF_ONE_CHAT = frozenset({Trouble.NOT_FOUND, Trouble.REFUSED, Trouble.MALFORMED, Trouble.PLATFORM_ERROR})
"""Troubles of one chat only: the others can still be read."""

_Page = TypeVar("_Page")

Stored = Callable[[int, int], Awaitable[None]]
"""Told after each batch: how many chats were stored, and how many messages in them were new."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How hard to read."""

    parallel: int = 8
    """Reads under way at once on one connection."""
    batch: int = 1000
    """Messages in one unit of work, about."""
    longest_wait_s: float = 0.5
    """A batch that does not fill is stored after this long."""
    tries: int = 8
    """Of one read that fails for a passing reason: eight are some 90 s."""
    settles_after: timedelta = timedelta(seconds=30)
    """Longer than a platform takes to show a message in its listings. What is younger is listed again later: a message
    that becomes visible late, behind a newer one, is then still read."""
    money_overlap: timedelta = timedelta(minutes=10)
    """How far back of the last complete listing transactions are listed again, for those that show late."""


class Sweep:
    """Reads one account. Everything raises GatewayError; what was stored before stays."""

    def __init__(
        self,
        db: Database,
        reader: PlatformReader,
        source: Source,
        pace: Pace,
        slots: asyncio.Semaphore,
        patience: Patience,
    ) -> None:
        """Args: slots: shared by the accounts of a connection."""
        self._db = db
        self._reader = reader
        self._source = source
        self._pace = pace
        self._slots = slots
        self._patience = patience

    async def fans(self) -> None:
        """Read the whole list of fans."""
        cursor: str | None = None
        found: list[PlatformFan] = []
        while True:
            page = await self._read(partial(self._reader.fans, self._source.account, cursor))
            found.extend(page.items)
            cursor = page.next
            if cursor is None or len(found) >= self._pace.batch:
                await self._db.write(partial(self._put_fans, found))
                found = []
            if cursor is None:
                return

    async def chats(self, *, full: bool) -> tuple[list[Unread], int]:
        """List chats, the latest first; returns those to be read and how many were listed.

        Args:
            full: list all of them; else stop at the first page on which nothing is new.
        """
        unread: list[Unread] = []
        listed = 0
        cursor: str | None = None
        while True:
            settled = self._settled()
            page = await self._read(partial(self._reader.chats, self._source.account, cursor))
            found, strangers = await self._db.write(partial(self._put_chats, page, settled))
            unread.extend(found)
            listed += len(page.items)
            if not full:
                await self._meet(strangers)
            cursor = page.next
            if cursor is None or not (full or found):
                return unread, listed

    async def money(self) -> None:
        """List the transactions since the last complete listing, or all."""
        began = self._db.clock.now()
        since = await self._db.read(self._money_since)
        cursor: str | None = None
        found: list[PlatformTransaction] = []
        while True:
            page = await self._read(partial(self._reader.transactions, self._source.account, cursor, since=since))
            found.extend(page.items)
            cursor = page.next
            if found and (cursor is None or len(found) >= self._pace.batch):
                told, found = found, []
                await self._db.write(partial(money.put_transactions, source=self._source, told=told))
            if cursor is None:
                await self._db.write(partial(self._money_listed, began))
                return

    async def read(self, unread: Sequence[Unread], stored: Stored | None = None) -> list[GatewayError]:
        """Read chats and store them. Returns the troubles of single chats, which are left for the next time."""
        todo = iter(unread)
        done: asyncio.Queue[ChatRead | None] = asyncio.Queue(self._pace.parallel * 4)
        troubles: list[GatewayError] = []

        async def worker() -> None:
            for item in todo:  # shared: each takes the next one
                try:
                    await done.put(await self._read_chat(item))
                except GatewayError as error:
                    if error.kind not in _OF_ONE_CHAT:
                        raise
                    troubles.append(error)
                    await done.put(None)

        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(min(self._pace.parallel, len(unread))):
                    tasks.create_task(worker())
                tasks.create_task(self._store(done, len(unread), stored))
        except ExceptionGroup as group:
            raise _first(group) from group
        return troubles

    async def _store(self, done: "asyncio.Queue[ChatRead | None]", expected: int, stored: Stored | None) -> None:
        while expected:
            batch: list[ChatRead] = []
            rows = 0
            while expected and rows < self._pace.batch:
                try:
                    async with asyncio.timeout(self._pace.longest_wait_s if batch else None):
                        read = await done.get()
                except TimeoutError:
                    break
                expected -= 1
                if read is not None:
                    batch.append(read)
                    rows += len(read.messages)
            new = await self._db.write(partial(store_reads, source=self._source, reads=batch))
            if stored is not None:
                await stored(len(batch), new)

    async def _read_chat(self, unread: Unread) -> ChatRead:
        async with self._slots:
            return await read_chat(self._reader, self._source, unread, self._patience, self._settled())

    async def _meet(self, fan_ids: Sequence[str]) -> None:
        """Read what a chat list does not tell of new fans."""
        met = [await self._read(partial(self._reader.fan, self._source.account, id_)) for id_ in fan_ids]
        if met:
            await self._db.write(partial(self._put_fans, met))

    async def _read(self, call: Callable[[], Awaitable[_Page]]) -> _Page:
        async with self._slots:
            return await self._patience.read(call)

    def _settled(self) -> datetime:
        return self._db.clock.now() - self._pace.settles_after

    def _put_fans(self, found: Sequence[PlatformFan], session: Session) -> None:
        fans.put_fans(session, self._source, found, complete=True)

    def _put_chats(self, page: ChatPage, settled: datetime, session: Session) -> tuple[list[Unread], list[str]]:
        strangers = put_chats(session, self._source, page.items)
        return find_unread(session, self._source, page.items, settled), strangers

    def _money_since(self, session: Session) -> datetime | None:
        mark = session.get(AccountMarkRow, self._source.creator_id)
        return None if mark is None else mark.money_to - self._pace.money_overlap

    def _money_listed(self, to: datetime, session: Session) -> None:
        session.merge(AccountMarkRow(creator_id=self._source.creator_id, money_to=to))


def _first(group: ExceptionGroup[Exception]) -> Exception:
    """What went wrong in a task group: a trouble of the platform, unless something worse happened."""
    flat: list[Exception] = []
    for error in group.exceptions:
        flat.append(_first(error) if isinstance(error, ExceptionGroup) else error)
    return next((error for error in flat if not isinstance(error, GatewayError)), flat[0])
