"""Makes a synced profile as large as a big agency's: each fan many times over, with its conversation and its messages.

The rows are copied inside the store, because a million messages take a backend and a sync many minutes. The copies get
ids of their own, places of their own in the indexes, and surnames of their own, so that a search finds few or many of
them as among real people.
"""

import json
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Table, text

from huntaze_desktop.app.profile import Profile
from huntaze_desktop.app.workplace import CACHE_KEY
from huntaze_desktop.cache import CacheKey, open_cache
from huntaze_desktop.cache.schema import CONVERSATIONS, FANS, MESSAGES

__all__ = ["FANS_WANTED", "MESSAGES_WANTED", "grow"]

FANS_WANTED = 100_000
MESSAGES_WANTED = 1_000_000

_SURNAMES = ("Abel", "Brandt", "Costa", "Duarte", "Eriksen", "Fontaine", "Greco", "Haas", "Ivanov", "Jansen", "Keller")
_FIRST_OF_ID = "printf('%08x', k) || substr({column}, 9)"


def grow(home: Path) -> tuple[int, int]:
    """Fill the profile's store up; nothing may have it open. Returns how many fans and messages it has then."""
    secrets = json.loads((home / "secrets.json").read_text())
    cache = open_cache(Profile.open("bench", home).cache_path, CacheKey(secrets[CACHE_KEY]))
    try:
        cache.copy(_fill)
        return cache.read(partial(_count, table=FANS)), cache.read(partial(_count, table=MESSAGES))
    finally:
        cache.close()


def _fill(connection: Connection) -> None:
    copies = max(0, -(-FANS_WANTED // _count(connection, FANS)) - 1)
    with_messages = min(copies, -(-MESSAGES_WANTED // _count(connection, MESSAGES)) - 1)
    for table in (FANS, CONVERSATIONS):
        _copy(connection, table, copies)
    _copy(connection, MESSAGES, with_messages)


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(text(f"SELECT count(*) FROM {table.name}")).scalar_one())


def _copy(connection: Connection, table: Table, copies: int) -> None:
    if copies < 1:
        return
    own = {
        "n": f"(SELECT max(n) FROM {table.name}) + row_number() OVER (ORDER BY k)",
        "id": _FIRST_OF_ID.format(column="id"),
        "fan_id": _FIRST_OF_ID.format(column="fan_id"),
        "conversation_id": _FIRST_OF_ID.format(column="conversation_id"),
        "name": "name || ' ' || (:surnames ->> (k % :surname_count))",
        "username": "username || k",
    }
    names = [column.name for column in table.c]
    values = ", ".join(own.get(name, name) for name in names)
    bound: dict[str, object] = {"copies": copies}
    if table is FANS:
        bound |= {"surnames": json.dumps(_SURNAMES), "surname_count": len(_SURNAMES)}
    connection.execute(
        text(
            "WITH RECURSIVE copies(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM copies WHERE k < :copies)"
            f" INSERT INTO {table.name} ({', '.join(names)}) SELECT {values} FROM {table.name}, copies"
        ),
        bound,
    )
