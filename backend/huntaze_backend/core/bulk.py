"""Inserts of many rows at once, the same on both databases: what is there already stays or is brought up to date."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from huntaze_backend.core.schema import Base

__all__ = ["chunks", "insert_new", "insert_once", "upsert"]

Item = TypeVar("Item")
Rows = Sequence[Mapping[str, Any]]
"""Each row has the same keys, the attributes' names."""


def chunks(items: Sequence[Item], size: int = 500) -> Iterator[Sequence[Item]]:
    """The items in parts that fit into one statement's variables."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def insert_new(session: Session, table: type[Base], rows: Rows) -> None:
    """Insert the rows; one that any unique constraint knows already is left as it is."""
    if rows:
        session.flush()
        session.connection().execute(_insert(session, table).on_conflict_do_nothing(), list(rows))


def insert_once(session: Session, table: type[Base], row: Mapping[str, Any]) -> bool:
    """Insert one row; False, and nothing done, when a unique constraint knows it already."""
    session.flush()
    first = inspect(table).primary_key[0]
    inserted = _insert(session, table).values(**row).on_conflict_do_nothing().returning(first)
    return session.connection().execute(inserted).first() is not None


def upsert(session: Session, table: type[Base], rows: Rows, *, key: Sequence[str], change: Sequence[str]) -> None:
    """Insert the rows; where `key` is there already, only the columns of `change` are written."""
    if not rows:
        return
    session.flush()
    insert = _insert(session, table)
    session.connection().execute(
        insert.on_conflict_do_update(index_elements=list(key), set_={name: insert.excluded[name] for name in change}),
        list(rows),
    )


def _insert(session: Session, table: type[Base]) -> Any:
    dialect = session.get_bind().dialect.name
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
