"""Dead letters, and how the queue is: what people see of it, and what they do about jobs that nobody tries any more."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, type_coerce
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from huntaze_backend.core.clock import now
from huntaze_backend.core.pages import micros
from huntaze_backend.core.schema import UtcMicros
from huntaze_backend.engines.queue.jobs import Stats
from huntaze_backend.engines.queue.store import place
from huntaze_backend.engines.queue.tables import DeadJobRow, JobRow, LaneRow

__all__ = ["Scope", "dead_jobs", "discard", "redrive", "stats"]

_COLUMNS = tuple(DeadJobRow.__table__.columns)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose jobs."""

    agency_id: str
    installation: bool
    """Those of the installation itself too."""

    def covers(self, column: InstrumentedAttribute[str | None]) -> ColumnElement[bool]:
        own = column == self.agency_id
        return own | column.is_(None) if self.installation else own

    def includes(self, agency_id: str | None) -> bool:
        return self.installation if agency_id is None else agency_id == self.agency_id


def dead_jobs(
    session: Session, scope: Scope, *, after: tuple[int, str] | None, limit: int
) -> list[tuple[DeadJobRow, int]]:
    """Dead jobs, the latest first, each with the µs since 1970 at which it died.

    Args: after: these µs and the id of the one behind which to begin.
    """
    died_at = micros(DeadJobRow.died_at)
    query = select(DeadJobRow, died_at.label("died_us")).where(scope.covers(DeadJobRow.agency_id))
    if after is not None:
        query = query.where((died_at < after[0]) | ((died_at == after[0]) & (DeadJobRow.id < after[1])))
    found = session.execute(query.order_by(DeadJobRow.died_at.desc(), DeadJobRow.id.desc()).limit(limit))
    return [(row, at) for row, at in found]


def redrive(session: Session, job_ids: Collection[str]) -> list[str]:
    """Let dead jobs live again, with all their attempts, at the tail of their lanes.

    Returns: the ids of those that do. One whose dedupe key a living job has stays dead: its work is being done.
    """
    query = select(*_COLUMNS).where(DeadJobRow.id.in_(job_ids)).order_by(DeadJobRow.died_at).with_for_update()
    revived: list[str] = []
    at = now(session)
    for row in session.execute(query).all():
        values: dict[str, Any] = dict(row._mapping)  # noqa: SLF001  (SQLAlchemy's public name for it)
        lane = values.pop("lane")
        del values["reason"], values["died_at"]
        values |= {"run_at": at, "attempts": 0, "failure": None}
        try:
            with session.begin_nested():
                place(session, values, lane)
        except IntegrityError:
            continue
        revived.append(row.id)
    discard(session, revived)
    return revived


def discard(session: Session, job_ids: Collection[str]) -> None:
    """Forget dead jobs."""
    gone = delete(DeadJobRow).where(DeadJobRow.id.in_(job_ids))
    session.execute(gone.execution_options(synchronize_session=False))


def stats(session: Session, scope: Scope) -> Stats:
    """How the queue is. Counts rows: for people who look, not for a loop."""
    at = now(session)
    is_held, is_free = LaneRow.token.is_not(None), LaneRow.token.is_(None)
    living = (
        select(
            func.count().filter(is_free),
            func.count().filter(is_held),
            func.count().filter(is_free, JobRow.attempts > 0),
            type_coerce(func.min(LaneRow.ready_at), UtcMicros),
        )
        .select_from(JobRow)
        .join(LaneRow, LaneRow.head_id == JobRow.id, isouter=True)
        .where(scope.covers(JobRow.agency_id))
    )
    waiting, running, retrying, oldest = session.execute(living).one()
    due: datetime | None = oldest
    dead = session.execute(select(func.count()).select_from(DeadJobRow).where(scope.covers(DeadJobRow.agency_id)))
    return Stats(
        waiting=waiting,
        running=running,
        retrying=retrying,
        dead=dead.scalar_one(),
        oldest_due_s=0.0 if due is None else max(0.0, (at - due).total_seconds()),
    )
