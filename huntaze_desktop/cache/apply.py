"""Writing what the server said. Only sync calls this, and it touches the server's tables only.

A row is taken when it is newer than the one that is here, so pages, events and answers may arrive in any order and any
number of times. `gen` makes a full sync safe without emptying a table first: rows of an earlier generation give way to
anything, and what a finished full sync did not see is swept away in one go. Drafts and the outbox are not its business,
but for two things: an outbox row whose message the server has is done, and leaves in the same transaction; and what a
restored server lost comes back there.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any, Literal

from sqlalchemy import Connection, Table, bindparam, delete, or_, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import insert

from huntaze_contract import wire
from huntaze_contract.ids import Id
from huntaze_desktop.cache import accepted
from huntaze_desktop.cache.from_wire import Row, row_of
from huntaze_desktop.cache.schema import BY_ENTITY, MESSAGES
from huntaze_desktop.cache.times import from_us, to_us
from huntaze_desktop.cache.touched import EVERYTHING, Touched

Growth = Literal["newer", "older"]
"""Whether new messages are news (they get the highest numbers) or history (the lowest).

The word index lists matches by that number, so a search finds the newest first without sorting.
"""


@dataclass(frozen=True, slots=True)
class SyncState:
    """How far this store has followed the server."""

    gen: int
    cursor: str | None
    seq: int
    page: str | None
    """The next page of a full sync that is under way."""
    complete: bool
    """Whether a full sync of this generation has finished."""
    done: int
    total: int
    synced_at: datetime | None


def sync_state(connection: Connection) -> SyncState:
    row = connection.execute(
        text("SELECT gen, cursor, seq, page, complete, done, total, synced_at FROM sync_state")
    ).one()
    return SyncState(
        row.gen, row.cursor, row.seq, row.page, bool(row.complete), row.done, row.total, from_us(row.synced_at)
    )


def apply_changes(connection: Connection, changes: Sequence[wire.Change], *, growth: Growth = "newer") -> Touched:
    """Apply rows and deletions, each only if newer than what is here; returns what changed."""
    gen = sync_state(connection).gen
    by_entity: dict[str, dict[Id, wire.Change]] = defaultdict(dict)
    for change in changes:
        present = by_entity[change.entity].get(change.id)
        if present is None or _ver(change) > _ver(present):
            by_entity[change.entity][change.id] = change
    parts: list[Touched] = []
    for entity, of_entity in by_entity.items():
        wanted = _not_buried(connection, entity, of_entity, gen)
        gone = [change for change in wanted if change.op == "D" or change.row is None]
        rows = [
            row_of(change) | {"ver": _ver(change)} for change in wanted if change.op == "U" and change.row is not None
        ]
        parts.append(_bury(connection, entity, gone, gen))
        parts.append(_upsert(connection, entity, rows, gen, growth))
    return Touched.all_of(parts)


def _ver(change: wire.Change) -> int:
    # A row may be read a moment after its change was listed, and is then newer than the change says.
    return max(change.seq, change.row.ver if change.row is not None else 0)


def apply_page(connection: Connection, page: wire.SyncPage) -> Touched:
    """Apply a page of changes together with its cursor."""
    touched = apply_changes(connection, page.changes)
    # An event may have moved the cursor further while the page was on its way; it never moves back.
    connection.execute(
        text("UPDATE sync_state SET cursor = :cursor, seq = :seq WHERE seq <= :seq"),
        {"cursor": page.cursor, "seq": page.seq},
    )
    connection.execute(text("UPDATE sync_state SET synced_at = :at"), {"at": to_us(page.server_time)})
    return touched


def apply_frame(connection: Connection, frame: wire.ChangesFrame) -> Touched | None:
    """Apply an event of the stream; returns None where something is missing between it and this store.

    While a full sync runs, its rows are taken and its cursor is not: the pages to come are older than the event.
    """
    state = sync_state(connection)
    if frame.prev > state.seq and state.complete:
        return None
    touched = apply_changes(connection, frame.changes)
    if state.complete and frame.seq > state.seq:
        connection.execute(
            text("UPDATE sync_state SET cursor = :cursor, seq = :seq"), {"cursor": frame.cursor, "seq": frame.seq}
        )
    return touched


def start_snapshot(connection: Connection) -> None:
    """Begin a full sync: what is here stays visible until the new rows stand in its place."""
    connection.execute(
        text(
            "UPDATE sync_state SET gen = gen + (cursor IS NOT NULL OR complete OR page IS NOT NULL),"
            " cursor = NULL, seq = 0, page = NULL, complete = 0, done = 0, total = 0"
        )
    )


def apply_snapshot_rows(connection: Connection, changes: Sequence[wire.Change]) -> Touched:
    return apply_changes(connection, changes, growth="older")


def apply_snapshot_page(
    connection: Connection, page: wire.SnapshotPage, *, batch: int, rest: Callable[[], None]
) -> Touched:
    """Store a page of a full sync and its place; `rest` is called between batches, for the sake of other threads.

    In one transaction: what is written to the indexes is spread over the file, and writing it once for 500 rows costs
    two thirds of writing it for every 200.
    """
    parts: list[Touched] = []
    for start in range(0, len(page.changes), batch):
        parts.append(apply_snapshot_rows(connection, page.changes[start : start + batch]))
        rest()
    parts.append(finish_snapshot_page(connection, page))
    return Touched.all_of(parts)


def finish_snapshot_page(connection: Connection, page: wire.SnapshotPage) -> Touched:
    """Note that a page is stored; after the last one, remove what the server no longer has."""
    last = page.next_page is None
    known: str | None = connection.execute(text("SELECT epoch FROM sync_state")).scalar()
    connection.execute(
        text(
            "UPDATE sync_state SET cursor = :cursor, seq = :seq, page = :page, done = :done, total = :total,"
            " complete = :complete, synced_at = CASE WHEN :complete THEN :at ELSE synced_at END,"
            " epoch = CASE WHEN :complete THEN :epoch ELSE epoch END"
        ),
        {
            "cursor": page.cursor,
            "seq": page.seq,
            "page": page.next_page,
            "done": page.done,
            "total": page.total,
            "complete": last,
            "epoch": page.epoch,
            "at": to_us(page.server_time),
        },
    )
    if not last:
        return Touched()
    if known is not None and page.epoch is not None and known != page.epoch:
        accepted.review_lost(connection)
    else:
        accepted.forget_unseen(connection)
    return _sweep(connection)


def apply_message(connection: Connection, message: wire.Message) -> Touched:
    """Take a message from the answer to a request, by the same rule as any other."""
    change = wire.MessageChange(seq=message.ver, id=message.id, op="U", row=message)
    return apply_changes(connection, [change])


# --- inside -------------------------------------------------------------------------------------------------------


def _sweep(connection: Connection) -> Touched:
    for table in BY_ENTITY.values():
        connection.execute(text(f"DELETE FROM {table.name} WHERE gen < (SELECT gen FROM sync_state)"))  # noqa: S608
    connection.execute(text("DELETE FROM tombstones WHERE gen < (SELECT gen FROM sync_state)"))
    return EVERYTHING


_BURIED = text("SELECT id, ver FROM tombstones WHERE entity = :entity AND gen = :gen AND id IN :ids").bindparams(
    bindparam("ids", expanding=True)
)


def _not_buried(connection: Connection, entity: str, changes: dict[Id, wire.Change], gen: int) -> Sequence[wire.Change]:
    """The changes that are newer than a deletion of the same thing."""
    found = connection.execute(_BURIED, {"entity": entity, "gen": gen, "ids": list(changes)})
    buried = {row.id: row.ver for row in found}
    return [change for id_, change in changes.items() if _ver(change) > buried.get(id_, -1)]


def _bury(connection: Connection, entity: str, gone: Sequence[wire.Change], gen: int) -> Touched:
    if not gone:
        return Touched()
    table = BY_ENTITY[entity]
    removed: list[dict[str, Any]] = []
    for change in gone:
        older = or_(table.c.gen < gen, table.c.ver < _ver(change))
        found = connection.execute(
            delete(table).where(table.c.id == change.id, older).returning(*_place_columns(table))
        )
        removed.extend(dict(row) for row in found.mappings())
    connection.execute(
        text(
            "INSERT INTO tombstones (entity, id, ver, gen) VALUES (:entity, :id, :ver, :gen)"
            " ON CONFLICT (entity, id) DO UPDATE SET ver = excluded.ver, gen = excluded.gen"
        ),
        [{"entity": entity, "id": change.id, "ver": _ver(change), "gen": gen} for change in gone],
    )
    return _touched_by(entity, removed) if removed else Touched()


def _upsert(connection: Connection, entity: str, rows: Sequence[Row], gen: int, growth: Growth) -> Touched:
    if not rows:
        return Touched()
    table = BY_ENTITY[entity]
    full: Sequence[dict[str, Any]] = [row | {"gen": gen} for row in rows]
    if "n" in table.c:
        full = _numbered(connection, table, full, growth)
    statement, values_of = _upsert_statement(table)
    connection.exec_driver_sql(statement, [values_of(row) for row in full])
    touched = _touched_by(entity, full)
    if table is MESSAGES and growth == "older":
        touched = Touched(timelines=touched.conversations)
    if table is MESSAGES:
        touched |= _release_outbox(connection, [row["id"] for row in full])
    return touched


def _numbered(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], growth: Growth
) -> list[dict[str, Any]]:
    """Give each row a number above all others (news) or below (history); a row that is here keeps its own.

    Within a batch numbers ascend in either case: the word index appends in ascending order and starts a new segment
    for every step back.
    """
    # One end at a time is a step down the table's tree; asked for both at once, SQLite reads the whole table.
    end = "min" if growth == "older" else "max"
    last = connection.execute(text(f"SELECT ifnull({end}(n), 0) FROM {table.name}")).scalar_one()  # noqa: S608
    if growth == "older":
        first, ordered = last - len(rows), list(reversed(rows))
    else:
        first, ordered = last + 1, list(rows)
    return [row | {"n": first + index} for index, row in enumerate(ordered)]


@cache
def _upsert_statement(table: Table) -> tuple[str, Callable[[Row], tuple[Any, ...]]]:
    """The statement's text and what takes its values out of a row: compiled once, not looked over for every row."""
    statement = insert(table)
    values = {name: statement.excluded[name] for name in (column.name for column in table.c) if name not in ("id", "n")}
    newer = or_(statement.excluded.gen > table.c.gen, statement.excluded.ver > table.c.ver)
    upsert = statement.on_conflict_do_update(index_elements=["id"], set_=values, where=newer)
    compiled = upsert.compile(dialect=sqlite.dialect())
    return str(compiled), itemgetter(*(compiled.positiontup or ()))


