"""Proves the sums: rollups and budgets must be what the attempts add up to; says where they are not, and mends it.

The attempts are the truth. A difference in a rollup is a fault of ours and is logged as one. A budget that was made
while another process reserved can have missed that attempt (PostgreSQL only: the reservation had looked for budgets
before there was one), which this puts right.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import BigInteger, Select, func, literal, or_, select, type_coerce, union_all
from sqlalchemy.orm import Session

from huntaze_backend.core.clock import now
from huntaze_backend.core.schema import UtcMicros
from huntaze_backend.engines.ledger import rows
from huntaze_backend.engines.ledger.books import MEASURES, State
from huntaze_backend.engines.ledger.budgets import counted
from huntaze_backend.engines.ledger.rows import ROLLUP_KEY, RollupKey
from huntaze_backend.engines.ledger.tables import AttemptRow, BudgetRow, RollupRow

__all__ = ["Findings", "reconcile"]

log = structlog.get_logger(__name__)
_GRAINS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
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


def reconcile(session: Session, *, since: datetime) -> Findings:
    """Compare everything from the day of `since` on with the attempts, and mend what differs."""
    since = since.replace(hour=0, minute=0, second=0, microsecond=0)
    missing: rows.Sums = {}
    for grain, width in _GRAINS.items():
        missing |= _missing(session, grain, width, since)
    rows.add_to_rollups(session, missing)
    for key, sums in missing.items():
        log.error("ledger.rollup_wrong", key=[str(part) for part in key], missing=sums)
    found = Findings(missing, _recounted(session))
    log.info("ledger.reconciled", since=since.isoformat(), rollups=len(missing), budgets=len(found.budgets))
    return found


def _missing(session: Session, grain: str, width: timedelta, since: datetime) -> rows.Sums:
    both = union_all(_of_attempts(grain, width, since), _of_rollups(grain, since)).subquery()
    keys = [both.c[name] for name in ROLLUP_KEY]
    sums = [func.sum(both.c[name]) for name in MEASURES]
    differing = select(*keys, *sums).group_by(*keys).having(or_(*(sum_ != 0 for sum_ in sums)))
    width_of_key = len(keys)
    return {
        tuple(row[:width_of_key]): {name: int(value) for name, value in zip(MEASURES, row[width_of_key:], strict=True)}
        for row in session.execute(differing)
    }


def _of_attempts(grain: str, width: timedelta, since: datetime) -> Select[Any]:
    at = type_coerce(AttemptRow.at, BigInteger)
    made: dict[str, Any] = {
        "grain": literal(grain),
        "at": type_coerce(at - at % (width // _MICROSECOND), UtcMicros),
        "creator_id": func.coalesce(AttemptRow.creator_id, ""),
        "member_id": func.coalesce(AttemptRow.member_id, ""),
    }
    keys = [(made[name] if name in made else getattr(AttemptRow, name)).label(name) for name in ROLLUP_KEY]
    return select(*keys, *rows.measured()).where(AttemptRow.state != State.OPEN.value, AttemptRow.at >= since)


def _of_rollups(grain: str, since: datetime) -> Select[Any]:
    keys = [getattr(RollupRow, name) for name in ROLLUP_KEY]
    sums = [(-getattr(RollupRow, name)).label(name) for name in MEASURES]
    return select(*keys, *sums).where(RollupRow.grain == grain, RollupRow.at >= since)


def _recounted(session: Session) -> list[str]:
    """Count every budget's present period anew. One after the other, each under its lock."""
    wrong: list[str] = []
    for id_ in session.scalars(select(BudgetRow.id).order_by(BudgetRow.id)).all():
        row = session.scalar(select(BudgetRow).where(BudgetRow.id == id_).with_for_update())
        if row is None:
            continue
        at = now(session)
        meter = rows.meter_of(row)
        meter.roll(at)
        spent, held = counted(session, meter, at)
        if (spent, held) != (meter.spent, meter.held):
            log.warning("ledger.budget_wrong", budget_id=id_, spent=spent - meter.spent, held=held - meter.held)
            wrong.append(id_)
        row.period_start, row.spent, row.held = meter.period_start, spent, held
    return wrong
