"""Numbers what goes out in a conversation, so that the door can tell what a writer had not seen.

Each outgoing row, whoever wrote it and with whatever tool, takes the conversation's `reply_rev` one further and keeps
that number as its `rev`. Sync functions over one unit of work, under the conversation's lock.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.core.bulk import chunks

__all__ = ["count", "count_told"]


def count(conversation: ConversationRow) -> int:
    """The number of the row that is about to go out. The caller holds the conversation's lock."""
    conversation.reply_rev += 1
    return conversation.reply_rev


def count_told(session: Session, message_ids: Sequence[str]) -> None:
    """Number rows that a platform told of and that were written elsewhere; others among `message_ids` are left alone.

    What the first reading of a conversation brings is its history: nobody answered without having seen it, and it gets
    no number.
    """
    session.flush()
    for part in chunks(message_ids):
        query = (
            select(MessageRow)
            .where(MessageRow.id.in_(part), MessageRow.direction == "out", MessageRow.rev.is_(None))
            .where(MessageRow.client_key.is_(None), MessageRow.state.is_not(None))
            .order_by(MessageRow.at, MessageRow.id)
        )
        told = session.scalars(query).all()
        locked = (
            select(ConversationRow)
            .where(ConversationRow.id.in_({row.conversation_id for row in told}))
            .where(ConversationRow.backfilled_at.is_not(None))
            .order_by(ConversationRow.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        conversations = {row.id: row for row in session.scalars(locked)} if told else {}
        for row in told:
            if row.conversation_id in conversations:
                row.rev = count(conversations[row.conversation_id])
    session.flush()
