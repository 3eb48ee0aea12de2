"""Time for tests of the queue on both databases: instead of waiting, everything that is stored becomes older."""

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

_TIMES = {
    "job_lanes": ("ready_at", "lease_until"),
    "jobs": ("run_at", "created_at"),
    "dead_jobs": ("created_at", "died_at"),
    "cron_ticks": ("scheduled_at", "fired_at"),
}


def pass_time(session: Session, by: timedelta, *tables: str) -> None:
    """As if `by` had passed since all that is stored (in these tables, or in all of the queue's) was stored."""
    for table in tables or ("job_lanes", "jobs", "dead_jobs"):
        moved = ", ".join(f"{column} = {column} - :by" for column in _TIMES[table])
        session.execute(text(f"UPDATE {table} SET {moved}"), {"by": by // timedelta(microseconds=1)})
