"""Reads a chain of evidence, in the database or as an export, and says what is wrong with it.

An export is JSON lines: each record with its hash and the hash before it, and a last line that says where the export
ends. It can be checked by whoever has the file; compared with the database, it shows whether the chain there is still
the one that was exported.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from huntaze_backend.core.hash_chain import GENESIS, ChainHeadRow, ChainRow, canonical, link

__all__ = [
    "GENESIS",
    "MOST_FAULTS",
    "End",
    "Link",
    "Span",
    "check_export",
    "check_stored",
    "export_lines",
    "is_stored",
    "span",
]

MOST_FAULTS = 100
"""Nobody reads more; one that is wrong makes the chain worthless."""
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Link:
    """A record as it was found."""

    seq: int
    body: str
    hash: str


@dataclass(frozen=True, slots=True)
class End:
    """Where a chain, or an export of a part of it, ends."""

    agency_id: str
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Span:
    """The records that an export holds, and the hash before the first of them."""

    first: int
    last: int
    before: str


def check_links(links: Iterable[Link], *, first: int, before: str, agency_id: str) -> Iterator[str]:
    """What is wrong with records that should follow one another from `first` on, in words."""
    due = first
    for found in links:
        if found.seq > due:
            yield (
                f"record {due} is missing" if found.seq == due + 1 else f"records {due} to {found.seq - 1} are missing"
            )
        elif found.seq < due:
            yield f"record {found.seq} stands where {due} should"
        if not _is_own(found, agency_id):
            yield f"record {found.seq} is not what was written"
        elif link(before, found.body) != found.hash and found.seq == due:
            yield f"record {found.seq} was changed, or the one before it"
        due, before = max(due, found.seq) + 1, found.hash


def _is_own(found: Link, agency_id: str) -> bool:
    try:
        record = json.loads(found.body)
        return (record["seq"], record["agency_id"]) == (found.seq, agency_id) and canonical(record) == found.body
    except (ValueError, TypeError, KeyError):
        return False


# --- in the database ----------------------------------------------------------------------------------------------


def check_stored(session: Session) -> tuple[int, list[str]]:
    """Read every chain of the database; how many records there are, and what is wrong with them."""
    heads = {row.agency_id: row for row in session.scalars(select(ChainHeadRow))}
    agencies = sorted({*heads, *session.scalars(select(ChainRow.agency_id).distinct())})
    count, faults = 0, list[str]()
    for agency_id in agencies:
        last = End(agency_id, 0, GENESIS)

        def walked(agency_id: str = agency_id) -> Iterator[Link]:
            nonlocal count, last
            for row in _stored(session, agency_id, 1, None):
                count, last = count + 1, End(agency_id, row.seq, row.hash)
                yield Link(row.seq, row.body, row.hash)

        said = list(check_links(walked(), first=1, before=GENESIS, agency_id=agency_id))
        said += _beside(session, agency_id)
        head = heads.get(agency_id)
        if head is None or (head.seq, head.hash) != (last.seq, last.hash):
            said.append(f"the chain ends with record {last.seq}, its head says {None if head is None else head.seq}")
        faults += [f"agency {agency_id}: {fault}" for fault in said[:MOST_FAULTS]]
    return count, faults


def _stored(session: Session, agency_id: str, first: int, last: int | None) -> Iterator[ChainRow]:
    while True:
        query = select(ChainRow).where(ChainRow.agency_id == agency_id, ChainRow.seq >= first)
        if last is not None:
            query = query.where(ChainRow.seq <= last)
        page = session.scalars(query.order_by(ChainRow.seq).limit(_PAGE)).all()
        yield from page
        if len(page) < _PAGE:
            return
        first = page[-1].seq + 1
        session.expunge_all()


def _beside(session: Session, agency_id: str) -> Iterator[str]:
    """Records whose columns, by which they are found, say something else than they do."""
    for row in _stored(session, agency_id, 1, None):
        try:
            record = json.loads(row.body)
            same = (record["subject"], datetime.fromisoformat(record["at"])) == (row.subject, row.at)
        except (ValueError, TypeError, KeyError):
            continue  # told already
        if not same:
            yield f"record {row.seq} is filed under another message or time"


# --- as an export -------------------------------------------------------------------------------------------------


def span(session: Session, agency_id: str, since: datetime | None, until: datetime | None) -> Span | None:
    """The records from the first one to the last one of a time, without a gap; None if there are none."""
    query = select(func.min(ChainRow.seq), func.max(ChainRow.seq)).where(ChainRow.agency_id == agency_id)
    if since is not None:
        query = query.where(ChainRow.at >= since)
    if until is not None:
        query = query.where(ChainRow.at < until)
    first, last = session.execute(query).one()
    if not first:
        return None
    before = session.get(ChainRow, (agency_id, first - 1))
    return Span(first, last, GENESIS if before is None else before.hash)


def export_lines(session: Session, agency_id: str, of: Span, first: int) -> tuple[list[str], int | None]:
    """A page of an export from `first` on, and where the next page begins; None when this one ends with the last line.

    Records never change, so that pages read one after the other are one export.
    """
    rows = session.scalars(
        select(ChainRow)
        .where(ChainRow.agency_id == agency_id, ChainRow.seq >= first, ChainRow.seq <= of.last)
        .order_by(ChainRow.seq)
        .limit(_PAGE)
    ).all()
    lines = [canonical({"record": json.loads(row.body), "hash": row.hash}) for row in rows]
    if rows and rows[-1].seq < of.last:
        return lines, rows[-1].seq + 1
    end = {"agency_id": agency_id, "first": of.first, "last": of.last, "before": of.before}
    lines.append(canonical({"end": {**end, "hash": rows[-1].hash if rows else of.before}}))
    return lines, None


def check_export(lines: Iterable[str]) -> tuple[End | None, int, list[str]]:
    """Check an export by itself: where it ends, how many records it has, and what is wrong with it."""
    links, faults = list[Link](), list[str]()
    end: dict[str, Any] | None = None
    for number, line in enumerate(lines, 1):
        try:
            found = json.loads(line)
            if end is not None:
                faults.append(f"line {number} stands behind the end")
            elif "end" in found:
                end = dict(found["end"])
            else:
                links.append(Link(int(found["record"]["seq"]), canonical(found["record"]), str(found["hash"])))
        except (ValueError, TypeError, KeyError):
            faults.append(f"line {number} is not a line of an export")
    try:
        if end is None:
            raise KeyError("end")
        last = End(str(end["agency_id"]), int(end["last"]), str(end["hash"]))
        first, before = int(end["first"]), str(end["before"])
    except (ValueError, TypeError, KeyError):
        return None, len(links), [*faults, "its last line is missing: the export was cut"]
    faults += check_links(links, first=first, before=before, agency_id=last.agency_id)
    ends = (links[-1].seq, links[-1].hash) if links else (first - 1, before)
    if ends != (last.seq, last.hash):
        faults.append(f"it ends with record {ends[0]}, its last line says {last.seq}")
    return last, len(links), faults[:MOST_FAULTS]


def is_stored(session: Session, end: End) -> bool:
    """Whether the database's chain still has the record that an export ended with; then it has all before it."""
    row = session.get(ChainRow, (end.agency_id, end.seq))
    return row is not None and row.hash == end.hash
