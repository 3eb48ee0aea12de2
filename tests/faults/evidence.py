"""Reads what a run left behind, by plain SQL and JSON: the journal, the service's database, the clients' caches.

Like the checker it imports nothing of the product. It also puts the bench's own triggers into the service's database:
what changes is noted in the very transaction that changes it.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2 as sqlcipher

from tests.faults.checker import (
    Attempt,
    ClientStore,
    Evidence,
    Execution,
    Integrity,
    Intent,
    ServerMessage,
    Transition,
)

__all__ = ["base_revs", "check_store", "client_store", "journal", "open_store", "pressed", "service", "with_ids"]

Query = Callable[[str], Sequence[Sequence[Any]]]
"""Runs one statement on the service's database."""

#: The client's tables of the server's rows, by entity.
CLIENT_TABLES = {
    "member": "members",
    "creator": "creators",
    "fan": "fans",
    "conversation": "conversations",
    "message": "messages",
    "note": "notes",
    "transaction": "transactions",
}
WATCH_STATES = (
    "CREATE TABLE IF NOT EXISTS bench_states (n INTEGER PRIMARY KEY, message_id TEXT, before TEXT, after TEXT)",
    """CREATE TRIGGER IF NOT EXISTS bench_state AFTER UPDATE OF state ON messages
       WHEN old.state IS NOT NULL AND old.state IS NOT new.state
       BEGIN INSERT INTO bench_states (message_id, before, after) VALUES (new.id, old.state, new.state); END""",
)


def open_store(path: Path, key: str | None, patience_s: float = 10.0) -> Any:
    """A connection to a SQLCipher file, which waits so long for others; the caller closes it."""
    connection = sqlcipher.connect(str(path), isolation_level=None)
    connection.execute("PRAGMA cipher_log_level = NONE")
    if key is not None:
        connection.execute(f"PRAGMA key = \"x'{key}'\"")
    connection.execute(f"PRAGMA busy_timeout = {round(1000 * patience_s)}")
    return connection


def journal(path: Path) -> list[Execution]:
    """What the platform made for us, in its order."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        row = json.loads(line)
        if row["direction"] == "out":
            key = row["client_key"].split(".")[0] if row["client_key"] else None
            at = datetime.fromisoformat(row["executed_at"])
            found.append(Execution(row["account"], row["chat"], row["id"], key, row["text"], at))
    return found


def service(query: Query, evidence: Evidence) -> None:
    """Add what the service's database says."""
    evidence.messages = [
        ServerMessage(*row)
        for row in query(
            "SELECT m.client_key, m.conversation_id, c.platform_account_id, v.platform_id, m.state, m.place,"
            " m.platform_id, m.text, m.attempt_no, m.reason FROM messages m"
            " JOIN conversations v ON v.id = m.conversation_id JOIN creators c ON c.id = m.creator_id"
            " WHERE m.client_key IS NOT NULL ORDER BY m.conversation_id, m.place"
        )
    ]
    evidence.attempts = [Attempt(*row) for row in query("SELECT message_id, no, outcome FROM attempts")]
    log = query("SELECT entity, entity_id, seq, op FROM change_log")
    evidence.versions = {(entity, id_): seq for entity, id_, seq, op in log if op == "U"}
    evidence.deleted = {(entity, id_): seq for entity, id_, seq, op in log if op != "U"}
    evidence.seqs = tuple(seq for _, _, seq, _ in log)
    evidence.last_seq = int(query("SELECT last_seq FROM sync_counters")[0][0])
    rows = query("SELECT message_id, before, after FROM bench_states ORDER BY n")
    evidence.transitions = [Transition(*row) for row in rows]


def client_store(client: str, path: Path, key: str) -> ClientStore:
    """What a client's cache says. Its process has ended."""
    with closing(open_store(path, key)) as store:
        versions = {
            (entity, id_): ver
            for entity, table in CLIENT_TABLES.items()
            for id_, ver in store.execute(f"SELECT id, ver FROM {table}").fetchall()
        }
        outbox = dict(store.execute("SELECT id, state FROM outbox").fetchall())
        queued = frozenset(id_ for (id_,) in store.execute("SELECT id FROM bench_queued").fetchall())
        cursors: list[int] = []
        generation = None
        for seq, gen in store.execute("SELECT seq, gen FROM bench_cursors ORDER BY n").fetchall():
            if generation not in (None, gen):
                cursors.append(-1)
            generation = gen
            cursors.append(seq)
        stands = store.execute("SELECT seq FROM sync_state WHERE complete").fetchone()
    return ClientStore(client, versions, outbox, queued, frozenset(), tuple(cursors), int(stands[0]) if stands else 0)


def base_revs(path: Path, key: str) -> dict[str, int | None]:
    """Which of the conversation's replies a chatter had seen when it pressed Send, by message."""
    with closing(open_store(path, key)) as store:
        return dict(store.execute("SELECT id, base_rev FROM bench_queued").fetchall())


def check_store(name: str, path: Path, key: str | None, patience_s: float = 10.0) -> Integrity:
    """What SQLite, the cipher and the word indexes say of a file that nobody has open, or for a moment only."""
    findings: list[str] = []
    if not path.exists():
        return Integrity(name, ())
    try:
        with closing(open_store(path, key, patience_s)) as store:
            findings += [line for (line,) in store.execute("PRAGMA integrity_check").fetchall() if line != "ok"]
            if key is not None:
                # The cipher's check reads the file itself, and a kill in the middle of folding the log into it leaves
                # pages there that only the log has: it must be folded first, as the next opening would do in time.
                if (folded := store.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone())[0]:
                    findings.append(f"its log could not be folded into it: {folded}")
                findings += [str(line) for (line,) in store.execute("PRAGMA cipher_integrity_check").fetchall()]
            indexes = store.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%USING fts5%'").fetchall()
            for (index,) in indexes:
                store.execute(f"INSERT INTO {index}({index}, rank) VALUES ('integrity-check', 1)")
    except sqlcipher.DatabaseError as error:
        findings.append(str(error))
    return Integrity(name, tuple(findings))


def pressed(folder: Path) -> dict[tuple[str, int], str]:
    """(conversation, n) → id, as a chatter noted it."""
    path = folder / "pressed.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return {(row["conversation"], row["n"]): row["id"] for row in rows}


def with_ids(
    client: str,
    script: Mapping[str, Sequence[str]],
    noted: Mapping[tuple[str, int], str],
    messages: Iterable[ServerMessage],
    store: ClientStore,
) -> list[Intent]:
    """The intents of a client with the ids they got.

    A kill between the press and its note leaves one without; it is the one of its conversation and text that nobody
    noted. Which one matters not when several say the same: each must be there once.
    """
    known = set(noted.values())
    nameless: dict[tuple[str, str], list[str]] = defaultdict(list)
    for message in messages:
        if message.id not in known and message.id in store.once_queued:
            nameless[message.conversation_id, message.text].append(message.id)
    found = []
    for conversation, texts in script.items():
        for n, words in enumerate(texts):
            id_ = noted.get((conversation, n))
            if id_ is None and nameless[conversation, words]:
                id_ = nameless[conversation, words].pop(0)
            found.append(Intent(client, conversation, n, words, id_))
    return found
