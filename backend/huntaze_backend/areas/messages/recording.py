"""What the chain of evidence keeps of a message's life: who wrote it with which machine, who said yes, what was tried.

Each function belongs to the unit of work that does what it records. No record holds the text, only its hash: a chain
can be shown to somebody who may not read the conversation.
"""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from huntaze_backend.areas.messages.tables import MessageRow
from huntaze_backend.core.hash_chain import chain
from huntaze_contract.outgoing import (
    Ambiguous,
    Attempt,
    Event,
    Forbid,
    HoldForApproval,
    NotExecuted,
    Proof,
    Refuse,
    Succeed,
    Throttle,
)
from huntaze_contract.wire import ApprovalPolicy, text_hash

__all__ = ["accepted", "act", "stepped"]

_STEPS = {
    HoldForApproval: "held",
    Attempt: "attempt",
    Succeed: "delivered",
    Proof: "proven",
    Refuse: "refused",
    Forbid: "forbidden",
    NotExecuted: "not_executed",
    Throttle: "throttled",
    Ambiguous: "unanswered",
}
"""What happens to a message by itself. What a person does is recorded where it is known who did it."""


def accepted(session: Session, row: MessageRow, policy: ApprovalPolicy, warned: Sequence[str], version: str) -> None:
    """A message was taken in."""
    act(
        session,
        row,
        "accepted",
        row.author_id,
        ai=row.ai,
        lane=row.lane,
        policy={"rule": policy.rule.value, "confidence": policy.confidence, "ver": policy.ver},
        approved_by=row.approved_by,
        rules=list(warned),
        rules_version=version,
    )


def act(session: Session, row: MessageRow, kind: str, by: str | None, **more: object) -> None:
    """Somebody did something with a message; `by` None: the service itself."""
    chain(
        session,
        agency_id=row.agency_id,
        subject=row.id,
        kind=kind,
        creator_id=row.creator_id,
        by=by,
        state=row.state,
        text_hash=text_hash(row.text),
        **more,
    )


def stepped(session: Session, row: MessageRow, event: Event) -> None:
    """An event changed a message; most that only wait are not worth a record."""
    kind = _STEPS.get(type(event))
    if kind is None:
        return
    more: dict[str, object] = {"attempt": row.attempt_no}
    if row.reason is not None:
        more["reason"] = row.reason
    if row.platform_id is not None:
        more["platform_id"] = row.platform_id
    act(session, row, kind, None, **more)
