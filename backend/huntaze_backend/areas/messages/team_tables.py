"""Tables of what the team does with conversations: what members asked for, who answers, what they began to write.

What a conversation's row shows of it (`snoozed_until`, `done_at`, `marked_unread`) is derived from `MarksRow` and the
timeline, so the two are never written by the same hand: members write marks, `thread_store` writes the row.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from huntaze_backend.core.schema import Base, UtcMicros

__all__ = ["DraftRow", "LeaseRow", "MarksRow", "OpRow"]


class MarksRow(Base):
    """What members asked of a conversation, each with the newest message that was there when they asked.

    A `…_seen` time is compared with the timeline: what is newer ends the mark, whenever it is told.
    """

    __tablename__ = "conversation_marks"

    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    snooze_until: Mapped[datetime | None] = mapped_column(UtcMicros)
    snooze_seen: Mapped[datetime | None] = mapped_column(UtcMicros)
    """Time of the newest asking message of the fan that was there when it was snoozed."""
    done_at: Mapped[datetime | None] = mapped_column(UtcMicros)
    done_seen: Mapped[datetime | None] = mapped_column(UtcMicros)
    """The same for done."""
    unread_seen: Mapped[datetime | None] = mapped_column(UtcMicros)
    """Time of the newest delivered answer when it was marked unread; null: it is not marked."""


class LeaseRow(Base):
    """Who answers a conversation, or answered it last. Never deleted: `epoch` only rises, and the door compares it."""

    __tablename__ = "leases"

    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    agency_id: Mapped[str] = mapped_column(String(36))
    creator_id: Mapped[str] = mapped_column(String(36))
    member_id: Mapped[str | None] = mapped_column(String(36))
    """Null after a restored backup: who held it since the backup is not known."""
    member_name: Mapped[str] = mapped_column(Text)
    device_id: Mapped[str | None] = mapped_column(String(36))
    epoch: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[datetime] = mapped_column(UtcMicros)


class DraftRow(Base):
    """The latest draft of a member in a conversation. An emptied one keeps its row: an older text must not return."""

    __tablename__ = "drafts"
    __table_args__ = (Index("ix_drafts_conversation_id", "conversation_id"),)

    member_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    agency_id: Mapped[str] = mapped_column(String(36))
    text: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(UtcMicros)


class OpRow(Base):
    """An op that was decided, with its answer. Never deleted: that is what makes a repeat harmless for ever."""

    __tablename__ = "ops"

    agency_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    op_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    member_id: Mapped[str] = mapped_column(String(36))
    device_id: Mapped[str] = mapped_column(String(36))
    kind: Mapped[str] = mapped_column(String(20))
    fingerprint: Mapped[str] = mapped_column(String(64))
    """Of what was asked: the same id with another wish is not a repeat."""
    result: Mapped[dict[str, Any]] = mapped_column(JSON)
    """An `OpResult`."""
    at: Mapped[datetime] = mapped_column(UtcMicros)
