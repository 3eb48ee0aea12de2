"""Tombstones do not stay for ever: a client that was away longer than they live takes a snapshot."""

from datetime import timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from huntaze_backend.core.changes import ChangeRow, CounterRow
from huntaze_backend.core.clock import now

__all__ = ["TOMBSTONES_LIVE", "purge_tombstones"]

TOMBSTONES_LIVE = timedelta(days=35)


def purge_tombstones(session: Session) -> int:
    """Remove tombstones that are old enough, and void the cursors that have not seen them; how many there were."""
    old = (ChangeRow.op == "D", ChangeRow.at < now(session) - TOMBSTONES_LIVE)
    newest = select(ChangeRow.agency_id, func.max(ChangeRow.seq)).where(*old).group_by(ChangeRow.agency_id)
    last_gone: dict[str, int] = dict(session.execute(newest).all())
    removed = 0
    for agency_id, seq in sorted(last_gone.items()):
        # In the order of `changes.take`: rows first, the agency's counter last.
        gone = delete(ChangeRow).where(*old, ChangeRow.agency_id == agency_id, ChangeRow.seq <= seq)
        removed += len(session.execute(gone.returning(ChangeRow.seq)).all())
        session.execute(
            update(CounterRow)
            .where(CounterRow.agency_id == agency_id, CounterRow.min_seq < seq)
            .values(min_seq=seq)
            .execution_options(synchronize_session=False)
        )
    return removed