def _place_columns(table: Table) -> list[Any]:
    return [table.c[name] for name in ("id", "conversation_id", "fan_id") if name in table.c]


def _touched_by(entity: str, rows: Sequence[dict[str, Any]]) -> Touched:
    match entity:
        case "message":
            return Touched(conversations=frozenset(row["conversation_id"] for row in rows))
        case "conversation":
            return Touched(
                conversations=frozenset(row["id"] for row in rows), fans=frozenset(row["fan_id"] for row in rows)
            )
        case "fan":
            return Touched(fans=frozenset(row["id"] for row in rows))
        case "note" | "transaction":
            return Touched(fans=frozenset(row["fan_id"] for row in rows))
        case "compliance":
            return Touched(rules=True)
        case _:
            return Touched(creators=True)


_DONE = text(f"DELETE FROM outbox WHERE id IN :ids RETURNING {accepted.COLUMNS}").bindparams(  # noqa: S608 - constants
    bindparam("ids", expanding=True)
)


def _release_outbox(connection: Connection, ids: Sequence[Id]) -> Touched:
    done = connection.execute(_DONE, {"ids": list(ids)}).mappings().all()
    if not done:
        return Touched()
    accepted.keep(connection, done)
    return Touched(conversations=frozenset(row["conversation_id"] for row in done), outbox=True)
