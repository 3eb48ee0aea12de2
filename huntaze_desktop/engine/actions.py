"""What a person does to a message, a fan or a note.

Sending needs no backend; the rest does, and its answer is stored at once, so that a person sees what was done without
waiting for the next sync.
"""

import unicodedata

from sqlalchemy import Connection

from huntaze_contract import wire
from huntaze_contract.ids import Id, new_id
from huntaze_contract.outgoing import MAX_TEXT, State
from huntaze_desktop.cache import Touched, apply, outbox
from huntaze_desktop.cache.outbox import Waiting
from huntaze_desktop.engine.backend import Backend
from huntaze_desktop.engine.clock import ServerClock
from huntaze_desktop.engine.errors import ApiError, EngineError
from huntaze_desktop.engine.outbox import Uploader
from huntaze_desktop.engine.store import Store
from huntaze_desktop.engine.sync import Syncer
from huntaze_desktop.sdk import BackendError


def sendable(text: str) -> str:
    """The text in the form in which the backend takes it; raises ValueError for one that it would refuse."""
    normal = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    if not normal.strip() or "\x00" in normal:
        raise ValueError("a message needs at least one visible character, and none that cannot be shown")
    if len(normal) > MAX_TEXT:
        raise ValueError(f"a message has at most {MAX_TEXT} characters")
    return normal


class Actions:
    """Belongs to the engine's loop."""

    def __init__(self, backend: Backend, store: Store, syncer: Syncer, uploader: Uploader, clock: ServerClock) -> None:
        self._backend, self._store, self._syncer, self._uploader = backend, store, syncer, uploader
        self._clock = clock
        self._unread_marks: dict[Id, Id] = {}
        """Read marks that did not reach the backend yet, the newest of each conversation."""

    # --- messages -------------------------------------------------------------------------------------------------

    async def send(self, conversation_id: Id, text: str) -> Id:
        """Put a message into the outbox and remove the draft, in one transaction; returns its id for life."""
        text = sendable(text)
        at = self._clock.now()
        try:
            message_id, touched = await self._store.write(lambda c: outbox.put(c, conversation_id, text, at))
        except outbox.UnknownConversationError:
            raise BackendError("This conversation is no longer here.", wire.ProblemCode.NOT_FOUND.value) from None
        self._changed(touched)
        return message_id

    async def save_draft(self, conversation_id: Id, text: str) -> None:
        at = self._clock.now()
        await self._store.write(lambda connection: outbox.save_draft(connection, conversation_id, text, at))

    async def draft(self, conversation_id: Id) -> str:
        return await self._store.read(lambda connection: outbox.draft(connection, conversation_id))

    async def retry(self, message_id: Id) -> None:
        """Send a failed, rejected or expired message again."""
        row = await self._store.read(lambda connection: outbox.get(connection, message_id))
        if row is None:
            answer = await self._backend.retry(message_id)
            await self._take(answer.message)
            return
        at = self._clock.now()
        if row.state is State.EXPIRED:
            self._changed(await self._store.write(lambda connection: outbox.confirm(connection, message_id)))
        elif row.state is State.REJECTED:
            anew = await self._store.write(lambda connection: outbox.write_anew(connection, message_id, at))
            if anew is not None:
                self._changed(anew[1])
        else:
            self._uploader.wake()

    async def cancel(self, message_id: Id) -> None:
        """Take a message back, or discard one that failed."""

        def take_back(connection: Connection) -> tuple[Waiting | None, Touched]:
            found = outbox.get(connection, message_id)
            if found is None or (found.attempts and (found.confirmed or found.state is State.QUEUED_LOCAL)):
                return found, Touched()
            return None, outbox.take_back(connection, message_id)

        row, touched = await self._store.write(take_back)
        if touched:
            self._changed(touched)
        elif row is None:
            await self._take((await self._backend.cancel(message_id)).message)
        else:
            await self._cancel_what_may_have_arrived(row)

    async def resolve(self, message_id: Id, resolution: wire.Resolution) -> None:
        """Say what a person found on the platform of a message in `needs_human`."""
        await self._take((await self._backend.resolve(message_id, resolution)).message)

    async def mark_read(self, conversation_id: Id, up_to: Id) -> None:
        """Say up to where a conversation was seen; offline it is said later."""
        self._unread_marks[conversation_id] = up_to
        await self.tell_read_marks()

    async def tell_read_marks(self) -> None:
        """Bring the waiting read marks to the backend, as far as it can be reached."""
        for conversation_id, up_to in list(self._unread_marks.items()):
            try:
                found = await self._backend.mark_read(conversation_id, up_to)
            except ApiError as error:
                if error.passing:
                    return
            except EngineError:
                return
            else:
                await self._apply(wire.ConversationChange(seq=found.ver, id=found.id, op="U", row=found))
            if self._unread_marks.get(conversation_id) == up_to:
                del self._unread_marks[conversation_id]

    # --- fans -----------------------------------------------------------------------------------------------------

    async def add_note(self, fan_id: Id, text: str) -> Id:
        note_id = new_id()
        note = await self._backend.add_note(fan_id, wire.NewNote(id=note_id, text=text))
        await self._take_note(note)
        return note_id

    async def edit_note(self, note_id: Id, text: str, base_ver: int) -> None:
        edit = wire.NoteEdit(text=text, base_ver=base_ver)
        await self._take_note(await self._backend.edit_note(note_id, edit))

    async def delete_note(self, note_id: Id) -> None:
        await self._backend.delete_note(note_id)
        self._syncer.pull_soon()

    async def add_tag(self, fan_id: Id, tag: str) -> None:
        await self._take_fan(await self._backend.add_tag(fan_id, wire.NewTag(tag=tag)))

    async def remove_tag(self, fan_id: Id, tag: str) -> None:
        await self._take_fan(await self._backend.remove_tag(fan_id, tag))

    # --- inside ---------------------------------------------------------------------------------------------------

    def _changed(self, touched: Touched) -> None:
        self._store.notify(touched)
        self._uploader.wake()

    async def _cancel_what_may_have_arrived(self, row: Waiting) -> None:
        """A request was begun for it: only the backend knows whether there is something to take back."""
        await self._uploader.hold(row)
        try:
            answer = await self._backend.cancel(row.id)
        except ApiError as error:
            if error.status != 404:
                raise
            await self._store.change(lambda connection: outbox.take_back(connection, row.id))
        else:
            await self._take(answer.message)
        finally:
            self._uploader.release(row.id)

    async def _take(self, message: wire.Message) -> None:
        await self._store.change(lambda connection: apply.apply_message(connection, message))

    async def _take_note(self, note: wire.Note) -> None:
        await self._apply(wire.NoteChange(seq=note.ver, id=note.id, op="U", row=note))

    async def _take_fan(self, fan: wire.Fan) -> None:
        await self._apply(wire.FanChange(seq=fan.ver, id=fan.id, op="U", row=fan))

    async def _apply(self, change: wire.Change) -> None:
        await self._store.change(lambda connection: apply.apply_changes(connection, [change]))
