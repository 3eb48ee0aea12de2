"""What a person does to a message.

Sending needs no backend; what concerns a message that the backend has does, and its answer is stored at once, so that a
person sees what was done without waiting for the next sync.
"""

import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from huntaze_contract import wire
from huntaze_contract.compliance import Finding
from huntaze_contract.ids import Id
from huntaze_contract.outgoing import EDITABLE, MAX_TEXT, State
from huntaze_desktop.cache import Touched, apply, outbox, reviews, timeline
from huntaze_desktop.cache.changes import NotHereError
from huntaze_desktop.cache.outbox import Waiting
from huntaze_desktop.engine.backend import Backend
from huntaze_desktop.engine.clock import ServerClock
from huntaze_desktop.engine.errors import ApiError
from huntaze_desktop.engine.leases import Leases
from huntaze_desktop.engine.ops import OpsUploader
from huntaze_desktop.engine.outbox import Uploader
from huntaze_desktop.engine.store import Store
from huntaze_desktop.engine.timing import LONGEST_UNDO
from huntaze_desktop.model.entities import AttemptSeen, Candidate, Evidence, Review
from huntaze_desktop.sdk import BackendError


def sendable(text: str) -> str:
    """The text in the form in which the backend takes it; raises ValueError for one that it would refuse."""
    normal = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    if not normal.strip() or "\x00" in normal:
        raise ValueError("a message needs at least one visible character, and none that cannot be shown")
    if len(normal) > MAX_TEXT:
        raise ValueError(f"a message has at most {MAX_TEXT} characters")
    return normal


LONGEST_AHEAD = timedelta(days=366)


