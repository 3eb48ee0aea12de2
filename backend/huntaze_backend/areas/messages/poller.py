"""Looks at every connected account again and again: what a webhook lost is found, and a lost session noticed.

Chats come newest first, so a round ends at the first page on which nothing is new; the first round after a start or a
failure lists all of them. One task per account: a slow one does not hold up the others.
"""

import asyncio
import random
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial

import structlog
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.fans.intake import Source
from huntaze_backend.areas.messages.readers import Patience, Readers
from huntaze_backend.areas.messages.sweep import Pace, Sweep
from huntaze_backend.core.db import Database
from huntaze_backend.engines.gateways.reading import GatewayError, PlatformReader, Trouble
from huntaze_contract.wire import CreatorState

log = structlog.get_logger(__name__)

_PATIENT_S = 2.0


@dataclass(frozen=True, slots=True)
class PollPace:
    """How often to look."""

    every_s: float = 12.0
    most_s: float = 60.0
    """The longest pause after failures; each doubles the one before."""
    apart_s: float = 0.05
    """Between the first looks at two accounts after a start: two hundred at once would leave sending no turn."""
    full_every: int = 50
    """One round in so many lists all chats, for what moved while a round failed: every ten minutes."""
    reading: Pace = field(default_factory=lambda: Pace(parallel=4, tries=2))


@dataclass(frozen=True, slots=True)
class _Account:
    source: Source
    connection_id: str
    state: CreatorState
    busy: bool
    """A backfill reads it."""


class Poller:
    """Watches the accounts of all connections."""

    def __init__(self, db: Database, readers: Readers, pace: PollPace | None = None) -> None:
        self._db = db
        self._readers = readers
        self._pace = pace or PollPace()
        self._woken: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._watched: dict[str, asyncio.Task[None]] = {}
        self._closing = False

    def wake(self, creator_id: str) -> None:
        """Look at this account now."""
        self._woken[creator_id].set()

    async def refresh(self) -> None:
        """Watch every creator that has a connection, and no other. Called when creators or connections changed."""
        wanted = {source.creator_id: source for source in await self._db.read(_watchable)}
        fresh = sorted(wanted.keys() - self._watched.keys())
        random.shuffle(fresh)  # who comes last shall not be the same at every start
        for number, creator_id in enumerate(fresh):
            watch = self._watch(wanted[creator_id], first_after_s=number * self._pace.apart_s)
            self._watched[creator_id] = asyncio.get_running_loop().create_task(watch)
        for creator_id in self._watched.keys() - wanted.keys():
            self._watched.pop(creator_id).cancel()
            self._woken.pop(creator_id, None)

    async def close(self) -> None:
        """Let the rounds under way end, for a moment; then break them off."""
        tasks = list(self._watched.values())
        self._watched.clear()
        self._closing = True
        for woken in self._woken.values():
            woken.set()
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=_PATIENT_S)
            for task in late:
                task.cancel()
            await asyncio.wait(tasks)
        self._woken.clear()
        self._closing = False

    async def _watch(self, source: Source, *, first_after_s: float) -> None:
        creator_id = source.creator_id
        rounds = failures = 0
        await self._pause(creator_id, first_after_s)
        while not self._closing:
            wait = self._pace.every_s
            try:
                clean = await self._round(source, full=rounds % self._pace.full_every == 0)
                rounds = rounds + 1 if clean else 0
                failures = 0
            except GatewayError as error:
                rounds, failures = 0, failures + 1
                wait = max(self._backed_off(failures), error.retry_after_s or 0)
                log.warning("an account cannot be read", creator_id=creator_id, trouble=str(error), wait_s=wait)
            except Exception:
                # One bad round must not end the watch: nothing else would find what webhooks lose.
                rounds, failures = 0, failures + 1
                wait = self._backed_off(failures)
                log.exception("a round of the poller failed", creator_id=creator_id)
            await self._pause(creator_id, wait)

    def _backed_off(self, failures: int) -> float:
        return min(self._pace.most_s, self._pace.every_s * float(1 << min(failures, 10)))

    async def _pause(self, creator_id: str, seconds: float) -> None:
        if self._closing:
            return
        woken = self._woken[creator_id]
        try:
            async with asyncio.timeout(seconds):
                await woken.wait()
        except TimeoutError:
            return
        finally:
            woken.clear()

    async def _round(self, source: Source, *, full: bool) -> bool:
        """One look at an account. True if all there was to read was read."""
        account = await self._db.read(partial(_account, source))
        if account is None or account.busy:
            return False
        reader = await self._readers.of(account.connection_id)
        if reader is None:
            return False
        if account.state is not CreatorState.CONNECTED:
            await self._back_again(reader, account)
            return False
        try:
            return await self._read(reader, account.source, full=full)
        except GatewayError as error:
            if error.kind is not Trouble.SESSION_EXPIRED:
                raise
            await self._db.write(partial(_enter, account.source, CreatorState.SESSION_EXPIRED))
            return False

    async def _read(self, reader: PlatformReader, source: Source, *, full: bool) -> bool:
        pace = self._pace.reading
        slots = asyncio.Semaphore(pace.parallel)
        sweep = Sweep(self._db, reader, source, pace, slots, Patience(self._db.clock, tries=pace.tries))
        unread, _ = await sweep.chats(full=full)
        troubles = await sweep.read(unread)
        await sweep.money()
        for trouble in troubles:
            log.warning("a chat cannot be read", creator_id=source.creator_id, trouble=str(trouble))
        return not troubles

    async def _back_again(self, reader: PlatformReader, account: _Account) -> None:
        """An account that was logged out: is it logged in again?"""
        found = await reader.accounts()
        if any(item.id == account.source.account and item.connected for item in found):
            await self._db.write(partial(_enter, account.source, CreatorState.CONNECTED))
            self.wake(account.source.creator_id)


def _watchable(session: Session) -> list[Source]:
    return [
        Source(creator.id, creator.agency_id, creator.platform_account_id)
        for connection in accounts.connections(session)
        for creator in accounts.creators_of_connection(session, connection.id)
    ]


def _account(source: Source, session: Session) -> _Account | None:
    row = accounts.creator(session, source.agency_id, source.creator_id)
    if row.connection_id is None:
        return None
    busy = accounts.connection(session, row.connection_id).backfill_state in {"waiting", "running"}
    return _Account(source, row.connection_id, CreatorState(row.state), busy)


def _enter(source: Source, state: CreatorState, session: Session) -> None:
    accounts.set_creator_state(session, accounts.creator(session, source.agency_id, source.creator_id), state)
