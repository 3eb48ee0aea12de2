"""What the approval routes call: the queue, its past, the policies, and decisions, each a unit of work of its own."""

from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.messages import approval_lists, approvals
from huntaze_backend.areas.messages.approval_policy import APPROVERS, policy_of, set_policy
from huntaze_backend.areas.messages.loaders import load_messages
from huntaze_backend.areas.messages.tables import MessageRow
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.db import Database
from huntaze_backend.core.errors import AppError
from huntaze_backend.engines.compliance.checking import Compliance
from huntaze_contract.wire import (
    Approval,
    ApprovalDecision,
    ApprovalDecisions,
    ApprovalPast,
    ApprovalPolicy,
    ApprovalPolicyUpdate,
    ApprovalResult,
    ApprovalResults,
    Message,
    Page,
    ProblemCode,
)

__all__ = ["Approvals"]

_READ_ANEW = frozenset({ProblemCode.CONFLICT, ProblemCode.COLLISION, ProblemCode.COMPLIANCE_BLOCKED})


class Approvals:
    """One per application."""

    def __init__(self, db: Database, compliance: Compliance) -> None:
        self._db = db
        self._compliance = compliance

    async def waiting(
        self, who: Principal, *, creator_id: str | None, cursor: str | None, limit: int
    ) -> Page[Approval]:
        asked = partial(approval_lists.waiting, creator_id=creator_id, cursor=cursor, limit=limit)
        return await self._db.read(lambda session: asked(session, who, self._compliance))

    async def decided(
        self, who: Principal, *, creator_id: str | None, cursor: str | None, limit: int
    ) -> Page[ApprovalPast]:
        asked = partial(approval_lists.decided, creator_id=creator_id, cursor=cursor, limit=limit)
        return await self._db.read(lambda session: asked(session, who))

    async def policy(self, who: Principal, creator_id: str) -> ApprovalPolicy:
        """Every member who sees the creator may know what waits."""

        def read(session: Session) -> ApprovalPolicy:
            who.require_creator(creator_id)
            accounts.creator(session, who.agency_id, creator_id)
            return policy_of(session, creator_id)

        return await self._db.read(read)

    async def set_policy(self, who: Principal, creator_id: str, update: ApprovalPolicyUpdate) -> ApprovalPolicy:
        def write(session: Session) -> ApprovalPolicy:
            set_policy(session, who, creator_id, update)
            approvals.hold_what_waits(session, creator_id)
            return policy_of(session, creator_id)

        return await self._db.write(write)

    async def decide(self, who: Principal, bulk: ApprovalDecisions) -> ApprovalResults:
        """Decide one after the other, in the order in which the messages were written; each stands for itself."""
        who.require_role(*APPROVERS)
        written = await self._db.read(partial(_written, ids=[one.message_id for one in bulk.decisions]))
        order = sorted(
            range(len(bulk.decisions)), key=lambda index: written.get(bulk.decisions[index].message_id, _NEVER)
        )
        results = {index: await self._decide_one(who, bulk.decisions[index]) for index in order}
        return ApprovalResults(results=[results[index] for index in range(len(bulk.decisions))])

    async def _decide_one(self, who: Principal, decision: ApprovalDecision) -> ApprovalResult:
        problem: AppError | None = None
        try:
            await self._db.write(lambda session: approvals.decide(session, who, decision, compliance=self._compliance))
        except AppError as error:
            problem = error
        return await self._db.read(partial(self._result, who=who, decision=decision, problem=problem))

    def _result(
        self, session: Session, *, who: Principal, decision: ApprovalDecision, problem: AppError | None
    ) -> ApprovalResult:
        message = _seen(session, who, decision.message_id)
        if problem is None:
            return ApprovalResult(message_id=decision.message_id, done=True, message=message)
        again = None
        if problem.code in _READ_ANEW:
            again = approval_lists.approval_of(session, who, self._compliance, decision.message_id)
        return ApprovalResult(
            message_id=decision.message_id,
            done=False,
            message=message,
            code=problem.code,
            detail=problem.detail,
            approval=again,
            findings=problem.findings,
        )


_NEVER = (True, 0.0, "")
_Written = tuple[bool, float, str]


def _written(session: Session, *, ids: list[str]) -> dict[str, _Written]:
    """When each was accepted, as a sort key."""
    query = select(MessageRow.id, MessageRow.accepted_at).where(MessageRow.id.in_(ids))
    return {id_: (False, _seconds(at), id_) for id_, at in session.execute(query)}


def _seconds(at: datetime | None) -> float:
    return 0.0 if at is None else at.timestamp()


def _seen(session: Session, who: Principal, message_id: str) -> Message | None:
    found = load_messages(session, who.agency_id, [message_id]).get(message_id)
    return found if found is not None and who.may_see(found.creator_id) else None
