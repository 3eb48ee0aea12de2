"""Where a message comes to wait for a yes: at the door, after an edit, and before its first attempt."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from huntaze_backend.areas.messages.approval_policy import may_approve, needs_yes
from huntaze_backend.areas.messages.approval_tables import ApprovalRow
from huntaze_backend.areas.messages.pipeline import advance
from huntaze_backend.areas.messages.tables import MessageRow
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.clock import now
from huntaze_backend.core.errors import ConflictError
from huntaze_contract.ids import new_id
from huntaze_contract.outgoing import DEFAULT_TIMING, HoldForApproval, State
from huntaze_contract.wire import ApprovalPolicy, ProblemCode, text_hash

__all__ = ["hold", "hold_if_asked", "require_yes", "say_yes"]

_OPEN = select(ApprovalRow).where(ApprovalRow.message_id == bindparam("message"), ApprovalRow.outcome.is_(None))


def say_yes(row: MessageRow, who: Principal, at: datetime) -> None:
    """This member, who may, wants exactly this text to go."""
    row.approved_hash, row.approved_by, row.approved_at = text_hash(row.text), who.member_id, at


def hold(session: Session, row: MessageRow, policy: ApprovalPolicy, send_at: datetime | None) -> None:
    """Let an accepted message wait, or one that no attempt was made of."""
    at = now(session)
    expires_at = max(at, send_at or at) + timedelta(hours=policy.expires_after_h)
    advance(session, row, HoldForApproval(), DEFAULT_TIMING)
    session.flush()
    known = session.execute(_OPEN, {"message": row.id}).scalar_one_or_none()
    if known is not None:
        known.waiting_since, known.expires_at, known.send_at = at, expires_at, send_at
        return
    session.add(
        ApprovalRow(
            id=new_id(),
            message_id=row.id,
            agency_id=row.agency_id,
            creator_id=row.creator_id,
            waiting_since=at,
            expires_at=expires_at,
            send_at=send_at,
            edited=False,
        )
    )


def hold_if_asked(session: Session, row: MessageRow) -> bool:
    """For a message that waits for its time or its turn: its text or its creator's policy is not what it was.

    What was tried already may be with the fan, so the policy at the first attempt is the one that counts.
    """
    if row.attempt_no > 0:
        return False
    policy = needs_yes(session, row)
    if policy is None:
        return False
    hold(session, row, policy, row.not_before if row.state == State.SCHEDULED else None)
    session.flush()
    return True


def require_yes(session: Session, who: Principal, row: MessageRow) -> None:
    """Before a person has a message sent once more. Raises: ConflictError, for who may not approve it."""
    if may_approve(who):
        say_yes(row, who, now(session))
    elif needs_yes(session, row) is not None:
        raise ConflictError(
            "This text needs the yes of a manager.",
            code=ProblemCode.ILLEGAL_STATE,
            title="The message needs approval",
            action="Send it as a new message, or ask a manager to send this one again.",
        )
