"""Tables of the fans area: fans, their tags and fields, the team's notes, and the money that moved.

What a change replaced, and what lost against a colleague's, is kept: `note_history` and `fan_field_history` are only
inserted into, until the note that they belong to has been gone for 35 days.

What a fan spent is not stored but summed from `transactions` when it is read, because "the last 30 days" moves with the
clock. Only the PPV counts are stored: the messages they count belong to a higher area, which hands them down.
"""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from huntaze_backend.core.schema import Base, UtcMicros


class FanRow(Base):
    """A fan of one creator; the same person following two creators is two fans."""

    __tablename__ = "fans"
    __table_args__ = (
        Index("ix_fans_creator_id_id", "creator_id", "id"),
        Index("ix_fans_agency_id_id", "agency_id", "id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    agency_id: Mapped[str] = mapped_column(String(36))
    creator_id: Mapped[str] = mapped_column(String(36))
    platform_id: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(Text)
    username: Mapped[str] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(String(40))
    location: Mapped[str | None] = mapped_column(Text)
    timezone: Mapped[str | None] = mapped_column(String(64))
    subscribed_at: Mapped[datetime | None] = mapped_column(UtcMicros)
    renews_at: Mapped[datetime | None] = mapped_column(UtcMicros)
    active: Mapped[bool] = mapped_column(default=True)
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcMicros)
    ppv_offered: Mapped[int] = mapped_column(default=0)
    ppv_bought: Mapped[int] = mapped_column(default=0)


class FanTagRow(Base):
    """One tag of a fan. `key` is the case-folded tag: "Vip" and "VIP" are one."""

    __tablename__ = "fan_tags"

    fan_id: Mapped[str] = mapped_column(ForeignKey("fans.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(160), primary_key=True)
    agency_id: Mapped[str] = mapped_column(String(36))
    tag: Mapped[str] = mapped_column(String(40))
    added_at: Mapped[datetime] = mapped_column(UtcMicros)
    added_by: Mapped[str] = mapped_column(String(36))
    """Who put it on last: a colleague who puts it on again wants it as well."""
    added_ver: Mapped[int | None] = mapped_column(BigInteger)
    """The fan's `ver` since which it is on; null: since before that was noted."""
    added_on: Mapped[str | None] = mapped_column(String(36))
    """The device of the op that put it on; null: no op did."""


class FanFieldRow(Base):
    """One fact that the team keeps of a fan, with a version of its own. An emptied one keeps its row and version."""

    __tablename__ = "fan_fields"

    fan_id: Mapped[str] = mapped_column(ForeignKey("fans.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    agency_id: Mapped[str] = mapped_column(String(36))
    value: Mapped[str] = mapped_column(Text)
    ver: Mapped[int]
    """Counts its changes."""
    by_id: Mapped[str] = mapped_column(String(36))
    by_name: Mapped[str] = mapped_column(Text)
    device_id: Mapped[str | None] = mapped_column(String(36))
    """The device of the op that wrote it."""
    at: Mapped[datetime] = mapped_column(UtcMicros)


class FanFieldPastRow(Base):
    """What a field said before, or would have said had a colleague not been quicker."""

    __tablename__ = "fan_field_history"
    __table_args__ = (Index("ix_fan_field_history_fan_id_name_at", "fan_id", "name", "at"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    fan_id: Mapped[str] = mapped_column(ForeignKey("fans.id"))
    name: Mapped[str] = mapped_column(String(20))
    agency_id: Mapped[str] = mapped_column(String(36))
    value: Mapped[str] = mapped_column(Text)
    by_name: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcMicros)
    """When it was written."""
    stood: Mapped[bool]
    """Whether it ever was the field's value."""


class NoteRow(Base):
    """A note on a fan. A deleted one keeps its row, so that a late repeat of its creation does not revive it."""

    __tablename__ = "notes"
    __table_args__ = (
        Index("ix_notes_fan_id_created_at", "fan_id", "created_at"),
        Index("ix_notes_agency_id_id", "agency_id", "id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    agency_id: Mapped[str] = mapped_column(String(36))
    creator_id: Mapped[str] = mapped_column(String(36))
    fan_id: Mapped[str] = mapped_column(ForeignKey("fans.id"))
    text: Mapped[str] = mapped_column(Text)
    author_id: Mapped[str] = mapped_column(String(36))
    author_name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcMicros)
    edited_at: Mapped[datetime | None] = mapped_column(UtcMicros)
    editor_id: Mapped[str | None] = mapped_column(String(36))
    """Who wrote the present text, if not the author."""
    editor_name: Mapped[str | None] = mapped_column(Text)
    device_id: Mapped[str | None] = mapped_column(String(36))
    """The device of the op that wrote the present text; null: no op did."""
    deleted_at: Mapped[datetime | None] = mapped_column(UtcMicros)
    deleter_name: Mapped[str | None] = mapped_column(Text)


class NotePastRow(Base):
    """What a note said before, or would have said had a colleague not been quicker."""

    __tablename__ = "note_history"
    __table_args__ = (Index("ix_note_history_note_id_at", "note_id", "at"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    note_id: Mapped[str] = mapped_column(ForeignKey("notes.id"))
    agency_id: Mapped[str] = mapped_column(String(36))
    text: Mapped[str] = mapped_column(Text)
    by_id: Mapped[str] = mapped_column(String(36))
    by_name: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcMicros)
    """When it was written."""
    stood: Mapped[bool]
    """Whether it ever was the note's text."""


class TransactionRow(Base):
    """Money that moved: gross `amount` and `net` in minor units, negative for refunds and chargebacks."""

    __tablename__ = "transactions"
    __table_args__ = (
        Index("ix_transactions_fan_id_at", "fan_id", "at", "id"),
        Index("ix_transactions_agency_id_id", "agency_id", "id"),
        Index("ix_transactions_message_id", "message_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    agency_id: Mapped[str] = mapped_column(String(36))
    creator_id: Mapped[str] = mapped_column(String(36))
    fan_id: Mapped[str] = mapped_column(String(36))
    platform_id: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))
    amount: Mapped[int] = mapped_column(BigInteger)
    net: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    at: Mapped[datetime] = mapped_column(UtcMicros)
    message_id: Mapped[str | None] = mapped_column(String(36))
