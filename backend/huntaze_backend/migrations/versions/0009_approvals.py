"""Approvals of what machines wrote, and the chain of evidence."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("ai", sa.JSON(), nullable=True),
        sa.Column("approved_hash", sa.String(length=64), nullable=True),
        sa.Column("approved_by", sa.String(length=36), nullable=True),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
    ):
        op.add_column("messages", column)
    waiting = sa.text("state = 'waiting_approval'")
    op.create_index(
        "ix_messages_waiting_approval",
        "messages",
        ["agency_id", "creator_id", "accepted_at", "id"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_table(
        "approval_policies",
        sa.Column("creator_id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("rule", sa.String(length=20), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("expires_after_h", sa.Integer(), nullable=False),
        sa.Column("ver", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("creator_id", name=op.f("pk_approval_policies")),
    )
    op.create_table(
        "approvals",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("creator_id", sa.String(length=36), nullable=False),
        sa.Column("waiting_since", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("send_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("edited", sa.Boolean(), nullable=False),
        sa.Column("decided_by", sa.String(length=36), nullable=True),
        sa.Column("decided_by_name", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_approvals_message_id_messages")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
    )
    still_open, decided = sa.text("outcome IS NULL"), sa.text("outcome IS NOT NULL")
    op.create_index(
        "ix_approvals_open",
        "approvals",
        ["message_id"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )
    op.create_index(
        "ix_approvals_decided",
        "approvals",
        ["agency_id", "decided_at", "id"],
        sqlite_where=decided,
        postgresql_where=decided,
    )
    op.create_table(
        "evidence_chain",
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(length=36), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "seq", name=op.f("pk_evidence_chain")),
    )
    op.create_index("ix_evidence_chain_subject", "evidence_chain", ["subject"])
    op.create_index("ix_evidence_chain_agency_id_at", "evidence_chain", ["agency_id", "at"])
    op.create_table(
        "evidence_heads",
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", name=op.f("pk_evidence_heads")),
    )
