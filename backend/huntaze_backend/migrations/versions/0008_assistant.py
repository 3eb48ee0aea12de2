"""Suggestions, what became of them, and the knowledge base."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "suggestions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("creator_id", sa.String(length=36), nullable=False),
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("based_on", sa.String(length=36), nullable=True),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("replaced", sa.Boolean(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("tone", sa.String(length=40), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("provider", sa.String(length=60), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("tier", sa.String(length=20), nullable=False),
        sa.Column("local", sa.Boolean(), nullable=False),
        sa.Column("cost_nano_usd", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.JSON(), nullable=False),
        sa.Column("source_id", sa.String(length=36), nullable=True),
        sa.Column("prompt_version", sa.String(length=60), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=False),
        sa.Column("member_id", sa.String(length=36), nullable=False),
        sa.Column("prefetched", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestions")),
    )
    op.create_index("ix_suggestions_conversation_id_created_at", "suggestions", ["conversation_id", "created_at"])
    op.create_index("ix_suggestions_agency_id_created_at", "suggestions", ["agency_id", "created_at"])
    op.create_index("ix_suggestions_creator_id_model", "suggestions", ["creator_id", "model", "tone"])
    op.create_table(
        "suggestion_uses",
        sa.Column("suggestion_id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("member_id", sa.String(length=36), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=True),
        sa.Column("final_text", sa.Text(), nullable=True),
        sa.Column("similarity", sa.Float(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["suggestion_id"], ["suggestions.id"], name=op.f("fk_suggestion_uses_suggestion_id_suggestions")
        ),
        sa.PrimaryKeyConstraint("suggestion_id", name=op.f("pk_suggestion_uses")),
    )
    op.create_table(
        "suggestion_flights",
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("token", sa.String(length=36), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_suggestion_flights")),
    )
    op.create_table(
        "knowledge_base_items",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("creator_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("niche", sa.String(length=60), nullable=True),
        sa.Column("platform", sa.String(length=20), nullable=False),
        sa.Column("input_text", sa.Text(), nullable=False),
        sa.Column("output_text", sa.Text(), nullable=False),
        sa.Column("embedding", sa.JSON(), nullable=True),
        sa.Column("fan_id", sa.String(length=36), nullable=False),
        sa.Column("origin_id", sa.String(length=36), nullable=False),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.Column("bought", sa.Boolean(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("dismissed", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_base_items")),
        sa.UniqueConstraint("creator_id", "origin_id", name=op.f("uq_knowledge_base_items_creator_id_origin_id")),
    )
    op.create_index("ix_knowledge_base_items_agency_id_id", "knowledge_base_items", ["agency_id", "id"])
    op.create_index("ix_knowledge_base_items_fan_id", "knowledge_base_items", ["fan_id"])
    op.create_table(
        "knowledge_terms",
        sa.Column("creator_id", sa.String(length=36), nullable=False),
        sa.Column("term", sa.String(length=40), nullable=False),
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["knowledge_base_items.id"], name=op.f("fk_knowledge_terms_item_id_knowledge_base_items")
        ),
        sa.PrimaryKeyConstraint("creator_id", "term", "item_id", name=op.f("pk_knowledge_terms")),
    )
    op.create_index("ix_knowledge_terms_item_id", "knowledge_terms", ["item_id"])
    op.create_table(
        "knowledge_marks",
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", name=op.f("pk_knowledge_marks")),
    )
