"""Proves the sums: rollups and budgets must be what the attempts add up to; says where they are not, and mends it.

The attempts are the truth. A difference in a rollup is a fault of ours and is logged as one. A budget that was made
while another process reserved can have missed that attempt (PostgreSQL only: the reservation had looked for budgets
before there was one), which this puts right. A day or a budget at a time, and only reading while nothing is wrong: on
the embedded database everybody else's writing would wait.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import BigInteger, ColumnElement, Select, func, literal, or_, select, type_coerce, union_all
from sqlalchemy.orm import Session

from huntaze_backend.core.clock import now
from huntaze_backend.core.db import Database
from huntaze_backend.core.schema import UtcMicros
from huntaze_backend.engines.ledger import rows
from huntaze_backend.engines.ledger.books import MEASURES, State
from huntaze_backend.engines.ledger.budgets import counted
from huntaze_backend.engines.ledger.periods import Period, start_of
from huntaze_backend.engines.ledger.rows import ROLLUP_KEY, RollupKey
from huntaze_backend.engines.ledger.tables import AttemptRow, BudgetRow, RollupRow

__all__ = ["Findings", "reconcile"]

log = structlog.get_logger(__name__)
_DAY = timedelta(days=1)
_GRAINS = {"hour": timedelta(hours=1), "day": _DAY}
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Findings:
    """What was wrong, and is not any more."""

    rollups: Mapping[RollupKey, Mapping[str, int]]
    """What had to be added to each."""
    budgets: Sequence[str]
    """Ids."""

    def __bool__(self) -> bool:
        return bool(self.rollups or self.budgets)


async def reconcile(db: Database, *, since: datetime) -> Findings:
    """Compare everything from the day of `since` on with the attempts, and mend what differs."""
    found: rows.Sums = {}
    wrong: list[str] = []
    today = await db.read(now)
    day = since.replace(hour=0, minute=0, second=0, microsecond=0)
    while day <= today:
        if await db.read(partial(_missing, day=day)):
            found |= await db.write(partial(_mended, day=day))
        day += _DAY
    for budget_id in await db.read(_budgets):
        if not await db.read(partial(_is_right, budget_id=budget_id)) and await db.write(
            partial(_recounted, budget_id=budget_id)
        ):
            wrong.append(budget_id)
    log.info("ledger.reconciled", since=since.isoformat(), rollups=len(found), budgets=len(wrong))
    return Findings(found, wrong)


def _mended(session: Session, day: datetime) -> rows.Sums:
    missing = _missing(session, day)
    rows.add_to_rollups(session, missing)
    for key, sums in missing.items():
        log.error("ledger.rollup_wrong", key=[str(part) for part in key], missing=sums)
    return missing


def _missing(session: Session, day: datetime) -> rows.Sums:
    """What the rollups of a day of UTC and of its hours lack."""
    missing: rows.Sums = {}
    for grain, width in _GRAINS.items():
        both = union_all(_of_attempts(grain, width, day), _of_rollups(grain, day)).subquery()
        keys = [both.c[name] for name in ROLLUP_KEY]
        sums = [func.sum(both.c[name]) for name in MEASURES]
        differing = select(*keys, *sums).group_by(*keys).having(or_(*(sum_ != 0 for sum_ in sums)))
        for row in session.execute(differing):
            values = (int(value) for value in row[len(keys) :])
            missing[tuple(row[: len(keys)])] = dict(zip(MEASURES, values, strict=True))
    return missing


def _of_attempts(grain: str, width: timedelta, day: datetime) -> Select[Any]:
    at = type_coerce(AttemptRow.at, BigInteger)
    made: dict[str, Any] = {
        "grain": literal(grain),
        "at": type_coerce(at - at % (width // _MICROSECOND), UtcMicros),
        "creator_id": func.coalesce(AttemptRow.creator_id, ""),
        "member_id": func.coalesce(AttemptRow.member_id, ""),
    }
    keys = [(made[name] if name in made else getattr(AttemptRow, name)).label(name) for name in ROLLUP_KEY]
    return select(*keys, *rows.measured()).where(AttemptRow.state != State.OPEN.value, *_within(AttemptRow, day))


def _of_rollups(grain: str, day: datetime) -> Select[Any]:
    keys = [getattr(RollupRow, name) for name in ROLLUP_KEY]
    sums = [(-getattr(RollupRow, name)).label(name) for name in MEASURES]
    return select(*keys, *sums).where(RollupRow.grain == grain, *_within(RollupRow, day))


def _within(table: type[AttemptRow] | type[RollupRow], day: datetime) -> list[ColumnElement[bool]]:
    return [table.at >= day, table.at < day + _DAY]


def _budgets(session: Session) -> list[str]:
    return list(session.scalars(select(BudgetRow.id).order_by(BudgetRow.id)))


def _is_right(session: Session, budget_id: str) -> bool:
    row = session.get(BudgetRow, budget_id)
    if row is None:
        return True
    noted, counts = _counters(session, row)
    return noted == counts


def _recounted(session: Session, budget_id: str) -> bool:
    """Count its present period anew, under its lock. Whether it was wrong."""
    row = session.get(BudgetRow, budget_id, with_for_update=True)
    if row is None:
        return False
    noted, counts = _counters(session, row)
    if noted != counts:
        difference = [count - note for note, count in zip(noted, counts, strict=True)]
        log.warning("ledger.budget_wrong", budget_id=budget_id, spent=difference[0], held=difference[1])
        at = now(session)
        row.period_start = start_of(Period(row.period), at, row.timezone)
        row.spent, row.held = counts
    return noted != counts


def _counters(session: Session, row: BudgetRow) -> tuple[tuple[int, int], tuple[int, int]]:
    """What the row says of the present period, and what the attempts say."""
    at = now(session)
    meter = rows.meter_of(row)
    meter.roll(at)
    return (meter.spent, meter.held), counted(session, meter, at)
