"""What a person does besides sending, as coroutines: durable here when they return, and on their way.

Nothing here needs the backend, but for taking the reply lease over.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from huntaze_contract import wire
from huntaze_contract.ids import Id
from huntaze_desktop.cache import Touched, changes, notices
from huntaze_desktop.engine.clock import ServerClock
from huntaze_desktop.engine.leases import Leases
from huntaze_desktop.engine.ops import OpsUploader
from huntaze_desktop.engine.store import Store
from huntaze_desktop.sdk import BackendError

T = TypeVar("T")


class Changes:
    """Belongs to the engine's loop."""

    def __init__(self, store: Store, uploader: OpsUploader, leases: Leases, clock: ServerClock) -> None:
        self._store, self._uploader, self._leases, self._clock = store, uploader, leases, clock

    # --- conversations --------------------------------------------------------------------------------------------

    async def mark_read(self, conversation_id: Id, up_to: Id) -> None:
        await self._do(lambda c, at: changes.mark_read(c, conversation_id, up_to, at))

    async def mark_unread(self, conversation_id: Id) -> None:
        await self._do(lambda c, at: changes.mark_unread(c, conversation_id, at))

    async def snooze(self, conversation_id: Id, until: datetime | None) -> None:
        await self._do(lambda c, at: changes.snooze(c, conversation_id, until, at))

    async def set_done(self, conversation_ids: Sequence[Id], *, done: bool) -> None:
        await self._do(lambda c, at: changes.set_done(c, conversation_ids, at, done=done))

    async def assign(self, conversation_id: Id, member_id: Id | None, note: str) -> None:
        await self._do(lambda c, at: changes.assign(c, conversation_id, member_id, note, at))

    async def take_over(self, conversation_id: Id) -> None:
        await self._leases.take_over(conversation_id)

    # --- fans -----------------------------------------------------------------------------------------------------

    async def add_note(self, fan_id: Id, text: str) -> Id:
        def add(connection: Connection) -> tuple[Id, Touched]:
            return changes.add_note(connection, fan_id, text, self._clock.now())

        note_id, touched = await self._write(add)
        self._changed(touched)
        return note_id

    async def edit_note(self, note_id: Id, text: str, base_ver: int) -> None:
        await self._do(lambda c, at: changes.edit_note(c, note_id, text, base_ver, at))

    async def delete_note(self, note_id: Id) -> None:
        await self._do(lambda c, at: changes.delete_note(c, note_id, at))

    async def restore_note(self, note_id: Id) -> None:
        await self._do(lambda c, at: changes.restore_note(c, note_id, at))

    async def add_tag(self, fan_id: Id, tag: str) -> None:
        await self._do(lambda c, at: changes.add_tag(c, fan_id, tag, at))

    async def remove_tag(self, fan_id: Id, tag: str) -> None:
        await self._do(lambda c, at: changes.remove_tag(c, fan_id, tag, at))

    async def set_field(self, fan_id: Id, name: str, value: str) -> None:
        await self._do(lambda c, at: changes.set_field(c, fan_id, name, value, at))

    # --- notices --------------------------------------------------------------------------------------------------

    async def dismiss(self, notice_id: Id) -> None:
        await self._do(lambda c, _at: notices.dismiss(c, notice_id))

    async def restore(self, notice_id: Id) -> None:
        await self._do(lambda c, at: notices.restore(c, notice_id, at))

    # --- inside ---------------------------------------------------------------------------------------------------

    async def _do(self, change: Callable[[Connection, datetime], Touched]) -> None:
        at = self._clock.now()
        self._changed(await self._write(lambda connection: change(connection, at)))

    async def _write(self, work: Callable[[Connection], T]) -> T:
        try:
            return await self._store.write(work)
        except changes.NotHereError:
            raise BackendError("This is no longer here.", wire.ProblemCode.NOT_FOUND.value) from None

    def _changed(self, touched: Touched) -> None:
        self._store.notify(touched)
        self._uploader.wake()
