"""What other processes did that the sending half must know of: domain events stay inside the process they happen in.

The change log tells it: an account of which something changed may be asked again at once, where a denial would hold it
for up to a minute. On the embedded database there is no other process, and nobody needs this.
"""

from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.core.changes import ChangeRow, CounterRow

__all__ = ["connection_ids", "log_ends", "touched"]

_TOLD_OF = ("message", "creator")


def connection_ids(session: Session) -> list[str]:
    """Every platform connection there is."""
    return [row.id for row in accounts.connections(session)]


def log_ends(session: Session) -> dict[str, int]:
    """How far each agency's change log goes."""
    return dict(session.execute(select(CounterRow.agency_id, CounterRow.last_seq)).all())


def touched(session: Session, since: Mapping[str, int]) -> tuple[Collection[str], dict[str, int]]:
    """The accounts of which something changed since, and how far the logs go now.

    Args:
        session: the unit of work.
        since: what `log_ends` or the last call gave; an agency that is not in it is new.
    """
    ends = log_ends(session)
    found: set[str] = set()
    for agency_id, last in ends.items():
        if last > since.get(agency_id, 0):
            changed = select(ChangeRow.creator_id).where(
                ChangeRow.agency_id == agency_id,
                ChangeRow.seq > since.get(agency_id, 0),
                ChangeRow.entity.in_(_TOLD_OF),
                ChangeRow.creator_id.is_not(None),
            )
            found.update(id_ for id_ in session.scalars(changed.distinct()) if id_ is not None)
    return found, ends
