"""Tables of the messages area: conversations, their timeline, and the write-ahead log of send attempts.

A message's columns `state` to `stop` are `huntaze_contract.outgoing.Outgoing`, written by `pipeline.advance` alone.
Two unique keys carry the promises: (agency_id, client_key) makes accepting idempotent for ever, (creator_id,
platform_id) binds a platform message to one row at most.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from huntaze_backend.core.db import Base, UtcMicros

_HELD = text("held_place IS NOT NULL")
_NUMBERED = text("rev IS NOT NULL")
_SCHEDULED = text("state = 'scheduled'")
_WAITING_APPROVAL = text("state = 'waiting_approval'")


class ConversationRow(Base):
    """A fan and a creator. `unread` to `last_at` are derived from the timeline (threads.py)."""

    __tablename__ = "conversations"
    __table_args__ = (
        UniqueConstraint("creator_id", "platform_id"),
        Index("ix_conversations_agency_id_last_at", "agency_id", "last_at", "id"),
        Index("ix_conversations_creator_id_last_at", "creator_id", "last_at", "id"),
        Index("ix_conversations_fan_id", "fan_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    agency_id: Mapped[str] = mapped_column(String(36))
    creator_id: Mapped[str] = mapped_column(String(36))
    fan_id: Mapped[str] = mapped_column(String(36))
    platform_id: Mapped[str] = mapped_column(String(200))
    unread: Mapped[int] = mapped_column(default=0)
    waiting_since: Mapped[datetime | None] = mapped_column(UtcMicros)
    last_message_id: Mapped[str | None] = mapped_column(String(36))
    last_at: Mapped[datetime] = mapped_column(UtcMicros)
    read_up_to: Mapped[datetime | None] = mapped_column(UtcMicros)
    """Incoming rows up to this time were seen by the team."""
    can_send: Mapped[bool] = mapped_column(default=True)
    cannot_send_reason: Mapped[str | None] = mapped_column(String(200))
    next_place: Mapped[int] = mapped_column(BigInteger, default=1)
    """The place the next message gets in the order of sending."""
    high_mark: Mapped[str | None] = mapped_column(String(200))
    """Newest platform message up to which this conversation was read without a gap; null: never read."""
    backfilled_at: Mapped[datetime | None] = mapped_column(UtcMicros)
    """When its whole history had been read; null: not yet."""
    reply_rev: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """Counts outgoing rows, whoever wrote them: what a writer has to have seen."""
    marked_unread: Mapped[bool] = mapped_column(default=False, server_default=false())
    assignee_id: Mapped[str | None] = mapped_column(String(36))
    assigned_at: Mapped[datetime | None] = mapped_column(UtcMicros)
    handover_note: Mapped[str | None] = mapped_column(Text)
    handover_by: Mapped[str | None] = mapped_column(Text)
    snoozed_until: Mapped[datetime | None] = mapped_column(UtcMicros)
    done_at: Mapped[datetime | None] = mapped_column(UtcMicros)


class MessageRow(Base):
    """A row of the timeline, ordered by (at, id): `at` is the platform's time, before that the time of acceptance."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("agency_id", "client_key"),
        UniqueConstraint("creator_id", "platform_id"),
        UniqueConstraint("conversation_id", "held_place"),
        Index("ix_messages_conversation_id_at", "conversation_id", "at", "id"),
        Index("ix_messages_agency_id_at", "agency_id", "at", "id"),
        # Of the few rows that hold a place. A whole index on creator_id would be every message of the account: looking
        # for what is to be sent took 50 ms at 70,000 messages. Each lane is walked from its oldest row (lanes.py), and
        # counted by state from the index alone.
        Index(
            "ix_messages_held",
            "creator_id",
            "lane",
            "accepted_at",
            "id",
            "state",
            sqlite_where=_HELD,
            postgresql_where=_HELD,
        ),
        Index("ix_messages_list_at", "list_at"),
        Index(
            "ix_messages_conversation_id_rev",
            "conversation_id",
            "rev",
            unique=True,
            sqlite_where=_NUMBERED,
            postgresql_where=_NUMBERED,
        ),
        Index("ix_messages_scheduled", "not_before", sqlite_where=_SCHEDULED, postgresql_where=_SCHEDULED),
        Index(
            "ix_messages_waiting_approval",
            "agency_id",
            "creator_id",
            "accepted_at",
            "id",
            sqlite_where=_WAITING_APPROVAL,
            postgresql_where=_WAITING_APPROVAL,
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    agency_id: Mapped[str] = mapped_column(String(36))
    creator_id: Mapped[str] = mapped_column(String(36))
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    fan_id: Mapped[str] = mapped_column(String(36))
    direction: Mapped[str] = mapped_column(String(3))
    kind: Mapped[str] = mapped_column(String(20), default="text")
    text: Mapped[str] = mapped_column(Text, default="")
    title: Mapped[str | None] = mapped_column(Text)
    price: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3), default="USD")
    media: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    """`MediaItem`s as JSON objects."""
    bought_at: Mapped[datetime | None] = mapped_column(UtcMicros)
    at: Mapped[datetime] = mapped_column(UtcMicros)
    platform_id: Mapped[str | None] = mapped_column(String(200))
    """The platform's id of this message; null until bound, and for tips and subscriptions."""
    read_at: Mapped[datetime | None] = mapped_column(UtcMicros)

    state: Mapped[str | None] = mapped_column(String(20))
    """Null for what a fan wrote and for tips and subscriptions."""
    reason: Mapped[str | None] = mapped_column(String(200))
    not_before: Mapped[datetime | None] = mapped_column(UtcMicros)
    place: Mapped[int | None] = mapped_column(BigInteger)
    attempt_no: Mapped[int] = mapped_column(default=0)
    spent: Mapped[int] = mapped_column(default=0)
    attempt_started_at: Mapped[datetime | None] = mapped_column(UtcMicros)
    complete_listings: Mapped[int] = mapped_column(default=0)
    last_listing_at: Mapped[datetime | None] = mapped_column(UtcMicros)
    failed_listings: Mapped[int] = mapped_column(default=0, server_default="0")
    unlistable_since: Mapped[datetime | None] = mapped_column(UtcMicros)
    stop: Mapped[bool] = mapped_column(default=False)
    held_place: Mapped[int | None] = mapped_column(BigInteger)
    """`place` while the message holds a place in the order, else null: the few rows the dispatcher looks at."""
    list_at: Mapped[datetime | None] = mapped_column(UtcMicros)
    """When to look for it on the platform next; null unless unknown or reconciling."""

    client_key: Mapped[str | None] = mapped_column(String(36))
    """The Idempotency-Key it was accepted under; null for rows the platform created."""
    body_hash: Mapped[str | None] = mapped_column(String(64))
    author_id: Mapped[str | None] = mapped_column(String(36))
    author_name: Mapped[str | None] = mapped_column(Text)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcMicros)
    device_id: Mapped[str | None] = mapped_column(String(36))
    device_seq: Mapped[int | None] = mapped_column(BigInteger)
    lane: Mapped[str] = mapped_column(String(12), default="live", server_default="live")
    """A `wire.Lane`: who goes first when the account may send."""
    rev: Mapped[int | None] = mapped_column(BigInteger)
    """Of an outgoing row: the conversation's `reply_rev` that it brought about."""
    edited_at: Mapped[datetime | None] = mapped_column(UtcMicros)
    unsend: Mapped[str | None] = mapped_column(String(12))
    """A `wire.Unsend`; null: nobody wants it back."""
    unsent_at: Mapped[datetime | None] = mapped_column(UtcMicros)
    ai: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """A `wire.Provenance`; null: nothing of the text is known to be a machine's."""
    approved_hash: Mapped[str | None] = mapped_column(String(64))
    """`wire.text_hash` of the text that has the yes of a manager or owner: another text has none."""
    approved_by: Mapped[str | None] = mapped_column(String(36))
    approved_at: Mapped[datetime | None] = mapped_column(UtcMicros)


