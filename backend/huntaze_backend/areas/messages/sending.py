"""What the sending routes call: the door through which a message enters (accepting.py), how it stands, and what a
person may decide about it later: cancel, retry, resolve.
"""

from datetime import datetime
from functools import partial

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.messages import accepting, rules
from huntaze_backend.areas.messages.budgets import budget_of, turn_of
from huntaze_backend.areas.messages.pipeline import AlreadyBoundError, advance
from huntaze_backend.areas.messages.rules import SendPolicy
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.core.audit import audit
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.changes import versions
from huntaze_backend.core.clock import now
from huntaze_backend.core.db import Database
from huntaze_backend.core.errors import ConflictError, NotFoundError
from huntaze_backend.engines.limits.port import RateGate
from huntaze_contract.outgoing import (
    Cancel,
    Event,
    IllegalTransitionError,
    Retry,
    State,
    Verdict,
)
from huntaze_contract.wire import NewMessage, ProblemCode, Resolution, SendAnswer, SendBudget

__all__ = ["Sending"]


class Sending:
    """What the sending routes call."""

    def __init__(self, db: Database, gate: RateGate, policy: SendPolicy) -> None:
        self._db = db
        self._gate = gate
        self._policy = policy

    async def accept(self, principal: Principal, key: str, body: NewMessage) -> tuple[SendAnswer, bool]:
        """Take a message in, or tell how it stands if it was taken in before. Returns (answer, replayed)."""
        try:
            accepted = await self._db.write(partial(accepting.accept, principal=principal, key=key, body=body))
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
        if row.state == State.SCHEDULED:
            return row.not_before
        if row.state not in (State.READY, State.LIMITED):
            return None
        creator = accounts.creator(session, row.agency_id, row.creator_id)
        at = turn_of(session, self._gate, creator, self._policy, row)
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


def _next_place(session: Session, conversation_id: str) -> int:
    conversation = session.get_one(ConversationRow, conversation_id, with_for_update=True)
    return rules.take_place(conversation)


def _visible(session: Session, principal: Principal, message_id: str, *, lock: bool = False) -> MessageRow:
    row = session.get(MessageRow, message_id, with_for_update=lock)
    if row is None or row.agency_id != principal.agency_id or row.state is None or row.client_key is None:
        raise NotFoundError
    principal.require_creator(row.creator_id)
    return row
