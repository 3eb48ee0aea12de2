"""Budgets as rows: making, changing, removing and reading them. Who may do that is the area's to decide."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from huntaze_backend.core.bulk import insert_once
from huntaze_backend.core.clock import now
from huntaze_backend.core.errors import ConflictError, NotFoundError
from huntaze_backend.engines.ledger.figures import Question, held, total
from huntaze_backend.engines.ledger.meters import Meter
from huntaze_backend.engines.ledger.periods import Period, end_of, start_of
from huntaze_backend.engines.ledger.rows import meter_of
from huntaze_backend.engines.ledger.tables import BudgetRow
from huntaze_contract.ids import new_id

__all__ = [
    "WHOLE_AGENCY",
    "Limits",
    "Standing",
    "change",
    "counted",
    "create",
    "of_agency",
    "one",
    "remove",
    "standing",
]

WHOLE_AGENCY = "agency"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a person decides about a budget. Amounts are nano-USD; None: no such limit."""

    timezone: str
    soft: int | None
    hard: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A budget in its present period."""

    meter: Meter
    period_end: datetime


def create(session: Session, agency_id: str, creator_id: str | None, period: Period, limits: Limits) -> str:
    """Returns the id. What was spent in the present period already counts.

    Raises: ConflictError if there is one of the same period already.
    """
    at = now(session)
    id_ = new_id()
    row = {
        "id": id_,
        "agency_id": agency_id,
        "creator_id": creator_id,
        "scope": creator_id or WHOLE_AGENCY,
        "period": period.value,
        "timezone": limits.timezone,
        "soft": limits.soft,
        "hard": limits.hard,
        "created_at": at,
        "period_start": start_of(period, at, limits.timezone),
        "spent": 0,
        "held": 0,
    }
    if not insert_once(session, BudgetRow, row):
        raise ConflictError(f"There is a budget of the {period} already.", action="Change that one.")
    _count(session, session.get_one(BudgetRow, id_), at)
    return id_


def change(session: Session, agency_id: str, budget_id: str, limits: Limits) -> Limits:
    """Set new limits; returns the old ones. Raises: NotFoundError."""
    row = _locked(session, agency_id, budget_id)
    before = Limits(row.timezone, row.soft, row.hard)
    row.timezone, row.soft, row.hard = limits.timezone, limits.soft, limits.hard
    _count(session, row, now(session))
    return before


def remove(session: Session, agency_id: str, budget_id: str) -> Limits:
    """Returns what it was. Raises: NotFoundError."""
    row = _locked(session, agency_id, budget_id)
    session.delete(row)
    return Limits(row.timezone, row.soft, row.hard)


def of_agency(session: Session, agency_id: str) -> list[Standing]:
    """All budgets of the agency: its own first, then those of its creators."""
    query = select(BudgetRow).where(BudgetRow.agency_id == agency_id)
    order = (BudgetRow.creator_id.is_not(None), BudgetRow.creator_id, BudgetRow.period)
    at = now(session)
    return [standing(row, at) for row in session.scalars(query.order_by(*order))]


def one(session: Session, agency_id: str, budget_id: str) -> Standing:
    """Raises: NotFoundError."""
    row = session.scalar(select(BudgetRow).where(BudgetRow.agency_id == agency_id, BudgetRow.id == budget_id))
    if row is None:
        raise NotFoundError("There is no such budget.")
    return standing(row, now(session))


def standing(row: BudgetRow, at: datetime) -> Standing:
    """As it stands now, though nobody may have asked the row since its period ended."""
    meter = meter_of(row)
    meter.roll(at)
    return Standing(meter, end_of(meter.period, meter.period_start, meter.timezone))


def counted(session: Session, meter: Meter, at: datetime) -> tuple[int, int]:
    """What the attempts themselves say: spent and held in the meter's period up to `at`."""
    asked = Question(meter.agency_id, meter.period_start, end_of(meter.period, at, meter.timezone), meter.creator_id)
    return total(session, asked).cost, held(session, asked)


def _locked(session: Session, agency_id: str, budget_id: str) -> BudgetRow:
    query = select(BudgetRow).where(BudgetRow.agency_id == agency_id, BudgetRow.id == budget_id)
    row = session.scalar(query.with_for_update())
    if row is None:
        raise NotFoundError("There is no such budget.")
    return row


def _count(session: Session, row: BudgetRow, at: datetime) -> None:
    row.period_start = start_of(Period(row.period), at, row.timezone)
    row.spent, row.held = counted(session, meter_of(row), at)
    session.flush()
