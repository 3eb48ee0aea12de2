"""Why a message waits for a person, and what its author missed: from what the server said, or from what is here."""

from sqlalchemy import Connection, text

from huntaze_contract import wire
from huntaze_contract.ids import Id
from huntaze_contract.outgoing import State
from huntaze_desktop.cache import outbox
from huntaze_desktop.cache.outbox import Waiting
from huntaze_desktop.cache.times import from_us, to_us
from huntaze_desktop.model.entities import MissedMessage, Review

MOST_MISSED = 20


def review(connection: Connection, message_id: Id) -> Review | None:
    """What a person should see of an overtaken or expired message; None when it no longer waits for one."""
    row = outbox.get(connection, message_id)
    if row is None or row.confirmed or row.state not in (State.NEEDS_REVIEW, State.EXPIRED):
        return None
    if row.collision is None:
        reason = row.reason or State.EXPIRED.value
        return Review(row.id, row.text, row.composed_at, reason, missed=_missed_here(connection, row))
    missed = tuple(_missed(message) for message in row.collision.missed)
    return Review(row.id, row.text, row.composed_at, row.collision.reason, missed, row.collision.holder)


def _missed(message: wire.Message) -> MissedMessage:
    return MissedMessage(message.direction == "out", message.text, message.at, message.author_name)


def _missed_here(connection: Connection, row: Waiting) -> tuple[MissedMessage, ...]:
    """What others wrote since, as far as this computer knows, oldest first."""
    found = connection.execute(
        text(
            "SELECT direction, text, at, author_name FROM messages WHERE conversation_id = :conversation AND at > :at"
            " AND state IS NOT 'cancelled' AND author_id IS NOT (SELECT member_id FROM account)"
            " ORDER BY at, id LIMIT :limit"
        ),
        {"conversation": row.conversation_id, "at": to_us(row.composed_at), "limit": MOST_MISSED},
    )
    return tuple(MissedMessage(one.direction == "out", one.text, from_us(one.at), one.author_name) for one in found)
