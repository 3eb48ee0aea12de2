"""The unit of work's change log, from which every client learns what changed.

A service calls `record` for each entity it touched; `core.db` writes the rows as the last statements of the
transaction. The agency's counter row is taken only then and its lock is held to the commit, so a change's `seq` is its
place in commit order, without gaps (DESIGN §4: a plain sequence lost 8,866 of 16,000 events). One row per entity: a
later change moves the row to a new `seq`, and an entity's wire `ver` is the `seq` of its latest change.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Index,
    String,
    TableValuedAlias,
    UniqueConstraint,
    bindparam,
    column,
    func,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from huntaze_backend.core.clock import now, server_time
from huntaze_backend.core.schema import Base, UtcMicros
from huntaze_contract.ids import new_id

__all__ = [
    "ChangeRow",
    "CounterRow",
    "Op",
    "Span",
    "forget",
    "record",
    "record_many",
    "renew_epochs",
    "stamp",
    "start",
    "take",
    "version",
    "versions",
]

Op = Literal["U", "D"]
_Key = tuple[str, str, str]
"""Agency, entity, id."""
_Entry = tuple[_Key, tuple[Op, str | None]]
"""What was touched, how, and whose creator's it is."""
Span = tuple[int, int]
"""First and last `seq` that a commit gave to an agency's changes."""

_COLLECTED = "huntaze.changes"
_KEYS_PER_QUERY = 5000  # well below the 32,766 variables of a statement


class CounterRow(Base):
    """An agency's place in its log. `epoch` changes when a backup is restored, `min_seq` when tombstones go."""

    __tablename__ = "sync_counters"

    agency_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    last_seq: Mapped[int] = mapped_column(BigInteger)
    epoch: Mapped[str] = mapped_column(String(36))
    min_seq: Mapped[int] = mapped_column(BigInteger)


class ChangeRow(Base):
    """The latest change of one entity. Written by `take` alone."""

    __tablename__ = "change_log"
    __table_args__ = (
        UniqueConstraint("agency_id", "seq"),
        Index("ix_change_log_op_at", "op", "at"),
    )

    agency_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    entity: Mapped[str] = mapped_column(String(20), primary_key=True)
    entity_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    op: Mapped[str] = mapped_column(String(1))
    creator_id: Mapped[str | None] = mapped_column(String(36))
    at: Mapped[datetime] = mapped_column(UtcMicros)


@dataclass(slots=True)
class _Collected:
    """What a unit of work touched: (agency, entity, id) → (op, creator), in the order of the latest touch."""

    entries: dict[tuple[str, str, str], tuple[Op, str | None]] = field(default_factory=dict)
    stamps: list[tuple[tuple[str, str, str], Callable[[Session, int], None]]] = field(default_factory=list)


def start(session: Session, agency_id: str) -> None:
    """Give a new agency its counter; belongs to the transaction that makes the agency."""
    session.add(CounterRow(agency_id=agency_id, last_seq=0, epoch=new_id(), min_seq=0))


def renew_epochs(session: Session) -> int:
    """Void every cursor of every agency, because this database is not a continuation of what its clients saw.

    Returns how many agencies there are.
    """
    counters = session.scalars(select(CounterRow).with_for_update()).all()
    for counter in counters:
        counter.epoch = new_id()
    return len(counters)


def record(
    session: Session, *, agency_id: str, entity: str, entity_id: str, creator_id: str | None, op: Op = "U"
) -> None:
    """Note that an entity changed (`U`) or went (`D`); `creator_id` None is visible to the whole agency."""
    record_many(session, agency_id=agency_id, entity=entity, rows=((entity_id, creator_id),), op=op)


def record_many(
    session: Session, *, agency_id: str, entity: str, rows: Iterable[tuple[str, str | None]], op: Op = "U"
) -> None:
    """`record` for many rows of one kind, given as (entity id, creator id)."""
    collected: _Collected = session.info.setdefault(_COLLECTED, _Collected())
    for entity_id, creator_id in rows:
        key = (agency_id, entity, entity_id)
        collected.entries.pop(key, None)
        collected.entries[key] = (op, creator_id)


def stamp(
    session: Session, *, agency_id: str, entity: str, entity_id: str, write: Callable[[Session, int], None]
) -> None:
    """Call `write(session, seq)` with the place that a recorded change gets, in the same transaction.

    For a row that has to know its own version. It runs while the agency's counter is locked: one short statement.
    """
    collected: _Collected = session.info.setdefault(_COLLECTED, _Collected())
    collected.stamps.append(((agency_id, entity, entity_id), write))


def forget(session: Session) -> None:
    """Drop what was collected: the transaction did not commit."""
    session.info.pop(_COLLECTED, None)


def take(session: Session) -> dict[str, Span]:
    """Give the collected changes their places. The caller commits next: nothing may follow these statements."""
    collected: _Collected | None = session.info.pop(_COLLECTED, None)
    if collected is None:
        return {}
    log = _log_at_once if session.get_bind().dialect.name == "postgresql" else _log_one_by_one
    spans: dict[str, Span] = {}
    # In one order everywhere, so that two units of work over the same agencies cannot wait for each other.
    for agency_id in sorted({key[0] for key in collected.entries}):
        entries = [(key, value) for key, value in collected.entries.items() if key[0] == agency_id]
        last = log(session, agency_id, entries)
        first = last - len(entries) + 1
        places = {key: first + index for index, (key, _) in enumerate(entries)}
        for key, write in collected.stamps:
            if key in places:
                write(session, places[key])
        spans[agency_id] = (first, last)
    return spans


