"""For the assistant: replies that went well, and who waits.

A reply went well when the fan wrote or tipped within a day after it, or bought what it carried. Sync functions over one
unit of work, a few statements for each message that is evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from huntaze_backend.areas.fans.service import visible
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.clock import now
from huntaze_contract.outgoing import State
from huntaze_contract.wire import MessageKind, Unsend

__all__ = ["Exchange", "Waiting", "next_waiting", "that_went_well"]

_WITHIN = timedelta(hours=24)
_LINES = 5
"""Of a fan in a row, at most."""
_OLDEST = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a fan wrote, what was answered, and what came of it."""

    reply_id: str
    creator_id: str
    fan_id: str
    asked: str
    answered: str
    bought: bool
    """Else the fan went on talking, or tipped."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A conversation whose fan waits."""

    conversation_id: str
    last_message_id: str | None


def that_went_well(session: Session, agency_id: str, message_ids: Sequence[str]) -> list[Exchange]:
    """The exchanges for which these messages are the evidence; others among them are passed over."""
    heard = and_(MessageRow.direction == "in", MessageRow.kind.in_((MessageKind.TEXT.value, MessageKind.TIP.value)))
    paid = and_(MessageRow.direction == "out", MessageRow.bought_at.is_not(None))
    query = select(MessageRow).where(MessageRow.id.in_(message_ids), or_(heard, paid))
    found = []
    for evidence in session.scalars(query.order_by(MessageRow.at, MessageRow.id)):
        if evidence.agency_id != agency_id or evidence.at < now(session) - _OLDEST:
            continue
        bought = evidence.direction == "out"
        reply = evidence if bought else _before(session, evidence)
        if reply is None or not _is_reply(reply):
            continue
        asked = _asked(session, reply)
        if asked:
            found.append(Exchange(reply.id, reply.creator_id, reply.fan_id, asked, reply.text, bought))
    return found


def next_waiting(session: Session, who: Principal, limit: int) -> list[Waiting]:
    """The conversations that the member may see and whose fans have waited the longest."""
    query = (
        select(ConversationRow.id, ConversationRow.last_message_id)
        .where(
            ConversationRow.agency_id == who.agency_id,
            *visible(who, ConversationRow.creator_id),
            ConversationRow.waiting_since.is_not(None),
            ConversationRow.done_at.is_(None),
            or_(ConversationRow.snoozed_until.is_(None), ConversationRow.snoozed_until <= now(session)),
            ConversationRow.can_send,
        )
        .order_by(ConversationRow.waiting_since, ConversationRow.id)
        .limit(limit)
    )
    return [Waiting(id_, last) for id_, last in session.execute(query)]


def _before(session: Session, row: MessageRow) -> MessageRow | None:
    query = select(MessageRow).where(*_earlier(row)).order_by(MessageRow.at.desc(), MessageRow.id.desc())
    return session.scalars(query.limit(1)).first()


def _asked(session: Session, reply: MessageRow) -> str:
    """The fan's words right before a reply."""
    query = select(MessageRow).where(*_earlier(reply)).order_by(MessageRow.at.desc(), MessageRow.id.desc())
    lines: list[str] = []
    for row in session.scalars(query.limit(_LINES)):
        if row.direction != "in":
            break
        lines.append(row.text)
    return "\n".join(filter(None, reversed(lines)))


def _earlier(row: MessageRow) -> tuple[ColumnElement[bool], ...]:
    return (
        MessageRow.conversation_id == row.conversation_id,
        or_(MessageRow.at < row.at, and_(MessageRow.at == row.at, MessageRow.id < row.id)),
        MessageRow.at >= row.at - _WITHIN,
    )


def _is_reply(row: MessageRow) -> bool:
    return (
        row.direction == "out"
        and row.kind in (MessageKind.TEXT, MessageKind.PPV)
        and row.state == State.SENT
        and row.unsend != Unsend.DONE
        and bool(row.text)
    )
