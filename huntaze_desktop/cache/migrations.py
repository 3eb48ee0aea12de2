"""The store's schema, version by version. `PRAGMA user_version` says how far a file has come.

A migration is written once and never edited after a release: files in the field have already run it. The tables in
`schema.py` describe the newest version; a test holds both against each other.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from huntaze_desktop.cache.errors import CacheError

_FIRST: tuple[str, ...] = (
    # --- what the server said: only sync writes here; `gen` counts full syncs, `ver` the changes of one entity
    """CREATE TABLE members (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, active INTEGER NOT NULL,
        ver INTEGER NOT NULL, gen INTEGER NOT NULL)""",
    """CREATE TABLE creators (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, username TEXT NOT NULL, platform TEXT NOT NULL,
        timezone TEXT NOT NULL, state TEXT NOT NULL, state_since INTEGER NOT NULL, send_limit INTEGER NOT NULL,
        paused_until INTEGER, ver INTEGER NOT NULL, gen INTEGER NOT NULL)""",
    """CREATE TABLE fans (
        n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, creator_id TEXT NOT NULL, platform_id TEXT NOT NULL,
        name TEXT NOT NULL, username TEXT NOT NULL, language TEXT, location TEXT, timezone TEXT,
        subscribed_at INTEGER, renews_at INTEGER, active INTEGER NOT NULL, last_seen_at INTEGER,
        currency TEXT NOT NULL, lifetime INTEGER NOT NULL, last_30_days INTEGER NOT NULL, tips INTEGER NOT NULL,
        ppv INTEGER NOT NULL, subscriptions INTEGER NOT NULL, weeks TEXT NOT NULL, bought INTEGER NOT NULL,
        offered INTEGER NOT NULL, tags TEXT NOT NULL, ver INTEGER NOT NULL, gen INTEGER NOT NULL)""",
    """CREATE TABLE conversations (
        id TEXT PRIMARY KEY, creator_id TEXT NOT NULL, fan_id TEXT NOT NULL, unread INTEGER NOT NULL,
        waiting_since INTEGER, last_at INTEGER NOT NULL, last_direction TEXT, last_kind TEXT, last_text TEXT,
        last_price INTEGER, last_bought INTEGER, last_state TEXT, last_read INTEGER, last_author_id TEXT,
        last_author_name TEXT, can_send INTEGER NOT NULL, cannot_send_reason TEXT,
        ver INTEGER NOT NULL, gen INTEGER NOT NULL)""",
    "CREATE INDEX conversations_fan ON conversations (fan_id)",
    # Longest wait first, then the answered, newest first: the order of the list, ready to be read off.
    """CREATE INDEX conversations_order
        ON conversations (ifnull(waiting_since, 9223372036854775807), last_at DESC, id)""",
    """CREATE TABLE messages (
        n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, conversation_id TEXT NOT NULL, direction TEXT NOT NULL,
        kind TEXT NOT NULL, text TEXT NOT NULL, title TEXT, price INTEGER, currency TEXT NOT NULL,
        media TEXT NOT NULL, bought_at INTEGER, state TEXT, reason TEXT, not_before INTEGER, author_id TEXT,
        author_name TEXT, at INTEGER NOT NULL, read_at INTEGER, ver INTEGER NOT NULL, gen INTEGER NOT NULL)""",
    "CREATE INDEX messages_timeline ON messages (conversation_id, at, id)",
    """CREATE INDEX messages_unsettled ON messages (conversation_id) WHERE state IN
        ('accepted', 'expired', 'failed', 'limited', 'needs_human', 'needs_review', 'queued_local', 'ready',
         'reconciling', 'rejected', 'scheduled', 'sending', 'unknown', 'waiting_approval')""",
    "CREATE INDEX messages_offers ON messages (conversation_id, at) WHERE kind = 'ppv'",
    """CREATE TABLE notes (
        n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, fan_id TEXT NOT NULL, text TEXT NOT NULL, author_id TEXT,
        author_name TEXT NOT NULL, created_at INTEGER NOT NULL, edited_at INTEGER,
        ver INTEGER NOT NULL, gen INTEGER NOT NULL)""",
    "CREATE INDEX notes_fan ON notes (fan_id, created_at)",
    """CREATE TABLE transactions (
        id TEXT PRIMARY KEY, creator_id TEXT NOT NULL, fan_id TEXT NOT NULL, kind TEXT NOT NULL,
        amount INTEGER NOT NULL, net INTEGER NOT NULL, currency TEXT NOT NULL, at INTEGER NOT NULL, message_id TEXT,
        ver INTEGER NOT NULL, gen INTEGER NOT NULL)""",
    "CREATE INDEX transactions_fan ON transactions (fan_id, at)",
    """CREATE TABLE tombstones (
        entity TEXT NOT NULL, id TEXT NOT NULL, ver INTEGER NOT NULL, gen INTEGER NOT NULL,
        PRIMARY KEY (entity, id)) WITHOUT ROWID""",
    """CREATE TABLE sync_state (
        one INTEGER PRIMARY KEY CHECK (one = 1), gen INTEGER NOT NULL, cursor TEXT, seq INTEGER NOT NULL,
        page TEXT, complete INTEGER NOT NULL, done INTEGER NOT NULL, total INTEGER NOT NULL, synced_at INTEGER)""",
    "INSERT INTO sync_state VALUES (1, 1, NULL, 0, NULL, 0, 0, 0, NULL)",
    # --- what this computer did: sync never writes here, so a resync cannot lose it
    """CREATE TABLE outbox (
        id TEXT PRIMARY KEY, conversation_id TEXT NOT NULL, creator_id TEXT NOT NULL, text TEXT NOT NULL,
        composed_at INTEGER NOT NULL, device_seq INTEGER NOT NULL UNIQUE, state TEXT NOT NULL, reason TEXT,
        prev_id TEXT, attempts INTEGER NOT NULL, confirmed INTEGER NOT NULL)""",
    "CREATE INDEX outbox_order ON outbox (conversation_id, device_seq)",
    "CREATE TABLE drafts (conversation_id TEXT PRIMARY KEY, text TEXT NOT NULL, changed_at INTEGER NOT NULL)",
    """CREATE TABLE device (
        one INTEGER PRIMARY KEY CHECK (one = 1), device_id TEXT NOT NULL, next_seq INTEGER NOT NULL)""",
    """CREATE TABLE account (
        one INTEGER PRIMARY KEY CHECK (one = 1), member_id TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL,
        email TEXT NOT NULL, agency_id TEXT NOT NULL, agency_name TEXT NOT NULL)""",
    # --- search: words without accents; the texts themselves stay in their tables
    """CREATE VIRTUAL TABLE fan_words USING fts5(
        name, username, content='fans', content_rowid='n', prefix='1 2 3',
        tokenize='unicode61 remove_diacritics 2')""",
    """CREATE VIRTUAL TABLE note_words USING fts5(
        text, content='notes', content_rowid='n', tokenize='unicode61 remove_diacritics 2')""",
    """CREATE VIRTUAL TABLE message_words USING fts5(
        text, content='messages', content_rowid='n', prefix='3', tokenize='unicode61 remove_diacritics 2')""",
)


def _index_triggers(table: str, words: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Keep a word index with its table. A state that changes must not index the text again, hence OF and WHEN."""
    names = ", ".join(columns)
    old = ", ".join(f"old.{name}" for name in columns)
    new = ", ".join(f"new.{name}" for name in columns)
    changed = " OR ".join(f"old.{name} IS NOT new.{name}" for name in columns)
    forget = f"INSERT INTO {words}({words}, rowid, {names}) VALUES ('delete', old.n, {old});"  # noqa: S608 - own names
    learn = f"INSERT INTO {words}(rowid, {names}) VALUES (new.n, {new});"  # noqa: S608
    return (
        f"CREATE TRIGGER {words}_insert AFTER INSERT ON {table} BEGIN {learn} END",
        f"CREATE TRIGGER {words}_delete AFTER DELETE ON {table} BEGIN {forget} END",
        f"CREATE TRIGGER {words}_update AFTER UPDATE OF {names} ON {table} WHEN {changed} BEGIN {forget} {learn} END",
    )


