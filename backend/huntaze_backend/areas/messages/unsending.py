"""Taking a delivered message back: asked for here, done by a job, because the platform may not answer at once.

The row stays, with its text: it is the record of what the team sent. `unsend` says how the taking back stands.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.messages import decisions, recording
from huntaze_backend.areas.messages.pipeline import note
from huntaze_backend.areas.messages.readers import Readers
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.core.audit import audit
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.clock import now
from huntaze_backend.core.db import Database
from huntaze_backend.core.errors import ConflictError
from huntaze_backend.engines.gateways.reading import GatewayError, Trouble
from huntaze_backend.engines.queue.handlers import Registry
from huntaze_backend.engines.queue.port import Acked, Job, Leased, Outcome, Priority, complete, enqueue
from huntaze_contract.outgoing import State
from huntaze_contract.wire import ProblemCode, Unsend

__all__ = ["JOB", "UNSEND_WITHIN", "Unsender", "ask_back", "register"]

log = structlog.get_logger(__name__)

JOB = "message.unsend"
UNSEND_WITHIN = timedelta(hours=24)
"""After its delivery; the platform takes nothing back that is older."""

_NEVER = frozenset({Trouble.REFUSED})

_DISCONNECTED = "disconnected"
_NOT_DONE = "not_done"
"""The job died of something that is not the platform's: a fault of ours, or of the machine."""


def register(registry: Registry, readers: Readers) -> None:
    """Say who does the jobs, and what becomes of a message whose job died."""
    registry.handle(JOB, Unsender(readers), on_death=_given_up)


def ask_back(session: Session, principal: Principal, message_id: str) -> None:
    """Ask the platform to take a delivered message back. Repeating it is harmless; after a failure it asks again.

    Raises:
        ForbiddenError: a chatter takes back only what they wrote.
        ConflictError: ILLEGAL_STATE for one that is not delivered, TOO_LATE a day after its delivery.
    """
    row = decisions.visible(session, principal, message_id, lock=True)
    decisions.require_own(principal, row)
    if row.state != State.SENT or row.platform_id is None:
        raise decisions.illegal(row)
    if row.unsend in (Unsend.REQUESTED, Unsend.DONE):
        return
    if now(session) > row.at + UNSEND_WITHIN:
        raise ConflictError(
            "A message can be taken back within 24 hours.",
            code=ProblemCode.TOO_LATE,
            title="It is too late for that",
            action="Write to the fan instead.",
        )
    row.unsend, row.reason = Unsend.REQUESTED.value, None
    recording.act(session, row, "unsend_asked", principal.member_id)
    note(session, row, thread=False)
    audit(
        session,
        agency_id=row.agency_id,
        actor_id=principal.member_id,
        action="message.unsend",
        subject=row.id,
    )
    enqueue(
        session,
        Job(
            JOB,
            {"message_id": row.id},
            priority=Priority.HIGH,
            dedupe_key=f"{JOB}:{row.id}",
            agency_id=row.agency_id,
        ),
    )


@dataclass(frozen=True, slots=True)
class _Delivered:
    connection_id: str | None
    account: str
    chat: str
    platform_id: str


class Unsender:
    """Does the jobs. Doing one again is harmless: what is gone already counts as taken back."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    async def __call__(self, leased: Leased, db: Database) -> Outcome:
        """Raises GatewayError for what may work later; the last attempt marks the message instead."""
        message_id = str(leased.job.payload["message_id"])
        found = await db.read(partial(_wanted, message_id=message_id))
        if found is None:
            return None
        try:
            failure = await self._take_back(found)
        except GatewayError as error:
            log.info("unsend.failed", message_id=message_id, kind=error.kind, attempt=leased.attempt)
            if error.kind not in _NEVER and leased.attempt < leased.job.max_attempts:
                raise
            failure = error.kind.value
        await db.write(partial(_end_job, message_id=message_id, failure=failure, token=leased.token))
        return Acked()

    async def _take_back(self, wanted: _Delivered) -> str | None:
        """Returns why nobody can do it any more, or None when it is done."""
        reader = None if wanted.connection_id is None else await self._readers.of(wanted.connection_id)
        if reader is None:
            return _DISCONNECTED
        try:
            await reader.unsend(wanted.account, wanted.chat, wanted.platform_id)
        except GatewayError as error:
            if error.kind is not Trouble.NOT_FOUND:
                raise
        return None


def _wanted(session: Session, *, message_id: str) -> _Delivered | None:
    row = session.get(MessageRow, message_id)
    # A dead job that somebody revives finds its message marked as failed.
    if row is None or row.unsend not in (Unsend.REQUESTED, Unsend.FAILED) or row.platform_id is None:
        return None
    creator = accounts.creator(session, row.agency_id, row.creator_id)
    chat = session.get_one(ConversationRow, row.conversation_id).platform_id
    return _Delivered(creator.connection_id, creator.platform_account_id, chat, row.platform_id)


def _end_job(session: Session, *, message_id: str, failure: str | None, token: str) -> None:
    _end(session, message_id, failure)
    complete(session, token)


def _given_up(session: Session, job: Job) -> None:
    """The job died without having come to an end: the person is told, and may ask again."""
    _end(session, str(job.payload["message_id"]), _NOT_DONE)


def _end(session: Session, message_id: str, failure: str | None) -> None:
    row = session.get(MessageRow, message_id, with_for_update=True)
    if row is None or row.unsend not in (Unsend.REQUESTED, Unsend.FAILED):
        return
    if failure is None:
        row.unsend, row.unsent_at, row.reason = Unsend.DONE.value, now(session), None
        recording.act(session, row, "unsent", None)
    else:
        row.unsend, row.reason = Unsend.FAILED.value, failure
        recording.act(session, row, "not_unsent", None, reason=failure)
    note(session, row, thread=False)
