"""Taking a message in: once for ever under its key, in its conversation's order, knowing what its writer did not know.

The core of the door, as sync functions over one unit of work. `accept` is for what a person sends; `queue` is how other
areas hand in what a machine sends. Neither talks to a platform: a committed `ready` row is what dispatch finds, a
`scheduled` one waits for its time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from huntaze_backend.areas.messages import holding, recording, replies, rules, thread_store
from huntaze_backend.areas.messages.approval_policy import asks, has_yes, may_approve, policy_of
from huntaze_backend.areas.messages.collisions import collision
from huntaze_backend.areas.messages.compliance import Passed, note_warnings, require_allowed
from huntaze_backend.areas.messages.pipeline import advance
from huntaze_backend.areas.messages.provenance import NO_MACHINE, MachineTexts, trace
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.core.audit import audit
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.changes import CounterRow
from huntaze_backend.core.clock import now
from huntaze_backend.core.errors import ConflictError, NotFoundError, ValidationProblem
from huntaze_backend.engines.compliance.checking import Compliance
from huntaze_contract.ids import new_id
from huntaze_contract.outgoing import DEFAULT_TIMING, Accept, Release, Schedule, State
from huntaze_contract.wire import Collision, Lane, MediaItem, MessageKind, NewMessage, ProblemCode, Provenance

__all__ = ["LONGEST_SCHEDULE", "SOON", "Accepted", "accept", "queue"]

SOON = timedelta(seconds=5)
"""A time to send that is past, or nearer than this, means now."""

LONGEST_SCHEDULE = timedelta(days=366)

_BY_KEY = select(MessageRow).where(
    MessageRow.agency_id == bindparam("agency"), MessageRow.client_key == bindparam("key")
)
_LOCKED = (
    select(ConversationRow)
    .where(ConversationRow.id == bindparam("conversation"), ConversationRow.agency_id == bindparam("agency"))
    .with_for_update()
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True, slots=True)
class Accepted:
    message_id: str
    replayed: bool


@dataclass(frozen=True, slots=True)
class _Composed:
    """What makes up a new row, whoever made it."""

    key: str
    text: str
    lane: Lane
    send_at: datetime | None = None
    """In the future, or None: now."""
    price: int | None = None
    media: tuple[MediaItem, ...] = ()
    ai: Provenance | None = None
    author: Principal | None = None
    device_id: str | None = None
    device_seq: int | None = None


def accept(
    session: Session,
    *,
    compliance: Compliance,
    principal: Principal,
    key: str,
    body: NewMessage,
    machine: MachineTexts = NO_MACHINE,
) -> Accepted:
    """Take in what a member sends, or tell which message it was if it was taken in before.

    Where the creator's policy asks for a yes that the author cannot give, it waits for one.

    Raises:
        NotFoundError: no such conversation for this member.
        ValidationProblem: KEY_REUSED, CANNOT_SEND, or a time too far ahead.
        ConflictError: RESTORED; OUT_OF_ORDER; COLLISION or LEASE_LOST with what the writer had not seen.
        ComplianceError: the rules mind the text, with or without `override`.
    """
    known = _by_key(session, principal.agency_id, key)
    conversation = _locked(session, principal.agency_id, body.conversation_id)
    if known is None:
        # Under the conversation's lock the answer cannot change any more.
        known = _by_key(session, principal.agency_id, key)
    if known is not None:
        principal.require_creator(known.creator_id)
        return _again(known, body.conversation_id, body.text)
    if conversation is None:
        raise NotFoundError
    principal.require_creator(conversation.creator_id)
    _check_epoch(session, principal.agency_id, body.epoch)
    send_at = _time_of(session, body.send_at)
    _check_open(conversation)
    _check_order(session, conversation, body.prev_id)
    passed = require_allowed(
        session, compliance, conversation.agency_id, conversation.creator_id, body.text, price=None
    )
    found = collision(session, conversation, principal.member_id, body)
    if found is not None and not body.override:
        raise _refusal(found)
    composed = _Composed(
        key,
        body.text,
        Lane.LIVE if send_at is None else Lane.SCHEDULED,
        send_at,
        ai=trace(
            session,
            machine,
            creator_id=conversation.creator_id,
            conversation_id=conversation.id,
            text=body.text,
            suggestion_id=body.suggestion_id,
        ),
        author=principal,
        device_id=body.device_id,
        device_seq=body.device_seq,
    )
    row = _insert(session, conversation, composed, passed)
    note_warnings(session, passed, row, principal.member_id)
    if body.override:
        audit(
            session,
            agency_id=principal.agency_id,
            actor_id=principal.member_id,
            action="message.override",
            subject=row.id,
            reason=None if found is None else found.reason,
            missed=[] if found is None else [message.id for message in found.missed],
        )
    return Accepted(row.id, replayed=False)


def queue(
    session: Session,
    *,
    compliance: Compliance,
    agency_id: str,
    conversation_id: str,
    key: str,
    text: str,
    lane: Lane,
    send_at: datetime | None = None,
    price: int | None = None,
    media: tuple[MediaItem, ...] = (),
    ai: Provenance | None = None,
) -> Accepted:
    """Hand in a message that a machine makes: the door for automations and campaigns.

    Args:
        session: the unit of work of whoever decided to send it.
        compliance: what may leave.
        agency_id: whose conversation it must be.
        conversation_id: where it goes.
        key: a UUID that stands for this very message: however often it is handed in, it is sent once.
        text: as `wire.sendable_text` leaves it.
        lane: whom it lets pass; `LIVE` is for people.
        send_at: not before then; None, past or very soon: now.
        price: of a PPV message, in minor units.
        media: what is attached.
        ai: the model that wrote the text; None only for words that a person gave the automation or campaign.

    Raises:
        NotFoundError: no such conversation.
        ValidationProblem: KEY_REUSED, CANNOT_SEND, or a time too far ahead.
        ComplianceError: the rules mind the text or the price.
        ValueError: the live lane.
    """
    if lane is Lane.LIVE:
        raise ValueError("the live lane is for what people write")
    conversation = _locked(session, agency_id, conversation_id)
    known = _by_key(session, agency_id, key)
    if known is not None:
        return _again(known, conversation_id, text)
    if conversation is None:
        raise NotFoundError
    _check_open(conversation)
    passed = require_allowed(session, compliance, agency_id, conversation.creator_id, text, price)
    composed = _Composed(key, text, lane, _time_of(session, send_at), price, media, ai)
    row = _insert(session, conversation, composed, passed)
    note_warnings(session, passed, row, None)
    return Accepted(row.id, replayed=False)


def _by_key(session: Session, agency_id: str, key: str) -> MessageRow | None:
    return session.scalar(_BY_KEY, {"agency": agency_id, "key": key})


def _locked(session: Session, agency_id: str, conversation_id: str) -> ConversationRow | None:
    return session.scalar(_LOCKED, {"conversation": conversation_id, "agency": agency_id})


def _again(known: MessageRow, conversation_id: str, text: str) -> Accepted:
    # What it was accepted with, not what it says now: an edit does not make a late repeat another message.
    if known.body_hash != rules.body_hash(conversation_id, text):
        raise ValidationProblem(
            "This Idempotency-Key belongs to another message.", code=ProblemCode.KEY_REUSED, field="Idempotency-Key"
        )
    return Accepted(known.id, replayed=True)


def _time_of(session: Session, send_at: datetime | None) -> datetime | None:
    if send_at is None:
        return None
    at = now(session)
    if send_at > at + LONGEST_SCHEDULE:
        raise ValidationProblem(
            f"A message can be scheduled up to {LONGEST_SCHEDULE.days} days ahead.", field="send_at"
        )
    return send_at if send_at > at + SOON else None


def _check_open(conversation: ConversationRow) -> None:
    if not conversation.can_send:
        raise ValidationProblem(
            conversation.cannot_send_reason or "The platform does not let you write to this fan.",
            code=ProblemCode.CANNOT_SEND,
            field="conversation_id",
        )


def _check_epoch(session: Session, agency_id: str, epoch: str | None) -> None:
    """What was first sent to the database before it was replaced may have been known there, and may have gone out."""
    if epoch is None:
        return
    present = session.scalar(select(CounterRow.epoch).where(CounterRow.agency_id == agency_id))
    if present != epoch:
        raise ConflictError(
            "The service was restored from an earlier copy.",
            code=ProblemCode.RESTORED,
            title="The service was restored",
            action="Take a new snapshot. If an earlier request may have arrived, let a person look at the platform.",
        )


def _check_order(session: Session, conversation: ConversationRow, prev_id: str | None) -> None:
    if prev_id is None:
        return
    before = _by_key(session, conversation.agency_id, prev_id)
    if before is None or before.conversation_id != conversation.id:
        raise ConflictError(
            "The message before this one has not arrived yet.",
            code=ProblemCode.OUT_OF_ORDER,
            title="Messages arrived out of order",
            action="Send the earlier message first, then repeat this one.",
        )


_REFUSALS = {
    "colleague_replied": "A colleague answered while this was being written.",
    "fan_wrote_on": "The fan wrote on long after this was written.",
    "lease_lost": "A colleague took this conversation over.",
}


def _refusal(found: Collision) -> ConflictError:
    return ConflictError(
        _REFUSALS[found.reason],
        code=ProblemCode.LEASE_LOST if found.reason == "lease_lost" else ProblemCode.COLLISION,
        title="The conversation went on",
        action="Read what was missed; send it all the same with `override`, or leave it.",
        collision=found,
    )


def _insert(session: Session, conversation: ConversationRow, composed: _Composed, passed: Passed) -> MessageRow:
    at, author = now(session), composed.author
    # The key is the id. Only where another agency's row happens to have it, a new id is made: whose keys exist
    # elsewhere is nobody's business, and the unique key alone decides what is a repeat.
    message_id = composed.key if session.get(MessageRow, composed.key) is None else new_id()
    row = MessageRow(
        id=message_id,
        agency_id=conversation.agency_id,
        creator_id=conversation.creator_id,
        conversation_id=conversation.id,
        fan_id=conversation.fan_id,
        direction="out",
        kind=(MessageKind.TEXT if composed.price is None else MessageKind.PPV).value,
        text=composed.text,
        price=composed.price,
        currency="USD",
        media=[item.model_dump(mode="json") for item in composed.media],
        at=at,
        state=State.QUEUED_LOCAL.value,
        attempt_no=0,
        spent=0,
        complete_listings=0,
        failed_listings=0,
        stop=False,
        client_key=composed.key,
        body_hash=rules.body_hash(conversation.id, composed.text),
        author_id=None if author is None else author.member_id,
        author_name=None if author is None else author.name,
        accepted_at=at,
        device_id=composed.device_id,
        device_seq=composed.device_seq,
        lane=composed.lane.value,
        rev=replies.count(conversation),
        ai=None if composed.ai is None else composed.ai.model_dump(mode="json"),
    )
    if author is not None and may_approve(author):
        holding.say_yes(row, author, at)
    # Asked before there is anything to flush: the row is written once, in the state in which it enters.
    policy = policy_of(session, row.creator_id)
    session.add(row)
    advance(session, row, Accept(), DEFAULT_TIMING)
    recording.accepted(session, row, policy, *passed)
    if asks(policy, composed.ai) and not has_yes(row):
        holding.hold(session, row, policy, composed.send_at)
    else:
        advance(session, row, _entry(conversation, composed.send_at), DEFAULT_TIMING)
    session.flush()
    thread_store.refresh(session, [row.conversation_id])
    return row


def _entry(conversation: ConversationRow, send_at: datetime | None) -> Schedule | Release:
    return Release(rules.take_place(conversation)) if send_at is None else Schedule(send_at)
