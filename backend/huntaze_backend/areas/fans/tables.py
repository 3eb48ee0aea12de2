"""Tables of the fans area: fans, their tags, the team's notes, and the money that moved.

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
    deleted_at: Mapped[datetime | None] = mapped_column(UtcMicros)


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
