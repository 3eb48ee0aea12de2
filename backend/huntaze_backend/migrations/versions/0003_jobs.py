"""The job store: lanes, jobs, dead jobs, and the ticks of cron."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _lanes()
    _jobs()
    _dead_jobs()
    _ticks()


def _lanes() -> None:
    op.create_table(
        "job_lanes",
        sa.Column("lane", sa.String(length=120), nullable=False),
        sa.Column("head_id", sa.String(length=36), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("ready_at", sa.BigInteger(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("token", sa.String(length=80), nullable=True),
        sa.Column("worker", sa.String(length=60), nullable=True),
        sa.PrimaryKeyConstraint("lane", name=op.f("pk_job_lanes")),
        sa.UniqueConstraint("token", name=op.f("uq_job_lanes_token")),
    )
    op.create_index("ix_job_lanes_priority_ready_at", "job_lanes", ["priority", "ready_at"], unique=False)
    op.create_index("ix_job_lanes_lease_until", "job_lanes", ["lease_until"], unique=False)


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=True),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("lane", sa.String(length=120), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("run_at", sa.BigInteger(), nullable=False),
        sa.Column("dedupe_key", sa.String(length=160), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("failure", sa.String(length=500), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_jobs_dedupe_key")),
        sa.UniqueConstraint("lane", "seq", name=op.f("uq_jobs_lane_seq")),
    )
    op.create_index("ix_jobs_lane_priority", "jobs", ["lane", "priority"], unique=False)


def _dead_jobs() -> None:
    op.create_table(
        "dead_jobs",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=True),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("lane", sa.String(length=120), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("dedupe_key", sa.String(length=160), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("died_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_jobs")),
    )
    op.create_index("ix_dead_jobs_agency_id_died_at_id", "dead_jobs", ["agency_id", "died_at", "id"], unique=False)


def _ticks() -> None:
    op.create_table(
        "cron_ticks",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("scheduled_at", sa.BigInteger(), nullable=False),
        sa.Column("fired_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "scheduled_at", name=op.f("pk_cron_ticks")),
    )
