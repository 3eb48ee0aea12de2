"""The first schema: agencies and their members, creators, fans, conversations, sending, and the change log."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _account_marks()
    _agencies()
    _audit_log()
    _change_log()
    _conversations()
    _fans()
    _inbox()
    _installation_secrets()
    _limit_meters()
    _limit_permits()
    _sync_counters()
    _transactions()
    _fan_tags()
    _members()
    _messages()
    _notes()
    _platform_connections()
    _attempts()
    _creators()
    _sessions()
    _creator_access()
    _refresh_tokens()


def _account_marks() -> None:
    op.create_table(
        "account_marks",
        sa.Column("creator_id", sa.String(length=36), nullable=False),
        sa.Column("money_to", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("creator_id", name=op.f("pk_account_marks")),
    )


def _agencies() -> None:
    op.create_table(
        "agencies",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agencies")),
    )


def _audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("actor_id", sa.String(length=36), nullable=True),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index("ix_audit_log_agency_id_at", "audit_log", ["agency_id", "at"], unique=False)


def _change_log() -> None:
    op.create_table(
        "change_log",
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("entity", sa.String(length=20), nullable=False),
        sa.Column("entity_id", sa.String(length=36), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("op", sa.String(length=1), nullable=False),
        sa.Column("creator_id", sa.String(length=36), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "entity", "entity_id", name=op.f("pk_change_log")),
        sa.UniqueConstraint("agency_id", "seq", name=op.f("uq_change_log_agency_id_seq")),
    )
    op.create_index("ix_change_log_op_at", "change_log", ["op", "at"], unique=False)


def _conversations() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("creator_id", sa.String(length=36), nullable=False),
        sa.Column("fan_id", sa.String(length=36), nullable=False),
        sa.Column("platform_id", sa.String(length=200), nullable=False),
        sa.Column("unread", sa.Integer(), nullable=False),
        sa.Column("waiting_since", sa.BigInteger(), nullable=True),
        sa.Column("last_message_id", sa.String(length=36), nullable=True),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("read_up_to", sa.BigInteger(), nullable=True),
        sa.Column("can_send", sa.Boolean(), nullable=False),
        sa.Column("cannot_send_reason", sa.String(length=200), nullable=True),
        sa.Column("next_place", sa.BigInteger(), nullable=False),
        sa.Column("high_mark", sa.String(length=200), nullable=True),
        sa.Column("backfilled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
        sa.UniqueConstraint("creator_id", "platform_id", name=op.f("uq_conversations_creator_id_platform_id")),
    )
    op.create_index("ix_conversations_agency_id_last_at", "conversations", ["agency_id", "last_at", "id"], unique=False)
    op.create_index(
        "ix_conversations_creator_id_last_at", "conversations", ["creator_id", "last_at", "id"], unique=False
    )
    op.create_index("ix_conversations_fan_id", "conversations", ["fan_id"], unique=False)


def _fans() -> None:
    op.create_table(
        "fans",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("creator_id", sa.String(length=36), nullable=False),
        sa.Column("platform_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=40), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("timezone", sa.String(length=64), nullable=True),
        sa.Column("subscribed_at", sa.BigInteger(), nullable=True),
        sa.Column("renews_at", sa.BigInteger(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=True),
        sa.Column("ppv_offered", sa.Integer(), nullable=False),
        sa.Column("ppv_bought", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fans")),
    )
    op.create_index("ix_fans_agency_id_id", "fans", ["agency_id", "id"], unique=False)
    op.create_index("ix_fans_creator_id_id", "fans", ["creator_id", "id"], unique=False)


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("connection_id", sa.String(length=36), nullable=False),
        sa.Column("event_key", sa.String(length=200), nullable=False),
        sa.Column("event", sa.String(length=60), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("connection_id", "event_key", name=op.f("pk_inbox")),
    )
    op.create_index("ix_inbox_received_at", "inbox", ["received_at"], unique=False)


def _installation_secrets() -> None:
    op.create_table(
        "installation_secrets",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_installation_secrets")),
    )


def _limit_meters() -> None:
    op.create_table(
        "limit_meters",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("blocked_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_limit_meters")),
    )


def _limit_permits() -> None:
    op.create_table(
        "limit_permits",
        sa.Column("permit_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("window_us", sa.BigInteger(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("counts_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("permit_id", "key", name=op.f("pk_limit_permits")),
    )
    op.create_index("ix_limit_permits_key_counts_until", "limit_permits", ["key", "counts_until"], unique=False)


def _sync_counters() -> None:
    op.create_table(
        "sync_counters",
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.String(length=36), nullable=False),
        sa.Column("min_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", name=op.f("pk_sync_counters")),
    )


def _transactions() -> None:
    op.create_table(
        "transactions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("creator_id", sa.String(length=36), nullable=False),
        sa.Column("fan_id", sa.String(length=36), nullable=False),
        sa.Column("platform_id", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transactions")),
    )
    op.create_index("ix_transactions_agency_id_id", "transactions", ["agency_id", "id"], unique=False)
    op.create_index("ix_transactions_fan_id_at", "transactions", ["fan_id", "at", "id"], unique=False)
    op.create_index("ix_transactions_message_id", "transactions", ["message_id"], unique=False)


def _fan_tags() -> None:
    op.create_table(
        "fan_tags",
        sa.Column("fan_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("tag", sa.String(length=40), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("added_by", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["fan_id"], ["fans.id"], name=op.f("fk_fan_tags_fan_id")),
        sa.PrimaryKeyConstraint("fan_id", "key", name=op.f("pk_fan_tags")),
    )


def _members() -> None:
    op.create_table(
        "members",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_members_agency_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
        sa.UniqueConstraint("email", name=op.f("uq_members_email")),
    )
    op.create_index("ix_members_agency_id_id", "members", ["agency_id", "id"], unique=False)


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("creator_id", sa.String(length=36), nullable=False),
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("fan_id", sa.String(length=36), nullable=False),
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("media", sa.JSON(), nullable=False),
        sa.Column("bought_at", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("platform_id", sa.String(length=200), nullable=True),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.Column("place", sa.BigInteger(), nullable=True),
        sa.Column("attempt_no", sa.Integer(), nullable=False),
        sa.Column("spent", sa.Integer(), nullable=False),
        sa.Column("attempt_started_at", sa.BigInteger(), nullable=True),
        sa.Column("complete_listings", sa.Integer(), nullable=False),
        sa.Column("last_listing_at", sa.BigInteger(), nullable=True),
        sa.Column("stop", sa.Boolean(), nullable=False),
        sa.Column("held_place", sa.BigInteger(), nullable=True),
        sa.Column("list_at", sa.BigInteger(), nullable=True),
        sa.Column("client_key", sa.String(length=36), nullable=True),
        sa.Column("body_hash", sa.String(length=64), nullable=True),
        sa.Column("author_id", sa.String(length=36), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=True),
        sa.Column("accepted_at", sa.BigInteger(), nullable=True),
        sa.Column("device_id", sa.String(length=36), nullable=True),
        sa.Column("device_seq", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_messages_conversation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("agency_id", "client_key", name=op.f("uq_messages_agency_id_client_key")),
        sa.UniqueConstraint("conversation_id", "held_place", name=op.f("uq_messages_conversation_id_held_place")),
        sa.UniqueConstraint("creator_id", "platform_id", name=op.f("uq_messages_creator_id_platform_id")),
    )
    op.create_index("ix_messages_agency_id_at", "messages", ["agency_id", "at", "id"], unique=False)
    op.create_index("ix_messages_conversation_id_at", "messages", ["conversation_id", "at", "id"], unique=False)
    held = sa.text("held_place IS NOT NULL")
    op.create_index(
        "ix_messages_held",
        "messages",
        ["creator_id", "accepted_at", "id"],
        unique=False,
        sqlite_where=held,
        postgresql_where=held,
    )
    op.create_index("ix_messages_list_at", "messages", ["list_at"], unique=False)


def _notes() -> None:
    op.create_table(
        "notes",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("creator_id", sa.String(length=36), nullable=False),
        sa.Column("fan_id", sa.String(length=36), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author_id", sa.String(length=36), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("edited_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["fan_id"], ["fans.id"], name=op.f("fk_notes_fan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_index("ix_notes_agency_id_id", "notes", ["agency_id", "id"], unique=False)
    op.create_index("ix_notes_fan_id_created_at", "notes", ["fan_id", "created_at"], unique=False)


def _platform_connections() -> None:
    op.create_table(
        "platform_connections",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("platform", sa.String(length=20), nullable=False),
        sa.Column("base_url", sa.String(length=500), nullable=False),
        sa.Column("api_key_sealed", sa.Text(), nullable=False),
        sa.Column("webhook_secret_sealed", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("backfill_state", sa.String(length=20), nullable=False),
        sa.Column("backfill_done", sa.Integer(), nullable=False),
        sa.Column("backfill_total", sa.Integer(), nullable=False),
        sa.Column("backfill_messages", sa.Integer(), nullable=False),
        sa.Column("backfill_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_platform_connections_agency_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform_connections")),
    )
    op.create_index("ix_platform_connections_agency_id_id", "platform_connections", ["agency_id", "id"], unique=False)


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=200), nullable=False),
        sa.Column("client_key", sa.String(length=80), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ttl_ms", sa.Integer(), nullable=False),
        sa.Column("high_water", sa.JSON(), nullable=False),
        sa.Column("high_water_at", sa.BigInteger(), nullable=True),
        sa.Column("permit_id", sa.String(length=36), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("detail", sa.String(length=200), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("trace_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_attempts_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        sa.UniqueConstraint("message_id", "no", name=op.f("uq_attempts_message_id_no")),
    )
    op.create_index("ix_attempts_outcome_started_at", "attempts", ["outcome", "started_at"], unique=False)


def _creators() -> None:
    op.create_table(
        "creators",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("agency_id", sa.String(length=36), nullable=False),
        sa.Column("connection_id", sa.String(length=36), nullable=True),
        sa.Column("platform", sa.String(length=20), nullable=False),
        sa.Column("platform_account_id", sa.String(length=200), nullable=False),
        sa.Column("platform_user_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("state_since", sa.BigInteger(), nullable=False),
        sa.Column("send_limit", sa.Integer(), nullable=False),
        sa.Column("window_s", sa.Double(), nullable=False),
        sa.Column("spacing_s", sa.Double(), nullable=False),
        sa.Column("paused_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["agency_id"], ["agencies.id"], name=op.f("fk_creators_agency_id")),
        sa.ForeignKeyConstraint(["connection_id"], ["platform_connections.id"], name=op.f("fk_creators_connection_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_creators")),
        sa.UniqueConstraint(
            "agency_id",
            "platform",
            "platform_account_id",
            name=op.f("uq_creators_agency_id_platform_platform_account_id"),
        ),
    )
    op.create_index("ix_creators_agency_id_id", "creators", ["agency_id", "id"], unique=False)
    op.create_index("ix_creators_connection_id", "creators", ["connection_id"], unique=False)


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("member_id", sa.String(length=36), nullable=False),
        sa.Column("device_id", sa.String(length=36), nullable=False),
        sa.Column("device_name", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_reason", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_sessions_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_member_id", "sessions", ["member_id"], unique=False)


def _creator_access() -> None:
    op.create_table(
        "creator_access",
        sa.Column("member_id", sa.String(length=36), nullable=False),
        sa.Column("creator_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["creator_id"], ["creators.id"], name=op.f("fk_creator_access_creator_id")),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_creator_access_member_id")),
        sa.PrimaryKeyConstraint("member_id", "creator_id", name=op.f("pk_creator_access")),
    )
    op.create_index("ix_creator_access_creator_id", "creator_access", ["creator_id"], unique=False)


def _refresh_tokens() -> None:
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("successor_hash", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_refresh_tokens_session_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_refresh_tokens")),
    )
    op.create_index("ix_refresh_tokens_session_id", "refresh_tokens", ["session_id"], unique=False)
