"""What the team does with conversations, and the lanes of outgoing messages."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("reply_rev", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("marked_unread", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("assignee_id", sa.String(length=36), nullable=True),
        sa.Column("assigned_at", sa.BigInteger(), nullable=True),
        sa.Column("handover_note", sa.Text(), nullable=True),
        sa.Column("handover_by", sa.Text(), nullable=True),
        sa.Column("snoozed_until", sa.BigInteger(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
    ):
        op.add_column("conversations", column)
    for column in (
        sa.Column("lane", sa.String(length=12), nullable=False, server_default="live"),
        sa.Column("rev", sa.BigInteger(), nullable=True),
        sa.Column("edited_at", sa.BigInteger(), nullable=True),
        sa.Column("unsend", sa.String(length=12), nullable=True),
        sa.Column("unsent_at", sa.BigInteger(), nullable=True),
        sa.Column("failed_listings", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("unlistable_since", sa.BigInteger(), nullable=True),
    ):
        op.add_column("messages", column)
    numbered, scheduled = sa.text("rev IS NOT NULL"), sa.text("state = 'scheduled'")
    op.create_index(
        "ix_messages_conversation_id_rev",
        "messages",
        ["conversation_id", "rev"],
        unique=True,
        sqlite_where=numbered,
        postgresql_where=numbered,
    )
    op.create_index(
        "ix_messages_scheduled", "messages", ["not_before"], sqlite_where=scheduled, postgresql_where=scheduled
    )
    held = sa.text("held_place IS NOT NULL")
    op.drop_index("ix_messages_held", table_name="messages")
    op.create_index(
        "ix_messages_held",
        "messages",
        ["creator_id", "lane", "accepted_at", "id", "state"],
        sqlite_where=held,
        postgresql_where=held,
    )
