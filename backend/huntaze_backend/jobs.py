"""The service's own jobs and when they are due. An area's jobs are registered by the area, beside what they do."""

from datetime import timedelta

from huntaze_backend.areas.accounts.sign_in import forget_expired
from huntaze_backend.areas.assistant.prefetch import LEARN, LEARNING, learn
from huntaze_backend.areas.fans.notes import forget_deleted
from huntaze_backend.areas.messages import approvals
from huntaze_backend.core.clock import now
from huntaze_backend.core.db import Database
from huntaze_backend.engines.ledger.batches import expire
from huntaze_backend.engines.ledger.checking import reconcile
from huntaze_backend.engines.queue.cron import Schedule
from huntaze_backend.engines.queue.handlers import Registry, in_one_unit
from huntaze_backend.engines.queue.port import Job, Leased, Priority
from huntaze_backend.engines.sync.retention import purge_tombstones

__all__ = ["SCHEDULES", "register"]

_TOMBSTONES = "tidy.tombstones"
_TOKENS = "tidy.refresh_tokens"
_NOTES = "tidy.deleted_notes"
_APPROVALS = "approvals.expire"
_LEASES = "ledger.expire"
_SUMS = "ledger.reconcile"
_LEASES_AT_ONCE = 500
_DAYS_PROVEN = timedelta(days=62)
"""This month and the one before: what a bill is made of."""


def register(registry: Registry) -> None:
    """Say who does the service's own jobs."""
    registry.handle(_TOMBSTONES, in_one_unit(lambda session, _: purge_tombstones(session)))
    registry.handle(_TOKENS, in_one_unit(lambda session, _: forget_expired(session)))
    registry.handle(_NOTES, in_one_unit(lambda session, _: forget_deleted(session)))
    registry.handle(_APPROVALS, in_one_unit(lambda session, _: approvals.expire(session)))
    registry.handle(_LEASES, in_one_unit(lambda session, _: expire(session, _LEASES_AT_ONCE)))
    registry.handle(_SUMS, _prove_sums)
    registry.handle(LEARN, learn)


SCHEDULES = (
    Schedule(_TOMBSTONES, timedelta(hours=1), lambda _: Job(_TOMBSTONES, priority=Priority.LOW)),
    Schedule(_TOKENS, timedelta(hours=1), lambda _: Job(_TOKENS, priority=Priority.LOW)),
    Schedule(_NOTES, timedelta(hours=1), lambda _: Job(_NOTES, priority=Priority.LOW)),
    Schedule(_APPROVALS, timedelta(minutes=1), lambda _: Job(_APPROVALS, priority=Priority.LOW)),
    Schedule(_LEASES, timedelta(minutes=1), lambda _: Job(_LEASES, priority=Priority.LOW)),
    Schedule(_SUMS, timedelta(days=1), lambda _: Job(_SUMS, priority=Priority.LOW), offset=timedelta(hours=3)),
    LEARNING,
)


async def _prove_sums(_: Leased, db: Database) -> None:
    await reconcile(db, since=await db.read(now) - _DAYS_PROVEN)
