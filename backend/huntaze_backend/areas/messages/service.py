"""The reading side of conversations: lists, the timeline, read marks. Sending is in `sending`.

Sync functions over one unit of work; a conversation that is not the principal's looks like one that does not exist.
"""

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from huntaze_backend.areas.fans.service import visible
from huntaze_backend.areas.messages import thread_store
from huntaze_backend.areas.messages.loaders import load_conversations, load_messages
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.areas.messages.team_tables import MarksRow
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.errors import NotFoundError, ValidationProblem
from huntaze_backend.core.pages import micros, read_cursor, write_cursor
from huntaze_contract.wire import Conversation, Message, Page


def require_conversation(session: Session, who: Principal, conversation_id: str) -> ConversationRow:
    """The conversation's row, if the principal may see it."""
    row = session.get(ConversationRow, conversation_id)
    if row is None or row.agency_id != who.agency_id or not who.may_see(row.creator_id):
        raise NotFoundError("There is no such conversation.")
    return row


def get_conversation(session: Session, who: Principal, conversation_id: str) -> Conversation:
    require_conversation(session, who, conversation_id)
    return load_conversations(session, who.agency_id, [conversation_id])[conversation_id]


def list_conversations(
    session: Session, who: Principal, *, creator_id: str | None, cursor: str | None, limit: int
) -> Page[Conversation]:
    """The conversations the principal may see, the latest first."""
    if creator_id is not None:
        who.require_creator(creator_id)
    at = micros(ConversationRow.last_at)
    query = select(ConversationRow.id, at).where(ConversationRow.agency_id == who.agency_id)
    query = query.where(*visible(who, ConversationRow.creator_id))
    if creator_id is not None:
        query = query.where(ConversationRow.creator_id == creator_id)
    if keys := read_cursor(cursor, int, str):
        query = query.where(tuple_(at, ConversationRow.id) < tuple_(*keys))
    found = session.execute(query.order_by(at.desc(), ConversationRow.id.desc()).limit(limit + 1)).all()
    shown = found[:limit]
    rows = load_conversations(session, who.agency_id, [id_ for id_, _ in shown])
    following = write_cursor(shown[-1][1], shown[-1][0]) if len(found) > limit else None
    return Page[Conversation](items=[rows[id_] for id_, _ in shown], next_cursor=following)


def list_messages(
    session: Session, who: Principal, conversation_id: str, *, cursor: str | None, limit: int
) -> Page[Message]:
    """A conversation's timeline, the newest first."""
    require_conversation(session, who, conversation_id)
    at = micros(MessageRow.at)
    query = select(MessageRow.id, at).where(MessageRow.conversation_id == conversation_id)
    if keys := read_cursor(cursor, int, str):
        query = query.where(tuple_(at, MessageRow.id) < tuple_(*keys))
    found = session.execute(query.order_by(at.desc(), MessageRow.id.desc()).limit(limit + 1)).all()
    shown = found[:limit]
    rows = load_messages(session, who.agency_id, [id_ for id_, _ in shown])
    following = write_cursor(shown[-1][1], shown[-1][0]) if len(found) > limit else None
    return Page[Message](items=[rows[id_] for id_, _ in shown], next_cursor=following)


def mark_read(session: Session, who: Principal, conversation_id: str, up_to: str) -> None:
    """Everything up to this message was seen, and nothing is marked unread. A mark that is further already stays."""
    conversation = require_conversation(session, who, conversation_id)
    session.refresh(conversation, with_for_update=True)
    message = session.get(MessageRow, up_to)
    if message is None or message.conversation_id != conversation_id:
        raise ValidationProblem("This message is not in the conversation.", field="up_to")
    marks = session.get(MarksRow, conversation_id, populate_existing=True)
    was_marked = marks is not None and marks.unread_seen is not None
    if marks is not None:
        marks.unread_seen = None
    further = conversation.read_up_to is None or conversation.read_up_to < message.at
    if further:
        conversation.read_up_to = message.at
    if further or was_marked:
        thread_store.refresh(session, [conversation_id])
