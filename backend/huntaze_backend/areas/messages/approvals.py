"""Messages that wait for a yes: how they come to wait, what a manager or owner decides, and what nobody decided.

Sync functions over one unit of work; the message is locked, so a decision, an edit and an attempt cannot miss each
other. A waiting message holds no place in its conversation: it takes one when it is approved, behind what waits then.
"""

from datetime import timedelta

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from huntaze_backend.areas.messages import recording, rules, thread_store
from huntaze_backend.areas.messages.approval_policy import APPROVERS
from huntaze_backend.areas.messages.approval_tables import ApprovalRow
from huntaze_backend.areas.messages.collisions import MISSED, said_since
from huntaze_backend.areas.messages.compliance import note_warnings, require_allowed
from huntaze_backend.areas.messages.decisions import illegal, visible
from huntaze_backend.areas.messages.holding import hold_if_asked, say_yes
from huntaze_backend.areas.messages.pipeline import advance
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.core.audit import audit
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.changes import versions
from huntaze_backend.core.clock import now
from huntaze_backend.core.errors import ConflictError, ValidationProblem
from huntaze_backend.engines.compliance.checking import Compliance
from huntaze_contract.outgoing import DEFAULT_TIMING, Reject, Release, Schedule, State
from huntaze_contract.wire import ApprovalDecision, ProblemCode, text_hash

__all__ = ["EXPIRED", "UNEXPLAINED", "decide", "expire", "hold_what_waits", "missed_ids"]

EXPIRED = "approval_expired"
"""The reason of a message on which nobody decided in time."""
UNEXPLAINED = "not_approved"
"""The reason of a message that was rejected without a word."""
_SOON = timedelta(seconds=5)
_EXPIRED_AT_ONCE = 200
_WAITING = MessageRow.state == bindparam("waiting", State.WAITING_APPROVAL.value, literal_execute=True)
_OF_MESSAGE = (
    select(ApprovalRow)
    .where(ApprovalRow.message_id == bindparam("message"), ApprovalRow.outcome.is_(None))
    .execution_options(populate_existing=True)
)
_LATEST = (
    select(ApprovalRow)
    .where(ApprovalRow.message_id == bindparam("message"), ApprovalRow.outcome.is_not(None))
    .order_by(ApprovalRow.decided_at.desc())
    .limit(1)
)


def decide(session: Session, who: Principal, decision: ApprovalDecision, *, compliance: Compliance) -> None:
    """Approve, edit and approve, or reject. A repeat of what the same member decided already is harmless.

    Raises:
        ForbiddenError: a chatter.
        NotFoundError: no such message for this member.
        ConflictError: ILLEGAL_STATE: it does not wait; CONFLICT: its text is not the one that was read; COLLISION: the
            conversation went on further than what was read.
        ComplianceError: the rules mind what would be approved.
    """
    who.require_role(*APPROVERS)
    row = visible(session, who, decision.message_id, lock=True)
    if row.state != State.WAITING_APPROVAL:
        if _is_repeat(session, who, row, decision):
            return
        raise illegal(row)
    ver = versions(session, row.agency_id, "message", [row.id]).get(row.id, 0)
    if decision.base_ver != ver or decision.text_hash != text_hash(row.text):
        raise ConflictError("Its text was changed meanwhile.", action="Read it and decide again.")
    approval = session.execute(_OF_MESSAGE, {"message": row.id}).scalar_one()
    if decision.verdict == "approve":
        _approve(session, who, row, approval, decision, compliance)
    else:
        reason = (decision.reason or "").strip() or UNEXPLAINED
        advance(session, row, Reject(reason), DEFAULT_TIMING)
        _close(session, row, approval, "rejected", who, reason)
    audit(
        session,
        agency_id=row.agency_id,
        actor_id=who.member_id,
        action=f"approval.{decision.verdict}",
        subject=row.id,
        edited=approval.edited,
        text_hash=text_hash(row.text),
    )


