"""The door through which a message enters: accepted once for ever under its key, in its conversation's order.

Also what a person may decide about a message later: cancel, retry, resolve. Nothing here talks to a platform; a
committed `ready` row is what dispatch finds.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.messages import rules, thread_store
from huntaze_backend.areas.messages.budgets import account_meters, budget_of
from huntaze_backend.areas.messages.pipeline import AlreadyBoundError, advance
from huntaze_backend.areas.messages.rules import SendPolicy
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.core.audit import audit
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.changes import versions
from huntaze_backend.core.clock import now
from huntaze_backend.core.db import Database
from huntaze_backend.core.errors import ConflictError, NotFoundError, ValidationProblem
from huntaze_backend.engines.limits.port import RateGate
from huntaze_contract.ids import new_id
from huntaze_contract.outgoing import (
    DEFAULT_TIMING,
    Accept,
    Cancel,
    Event,
    IllegalTransitionError,
    Release,
    Retry,
    State,
    Verdict,
)
from huntaze_contract.wire import NewMessage, ProblemCode, Resolution, SendAnswer, SendBudget

__all__ = ["Accepted", "Sending"]


@dataclass(frozen=True, slots=True)
class Accepted:
    message_id: str
    replayed: bool


class Sending:
    """What the sending routes call."""

    def __init__(self, db: Database, gate: RateGate, policy: SendPolicy) -> None:
        self._db = db
        self._gate = gate
        self._policy = policy

    async def accept(self, principal: Principal, key: str, body: NewMessage) -> tuple[SendAnswer, bool]:
        """Take a message in, or tell how it stands if it was taken in before. Returns (answer, replayed)."""
        try:
            accepted = await self._db.write(partial(_accept, principal=principal, key=key, body=body))
        except IntegrityError as error:
            # Another request under this key commits at this very moment; its outcome is a second away.
            raise ConflictError(
                "The same message is being accepted by another request.",
                code=ProblemCode.IN_PROGRESS,
                action="Repeat the request.",
                retry_after_s=1,
            ) from error
        return await self.answer(principal, accepted.message_id), accepted.replayed

    async def answer(self, principal: Principal, message_id: str) -> SendAnswer:
        return await self._db.read(partial(self._answer, principal=principal, message_id=message_id))

    async def cancel(self, principal: Principal, message_id: str) -> SendAnswer:
        """Take it back; with an attempt under way: no further ones. Repeating it is harmless."""
        await self._db.write(partial(self._decide, principal=principal, message_id=message_id, decision=Cancel()))
        return await self.answer(principal, message_id)

    async def retry(self, principal: Principal, message_id: str) -> SendAnswer:
        """Send a failed message again, at the tail of its conversation."""
        await self._db.write(partial(self._decide, principal=principal, message_id=message_id, decision=None))
        return await self.answer(principal, message_id)

    async def resolve(self, principal: Principal, message_id: str, resolution: Resolution) -> SendAnswer:
        """A person read the platform and says what became of a message in `needs_human`."""
        verdict = Verdict(
            sent=resolution.verdict == "sent",
            again=resolution.verdict == "not_sent_send_again",
            platform_message_id=resolution.platform_id,
        )
        await self._db.write(partial(self._decide, principal=principal, message_id=message_id, decision=verdict))
        return await self.answer(principal, message_id)

    async def budget(self, principal: Principal, creator_id: str) -> SendBudget:
        principal.require_creator(creator_id)

        def read(session: Session) -> SendBudget:
            return budget_of(
                session, self._gate, accounts.creator(session, principal.agency_id, creator_id), self._policy
            )

        return await self._db.read(read)

    def _answer(self, session: Session, *, principal: Principal, message_id: str) -> SendAnswer:
        row = _visible(session, principal, message_id)
        ver = versions(session, row.agency_id, "message", [row.id]).get(row.id, 0)
        return SendAnswer(
            message=rules.to_wire(row, ver), estimated_at=self._estimate(session, row), server_time=now(session)
        )

    def _estimate(self, session: Session, row: MessageRow) -> datetime | None:
        if row.state not in (State.READY, State.LIMITED):
            return None
        creator = accounts.creator(session, row.agency_id, row.creator_id)
        ahead = session.scalar(
            select(func.count())
            .select_from(MessageRow)
            .where(
                MessageRow.held_place.is_not(None),
                MessageRow.creator_id == row.creator_id,
                MessageRow.state.in_([State.READY.value, State.LIMITED.value]),
                MessageRow.accepted_at < row.accepted_at,
            )
        )
        meters = account_meters(creator, self._policy)
        at = self._gate.forecast(session, meters, min((ahead or 0) + 1, _FORECAST))[-1]
        return max(at, row.not_before) if row.not_before else at

    def _decide(self, session: Session, *, principal: Principal, message_id: str, decision: Event | None) -> None:
        row = _visible(session, principal, message_id, lock=True)
        if isinstance(decision, Cancel) and row.state == State.CANCELLED:
            return
        if decision is None:
            decision = Retry(_next_place(session, row.conversation_id))
        try:
            advance(session, row, decision, self._policy.timing)
        except IllegalTransitionError as error:
            raise ConflictError(
                f"The message is {row.state}.",
                code=ProblemCode.ILLEGAL_STATE,
                title="The message's state does not allow this",
            ) from error
        except AlreadyBoundError as error:
            raise ConflictError("That message on the platform is another message of this conversation.") from error
        audit(
            session,
            agency_id=row.agency_id,
            actor_id=principal.member_id,
            action=f"message.{type(decision).__name__.lower()}",
            subject=row.id,
            state=row.state,
        )


_FORECAST = 500  # an estimate further away than that says no more than "late"


def _accept(session: Session, *, principal: Principal, key: str, body: NewMessage) -> Accepted:
    known = _by_key(session, principal.agency_id, key)
    conversation = session.scalar(
        select(ConversationRow)
        .where(ConversationRow.id == body.conversation_id, ConversationRow.agency_id == principal.agency_id)
        .with_for_update()
    )
    if known is None:
        # Under the conversation's lock the answer cannot change any more.
        known = _by_key(session, principal.agency_id, key)
    if known is not None:
        principal.require_creator(known.creator_id)
        if known.body_hash != rules.body_hash(body.conversation_id, body.text):
            raise ValidationProblem(
                "This Idempotency-Key belongs to another message.", code=ProblemCode.KEY_REUSED, field="Idempotency-Key"
            )
        return Accepted(known.id, replayed=True)
    if conversation is None:
        raise NotFoundError
    principal.require_creator(conversation.creator_id)
    _check_door(session, conversation, body)
    return Accepted(_insert(session, principal, key, body, conversation), replayed=False)


def _by_key(session: Session, agency_id: str, key: str) -> MessageRow | None:
    return session.scalar(select(MessageRow).where(MessageRow.agency_id == agency_id, MessageRow.client_key == key))


def _check_door(session: Session, conversation: ConversationRow, body: NewMessage) -> None:
    if not conversation.can_send:
        raise ValidationProblem(
            conversation.cannot_send_reason or "The platform does not let you write to this fan.",
            code=ProblemCode.CANNOT_SEND,
            field="conversation_id",
        )
    if body.prev_id is None:
        return
    before = _by_key(session, conversation.agency_id, body.prev_id)
    if before is None or before.conversation_id != conversation.id:
        raise ConflictError(
            "The message before this one has not arrived yet.",
            code=ProblemCode.OUT_OF_ORDER,
            title="Messages arrived out of order",
            action="Send the earlier message first, then repeat this one.",
        )


def _insert(session: Session, principal: Principal, key: str, body: NewMessage, conversation: ConversationRow) -> str:
    at = now(session)
    # The key is the id. Only where another agency's row happens to have it, a new id is made: whose keys exist
    # elsewhere is nobody's business, and the unique key alone decides what is a repeat.
    message_id = key if session.get(MessageRow, key) is None else new_id()
    row = MessageRow(
        id=message_id,
        agency_id=conversation.agency_id,
        creator_id=conversation.creator_id,
        conversation_id=conversation.id,
        fan_id=conversation.fan_id,
        direction="out",
        kind="text",
        text=body.text,
        currency="USD",
        media=[],
        at=at,
        state=State.QUEUED_LOCAL.value,
        attempt_no=0,
        spent=0,
        complete_listings=0,
        stop=False,
        client_key=key,
        body_hash=rules.body_hash(body.conversation_id, body.text),
        author_id=principal.member_id,
        author_name=principal.name,
        accepted_at=at,
        device_id=body.device_id,
        device_seq=body.device_seq,
    )
    session.add(row)
    place = conversation.next_place
    conversation.next_place = place + 1
    for event in (Accept(), Release(place)):
        advance(session, row, event, DEFAULT_TIMING)
    session.flush()
    thread_store.refresh(session, [row.conversation_id])
    return row.id


def _next_place(session: Session, conversation_id: str) -> int:
    conversation = session.get_one(ConversationRow, conversation_id, with_for_update=True)
    place = conversation.next_place
    conversation.next_place = place + 1
    return place


def _visible(session: Session, principal: Principal, message_id: str, *, lock: bool = False) -> MessageRow:
    row = session.get(MessageRow, message_id, with_for_update=lock)
    if row is None or row.agency_id != principal.agency_id or row.state is None or row.client_key is None:
        raise NotFoundError
    principal.require_creator(row.creator_id)
    return row
