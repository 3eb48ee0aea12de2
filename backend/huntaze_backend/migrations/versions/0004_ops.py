"""Ops, drafts, reply leases, and the fields of fans with their history."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _team()
    _fields()
    _notes()
    for column in (
        sa.Column("added_ver", sa.BigInteger(), nullable=True),
        sa.Column("added_on", sa.String(length=36), nullable=True),
    ):
        op.add_column("fan_tags", column)


def _team() -> None:
    op.create_table(
        "conversation_marks",
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("snooze_until", sa.BigInteger(), nullable=True),
        sa.Column("snooze_seen", sa.BigInteger(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("done_seen", sa.BigInteger(), nullable=True),
        sa.Column("unread_seen", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_conversation_marks_conversation_id")
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_conversation_marks")),
    )
    op.create_table(
        "leases",
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("creator_id", sa.String(length=36), nullable=False),
        sa.Column("member_id", sa.String(length=36), nullable=True),
        sa.Column("member_name", sa.Text(), nullable=False),
        sa.Column("device_id", sa.String(length=36), nullable=True),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_leases_conversation_id")),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_leases")),
    )
    op.create_table(
        "drafts",
        sa.Column("member_id", sa.String(length=36), nullable=False),
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_drafts_conversation_id")),
        sa.PrimaryKeyConstraint("member_id", "conversation_id", name=op.f("pk_drafts")),
    )
    op.create_index("ix_drafts_conversation_id", "drafts", ["conversation_id"], unique=False)
    op.create_table(
        "ops",
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("op_id", sa.String(length=36), nullable=False),
        sa.Column("member_id", sa.String(length=36), nullable=False),
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "op_id", name=op.f("pk_ops")),
    )


def _fields() -> None:
    op.create_table(
        "fan_fields",
        sa.Column("fan_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("ver", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.String(length=36), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("device_id", sa.String(length=36), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["fan_id"], ["fans.id"], name=op.f("fk_fan_fields_fan_id")),
        sa.PrimaryKeyConstraint("fan_id", "name", name=op.f("pk_fan_fields")),
    )
    op.create_table(
        "fan_field_history",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("fan_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("stood", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["fan_id"], ["fans.id"], name=op.f("fk_fan_field_history_fan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fan_field_history")),
    )
    op.create_index("ix_fan_field_history_fan_id_name_at", "fan_field_history", ["fan_id", "name", "at"], unique=False)


def _notes() -> None:
    for column in (
        sa.Column("editor_id", sa.String(length=36), nullable=True),
        sa.Column("editor_name", sa.Text(), nullable=True),
        sa.Column("device_id", sa.String(length=36), nullable=True),
        sa.Column("deleter_name", sa.Text(), nullable=True),
    ):
        op.add_column("notes", column)
    op.create_table(
        "note_history",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("note_id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by_id", sa.String(length=36), nullable=False),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("stood", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["note_id"], ["notes.id"], name=op.f("fk_note_history_note_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note_history")),
    )
    op.create_index("ix_note_history_note_id_at", "note_history", ["note_id", "at"], unique=False)
