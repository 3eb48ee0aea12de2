"""A creator's approval policy: which messages wait for the yes of a manager or owner.

What counts is the policy at the door and again at the first attempt: a stricter one stops what has not gone yet, a
milder one lets nothing go that waits.
"""

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.messages.approval_tables import PolicyRow
from huntaze_backend.areas.messages.tables import MessageRow
from huntaze_backend.core.audit import audit
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.bulk import insert_once
from huntaze_backend.core.errors import ConflictError, ForbiddenError
from huntaze_contract.wire import ApprovalPolicy, ApprovalPolicyUpdate, ApprovalRule, Provenance, Role, text_hash

__all__ = ["APPROVERS", "asks", "has_yes", "may_approve", "needs_yes", "policy_of", "set_policy"]

APPROVERS = (Role.OWNER, Role.MANAGER)
_MOSTLY = 0.5
_POLICY = select(PolicyRow.rule, PolicyRow.confidence, PolicyRow.expires_after_h, PolicyRow.ver).where(
    PolicyRow.creator_id == bindparam("creator")
)


def policy_of(session: Session, creator_id: str) -> ApprovalPolicy:
    """What holds for a creator now."""
    row = session.execute(_POLICY, {"creator": creator_id}).one_or_none()
    if row is None:
        return ApprovalPolicy(creator_id=creator_id, rule=ApprovalRule.MACHINE_UNEDITED)
    return ApprovalPolicy(
        creator_id=creator_id,
        rule=ApprovalRule(row.rule),
        confidence=row.confidence,
        expires_after_h=row.expires_after_h,
        ver=row.ver,
    )


def asks(policy: ApprovalPolicy, ai: Provenance | None) -> bool:
    """Whether a text of this origin needs a yes."""
    match policy.rule:
        case ApprovalRule.ALWAYS:
            return True
        case ApprovalRule.MACHINE_UNEDITED:
            return ai is not None and not ai.edited
        case ApprovalRule.BELOW_CONFIDENCE:
            if ai is None or ai.ai_share < _MOSTLY:
                return False
            return ai.confidence is None or policy.confidence is None or ai.confidence < policy.confidence
        case ApprovalRule.NEVER:
            return False


def may_approve(who: Principal) -> bool:
    return who.role in APPROVERS


def has_yes(row: MessageRow) -> bool:
    """Whether somebody who may has said yes to exactly this text."""
    return row.approved_hash is not None and row.approved_hash == text_hash(row.text)


def needs_yes(session: Session, row: MessageRow) -> ApprovalPolicy | None:
    """The policy that asks for a yes that the message does not have; None if it may go."""
    policy = policy_of(session, row.creator_id)
    ai = None if row.ai is None else Provenance.model_validate(row.ai)
    return policy if asks(policy, ai) and not has_yes(row) else None


def set_policy(session: Session, who: Principal, creator_id: str, update: ApprovalPolicyUpdate) -> None:
    """Choose a creator's policy.

    Raises:
        NotFoundError: no such creator for this member.
        ForbiddenError: a chatter; a manager, for the rule `never`.
        ConflictError: somebody else changed it meanwhile.
    """
    who.require_creator(creator_id)
    accounts.creator(session, who.agency_id, creator_id)
    who.require_role(*APPROVERS)
    if update.rule is ApprovalRule.NEVER and who.role is not Role.OWNER:
        raise ForbiddenError("Only an owner lets everything go without approval.")
    values = {
        "rule": update.rule.value,
        "confidence": update.confidence,
        "expires_after_h": update.expires_after_h,
        "ver": update.ver + 1,
    }
    before = policy_of(session, creator_id)
    row = session.get(PolicyRow, creator_id, with_for_update=True)
    if row is None:
        new = {"creator_id": creator_id, "agency_id": who.agency_id, **values}
        if update.ver != 0 or not insert_once(session, PolicyRow, new):
            raise _changed()
    elif row.ver != update.ver:
        raise _changed()
    else:
        for name, value in values.items():
            setattr(row, name, value)
        session.flush()
    audit(
        session,
        agency_id=who.agency_id,
        actor_id=who.member_id,
        action="approval.policy",
        subject=creator_id,
        before=before.model_dump(mode="json"),
        after=values,
    )


def _changed() -> ConflictError:
    return ConflictError("The policy was changed meanwhile.", action="Look at it and decide again.")