def _log_one_by_one(session: Session, agency_id: str, entries: Sequence[_Entry]) -> int:
    """Take the counter, then write the rows; returns the last place. For SQLite, where nobody can wait for it."""
    at = now(session)
    connection = session.connection()
    last: int = connection.execute(_COUNTED, {"of_agency": agency_id, "taken": len(entries)}).scalar_one()
    seqs = range(last - len(entries) + 1, last + 1)
    connection.execute(_UPSERT_ROWS, _as_rows(agency_id, entries, seqs, at))
    return last


def _log_at_once(session: Session, agency_id: str, entries: Sequence[_Entry]) -> int:
    """The same in one statement of PostgreSQL: the counter is locked for one round trip and the commit, no more."""
    taken = {"taken": len(entries)} | _as_arrays(agency_id, entries)
    last: int = session.connection().execute(_LOGGED, taken).scalar_one()
    return last


def _as_rows(agency_id: str, entries: Sequence[_Entry], seqs: Iterable[int], at: datetime) -> list[dict[str, Any]]:
    return [
        {
            "agency_id": agency_id,
            "entity": entity,
            "entity_id": entity_id,
            "seq": seq,
            "op": op,
            "creator_id": creator_id,
            "at": at,
        }
        for seq, ((_, entity, entity_id), (op, creator_id)) in zip(seqs, entries, strict=True)
    ]


def _as_arrays(agency_id: str, entries: Sequence[_Entry]) -> dict[str, Any]:
    return {
        "of_agency": agency_id,
        "entities": [entity for (_, entity, _), _ in entries],
        "ids": [entity_id for (_, _, entity_id), _ in entries],
        "ops": [op for _, (op, _) in entries],
        "creators": [creator_id for _, (_, creator_id) in entries],
    }


def _upsert(insert: Any) -> Any:
    return insert.on_conflict_do_update(
        index_elements=["agency_id", "entity", "entity_id"],
        set_={name: insert.excluded[name] for name in ("seq", "op", "creator_id", "at")},
    )


def _upsert_touched(source: FromClause, seq: ColumnElement[int]) -> Any:
    """Upsert the entities that `_as_arrays` passes; `source` contains `_TOUCHED`, and `seq` is each row's place."""
    columns = {
        "agency_id": bindparam("of_agency", type_=String()),
        "entity": _TOUCHED.c.entity,
        "entity_id": _TOUCHED.c.entity_id,
        "seq": seq,
        "op": _TOUCHED.c.op,
        "creator_id": _TOUCHED.c.creator_id,
        "at": server_time(),
    }
    return _upsert(
        postgresql.insert(ChangeRow).from_select(list(columns), select(*columns.values()).select_from(source))
    )


def _touched() -> TableValuedAlias:
    arrays = [bindparam(name, type_=postgresql.ARRAY(String())) for name in ("entities", "ids", "ops", "creators")]
    return (
        func.unnest(*arrays)
        .table_valued(
            *(column(name, String()) for name in ("entity", "entity_id", "op", "creator_id")), with_ordinality="place"
        )
        .render_derived(name="touched")
    )


# Made once: every unit of work that changes something ends with one of them.
_TAKEN = bindparam("taken", type_=BigInteger())
_COUNTED = (
    update(CounterRow)
    .where(CounterRow.agency_id == bindparam("of_agency", type_=String()))
    .values(last_seq=CounterRow.last_seq + _TAKEN)
    .returning(CounterRow.last_seq)
)
_UPSERT_ROWS = _upsert(sqlite.insert(ChangeRow))
_TOUCHED = _touched()
_COUNTER = _COUNTED.cte("counter")
_LOGGED = select(_COUNTER.c.last_seq).add_cte(
    _upsert_touched(_COUNTER.join(_TOUCHED, true()), _COUNTER.c.last_seq - _TAKEN + _TOUCHED.c.place).cte("logged")
)


def version(agency_id: str, entity: str, id: InstrumentedAttribute[str]) -> ColumnElement[int]:  # noqa: A002
    """The wire `ver` of each row of a query, as one of its columns; 0 for a row that no change names.

    A third of what `versions` costs beside the query: the row and its change are looked up together.
    """
    latest = select(ChangeRow.seq).where(
        ChangeRow.agency_id == agency_id, ChangeRow.entity == entity, ChangeRow.entity_id == id
    )
    return func.coalesce(latest.scalar_subquery(), 0).label("ver")


def versions(session: Session, agency_id: str, entity: str, ids: Sequence[str]) -> dict[str, int]:
    """The wire `ver` of each entity: the `seq` of its latest committed change. Unknown ids are absent."""
    found: dict[str, int] = {}
    for start_at in range(0, len(ids), _KEYS_PER_QUERY):
        found.update(
            session.execute(
                select(ChangeRow.entity_id, ChangeRow.seq).where(
                    ChangeRow.agency_id == agency_id,
                    ChangeRow.entity == entity,
                    ChangeRow.entity_id.in_(ids[start_at : start_at + _KEYS_PER_QUERY]),
                )
            ).all()
        )
    return found
