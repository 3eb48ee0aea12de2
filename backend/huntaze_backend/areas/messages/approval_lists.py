"""What waits for a yes, and how it went with what waited: for the managers and owners who may see the creator."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, tuple_
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts.loaders import load_creators
from huntaze_backend.areas.fans.loaders import load_fans
from huntaze_backend.areas.fans.service import visible
from huntaze_backend.areas.messages.approval_policy import APPROVERS
from huntaze_backend.areas.messages.approval_tables import ApprovalRow
from huntaze_backend.areas.messages.approvals import missed_ids
from huntaze_backend.areas.messages.loaders import load_messages
from huntaze_backend.areas.messages.tables import MessageRow
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.pages import micros, read_cursor, stored_micros, write_cursor
from huntaze_backend.engines.compliance.checking import Compliance
from huntaze_contract.outgoing import State
from huntaze_contract.wire import Approval, ApprovalPast, ComplianceFinding, Message, Page, text_hash

__all__ = ["approval_of", "decided", "waiting"]

# Said literally: with a variable no planner takes the index of waiting messages.
_IS_WAITING = MessageRow.state == bindparam("waiting", State.WAITING_APPROVAL.value, literal_execute=True)
_OPEN = (ApprovalRow.message_id == MessageRow.id) & ApprovalRow.outcome.is_(None)


def waiting(
    session: Session, who: Principal, compliance: Compliance, *, creator_id: str | None, cursor: str | None, limit: int
) -> Page[Approval]:
    """What waits, the oldest first. Raises: ForbiddenError for a chatter, NotFoundError."""
    at = micros(MessageRow.accepted_at)
    query = select(MessageRow, ApprovalRow).join(ApprovalRow, _OPEN).where(_IS_WAITING)
    query = query.where(MessageRow.agency_id == who.agency_id, *_of_creators(who, creator_id, MessageRow.creator_id))
    if keys := read_cursor(cursor, int, str):
        query = query.where(tuple_(at, MessageRow.id) > tuple_(*keys))
    found = session.execute(query.order_by(at, MessageRow.id).limit(limit + 1)).all()
    shown = found[:limit]
    items = _approvals(session, who.agency_id, compliance, [(row, approval) for row, approval in shown])
    following = _after(shown[-1][0].accepted_at, shown[-1][0].id) if len(found) > limit else None
    return Page[Approval](items=items, next_cursor=following)


def approval_of(session: Session, who: Principal, compliance: Compliance, message_id: str) -> Approval | None:
    """One that waits; None if it does not, or not for this member."""
    query = select(MessageRow, ApprovalRow).join(ApprovalRow, _OPEN).where(_IS_WAITING, MessageRow.id == message_id)
    found = session.execute(query.where(MessageRow.agency_id == who.agency_id)).one_or_none()
    if found is None or not who.may_see(found[0].creator_id):
        return None
    return _approvals(session, who.agency_id, compliance, [(found[0], found[1])])[0]


def decided(
    session: Session, who: Principal, *, creator_id: str | None, cursor: str | None, limit: int
) -> Page[ApprovalPast]:
    """What waited once, the latest decision first. Raises: ForbiddenError for a chatter, NotFoundError."""
    at = micros(ApprovalRow.decided_at)
    query = select(ApprovalRow).where(ApprovalRow.outcome.is_not(None), ApprovalRow.agency_id == who.agency_id)
    query = query.where(*_of_creators(who, creator_id, ApprovalRow.creator_id))
    if keys := read_cursor(cursor, int, str):
        query = query.where(tuple_(at, ApprovalRow.id) < tuple_(*keys))
    found = session.scalars(query.order_by(at.desc(), ApprovalRow.id.desc()).limit(limit + 1)).all()
    shown = found[:limit]
    messages = load_messages(session, who.agency_id, [approval.message_id for approval in shown])
    names = _names(session, who.agency_id, messages.values())
    items = [
        ApprovalPast.model_validate(
            {
                "message": messages[approval.message_id],
                **names[approval.message_id],
                "ai": messages[approval.message_id].ai,
                "waiting_since": approval.waiting_since,
                "outcome": approval.outcome,
                "edited": approval.edited,
                "decided_by": approval.decided_by,
                "decided_by_name": approval.decided_by_name,
                "decided_at": approval.decided_at,
                "reason": approval.reason,
            }
        )
        for approval in shown
    ]
    following = _after(shown[-1].decided_at, shown[-1].id) if len(found) > limit else None
    return Page[ApprovalPast](items=items, next_cursor=following)


def _after(at: datetime | None, id_: str) -> str | None:
    return None if at is None else write_cursor(stored_micros(at), id_)


def _of_creators(who: Principal, creator_id: str | None, column: Any) -> list[Any]:
    who.require_role(*APPROVERS)
    if creator_id is None:
        return list(visible(who, column))
    who.require_creator(creator_id)
    return [column == creator_id]


def _approvals(
    session: Session, agency_id: str, compliance: Compliance, rows: Sequence[tuple[MessageRow, ApprovalRow]]
) -> list[Approval]:
    missed = {row.id: missed_ids(session, row) for row, _ in rows}
    wanted = [*(row.id for row, _ in rows), *(id_ for ids in missed.values() for id_ in ids)]
    messages = load_messages(session, agency_id, list(dict.fromkeys(wanted)))
    names = _names(session, agency_id, [messages[row.id] for row, _ in rows])
    return [
        Approval(
            message=messages[row.id],
            text_hash=text_hash(row.text),
            conversation_id=row.conversation_id,
            **names[row.id],
            author_id=row.author_id,
            author_name=row.author_name,
            ai=messages[row.id].ai,
            warnings=_warnings(session, compliance, row),
            waiting_since=approval.waiting_since,
            expires_at=approval.expires_at,
            send_at=approval.send_at,
            missed=[messages[id_] for id_ in missed[row.id] if id_ in messages],
        )
        for row, approval in rows
    ]


def _warnings(session: Session, compliance: Compliance, row: MessageRow) -> list[ComplianceFinding]:
    verdict, _ = compliance.check(session, row.agency_id, row.creator_id, row.text, row.price)
    return [ComplianceFinding.of(finding) for finding in verdict.findings]


def _names(session: Session, agency_id: str, messages: Iterable[Message]) -> Mapping[str, dict[str, str]]:
    """By message: its creator's and its fan's name."""
    listed = list(messages)
    creators = load_creators(session, agency_id, sorted({message.creator_id for message in listed}))
    fans = load_fans(session, agency_id, sorted({message.fan_id for message in listed}))
    return {
        message.id: {
            "creator_name": creators[message.creator_id].name if message.creator_id in creators else "",
            "fan_name": fans[message.fan_id].name if message.fan_id in fans else "",
        }
        for message in listed
    }
