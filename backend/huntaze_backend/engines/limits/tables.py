"""Tables of the limiter: one row per meter (its lock and its pause), one per permit and meter (the exact log)."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from huntaze_backend.core.schema import Base, UtcMicros


class MeterRow(Base):
    """A meter's pause. On PostgreSQL every meter that was ever asked has a row, whose lock makes decisions about it
    follow one another; SQLite has rows of pauses only.
    """

    __tablename__ = "limit_meters"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    blocked_until: Mapped[datetime | None] = mapped_column(UtcMicros)


class PermitRow(Base):
    """One send in one meter's log. Rows that no longer count are removed when the meter is asked, a few at once."""

    __tablename__ = "limit_permits"
    __table_args__ = (Index("ix_limit_permits_key_counts_until", "key", "counts_until"),)

    permit_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    window_us: Mapped[int] = mapped_column(BigInteger)
    open: Mapped[bool]
    started_at: Mapped[datetime] = mapped_column(UtcMicros)
    counts_until: Mapped[datetime] = mapped_column(UtcMicros)
    """Until when it counts: while open, the latest it ever could (a crash thus leaves nothing to clean up)."""