def _first(connection: Connection) -> None:
    triggers = (
        *_index_triggers("fans", "fan_words", ("name", "username")),
        *_index_triggers("notes", "note_words", ("text",)),
        *_index_triggers("messages", "message_words", ("text",)),
    )
    for statement in (*_FIRST, *triggers):
        connection.exec_driver_sql(statement)


_SECOND: tuple[str, ...] = (
    # --- what the team does with a conversation, and what became of a message
    "ALTER TABLE fans ADD COLUMN fields TEXT NOT NULL DEFAULT '{}'",
    # Null until the server said it: a base that nobody knows must not be taken for "no answer yet".
    "ALTER TABLE conversations ADD COLUMN reply_rev INTEGER",
    "ALTER TABLE conversations ADD COLUMN marked_unread INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE conversations ADD COLUMN assignee_id TEXT",
    "ALTER TABLE conversations ADD COLUMN assigned_at INTEGER",
    "ALTER TABLE conversations ADD COLUMN handover_note TEXT",
    "ALTER TABLE conversations ADD COLUMN handover_by TEXT",
    "ALTER TABLE conversations ADD COLUMN snoozed_until INTEGER",
    "ALTER TABLE conversations ADD COLUMN done_at INTEGER",
    "CREATE INDEX conversations_snoozed ON conversations (snoozed_until) WHERE snoozed_until IS NOT NULL",
    # What is dealt with stands among the answered.
    "DROP INDEX conversations_order",
    """CREATE INDEX conversations_order ON conversations
        (ifnull(CASE WHEN done_at IS NULL THEN waiting_since END, 9223372036854775807), last_at DESC, id)""",
    "ALTER TABLE messages ADD COLUMN attempt_no INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE messages ADD COLUMN lane TEXT NOT NULL DEFAULT 'live'",
    "ALTER TABLE messages ADD COLUMN edited_at INTEGER",
    "ALTER TABLE messages ADD COLUMN unsend TEXT",
    "ALTER TABLE messages ADD COLUMN unsent_at INTEGER",
    # --- what this computer did
    "ALTER TABLE outbox ADD COLUMN base_rev INTEGER",
    "ALTER TABLE outbox ADD COLUMN lease_epoch INTEGER",
    "ALTER TABLE outbox ADD COLUMN send_at INTEGER",
    "ALTER TABLE outbox ADD COLUMN hold_until INTEGER",
    "ALTER TABLE outbox ADD COLUMN collision TEXT",
    """CREATE TABLE pending_ops (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, op_id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, target TEXT NOT NULL,
        conversation_id TEXT, fan_id TEXT, body TEXT NOT NULL, at INTEGER NOT NULL, attempts INTEGER NOT NULL,
        state TEXT NOT NULL, waits_for TEXT, shown TEXT)""",
    """CREATE TABLE notices (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL, outcome TEXT NOT NULL, code TEXT, conversation_id TEXT, fan_id TEXT,
        body TEXT NOT NULL, mine TEXT NOT NULL, theirs TEXT, by TEXT, at INTEGER NOT NULL)""",
    # The rows that are here lack what is new; they stay visible until a full sync has replaced them.
    """UPDATE sync_state SET gen = gen + (cursor IS NOT NULL OR complete OR page IS NOT NULL), cursor = NULL, seq = 0,
        page = NULL, complete = 0, done = 0, total = 0""",
)


