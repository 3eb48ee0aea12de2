"""Wire rows of fans, notes and transactions, many at a time: for sync, lists and answers.

A fixed number of statements whatever the number of ids: a page of 500 fans costs what one costs.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import get_args

from pydantic import TypeAdapter
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from huntaze_backend.areas.fans.rules import MONTH, WEEK, WEEKS, Spend, totals
from huntaze_backend.areas.fans.tables import FanFieldRow, FanRow, FanTagRow, NoteRow, TransactionRow
from huntaze_backend.core.changes import version, versions
from huntaze_backend.core.clock import now
from huntaze_backend.core.pages import micros
from huntaze_contract.wire import Fan, FanField, FanFieldName, Note, Transaction, TransactionKind

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NAMES: dict[str, FanFieldName] = {name: name for name in get_args(FanFieldName)}
_TRANSACTION_FIELDS = [name for name in Transaction.model_fields if name != "ver"]
_TRANSACTION_COLUMNS = [getattr(TransactionRow, name) for name in _TRANSACTION_FIELDS]
_TRANSACTIONS = TypeAdapter(list[Transaction])


def load_fans(session: Session, agency_id: str, ids: Sequence[str]) -> dict[str, Fan]:
    """Fans with their tags, fields and totals: four statements."""
    ver = version(agency_id, "fan", FanRow.id)
    rows = session.execute(select(FanRow, ver).where(FanRow.id.in_(ids), FanRow.agency_id == agency_id)).all()
    if not rows:
        return {}
    found = [row.id for row, _ in rows]
    tags, fields = _tags(session, found), _fields(session, found)
    spends = spend_by_fan(session, found, now(session))
    return {
        row.id: Fan(
            id=row.id,
            creator_id=row.creator_id,
            platform_id=row.platform_id,
            name=row.name,
            username=row.username,
            language=row.language,
            location=row.location,
            timezone=row.timezone,
            subscribed_at=row.subscribed_at,
            renews_at=row.renews_at,
            active=row.active,
            last_seen_at=row.last_seen_at,
            totals=totals(spends[row.id], bought=row.ppv_bought, offered=row.ppv_offered),
            tags=tags[row.id],
            fields=fields[row.id],
            ver=ver_of,
        )
        for row, ver_of in rows
    }


def load_notes(session: Session, agency_id: str, ids: Sequence[str]) -> dict[str, Note]:
    """Notes that are not deleted: two statements."""
    rows = session.scalars(
        select(NoteRow).where(NoteRow.id.in_(ids), NoteRow.agency_id == agency_id, NoteRow.deleted_at.is_(None))
    ).all()
    vers = versions(session, agency_id, "note", [row.id for row in rows]) if rows else {}
    return {
        row.id: Note(
            id=row.id,
            fan_id=row.fan_id,
            creator_id=row.creator_id,
            text=row.text,
            author_id=row.author_id,
            author_name=row.author_name,
            created_at=row.created_at,
            edited_at=row.edited_at,
            ver=vers.get(row.id, 0),
        )
        for row in rows
    }


def load_transactions(session: Session, agency_id: str, ids: Sequence[str]) -> dict[str, Transaction]:
    """Transactions: one statement, read as columns, because there are many."""
    ver = version(agency_id, "transaction", TransactionRow.id)
    query = select(ver, *_TRANSACTION_COLUMNS).where(TransactionRow.id.in_(ids), TransactionRow.agency_id == agency_id)
    found = [{"ver": row[0], **dict(zip(_TRANSACTION_FIELDS, row[1:], strict=True))} for row in session.execute(query)]
    return {row.id: row for row in _TRANSACTIONS.validate_python(found)}


def spend_by_fan(session: Session, fan_ids: Sequence[str], at: datetime) -> dict[str, list[Spend]]:
    """Sums of the fans' transactions by kind and week, in one statement."""
    when = micros(TransactionRow.at)
    weeks = ((at - _EPOCH) // _MICROSECOND - when) // (WEEK // _MICROSECOND)
    age = case((weeks >= WEEKS, WEEKS), (weeks < 0, 0), else_=weeks).label("age")
    amount = func.sum(TransactionRow.amount)
    recent = func.sum(case((TransactionRow.at > at - MONTH, TransactionRow.amount), else_=0))
    grouped = (
        select(TransactionRow.fan_id, TransactionRow.kind, age, amount, recent)
        .where(TransactionRow.fan_id.in_(fan_ids))
        .group_by(TransactionRow.fan_id, TransactionRow.kind, age)
    )
    spends: dict[str, list[Spend]] = defaultdict(list)
    for fan_id, kind, weeks_ago, total, last_30_days in session.execute(grouped):
        spends[fan_id].append(Spend(TransactionKind(kind), int(weeks_ago), int(total), int(last_30_days)))
    return spends


def _tags(session: Session, fan_ids: Sequence[str]) -> dict[str, list[str]]:
    tags: dict[str, list[str]] = defaultdict(list)
    query = select(FanTagRow.fan_id, FanTagRow.tag).where(FanTagRow.fan_id.in_(fan_ids)).order_by(FanTagRow.key)
    for fan_id, tag in session.execute(query):
        tags[fan_id].append(tag)
    return tags


def _fields(session: Session, fan_ids: Sequence[str]) -> dict[str, dict[FanFieldName, FanField]]:
    fields: dict[str, dict[FanFieldName, FanField]] = defaultdict(dict)
    query = select(FanFieldRow).where(FanFieldRow.fan_id.in_(fan_ids)).order_by(FanFieldRow.fan_id, FanFieldRow.name)
    for row in session.scalars(query):
        fields[row.fan_id][_NAMES[row.name]] = FanField(value=row.value, ver=row.ver, by=row.by_name, at=row.at)
    return fields
