"""Where an outgoing row meets the state machine: the one place that changes a message's state, and the binding.

Everything that happens to a message is an event of `huntaze_contract.outgoing`; `advance` runs the pure step, writes
the row, notes the change and tells the dispatcher. Effects on the limiter and the account are the caller's, in the same
unit of work.
"""

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from huntaze_backend.areas.messages import recording, rules, thread_store
from huntaze_backend.areas.messages.tables import AttemptRow, MessageRow
from huntaze_backend.core.changes import record
from huntaze_backend.core.clock import now
from huntaze_backend.events import MessageReady, emit
from huntaze_contract.outgoing import Bind, Due, Effect, Event, HeadReleased, ListAgain, State, Timing, step

__all__ = ["AlreadyBoundError", "advance", "bind", "first_attempt", "note"]

_BOUND = select(MessageRow).where(
    MessageRow.creator_id == bindparam("creator"), MessageRow.platform_id == bindparam("platform_id")
)
_CHANGES_THE_THREAD = frozenset({State.SENT, State.CANCELLED, State.REJECTED})


class AlreadyBoundError(Exception):
    """The platform message belongs to another message that was written here; one of the two claims is wrong."""


def advance(
    session: Session, row: MessageRow, event: Event, timing: Timing, *, created_at: datetime | None = None
) -> tuple[Effect, ...]:
    """Apply `event` to a row that this unit of work holds.

    Args:
        session: the unit of work.
        row: an outgoing message, locked where others may write it too.
        event: what happened.
        timing: of the platform.
        created_at: the platform's time of the message, with an event that proves it is there.

    Raises:
        IllegalTransitionError: the event has no meaning now; nothing was changed.
        AlreadyBoundError: the platform message is another row's; nothing was changed.
    """
    after, effects = step(rules.load(row), event, timing)
    for effect in effects:
        if isinstance(effect, Bind):
            bind(session, row, effect.platform_message_id)
    before = _visible(row)
    rules.store(row, after)
    if after.state is State.SENT and created_at is not None:
        row.at = created_at
    if after.state is State.UNKNOWN:
        row.list_at = now(session)
    for effect in effects:
        if isinstance(effect, ListAgain):
            row.list_at = effect.at
    if _visible(row) != before:
        recording.stepped(session, row, event)
        note(session, row, thread=after.state in _CHANGES_THE_THREAD)
    woken = after.state is State.READY and not isinstance(event, Due)  # `Due` is the dispatcher's own
    if woken or any(isinstance(effect, HeadReleased) for effect in effects):
        emit(session, MessageReady(row.id, row.conversation_id, row.creator_id, row.agency_id))
    return effects


def _visible(row: MessageRow) -> tuple[object, ...]:
    return (row.state, row.reason, row.not_before, row.attempt_no, row.place, row.platform_id)


def note(session: Session, row: MessageRow, *, thread: bool) -> None:
    """Record that the message changed, and its conversation; with `thread` what is derived from the timeline too."""
    record(session, agency_id=row.agency_id, entity="message", entity_id=row.id, creator_id=row.creator_id)
    if thread:
        thread_store.refresh(session, [row.conversation_id])
    else:
        record(
            session,
            agency_id=row.agency_id,
            entity="conversation",
            entity_id=row.conversation_id,
            creator_id=row.creator_id,
        )


def bind(session: Session, row: MessageRow, platform_id: str) -> None:
    """Give the platform message to this row, and to no other.

    A row that a poll or webhook made of the same message before its author was known gives way. Raises
    AlreadyBoundError.
    """
    other = session.scalar(_BOUND, {"creator": row.creator_id, "platform_id": platform_id})
    if other is not None and other is not row:
        if other.client_key is not None or other.conversation_id != row.conversation_id:
            raise AlreadyBoundError(platform_id)
        row.read_at, row.bought_at = other.read_at, other.bought_at
        session.delete(other)
        session.flush()
        record(
            session,
            agency_id=other.agency_id,
            entity="message",
            entity_id=other.id,
            creator_id=other.creator_id,
            op="D",
        )
    row.platform_id = platform_id


def first_attempt(session: Session, message_id: str) -> AttemptRow | None:
    """The attempt whose high-water mark decides what can be proof."""
    return session.scalar(
        select(AttemptRow).where(AttemptRow.message_id == message_id).order_by(AttemptRow.no).limit(1)
    )
