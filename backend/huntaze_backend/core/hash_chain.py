"""An agency's evidence: an append-only chain of records, in which nothing can be changed, removed or moved unseen.

A unit of work calls `chain` for what it does; `core.db` seals what was collected as the last statements before the
change log's, so the record and what it records are committed together or not at all. Each record's hash covers the hash
before it and its own canonical JSON; the agency's head row is locked to the commit, so `seq` has no gaps. What this
cannot show: a whole chain that somebody with the database made anew. Against that an export is kept elsewhere.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String, Text, bindparam, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from huntaze_backend.core.bulk import insert_once
from huntaze_backend.core.clock import now
from huntaze_backend.core.schema import Base, UtcMicros

__all__ = ["GENESIS", "ChainHeadRow", "ChainRow", "canonical", "chain", "link", "seal"]

GENESIS = "0" * 64
"""What the first record of a chain names as the hash before it."""

_COLLECTED = "huntaze.chain"


class ChainRow(Base):
    """One record. Only ever inserted."""

    __tablename__ = "evidence_chain"
    __table_args__ = (
        Index("ix_evidence_chain_subject", "subject"),
        Index("ix_evidence_chain_agency_id_at", "agency_id", "at"),
    )

    agency_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    subject: Mapped[str] = mapped_column(String(36))
    """The message."""
    at: Mapped[datetime] = mapped_column(UtcMicros)
    body: Mapped[str] = mapped_column(Text)
    """The canonical JSON that was hashed; it holds what the columns beside it say, too."""
    hash: Mapped[str] = mapped_column(String(64))


class ChainHeadRow(Base):
    """Where an agency's chain ends: what shows that its last records are there."""

    __tablename__ = "evidence_heads"

    agency_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))


def chain(session: Session, *, agency_id: str, subject: str, kind: str, **fields: object) -> None:
    """Record what this unit of work does to `subject`. `fields` is JSON; it holds no text of a message."""
    entry = {"agency_id": agency_id, "subject": subject, "kind": kind, "at": _written(now(session)), **fields}
    collected: list[dict[str, object]] = session.info.setdefault(_COLLECTED, [])
    collected.append(entry)


def seal(session: Session) -> None:
    """Write the collected records. Nothing but the change log's statements may follow before the commit."""
    collected: list[dict[str, Any]] | None = session.info.pop(_COLLECTED, None)
    if not collected:
        return
    # Agencies in one order everywhere, so that two units of work cannot wait for each other.
    for agency_id in sorted({entry["agency_id"] for entry in collected}):
        _append(session, agency_id, [entry for entry in collected if entry["agency_id"] == agency_id])


def _append(session: Session, agency_id: str, entries: list[dict[str, Any]]) -> None:
    connection = session.connection()
    head = connection.execute(_HEAD, {"agency": agency_id}).one_or_none()
    if head is None:
        insert_once(session, ChainHeadRow, {"agency_id": agency_id, "seq": 0, "hash": GENESIS})
        head = connection.execute(_HEAD, {"agency": agency_id}).one()
    seq, digest = int(head.seq), str(head.hash)
    rows: list[dict[str, Any]] = []
    for entry in entries:
        seq += 1
        body = canonical({**entry, "seq": seq})
        digest = link(digest, body)
        rows.append(
            {
                "agency_id": agency_id,
                "seq": seq,
                "subject": entry["subject"],
                "at": datetime.fromisoformat(entry["at"]),
                "body": body,
                "hash": digest,
            }
        )
    connection.execute(_INSERT, rows)
    connection.execute(_MOVE, {"of": agency_id, "to_seq": seq, "to_hash": digest})


def canonical(record: Mapping[str, object]) -> str:
    """The one way in which a record is written, so that equal records have equal hashes."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def link(before: str, body: str) -> str:
    """A record's hash."""
    return hashlib.sha256((before + body).encode()).hexdigest()


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


_HEAD = (
    select(ChainHeadRow.seq, ChainHeadRow.hash).where(ChainHeadRow.agency_id == bindparam("agency")).with_for_update()
)
_INSERT = insert(ChainRow)
_MOVE = (
    update(ChainHeadRow)
    .where(ChainHeadRow.agency_id == bindparam("of"))
    .values(seq=bindparam("to_seq", type_=BigInteger()), hash=bindparam("to_hash"))
)
