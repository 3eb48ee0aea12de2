"""Reading a conversation's timeline: pages by key, never by offset, with the outbox's rows at the newest end."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from huntaze_contract.ids import Id
from huntaze_contract.outgoing import State
from huntaze_desktop.cache import rows
from huntaze_desktop.cache.times import to_us
from huntaze_desktop.model.entities import Member, Message


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """Messages, oldest first; `more` says whether there are others beyond the page, in the direction it was read."""

    rows: tuple[Message, ...]
    more: bool
    exists: bool = True
    """Whether the store knows the conversation at all."""


Key = tuple[datetime, Id]
"""The place of a server's row in its timeline."""


def key_of(message: Message) -> Key:
    return (message.at, message.id)


def newest(connection: Connection, conversation_id: Id, me: Member, limit: int) -> TimelinePage:
    found = _server_rows(connection, conversation_id, me.id, "", "DESC", limit + 1)
    page = [*reversed(found[:limit]), *_local_rows(connection, conversation_id, me)]
    exists = bool(page) or _exists(connection, conversation_id)
    return TimelinePage(tuple(page), more=len(found) > limit, exists=exists)


def older(connection: Connection, conversation_id: Id, me: Member, before: Key, limit: int) -> TimelinePage:
    found = _server_rows(connection, conversation_id, me.id, "AND (at, id) < (:at, :id)", "DESC", limit + 1, before)
    return TimelinePage(tuple(reversed(found[:limit])), more=len(found) > limit)


def newer(connection: Connection, conversation_id: Id, me: Member, after: Key, limit: int) -> TimelinePage:
    """The page after a row; it ends with the outbox's rows where it reaches the newest."""
    found = _server_rows(connection, conversation_id, me.id, "AND (at, id) > (:at, :id)", "ASC", limit + 1, after)
    more = len(found) > limit
    local = [] if more else _local_rows(connection, conversation_id, me)
    return TimelinePage((*found[:limit], *local), more=more)


def from_key(connection: Connection, conversation_id: Id, me: Member, first: Key, limit: int) -> TimelinePage:
    """The rows from `first` on, inclusive, to read a window again that is on screen."""
    found = _server_rows(connection, conversation_id, me.id, "AND (at, id) >= (:at, :id)", "ASC", limit + 1, first)
    more = len(found) > limit
    local = [] if more else _local_rows(connection, conversation_id, me)
    return TimelinePage((*found[:limit], *local), more=more)


def has_older(connection: Connection, conversation_id: Id, before: Key) -> bool:
    found = connection.execute(
        text(f"SELECT 1 FROM messages WHERE {_VISIBLE} AND (at, id) < (:at, :id) LIMIT 1"),  # noqa: S608 - constants
        {"conversation": conversation_id, "at": to_us(before[0]), "id": before[1]},
    )
    return found.scalar() is not None


def version(connection: Connection, message_id: Id) -> int | None:
    """The version of a server's row; None where it is not here."""
    found: int | None = connection.execute(text("SELECT ver FROM messages WHERE id = :id"), {"id": message_id}).scalar()
    return found


# --- inside -------------------------------------------------------------------------------------------------------

# `IS NOT`, because an incoming message has no state.
_VISIBLE = f"conversation_id = :conversation AND state IS NOT '{State.CANCELLED.value}'"

_COLUMNS = (
    "id, conversation_id, direction, kind, text, title, price, currency, media, bought_at, state, reason, not_before,"
    " author_id, author_name, at, read_at, attempt_no, lane, edited_at, unsend, unsent_at, ver"
)


def _server_rows(
    connection: Connection,
    conversation_id: Id,
    me: Id,
    condition: str,
    direction: str,
    limit: int,
    key: Key | None = None,
) -> list[Message]:
    values: dict[str, Any] = {"conversation": conversation_id, "limit": limit}
    if key is not None:
        values |= {"at": to_us(key[0]), "id": key[1]}
    found = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM messages WHERE {_VISIBLE} {condition}"  # noqa: S608 - constants
            f" ORDER BY at {direction}, id {direction} LIMIT :limit"
        ),
        values,
    )
    return [rows.message(row, me) for row in found]


def _local_rows(connection: Connection, conversation_id: Id, me: Member) -> list[Message]:
    found = connection.execute(
        text(
            "SELECT id, conversation_id, text, composed_at, state, reason, confirmed, send_at, hold_until"
            " FROM outbox AS o"
            " WHERE conversation_id = :conversation AND NOT EXISTS (SELECT 1 FROM messages AS m WHERE m.id = o.id)"
            " ORDER BY device_seq"
        ),
        {"conversation": conversation_id},
    )
    return [rows.local_message(row, me.id, me.name) for row in found]


def _exists(connection: Connection, conversation_id: Id) -> bool:
    found = connection.execute(text("SELECT 1 FROM conversations WHERE id = :id"), {"id": conversation_id})
    return found.scalar() is not None
