"""Sync: a full sync once, then what changed since, forever.

The order of truth: pages carry the cursor, frames of the stream are taken when they follow on and cause a pull when
they do not. A cursor that the server no longer knows leads to a full sync under a new generation, which replaces what
the server said and nothing else.
"""

import asyncio
import logging
import time
from functools import partial

from sqlalchemy import Connection

from huntaze_contract import wire
from huntaze_contract.ids import Id
from huntaze_desktop.cache import Touched, apply, digest, ops, outbox
from huntaze_desktop.cache.apply import SyncState
from huntaze_desktop.engine.backend import Backend
from huntaze_desktop.engine.errors import ApiError, EngineError
from huntaze_desktop.engine.link import Link
from huntaze_desktop.engine.store import Store
from huntaze_desktop.engine.timing import BATCH, PAGE, Timing
from huntaze_desktop.engine.waiting import Backoff, Bell

log = logging.getLogger(__name__)


class Distrust:
    """When to compare with the server: after a full sync and every few hours; and not to resync in a loop."""

    TRIES = 5
    """In a row, where the server's log moves on between pull and comparison; then it is left for the next pull."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._at = 0.0
        self._tries = 0
        self._taken_anew = False

    def look_now(self) -> None:
        self._at = 0.0

    def due(self) -> bool:
        return time.monotonic() >= self._at

    def satisfied(self) -> None:
        self._tries, self._taken_anew = 0, False
        self._at = time.monotonic() + self._timing.digest_every

    def moved_on(self) -> bool:
        """The comparison said nothing; whether to try again at once."""
        self._tries = (self._tries + 1) % self.TRIES
        if self._tries == 0:
            self._at = time.monotonic() + self._timing.pull_every
        return self._tries != 0

    def take_anew(self) -> bool:
        """Something differs: whether a full sync may cure it. It may not where one has just been made for that."""
        first, self._taken_anew = not self._taken_anew, True
        if not first:
            self._at = time.monotonic() + self._timing.digest_every
        return first


class Syncer:
    """Keeps the server's rows in the store up to date. Belongs to the engine's loop."""

    def __init__(self, backend: Backend, store: Store, link: Link, timing: Timing, bell: Bell) -> None:
        self._backend, self._store, self._link, self._timing, self._bell = backend, store, link, timing, bell
        self._wanted = Bell()
        self._again = False
        self._drafts_taken = False
        self._distrust = Distrust(timing)
        self._gap: asyncio.TimerHandle | None = None
        """Set while something is known to be missing that a pull has not been asked for yet."""

    def pull_soon(self) -> None:
        """Ask for what changed, now or right after what is being asked."""
        self._again = True
        self._wanted.ring()

    async def run(self) -> None:
        backoff = Backoff(self._timing)
        self._link.synced((await self._store.read(apply.sync_state)).synced_at)
        while True:
            await self._link.ready()
            self._again = False
            try:
                await self._catch_up()
                await self._take_drafts()
                await self._compare()
            except EngineError as error:
                if isinstance(error, ApiError):
                    log.warning("sync waits: %s", error.code)
                await self._sleep(backoff.next_delay(getattr(error, "retry_after", None)))
                continue
            backoff.reset()
            if not self._again:
                await self._sleep(self._timing.pull_every)

    async def on_frame(self, frame: wire.ChangesFrame) -> None:
        """Take an event of the stream, or pull where it does not follow on."""
        touched: Touched | None = await self._store.write(lambda connection: apply.apply_frame(connection, frame))
        if touched is None:
            self._pull_after_gap()
        else:
            self._store.notify(touched)

    def on_hello(self) -> None:
        """A stream began: whatever happened without one, changed rights among it, only a pull can tell."""
        self.pull_soon()

    def _pull_after_gap(self) -> None:
        if self._gap is None:
            self._gap = asyncio.get_running_loop().call_later(self._timing.gap_wait, self._close_gap)

    def _close_gap(self) -> None:
        self._gap = None
        self.pull_soon()

    # --- inside ---------------------------------------------------------------------------------------------------

    async def _sleep(self, seconds: float) -> None:
        rings = [asyncio.ensure_future(bell.wait(seconds)) for bell in (self._wanted, self._bell)]
        try:
            await asyncio.wait(rings, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for ring in rings:
                ring.cancel()
            await asyncio.gather(*rings, return_exceptions=True)

    async def _catch_up(self) -> None:
        state = await self._store.read(apply.sync_state)
        if not state.complete or state.cursor is None:
            self._distrust.look_now()
            state = await self._full(state)
        try:
            await self._pull(state)
        except ApiError as error:
            if error.status != 410:
                raise
            log.info("the server no longer knows this computer's place; taking everything anew")
            await self._store.write(apply.start_snapshot)
            self._distrust.look_now()
            await self._pull(await self._full(await self._store.read(apply.sync_state)))
        self._link.synced((await self._store.read(apply.sync_state)).synced_at)

    async def _full(self, state: SyncState) -> SyncState:
        """Take everything, page by page; a full sync that was interrupted goes on where it stopped."""
        self._link.syncing(state.done, state.total)
        page_token = state.page
        coming = self._ask(page_token)
        try:
            while True:
                try:
                    page = await coming
                except ApiError as error:
                    if error.status not in (400, 410, 422) or page_token is None:
                        raise
                    await self._store.write(apply.start_snapshot)  # the page token has expired meanwhile
                    page_token = None
                    coming = self._ask(page_token)
                    continue
                page_token = page.next_page
                if page_token is not None:
                    coming = self._ask(page_token)  # the server reads while this computer writes
                await self._store_page(page)
                self._link.syncing(page.done, page.total)
                if page_token is None:
                    return await self._store.read(apply.sync_state)
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)

    async def _take_drafts(self) -> None:
        """Once per start, take up what was begun on another computer."""
        if self._drafts_taken:
            return
        try:
            found = await self._backend.drafts()
        except ApiError as error:
            if error.status != 404:
                raise
        else:
            await self._store.write(partial(outbox.take_drafts, drafts=found))
        self._drafts_taken = True

    async def _compare(self) -> None:
        """From time to time, compare what is here with what the server has; where they differ, take all anew, once."""
        if not self._distrust.due():
            return
        state = await self._store.read(apply.sync_state)
        try:
            theirs = await self._backend.digest(state.seq)
        except ApiError as error:
            if error.status not in (404, 409):
                raise
            if error.status == 404:  # an older server
                self._distrust.satisfied()
            elif self._distrust.moved_on():
                self._again = True
            return
        seq, newest, ours = await self._store.read(
            lambda c: (apply.sync_state(c).seq, digest.newest(c), digest.digest(c))
        )
        # Also when the answer to a request brought a row meanwhile that is newer than what the server counted.
        if seq != theirs.seq or newest > seq:
            if self._distrust.moved_on():
                self._again = True
            return
        wrong = digest.differences(ours, theirs.kinds)
        if not wrong:
            self._distrust.satisfied()
        elif self._distrust.take_anew():
            log.error("what is here differs from the server's in %s; taking everything anew", ", ".join(wrong))
            await self._store.write(apply.start_snapshot)
            self._again = True
        else:
            log.error("what is here still differs from the server's in %s after a full sync", ", ".join(wrong))

    def _ask(self, page_token: str | None) -> asyncio.Task[wire.SnapshotPage]:
        return asyncio.create_task(self._backend.snapshot(page_token), name="snapshot page")

    async def _store_page(self, page: wire.SnapshotPage) -> None:
        rest = partial(time.sleep, self._timing.batch_pause)  # on the writer's thread: the others get the interpreter
        await self._store.copy(partial(apply.apply_snapshot_page, page=page, batch=BATCH, rest=rest))

    async def _pull(self, state: SyncState) -> None:
        cursor = state.cursor
        # Ops that were answered before this pull began are in what it brings: with its last page they leave the queue.
        passed = await self._store.read(ops.answered)
        while cursor is not None:
            page = await self._backend.sync(cursor, PAGE)
            *firsts, last = _batches(page.changes) or [[]]
            for batch in firsts:  # rows may come before their cursor, never after it
                await self._store.change(partial(apply.apply_changes, changes=batch))
                await asyncio.sleep(self._timing.batch_pause)
            rest = page.model_copy(update={"changes": last})
            if not page.has_more:
                await self._store.change(partial(_last_page, page=rest, passed=passed))
                return
            await self._store.change(partial(apply.apply_page, page=rest))
            self._link.syncing(0, 0)
            cursor = page.cursor
            await asyncio.sleep(self._timing.batch_pause)


def _last_page(connection: Connection, page: wire.SyncPage, passed: list[Id]) -> Touched:
    return apply.apply_page(connection, page) | ops.drop(connection, passed)


def _batches(changes: list[wire.Change]) -> list[list[wire.Change]]:
    return [changes[start : start + BATCH] for start in range(0, len(changes), BATCH)]