def _second(connection: Connection) -> None:
    for statement in _SECOND:
        connection.exec_driver_sql(statement)


_THIRD: tuple[str, ...] = (
    # Which life of the server's database the rows are from; another one after a backup was restored.
    "ALTER TABLE sync_state ADD COLUMN epoch TEXT",
    # --- what this computer did
    # The epoch under which a message was first sent: then and only then may the server have had it.
    "ALTER TABLE outbox ADD COLUMN epoch TEXT",
    """CREATE TABLE accepted (
        id TEXT PRIMARY KEY, conversation_id TEXT NOT NULL, creator_id TEXT NOT NULL, text TEXT NOT NULL,
        composed_at INTEGER NOT NULL, device_seq INTEGER NOT NULL, send_at INTEGER)""",
    # The epoch is known from a full sync only.
    """UPDATE sync_state SET gen = gen + (cursor IS NOT NULL OR complete OR page IS NOT NULL), cursor = NULL, seq = 0,
        page = NULL, complete = 0, done = 0, total = 0""",
)


def _third(connection: Connection) -> None:
    for statement in _THIRD:
        connection.exec_driver_sql(statement)


def _fourth(connection: Connection) -> None:
    connection.exec_driver_sql(
        """CREATE TABLE compliance_layers (
        id TEXT PRIMARY KEY, creator_id TEXT, changes TEXT NOT NULL, version INTEGER NOT NULL, ver INTEGER NOT NULL,
        gen INTEGER NOT NULL)"""
    )


def _fifth(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE outbox ADD COLUMN suggestion_id TEXT")


def _sixth(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE outbox ADD COLUMN findings TEXT")


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (_first, _second, _third, _fourth, _fifth, _sixth)
"""Migration i brings a file from version i to i + 1."""


def migrate(connection: Connection, migrations: Sequence[Callable[[Connection], None]] = MIGRATIONS) -> int:
    """Bring the file to the newest version inside the caller's transaction; returns the version it had.

    Raises CacheError for a file that a newer Huntaze wrote: guessing at its tables could lose what it keeps.
    """
    had = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
    if had > len(migrations):
        raise CacheError(f"the local store has version {had}; this Huntaze knows {len(migrations)}. Update Huntaze.")
    for step in migrations[had:]:
        step(connection)
    connection.exec_driver_sql(f"PRAGMA user_version = {len(migrations)}")
    return had
