"""The ledger's statements: each made once, and each for many rows at a time.

Locks are taken in one order everywhere (attempts, then budgets, then rollups, each by key), so that two processes on
PostgreSQL cannot wait for each other.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import BindParameter, Table, bindparam, case, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from huntaze_backend.core.schema import UtcMicros
from huntaze_backend.engines.ledger.books import MEASURES, WITHOUT_ERROR, Attempt, State
from huntaze_backend.engines.ledger.meters import Meter
from huntaze_backend.engines.ledger.periods import Period
from huntaze_backend.engines.ledger.tables import AttemptRow, BudgetRow, RollupRow

__all__ = [
    "ROLLUP_KEY",
    "RollupKey",
    "Sums",
    "add_to_rollups",
    "attempt_of",
    "insert_attempts",
    "locked_attempts",
    "locked_meters",
    "locked_overdue",
    "measured",
    "meter_of",
    "rollup_key",
    "update_attempts",
    "update_meters",
]

ROLLUP_KEY = ("agency_id", "grain", "at", "creator_id", "member_id", "agent", "provider", "model")
RollupKey = tuple[str, str, datetime, str, str, str, str, str]
Sums = dict[RollupKey, dict[str, int]]

_ATTEMPT = cast("Table", AttemptRow.__table__)
_BUDGET = cast("Table", BudgetRow.__table__)
_ROLLUP = cast("Table", RollupRow.__table__)
_CHANGING = (
    "state",
    "ended_at",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost",
    "outcome",
    "estimated",
    "latency_ms",
    "ttft_ms",
)
_COUNTERS = ("period_start", "spent", "held")

_IDS: BindParameter[str] = bindparam("ids", expanding=True)
_ATTEMPTS = select(_ATTEMPT).where(_ATTEMPT.c.attempt_id.in_(_IDS)).order_by(_ATTEMPT.c.attempt_id).with_for_update()
_OVERDUE = (
    select(_ATTEMPT)
    .where(_ATTEMPT.c.state == State.OPEN.value, _ATTEMPT.c.expires_at <= bindparam("at", type_=UtcMicros()))
    .order_by(_ATTEMPT.c.expires_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_METERS = select(_BUDGET).where(_BUDGET.c.agency_id.in_(_IDS)).order_by(_BUDGET.c.id).with_for_update()
_INSERT_ATTEMPTS = insert(_ATTEMPT)
_UPDATE_ATTEMPTS = (
    update(_ATTEMPT)
    .where(_ATTEMPT.c.attempt_id == bindparam("key"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGING})
)
_UPDATE_METERS = (
    update(_BUDGET)
    .where(_BUDGET.c.id == bindparam("key"))
    .values({name: bindparam(f"new_{name}") for name in _COUNTERS})
)


def _adding(insert_: Any) -> Any:
    sums = {name: _ROLLUP.c[name] + insert_.excluded[name] for name in MEASURES}
    return insert_.on_conflict_do_update(index_elements=list(ROLLUP_KEY), set_=sums)


def measured() -> list[Any]:
    """The measures of an ended attempt, as columns of a query of attempts: what `books.measures` says, in SQL."""
    counts: dict[str, Any] = {
        "calls": literal(1),
        "errors": case((AttemptRow.outcome.in_(sorted(WITHOUT_ERROR)), 0), else_=1),
        "estimated": case((AttemptRow.estimated, 1), else_=0),
    }
    return [(counts[name] if name in counts else getattr(AttemptRow, name)).label(name) for name in MEASURES]


_ADD = {"sqlite": _adding(sqlite.insert(_ROLLUP)), "postgresql": _adding(postgresql.insert(_ROLLUP))}


def attempt_of(row: Sequence[Any]) -> Attempt:
    """A row with all columns of the attempts' table."""
    return Attempt._make(row)


def meter_of(row: Any) -> Meter:
    """A row of the budgets' table, or of a query for all its columns."""
    return Meter(
        row.id,
        row.agency_id,
        row.creator_id,
        Period(row.period),
        row.timezone,
        row.soft,
        row.hard,
        row.period_start,
        row.spent,
        row.held,
    )


def locked_attempts(session: Session, ids: Sequence[str]) -> dict[str, Attempt]:
    """The attempts of these ids that are stored."""
    if not ids:
        return {}
    return {row.attempt_id: attempt_of(row) for row in session.connection().execute(_ATTEMPTS, {"ids": list(ids)})}


def locked_overdue(session: Session, at: datetime, most: int) -> list[Attempt]:
    """Open attempts whose time is over, but for those that somebody ends at this moment."""
    return [attempt_of(row) for row in session.connection().execute(_OVERDUE, {"at": at, "most": most})]


def locked_meters(session: Session, agency_ids: Iterable[str]) -> list[Meter]:
    """The budgets of these agencies and of their creators."""
    found = session.connection().execute(_METERS, {"ids": list(agency_ids)})
    return [meter_of(row) for row in found]


def insert_attempts(session: Session, attempts: Sequence[Attempt]) -> None:
    if attempts:
        session.connection().execute(_INSERT_ATTEMPTS, [attempt._asdict() for attempt in attempts])


def update_attempts(session: Session, attempts: Sequence[Attempt]) -> None:
    if attempts:
        session.connection().execute(_UPDATE_ATTEMPTS, [_as_update(it, it.attempt_id, _CHANGING) for it in attempts])


def update_meters(session: Session, meters: Sequence[Meter]) -> None:
    if meters:
        session.connection().execute(_UPDATE_METERS, [_as_update(meter, meter.id, _COUNTERS) for meter in meters])


def rollup_key(attempt: Attempt, grain: str, start: datetime) -> RollupKey:
    """Of an attempt in the hour or day that begins at `start`."""
    creator, member = attempt.creator_id or "", attempt.member_id or ""
    return (attempt.agency_id, grain, start, creator, member, attempt.agent, attempt.provider, attempt.model)


def add_to_rollups(session: Session, sums: Mapping[RollupKey, Mapping[str, int]]) -> None:
    if sums:
        rows = [dict(zip(ROLLUP_KEY, key, strict=True)) | dict(sums[key]) for key in sorted(sums)]
        session.connection().execute(_ADD[session.get_bind().dialect.name], rows)


def _as_update(thing: object, key: str, names: Sequence[str]) -> dict[str, Any]:
    return {"key": key} | {f"new_{name}": getattr(thing, name) for name in names}
