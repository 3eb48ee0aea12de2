"""Tables of the accounts area."""

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from huntaze_backend.core.schema import Base, UtcMicros

__all__ = [
    "AccessRow",
    "AgencyRow",
    "ConnectionRow",
    "CreatorRow",
    "MemberRow",
    "RefreshTokenRow",
    "SessionRow",
]


class AgencyRow(Base):
    __tablename__ = "agencies"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcMicros)


class MemberRow(Base):
    """Someone who works for an agency. An e-mail address belongs to one member of the whole installation."""

    __tablename__ = "members"
    __table_args__ = (UniqueConstraint("email"), Index("ix_members_agency_id_id", "agency_id", "id"))

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"))
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(String(254))
    """In lower case."""
    password_hash: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(20))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(UtcMicros)


class ConnectionRow(Base):
    """A platform key and the accounts that it opens."""

    __tablename__ = "platform_connections"
    __table_args__ = (Index("ix_platform_connections_agency_id_id", "agency_id", "id"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"))
    platform: Mapped[str] = mapped_column(String(20))
    base_url: Mapped[str] = mapped_column(String(500))
    api_key_sealed: Mapped[str] = mapped_column(Text)
    webhook_secret_sealed: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcMicros)
    backfill_state: Mapped[str] = mapped_column(String(20), default="waiting")
    backfill_done: Mapped[int] = mapped_column(default=0)
    backfill_total: Mapped[int] = mapped_column(default=0)
    backfill_messages: Mapped[int] = mapped_column(default=0)
    backfill_error: Mapped[str | None] = mapped_column(Text)


class CreatorRow(Base):
    """A creator account that the agency runs. It outlives its connection: the history stays, sending stops."""

    __tablename__ = "creators"
    __table_args__ = (
        UniqueConstraint("agency_id", "platform", "platform_account_id"),
        Index("ix_creators_agency_id_id", "agency_id", "id"),
        Index("ix_creators_connection_id", "connection_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    agency_id: Mapped[str] = mapped_column(ForeignKey("agencies.id"))
    connection_id: Mapped[str | None] = mapped_column(ForeignKey("platform_connections.id"))
    platform: Mapped[str] = mapped_column(String(20))
    platform_account_id: Mapped[str] = mapped_column(String(200))
    platform_user_id: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(Text)
    username: Mapped[str] = mapped_column(Text)
    timezone: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(20))
    state_since: Mapped[datetime] = mapped_column(UtcMicros)
    send_limit: Mapped[int] = mapped_column(default=10)
    """Messages in any window of `window_s` seconds."""
    window_s: Mapped[float] = mapped_column(default=60.0)
    spacing_s: Mapped[float] = mapped_column(default=3.0)
    paused_until: Mapped[datetime | None] = mapped_column(UtcMicros)


class AccessRow(Base):
    """A chatter may see a creator."""

    __tablename__ = "creator_access"
    __table_args__ = (Index("ix_creator_access_creator_id", "creator_id"),)

    member_id: Mapped[str] = mapped_column(ForeignKey("members.id"), primary_key=True)
    creator_id: Mapped[str] = mapped_column(ForeignKey("creators.id"), primary_key=True)


class SessionRow(Base):
    """A sign-in on a device; the family of its refresh tokens."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_member_id", "member_id"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    member_id: Mapped[str] = mapped_column(ForeignKey("members.id"))
    device_id: Mapped[str] = mapped_column(String(36))
    device_name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcMicros)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcMicros)
    revoked_reason: Mapped[str | None] = mapped_column(String(40))


class RefreshTokenRow(Base):
    """A refresh token, known by its SHA-256 only: 256 random bits need no slow hash."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (Index("ix_refresh_tokens_session_id", "session_id"),)

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"))
    issued_at: Mapped[datetime] = mapped_column(UtcMicros)
    expires_at: Mapped[datetime] = mapped_column(UtcMicros)
    used_at: Mapped[datetime | None] = mapped_column(UtcMicros)
    successor_hash: Mapped[str | None] = mapped_column(String(64))
