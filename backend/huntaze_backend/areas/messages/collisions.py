"""The door's check of what happened in a conversation while a message for it was being written.

Leases and presence are courtesies; this is what makes it correct. It runs in the accepting unit of work, under the
conversation's lock, so of two members who answer at the same moment exactly one is told of the other.
"""

from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from huntaze_backend.areas.messages.leases import current_epoch, holder
from huntaze_backend.areas.messages.loaders import load_messages
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.areas.messages.threads import ASKING
from huntaze_contract.outgoing import State
from huntaze_contract.wire import Collision, Lane, NewMessage

__all__ = ["FAN_WROTE_ON_AFTER", "MISSED", "collision", "said_since"]

FAN_WROTE_ON_AFTER = timedelta(hours=2)
"""What a fan writes so much later than a reply was composed may ask for another reply."""

MISSED = 20
"""How many of the newest messages that the writer had not seen are shown."""

_ASKING = sorted(kind.value for kind in ASKING)
_TAKEN_BACK = (State.CANCELLED.value, State.REJECTED.value)
_UNSAID = (*_TAKEN_BACK, State.WAITING_APPROVAL.value, State.SCHEDULED.value)


def collision(session: Session, conversation: ConversationRow, member_id: str, body: NewMessage) -> Collision | None:
    """What the writer did not know, if it is enough to ask them again.

    Args:
        session: the accepting unit of work.
        conversation: locked by it.
        member_id: who wrote; their own messages are no surprise to them, whichever computer they came from.
        body: what they want to send, and what they had seen then.
    """
    reason = _reason(session, conversation, member_id, body)
    if reason is None:
        return None
    missed = or_(_replies(conversation, member_id, body), _written_on(body, timedelta(0)))
    newest = session.scalars(
        _rows(conversation, missed).order_by(MessageRow.at.desc(), MessageRow.id.desc()).limit(MISSED)
    ).all()
    known = load_messages(session, conversation.agency_id, newest)
    held = holder(session, conversation.id)
    return Collision(
        reason=reason,
        missed=[known[id_] for id_ in reversed(newest)],
        reply_rev=conversation.reply_rev,
        holder=held.member_name if held is not None and held.member_id != member_id else None,
    )


def said_since(row: MessageRow) -> Select[str]:
    """Ids of what fan and team said in a message's conversation after it was accepted, newest first."""
    later = and_(MessageRow.rev > row.rev, MessageRow.lane != Lane.CAMPAIGN.value, MessageRow.state.not_in(_UNSAID))
    heard = and_(MessageRow.direction == "in", MessageRow.kind.in_(_ASKING), MessageRow.at > row.accepted_at)
    return (
        select(MessageRow.id)
        .where(MessageRow.conversation_id == row.conversation_id, MessageRow.id != row.id, or_(later, heard))
        .order_by(MessageRow.at.desc(), MessageRow.id.desc())
    )


def _reason(
    session: Session, conversation: ConversationRow, member_id: str, body: NewMessage
) -> Literal["colleague_replied", "fan_wrote_on", "lease_lost"] | None:
    if body.base_rev is not None:
        if conversation.reply_rev > body.base_rev and _any(
            session, conversation, _replies(conversation, member_id, body)
        ):
            return "colleague_replied"
        if _any(session, conversation, _written_on(body, FAN_WROTE_ON_AFTER)):
            return "fan_wrote_on"
    if body.lease_epoch is not None and current_epoch(session, conversation.id) != body.lease_epoch:
        return "lease_lost"
    return None


def _rows(conversation: ConversationRow, which: ColumnElement[bool]) -> Any:
    return select(MessageRow.id).where(MessageRow.conversation_id == conversation.id, which)


def _any(session: Session, conversation: ConversationRow, which: ColumnElement[bool]) -> bool:
    return session.scalar(_rows(conversation, which).limit(1)) is not None


def _replies(conversation: ConversationRow, member_id: str, body: NewMessage) -> ColumnElement[bool]:
    """What others sent since. A campaign answers nobody, and what was taken back never reaches the fan."""
    seen = conversation.reply_rev if body.base_rev is None else body.base_rev
    return and_(
        MessageRow.rev > seen,
        MessageRow.author_id.is_distinct_from(member_id),
        MessageRow.lane != Lane.CAMPAIGN.value,
        MessageRow.state.not_in(_TAKEN_BACK),
    )


def _written_on(body: NewMessage, after: timedelta) -> ColumnElement[bool]:
    return and_(MessageRow.direction == "in", MessageRow.kind.in_(_ASKING), MessageRow.at > body.composed_at + after)
