"""The server's tables for SQLAlchemy Core, which upserts through them; `migrations.py` is what creates them.

Times are integer microseconds, lists are JSON text. `ver` is the number of the change that an entity was last seen
with, `gen` the full sync that saw it.
"""

from sqlalchemy import Column, Integer, MetaData, Table, Text

METADATA = MetaData()


def _text(*names: str) -> list[Column[str]]:
    return [Column(name, Text) for name in names]


def _int(*names: str) -> list[Column[int]]:
    return [Column(name, Integer) for name in names]


def _versions() -> list[Column[int]]:
    return _int("ver", "gen")


MEMBERS = Table("members", METADATA, *_text("id", "name", "role"), *_int("active"), *_versions())

CREATORS = Table(
    "creators",
    METADATA,
    *_text("id", "name", "username", "platform", "timezone", "state"),
    *_int("state_since", "send_limit", "paused_until"),
    *_versions(),
)

FANS = Table(
    "fans",
    METADATA,
    *_int("n"),
    *_text("id", "creator_id", "platform_id", "name", "username", "language", "location", "timezone"),
    *_int("subscribed_at", "renews_at", "active", "last_seen_at"),
    *_text("currency"),
    *_int("lifetime", "last_30_days", "tips", "ppv", "subscriptions"),
    *_text("weeks"),
    *_int("bought", "offered"),
    *_text("tags"),
    *_versions(),
    *_text("fields"),
)

CONVERSATIONS = Table(
    "conversations",
    METADATA,
    *_text("id", "creator_id", "fan_id"),
    *_int("unread", "waiting_since", "last_at"),
    *_text("last_direction", "last_kind", "last_text"),
    *_int("last_price", "last_bought"),
    *_text("last_state"),
    *_int("last_read"),
    *_text("last_author_id", "last_author_name"),
    *_int("can_send"),
    *_text("cannot_send_reason"),
    *_versions(),
    *_int("reply_rev", "marked_unread"),
    *_text("assignee_id"),
    *_int("assigned_at"),
    *_text("handover_note", "handover_by"),
    *_int("snoozed_until", "done_at"),
)

MESSAGES = Table(
    "messages",
    METADATA,
    *_int("n"),
    *_text("id", "conversation_id", "direction", "kind", "text", "title"),
    *_int("price"),
    *_text("currency", "media"),
    *_int("bought_at"),
    *_text("state", "reason"),
    *_int("not_before"),
    *_text("author_id", "author_name"),
    *_int("at", "read_at"),
    *_versions(),
    *_int("attempt_no"),
    *_text("lane"),
    *_int("edited_at"),
    *_text("unsend"),
    *_int("unsent_at"),
)

NOTES = Table(
    "notes",
    METADATA,
    *_int("n"),
    *_text("id", "fan_id", "text", "author_id", "author_name"),
    *_int("created_at", "edited_at"),
    *_versions(),
)

TRANSACTIONS = Table(
    "transactions",
    METADATA,
    *_text("id", "creator_id", "fan_id", "kind"),
    *_int("amount", "net"),
    *_text("currency"),
    *_int("at"),
    *_text("message_id"),
    *_versions(),
)

COMPLIANCE = Table("compliance_layers", METADATA, *_text("id", "creator_id", "changes"), *_int("version"), *_versions())
"""What the agency (no creator) and creators change about the rules that ship; `changes` is JSON."""

BY_ENTITY = {
    "member": MEMBERS,
    "creator": CREATORS,
    "fan": FANS,
    "conversation": CONVERSATIONS,
    "message": MESSAGES,
    "note": NOTES,
    "transaction": TRANSACTIONS,
    "compliance": COMPLIANCE,
}
"""The table of each entity of the change log."""
