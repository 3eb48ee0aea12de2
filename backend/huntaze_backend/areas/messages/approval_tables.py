"""Tables of approvals: what each creator's policy asks for, and every message that waited for a yes."""

from datetime import datetime

from sqlalchemy import Float, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from huntaze_backend.core.schema import Base, UtcMicros

_OPEN = text("outcome IS NULL")
_DECIDED = text("outcome IS NOT NULL")


class PolicyRow(Base):
    """A creator's policy. No row: the default."""

    __tablename__ = "approval_policies"

    creator_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    agency_id: Mapped[str] = mapped_column(String(36))
    rule: Mapped[str] = mapped_column(String(20))
    """A `wire.ApprovalRule`."""
    confidence: Mapped[float | None] = mapped_column(Float)
    expires_after_h: Mapped[int]
    ver: Mapped[int]


class ApprovalRow(Base):
    """One time that a message waited. It waits while its own state says so; this says since when and how it ended."""

    __tablename__ = "approvals"
    __table_args__ = (
        Index("ix_approvals_open", "message_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index(
            "ix_approvals_decided", "agency_id", "decided_at", "id", sqlite_where=_DECIDED, postgresql_where=_DECIDED
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id"))
    agency_id: Mapped[str] = mapped_column(String(36))
    creator_id: Mapped[str] = mapped_column(String(36))
    waiting_since: Mapped[datetime] = mapped_column(UtcMicros)
    expires_at: Mapped[datetime] = mapped_column(UtcMicros)
    send_at: Mapped[datetime | None] = mapped_column(UtcMicros)
    """When its author wants it to go; null: as soon as it may."""
    outcome: Mapped[str | None] = mapped_column(String(10))
    """approved, rejected or expired; null while it waits, and for ever if its author took it back."""
    edited: Mapped[bool] = mapped_column(default=False)
    decided_by: Mapped[str | None] = mapped_column(String(36))
    decided_by_name: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(UtcMicros)
    reason: Mapped[str | None] = mapped_column(String(200))