def hold_what_waits(session: Session, creator_id: str) -> int:
    """After a policy became stricter: what has not gone and now needs a yes waits for it. Returns how many.

    A row that somebody else works on at this moment is left: its first attempt asks once more.
    """
    held = 0
    states = [State.READY.value, State.LIMITED.value]
    query = (
        select(MessageRow)
        .where(
            MessageRow.creator_id == creator_id,
            MessageRow.attempt_no == 0,
            or_(
                MessageRow.held_place.is_not(None) & MessageRow.state.in_(states),
                MessageRow.state == State.SCHEDULED.value,
            ),
        )
        .order_by(MessageRow.id)
        .with_for_update(skip_locked=True)
    )
    for row in session.scalars(query).all():
        held += hold_if_asked(session, row)
    return held


def expire(session: Session) -> int:
    """Reject what waited too long, at most 200 at once; the text stays with its author. Returns how many."""
    at = now(session)
    query = (
        select(MessageRow, ApprovalRow)
        .join(ApprovalRow, (ApprovalRow.message_id == MessageRow.id) & ApprovalRow.outcome.is_(None))
        .where(_WAITING, ApprovalRow.expires_at <= at)
        .order_by(MessageRow.id)
        .limit(_EXPIRED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    found = session.execute(query).all()
    for row, approval in found:
        advance(session, row, Reject(EXPIRED), DEFAULT_TIMING)
        _close(session, row, approval, "expired", None, None)
    return len(found)


def missed_ids(session: Session, row: MessageRow) -> list[str]:
    """The newest messages of the conversation that its writer had not seen, oldest first."""
    return list(reversed(session.scalars(said_since(row).limit(MISSED)).all()))


def _approve(
    session: Session,
    who: Principal,
    row: MessageRow,
    approval: ApprovalRow,
    decision: ApprovalDecision,
    compliance: Compliance,
) -> None:
    conversation = session.get_one(ConversationRow, row.conversation_id, with_for_update=True)
    newest = session.scalars(said_since(row).limit(1)).first()
    if newest != decision.last_missed_id:
        raise ConflictError(
            "The conversation went on.",
            code=ProblemCode.COLLISION,
            title="The conversation went on",
            action="Read what was missed and decide again.",
        )
    if not conversation.can_send:
        raise ValidationProblem(
            conversation.cannot_send_reason or "The platform does not let you write to this fan.",
            code=ProblemCode.CANNOT_SEND,
        )
    text = row.text if decision.text is None else decision.text
    passed = require_allowed(session, compliance, row.agency_id, row.creator_id, text, row.price)
    at = now(session)
    if text != row.text:
        row.text, row.edited_at, approval.edited = text, at, True
    say_yes(row, who, at)
    note_warnings(session, passed, row, who.member_id)
    _close(session, row, approval, "approved", who, decision.reason)
    if approval.send_at is not None and approval.send_at > at + _SOON:
        advance(session, row, Schedule(approval.send_at), DEFAULT_TIMING)
    else:
        row.at = at  # in the timeline it stands where it is sent, not where it was written
        advance(session, row, Release(rules.take_place(conversation)), DEFAULT_TIMING)
    thread_store.refresh(session, [row.conversation_id])


def _close(
    session: Session, row: MessageRow, approval: ApprovalRow, outcome: str, who: Principal | None, reason: str | None
) -> None:
    approval.outcome, approval.decided_at, approval.reason = outcome, now(session), reason
    by = None
    if who is not None:
        by = approval.decided_by = who.member_id
        approval.decided_by_name = who.name
    recording.act(session, row, outcome, by, edited=approval.edited)


def _is_repeat(session: Session, who: Principal, row: MessageRow, decision: ApprovalDecision) -> bool:
    """The answer to the first request was lost."""
    last = session.execute(_LATEST, {"message": row.id}).scalar_one_or_none()
    if last is None or last.decided_by != who.member_id:
        return False
    if decision.verdict == "reject":
        return last.outcome == "rejected"
    wanted = decision.text_hash if decision.text is None else text_hash(decision.text)
    return last.outcome == "approved" and row.approved_hash == wanted == text_hash(row.text)