class Actions:
    """Belongs to the engine's loop."""

    def __init__(
        self, backend: Backend, store: Store, uploader: Uploader, ops: OpsUploader, leases: Leases, clock: ServerClock
    ) -> None:
        self._backend, self._store, self._uploader, self._ops = backend, store, uploader, ops
        self._leases, self._clock = leases, clock

    # --- sending --------------------------------------------------------------------------------------------------

    async def send(
        self,
        conversation_id: Id,
        text: str,
        send_at: datetime | None,
        undo_s: float,
        *,
        suggestion_id: Id | None = None,
    ) -> Id:
        """Put a message into the outbox and remove the draft, in one transaction; returns its id for life."""
        text = sendable(text)
        at = self._clock.now()
        if send_at is not None and not at < send_at <= at + LONGEST_AHEAD:
            raise ValueError("a message can be sent at a time to come only, and at most a year ahead")
        hold_until = at + timedelta(seconds=min(undo_s, LONGEST_UNDO)) if undo_s > 0 else None
        lease_epoch = self._leases.epoch(conversation_id)

        def put(connection: Connection) -> tuple[Id, Touched]:
            return outbox.put(
                connection,
                conversation_id,
                text,
                at,
                send_at=send_at,
                hold_until=hold_until,
                lease_epoch=lease_epoch,
                suggestion_id=suggestion_id,
            )

        try:
            message_id, touched = await self._store.write(put)
        except NotHereError:
            raise BackendError("This conversation is no longer here.", wire.ProblemCode.NOT_FOUND.value) from None
        self._changed(touched)
        return message_id

    async def undo_send(self, message_id: Id) -> bool:
        """Make a message that has not left this computer the draft again."""
        at = self._clock.now()
        undone, touched = await self._store.write(lambda c: outbox.undo(c, message_id, at))
        self._changed(touched)
        return undone

    async def save_draft(self, conversation_id: Id, text: str) -> None:
        at = self._clock.now()
        await self._store.change(lambda connection: outbox.save_draft(connection, conversation_id, text, at))
        self._ops.wake()

    async def draft(self, conversation_id: Id) -> str:
        return await self._store.read(lambda connection: outbox.draft(connection, conversation_id))

    # --- what is queued or failed ---------------------------------------------------------------------------------

    async def retry(self, message_id: Id, together_with: Sequence[Id] = ()) -> None:
        """Send a failed, rejected, expired or overtaken message again, with those that were looked at beside it."""
        row = await self._store.read(lambda connection: outbox.get(connection, message_id))
        if row is None:
            answer = await self._backend.retry(message_id)
            await self._take(answer.message)
            return
        at = self._clock.now()
        if row.state in (State.EXPIRED, State.NEEDS_REVIEW):
            confirm = partial(outbox.confirm, message_id=message_id, together_with=together_with)
            self._changed(await self._store.write(confirm))
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
            if found is None or (found.attempts and found.going):
                return found, Touched()
            return None, outbox.take_back(connection, message_id)

        row, touched = await self._store.write(take_back)
        if touched:
            self._changed(touched)
        elif row is None:
            await self._take((await self._backend.cancel(message_id)).message)
        else:
            await self._cancel_what_may_have_arrived(row)

    async def edit(self, message_id: Id, text: str) -> None:
        """Change the text of a message that still waits: here, or at the backend if that has it."""
        text = sendable(text)

        def edit(connection: Connection) -> tuple[Waiting | None, Touched]:
            found = outbox.get(connection, message_id)
            if found is None or (found.attempts and found.going):
                return found, Touched()
            if found.state not in EDITABLE:
                raise BackendError("This message can no longer be changed.", wire.ProblemCode.ILLEGAL_STATE.value)
            return None, outbox.edit(connection, message_id, text)

        row, touched = await self._store.write(edit)
        if touched:
            self._changed(touched)
        elif row is None:
            await self._edit_there(message_id, text)
        else:
            await self._edit_what_may_have_arrived(row, text)

    async def review(self, message_id: Id) -> Review | None:
        return await self._store.read(lambda connection: reviews.review(connection, message_id))

    async def findings(self, message_id: Id) -> tuple[Finding, ...]:
        return await self._store.read(lambda connection: outbox.findings(connection, message_id))

    # --- what is on its way or delivered --------------------------------------------------------------------------

    async def unsend(self, message_id: Id) -> None:
        """Take a delivered message back from the platform."""
        await self._take((await self._backend.unsend(message_id)).message)

    async def evidence(self, message_id: Id) -> Evidence:
        """What is known of a message in `needs_human`."""
        found = await self._backend.evidence(message_id)
        await self._take(found.message)
        return Evidence(
            message_id=message_id,
            text=found.message.text,
            attempts=tuple(AttemptSeen(one.no, one.started_at, one.outcome, one.detail) for one in found.attempts),
            candidates=tuple(
                Candidate(one.platform_id, one.text, one.at, one.same_text, one.bound_to is not None)
                for one in found.candidates
            ),
            listed_at=found.listed_at,
            complete=found.complete,
            trouble=found.trouble,
        )

    async def resolve(self, message_id: Id, resolution: wire.Resolution) -> None:
        """Say what a person found on the platform of a message in `needs_human`."""
        await self._take((await self._backend.resolve(message_id, resolution)).message)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _changed(self, touched: Touched) -> None:
        self._store.notify(touched)
        self._uploader.wake()
        self._ops.wake()  # a draft came or went with it

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

    async def _edit_what_may_have_arrived(self, row: Waiting, text: str) -> None:
        """A request was begun for it: where the backend has it, the text is changed there."""
        await self._uploader.hold(row)
        try:
            answer = await self._backend.message(row.id)
        except ApiError as error:
            if error.status != 404:
                raise
            await self._store.change(lambda connection: outbox.edit(connection, row.id, text))
        else:
            await self._take(answer.message)
            await self._edit_there(row.id, text)
        finally:
            self._uploader.release(row.id)

    async def _edit_there(self, message_id: Id, text: str) -> None:
        ver = await self._store.read(lambda connection: timeline.version(connection, message_id))
        if ver is None:
            raise BackendError("This message is no longer here.", wire.ProblemCode.NOT_FOUND.value)
        edit = wire.MessageEdit(text=text, base_ver=ver)
        await self._take((await self._backend.edit(message_id, edit)).message)

    async def _take(self, message: wire.Message) -> None:
        await self._store.change(lambda connection: apply.apply_message(connection, message))
