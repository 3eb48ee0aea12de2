"""HTTP of the queue, for owners and managers: how it is, and what becomes of dead jobs."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, status
from sqlalchemy.orm import Session

from huntaze_backend.core.audit import audit
from huntaze_backend.core.auth import Principal, Signed
from huntaze_backend.core.deps import Db
from huntaze_backend.core.errors import ConflictError, NotFoundError
from huntaze_backend.core.pages import read_cursor, write_cursor
from huntaze_backend.engines.queue.letters import Scope, dead_jobs, discard, redrive, stats
from huntaze_backend.engines.queue.tables import DeadJobRow
from huntaze_contract.wire import DeadJob, JobStats, Page, Role
from huntaze_contract.wire.base import Uuid

__all__ = ["router"]

router = APIRouter(prefix="/api/v2/jobs", tags=["jobs"])
Cursor = Annotated[str | None, Query(max_length=400)]
Limit = Annotated[int, Query(ge=1, le=200)]


@router.get("/stats")
async def job_stats(principal: Signed, db: Db) -> JobStats:
    """How many jobs wait, run and failed, and for how long the oldest has been due."""
    scope = _scope(principal)
    found = await db.read(lambda session: stats(session, scope))
    return JobStats(
        waiting=found.waiting,
        running=found.running,
        retrying=found.retrying,
        dead=found.dead,
        oldest_due_s=found.oldest_due_s,
    )


@router.get("/dead")
async def list_dead_jobs(principal: Signed, db: Db, cursor: Cursor = None, limit: Limit = 50) -> Page[DeadJob]:
    """Jobs that failed for good, the latest first."""
    scope = _scope(principal)
    keys = read_cursor(cursor, int, str)
    after = None if keys is None else (int(keys[0]), str(keys[1]))
    found = await db.read(lambda session: dead_jobs(session, scope, after=after, limit=limit + 1))
    shown = found[:limit]
    following = write_cursor(shown[-1][1], shown[-1][0].id) if len(found) > limit else None
    return Page(items=[_shown(row) for row, _ in shown], next_cursor=following)


@router.post("/dead/{job_id}/replay", status_code=status.HTTP_204_NO_CONTENT)
async def replay_dead_job(job_id: Uuid, principal: Signed, db: Db) -> None:
    """Try a dead job again, with all its attempts. 409 while the same work is being done by another job."""

    def work(session: Session, row: DeadJobRow) -> None:
        if not redrive(session, [row.id]):
            raise ConflictError("The same work waits or is being done already.", action="Discard this one.")

    await db.write(_on_dead_job(principal, job_id, "job_replayed", work))


@router.delete("/dead/{job_id}", status_code=status.HTTP_204_NO_CONTENT)
async def discard_dead_job(job_id: Uuid, principal: Signed, db: Db) -> None:
    """Forget a dead job."""
    await db.write(_on_dead_job(principal, job_id, "job_discarded", lambda session, row: discard(session, [row.id])))


def _scope(principal: Principal) -> Scope:
    """Raises: ForbiddenError."""
    principal.require_role(Role.OWNER, Role.MANAGER)
    return Scope(principal.agency_id, installation=principal.role is Role.OWNER)


def _on_dead_job(
    principal: Principal, job_id: str, action: str, work: Callable[[Session, DeadJobRow], None]
) -> Callable[[Session], None]:
    """A unit of work on a dead job that the reader may see, with its audit. Raises in it: NotFoundError."""
    scope = _scope(principal)

    def unit(session: Session) -> None:
        # Locked: of two replays at once, the second finds it gone.
        row = session.get(DeadJobRow, job_id, with_for_update=True)
        if row is None or not scope.includes(row.agency_id):
            raise NotFoundError("There is no such dead job.")
        audit(
            session,
            agency_id=principal.agency_id,
            actor_id=principal.member_id,
            action=action,
            subject=row.id,
            kind=row.kind,
            reason=row.reason,
        )
        work(session, row)

    return unit


def _shown(row: DeadJobRow) -> DeadJob:
    return DeadJob(
        id=row.id,
        kind=row.kind,
        installation=row.agency_id is None,
        lane=row.lane,
        payload=row.payload,
        attempts=row.attempts,
        reason=row.reason,
        created_at=row.created_at,
        died_at=row.died_at,
    )
