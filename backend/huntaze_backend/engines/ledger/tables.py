"""Tables of the ledger: every attempt, the budgets with what is spent of their present period, and the rollups.

An attempt that has not ended is its own reservation: its row holds the bound and the time at which the lease ends. The
ids are not foreign keys: bookkeeping outlives the members and creators it is about.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from huntaze_backend.core.schema import Base, UtcMicros

__all__ = ["AttemptRow", "BudgetRow", "RollupRow"]


class AttemptRow(Base):
    """One call of a provider, from its reservation on. All amounts are nano-USD."""

    __tablename__ = "ledger_attempts"
    __table_args__ = (
        Index("ix_ledger_attempts_agency_id_at", "agency_id", "at"),
        Index(
            "ix_ledger_attempts_expires_at",
            "expires_at",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    attempt_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    request_id: Mapped[str] = mapped_column(String(36))
    agency_id: Mapped[str] = mapped_column(String(36))
    creator_id: Mapped[str | None] = mapped_column(String(36))
    member_id: Mapped[str | None] = mapped_column(String(36))
    agent: Mapped[str] = mapped_column(String(40))
    task: Mapped[str] = mapped_column(String(40))
    provider: Mapped[str] = mapped_column(String(40))
    model: Mapped[str] = mapped_column(String(120))
    price_version: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(8))
    """open, settled, released, or expired: nobody ended it in time; it is booked at its bound until somebody does."""
    bound: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(UtcMicros)
    """When it was reserved: the time under which it is booked, whenever it ends."""
    expires_at: Mapped[datetime] = mapped_column(UtcMicros)
    ended_at: Mapped[datetime | None] = mapped_column(UtcMicros)
    input_tokens: Mapped[int] = mapped_column(BigInteger)
    """Of an open one the upper bound, as `output_tokens`."""
    cached_tokens: Mapped[int] = mapped_column(BigInteger)
    output_tokens: Mapped[int] = mapped_column(BigInteger)
    reasoning_tokens: Mapped[int] = mapped_column(BigInteger)
    cost: Mapped[int] = mapped_column(BigInteger)
    outcome: Mapped[str] = mapped_column(String(40))
    estimated: Mapped[bool]
    latency_ms: Mapped[int | None] = mapped_column(BigInteger)
    ttft_ms: Mapped[int | None] = mapped_column(BigInteger)


class BudgetRow(Base):
    """What an agency, or one of its creators, may spend in a day or a month.

    The counters stand in the same row as the limits: one row lock on PostgreSQL decides about both.
    """

    __tablename__ = "ledger_budgets"
    __table_args__ = (UniqueConstraint("agency_id", "scope", "period"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    agency_id: Mapped[str] = mapped_column(String(36))
    creator_id: Mapped[str | None] = mapped_column(String(36))
    scope: Mapped[str] = mapped_column(String(36))
    """The creator's id, or "agency": NULL would not be unique."""
    period: Mapped[str] = mapped_column(String(5))
    timezone: Mapped[str] = mapped_column(String(64))
    soft: Mapped[int | None] = mapped_column(BigInteger)
    hard: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UtcMicros)
    period_start: Mapped[datetime] = mapped_column(UtcMicros)
    """The period that `spent` and `held` are about; it moves on when the budget is next asked."""
    spent: Mapped[int] = mapped_column(BigInteger)
    held: Mapped[int] = mapped_column(BigInteger)
    """The bounds of the attempts that have not ended."""


class RollupRow(Base):
    """The sums of all ended attempts of an hour, or of a day of UTC, with the same dimensions."""

    __tablename__ = "ledger_rollups"

    agency_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    grain: Mapped[str] = mapped_column(String(4), primary_key=True)
    """hour or day."""
    at: Mapped[datetime] = mapped_column(UtcMicros, primary_key=True)
    creator_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    """Empty for none, as `member_id`."""
    member_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    agent: Mapped[str] = mapped_column(String(40), primary_key=True)
    provider: Mapped[str] = mapped_column(String(40), primary_key=True)
    model: Mapped[str] = mapped_column(String(120), primary_key=True)
    calls: Mapped[int] = mapped_column(BigInteger)
    errors: Mapped[int] = mapped_column(BigInteger)
    estimated: Mapped[int] = mapped_column(BigInteger)
    input_tokens: Mapped[int] = mapped_column(BigInteger)
    cached_tokens: Mapped[int] = mapped_column(BigInteger)
    output_tokens: Mapped[int] = mapped_column(BigInteger)
    reasoning_tokens: Mapped[int] = mapped_column(BigInteger)
    cost: Mapped[int] = mapped_column(BigInteger)