class AttemptRow(Base):
    """One attempt to send, committed before the gateway may act. Rows are never deleted: they are the evidence."""

    __tablename__ = "attempts"
    __table_args__ = (
        UniqueConstraint("message_id", "no"),
        Index("ix_attempts_outcome_started_at", "outcome", "started_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id"))
    no: Mapped[int]
    account: Mapped[str] = mapped_column(String(200))
    client_key: Mapped[str] = mapped_column(String(80))
    """The key given to the platform: the same for all attempts that must have one effect together."""
    started_at: Mapped[datetime] = mapped_column(UtcMicros)
    ttl_ms: Mapped[int]
    high_water: Mapped[list[str]] = mapped_column(JSON)
    """The newest platform ids of the conversation that were visible before the first attempt, newest first."""
    high_water_at: Mapped[datetime | None] = mapped_column(UtcMicros)
    """The platform's time of the newest of them."""
    permit_id: Mapped[str] = mapped_column(String(36))
    outcome: Mapped[str | None] = mapped_column(String(20))
    """sent, refused, not_executed, throttled or ambiguous; null while it is open."""
    detail: Mapped[str | None] = mapped_column(String(200))
    settled_at: Mapped[datetime | None] = mapped_column(UtcMicros)
    trace_id: Mapped[str | None] = mapped_column(String(32))


class InboxRow(Base):
    """What the platform told us and was taken in: a second telling with the same key changes nothing."""

    __tablename__ = "inbox"
    __table_args__ = (Index("ix_inbox_received_at", "received_at"),)

    connection_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    event_key: Mapped[str] = mapped_column(String(200), primary_key=True)
    event: Mapped[str] = mapped_column(String(60))
    received_at: Mapped[datetime] = mapped_column(UtcMicros)


class AccountMarkRow(Base):
    """How far an account was listed. Only complete listings move it: what no webhook told is found behind it."""

    __tablename__ = "account_marks"

    creator_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    money_to: Mapped[datetime] = mapped_column(UtcMicros)
    """Transactions up to this time were listed."""
