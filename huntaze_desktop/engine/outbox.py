"""The uploader: brings what a person sent to the backend, in order, once, however often it takes.

Within a conversation strictly one request at a time, in the order of writing; up to four conversations at once. A
message travels under the same key for ever, so repeating is always safe. What cannot succeed is rejected with its
reason; what waited longer than a day, or was overtaken by what others wrote, is never sent by itself. What stands
behind an overtaken one, or behind one that can still be undone, waits for it; other conversations go on.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from huntaze_contract import outgoing, wire
from huntaze_contract.ids import Id
from huntaze_contract.outgoing import State
from huntaze_desktop.cache import Touched, apply, outbox
from huntaze_desktop.cache.accepted import RESTORED
from huntaze_desktop.cache.outbox import Waiting
from huntaze_desktop.engine.backend import Backend
from huntaze_desktop.engine.clock import ServerClock
from huntaze_desktop.engine.errors import ApiError, EngineError, UnreachableError
from huntaze_desktop.engine.link import Link
from huntaze_desktop.engine.store import Store
from huntaze_desktop.engine.timing import LONGEST_UNDO, UPLOADS, Timing
from huntaze_desktop.engine.waiting import Backoff, Bell

log = logging.getLogger(__name__)

_BEYOND = 100
"""Conversations in which a message may still be undone; nobody presses Send in more within those seconds."""


class Uploader:
    """Belongs to the engine's loop; `me` tells whose messages these are."""

    def __init__(
        self,
        backend: Backend,
        store: Store,
        link: Link,
        timing: Timing,
        bell: Bell,
        clock: ServerClock,
        me: Callable[[], Id],
        pull_soon: Callable[[], None],
    ) -> None:
        self._backend, self._store, self._link, self._timing, self._bell = backend, store, link, timing, bell
        self._clock, self._me, self._pull_soon = clock, me, pull_soon
        self._work = asyncio.Event()
        self._running: dict[Id, asyncio.Task[None]] = {}
        """Conversations that upload now."""
        self._held: set[Id] = set()
        """Messages about which a person decides at this moment."""
        self._alarm: asyncio.TimerHandle | None = None
        """Rings when the next message can no longer be undone."""

    def wake(self) -> None:
        """There may be something to upload."""
        self._work.set()

    async def run(self) -> None:
        try:
            while True:
                await self._link.ready()
                self._work.clear()
                for row in await self._heads():
                    if len(self._running) >= UPLOADS:
                        break
                    task = asyncio.create_task(self._upload_until_settled(row), name=f"upload {row.id}")
                    self._running[row.conversation_id] = task
                    task.add_done_callback(partial(self._ended, row))
                await self._work.wait()
        finally:
            if self._alarm is not None:
                self._alarm.cancel()
            tasks = list(self._running.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def hold(self, row: Waiting) -> None:
        """Stop uploading a message, and begin no further request for it, until `release`."""
        self._held.add(row.id)
        task = self._running.get(row.conversation_id)
        if task is not None and task.get_name() == f"upload {row.id}":
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def release(self, message_id: Id) -> None:
        self._held.discard(message_id)
        self.wake()

    # --- inside ---------------------------------------------------------------------------------------------------

    def _ended(self, row: Waiting, task: asyncio.Task[None]) -> None:
        self._running.pop(row.conversation_id, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            # A fault of ours or of the store: it must not spin, and must not stop the others.
            log.error("an upload ended by an error", exc_info=error)
            self._held.add(row.id)
            asyncio.get_running_loop().call_later(self._timing.backoff_cap, self.release, row.id)
        self.wake()

    async def _heads(self) -> list[Waiting]:
        """The first waiting message of each conversation that may go now and does not upload already."""
        # Those that upload, that can be undone or that a person decides about are among them: more than can go at once.
        most = UPLOADS + len(self._held) + _BEYOND
        heads = await self._store.read(lambda connection: outbox.heads(connection, most))
        may_go = [row for row in heads if not self._can_be_undone(row)]
        self._set_alarm([row for row in heads if self._can_be_undone(row)])
        return [row for row in may_go if row.conversation_id not in self._running and row.id not in self._held]

    def _can_be_undone(self, row: Waiting) -> bool:
        if row.hold_until is None:
            return False
        left = row.hold_until - self._clock.now()
        # A clock that was set back must not hold a message for longer than Send can ever be undone.
        return timedelta(0) < left <= timedelta(seconds=LONGEST_UNDO)

    def _set_alarm(self, held: list[Waiting]) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        ends = [row.hold_until for row in held if row.hold_until is not None]
        if ends:
            seconds = (min(ends) - self._clock.now()).total_seconds()
            self._alarm = asyncio.get_running_loop().call_later(max(seconds, 0.0) + 0.005, self.wake)

    async def _upload_until_settled(self, row: Waiting) -> None:
        backoff = Backoff(self._timing)
        while True:
            await self._link.ready()
            await self._link.reached()
            try:
                if await self._is_too_old(row):
                    await self._advance(row.id, outgoing.Expire())
                    return
                await self._upload(row)
                return
            except ApiError as error:
                if not await self._settled_by(row, error):
                    await self._bell.wait(backoff.next_delay(error.retry_after))
            except EngineError:
                await self._bell.wait(backoff.next_delay())
            if (await self._present(row)) is None:
                return

    async def _present(self, row: Waiting) -> Waiting | None:
        """The row if it still waits."""
        now = await self._store.read(lambda connection: outbox.get(connection, row.id))
        return now if now is not None and now.going else None

    async def _is_too_old(self, row: Waiting) -> bool:
        """Whether it waited for more than a day. One that may have arrived is asked for first."""
        if row.confirmed or self._clock.now() - row.age_from <= outgoing.EXPIRES_AFTER:
            return False
        now = await self._present(row)
        if now is None or now.attempts == 0:
            return now is not None
        try:
            answer = await self._backend.message(row.id)
        except ApiError as error:
            if error.status == 404:
                return True
            raise
        await self._accepted(row.id, answer.message)
        return False

    async def _upload(self, row: Waiting) -> None:
        begun = await self._store.write(lambda connection: outbox.begin_attempt(connection, row.id, self._me()))
        if begun is None:
            return
        device_id = await self._store.write(outbox.device_id)
        message = wire.NewMessage(
            conversation_id=begun.conversation_id,
            text=begun.text,
            composed_at=begun.composed_at,
            device_id=device_id,
            device_seq=begun.device_seq,
            prev_id=begun.prev_id,
            base_rev=begun.base_rev,
            lease_epoch=begun.lease_epoch,
            epoch=begun.epoch,
            send_at=begun.send_at,
            override=begun.confirmed,
            suggestion_id=begun.suggestion_id,
        )
        try:
            answer = await self._backend.send(begun.id, message)
        except UnreachableError as error:
            if not error.left:
                await self._store.write(lambda connection: outbox.never_left(connection, begun.id))
            raise
        await self._accepted(begun.id, answer.message)

    async def _accepted(self, key: Id, message: wire.Message) -> None:
        """The server has it: its row takes the place of ours, in one transaction."""

        def take(connection: Connection) -> Touched:
            # Removed by its key too: where the server had to give another id, the rows would not meet.
            return apply.apply_message(connection, message) | outbox.remove(connection, key)

        await self._store.change(take)

    async def _settled_by(self, row: Waiting, error: ApiError) -> bool:
        """Decide what a problem means; True when the message needs no further request."""
        if error.passing:
            return False
        if error.code == wire.ProblemCode.OUT_OF_ORDER:
            # The server lost what we believe came before, as after a restore: ask again without naming it.
            self._pull_soon()
            await self._store.write(lambda connection: outbox.forget_attempts(connection, row.id))
            return False
        if error.code == wire.ProblemCode.RESTORED:
            return await self._server_was_restored(row)
        if error.collision is not None:
            collision = error.collision
            await self._store.change(lambda c: outbox.overtake(c, row.id, collision))
            self._pull_soon()  # what was missed belongs into the timeline too
        elif error.code == wire.ProblemCode.KEY_REUSED and await self._is_there(row):
            return True
        elif row.state in (State.EXPIRED, State.NEEDS_REVIEW):
            await self._store.change(lambda c: outbox.withdraw_confirmation(c, row.id, error.code))
        elif error.findings:
            await self._store.change(lambda c: outbox.refuse(c, row.id, error.code, error.findings))
        else:
            await self._advance(row.id, outgoing.Reject(error.code))
        return True

    async def _server_was_restored(self, row: Waiting) -> bool:
        """The server's database was replaced since the first request. Only if that one came to nothing may it go on."""
        self._pull_soon()
        now = await self._present(row)
        if now is None:
            return True
        if now.attempts == 1:  # this one, which was refused
            await self._store.write(lambda connection: outbox.forget_attempts(connection, row.id))
            return False
        if row.state in (State.EXPIRED, State.NEEDS_REVIEW):
            await self._store.change(lambda c: outbox.withdraw_confirmation(c, row.id, RESTORED))
        else:
            await self._advance(row.id, outgoing.Overtake(RESTORED))
        return True

    async def _is_there(self, row: Waiting) -> bool:
        """Whether the server has the message with other words: an earlier request of ours came late, after an edit."""
        try:
            answer = await self._backend.message(row.id)
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        try:
            edit = wire.MessageEdit(text=row.text, base_ver=answer.message.ver)
            answer = await self._backend.edit(row.id, edit)
        except ApiError as error:
            if error.passing:
                raise
            log.warning("a message went with the words it had before it was edited: %s", error.code)
        await self._accepted(row.id, answer.message)
        return True

    async def _advance(self, message_id: Id, event: outgoing.Event) -> None:
        await self._store.change(lambda connection: outbox.advance(connection, message_id, event))
