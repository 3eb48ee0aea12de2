"""The ledger of AI calls: attempts, budgets and rollups."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _attempts()
    _budgets()
    _rollups()


def _attempts() -> None:
    op.create_table(
        "ledger_attempts",
        sa.Column("attempt_id", sa.String(length=36), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("creator_id", sa.String(length=36), nullable=True),
        sa.Column("member_id", sa.String(length=36), nullable=True),
        sa.Column("agent", sa.String(length=40), nullable=False),
        sa.Column("task", sa.String(length=40), nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("model", sa.String(length=120), nullable=False),
        sa.Column("price_version", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("bound", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cached_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("reasoning_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.Column("latency_ms", sa.BigInteger(), nullable=True),
        sa.Column("ttft_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_ledger_attempts")),
    )
    op.create_index("ix_ledger_attempts_agency_id_at", "ledger_attempts", ["agency_id", "at"], unique=False)
    is_open = sa.text("state = 'open'")
    op.create_index(
        "ix_ledger_attempts_expires_at",
        "ledger_attempts",
        ["expires_at"],
        unique=False,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def _budgets() -> None:
    op.create_table(
        "ledger_budgets",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("creator_id", sa.String(length=36), nullable=True),
        sa.Column("scope", sa.String(length=36), nullable=False),
        sa.Column("period", sa.String(length=5), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("soft", sa.BigInteger(), nullable=True),
        sa.Column("hard", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("period_start", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_budgets")),
        sa.UniqueConstraint("agency_id", "scope", "period", name=op.f("uq_ledger_budgets_agency_id_scope_period")),
    )


def _rollups() -> None:
    op.create_table(
        "ledger_rollups",
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("grain", sa.String(length=4), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("creator_id", sa.String(length=36), nullable=False),
        sa.Column("member_id", sa.String(length=36), nullable=False),
        sa.Column("agent", sa.String(length=40), nullable=False),
        sa.Column("provider", sa.String(length=40), nullable=False),
        sa.Column("model", sa.String(length=120), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.Column("estimated", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cached_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("reasoning_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "agency_id",
            "grain",
            "at",
            "creator_id",
            "member_id",
            "agent",
            "provider",
            "model",
            name=op.f("pk_ledger_rollups"),
        ),
    )
