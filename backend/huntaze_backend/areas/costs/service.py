"""What the routes of costs and the running total ask: the figures of one agency."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from huntaze_backend.areas.costs import rules
from huntaze_backend.core.clock import now
from huntaze_backend.engines.ledger import budgets
from huntaze_backend.engines.ledger.figures import Dimension, Figures, Question, figures, total
from huntaze_backend.engines.ledger.periods import Period, end_of, start_of
from huntaze_backend.engines.ledger.prices import PriceTable
from huntaze_contract.wire import CostBreakdown, CostDimension, CostSlice, CostStats, LiveCosts, PeriodCosts

__all__ = ["Asked", "breakdown", "live", "stats"]

_BY: dict[CostDimension, tuple[Dimension, ...]] = {
    CostDimension.PROVIDER: ("provider",),
    CostDimension.MODEL: ("provider", "model"),
    CostDimension.AGENT: ("agent",),
    CostDimension.CREATOR: ("creator_id",),
    CostDimension.MEMBER: ("member_id",),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose costs a reader wants to see, in which zone's days."""

    agency_id: str
    creator_id: str | None = None
    timezone: str | None = None
    """None: the zone of the agency's own budget, else UTC."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One line of a breakdown."""

    key: str | None
    figures: Figures
    provider: str | None = None


def stats(session: Session, asked: Asked, prices: PriceTable) -> CostStats:
    """Today and this month. Raises: ValidationProblem."""
    zone = _zone(session, asked)
    today, month = (_period(session, asked, prices, period, zone) for period in (Period.DAY, Period.MONTH))
    return CostStats(timezone=zone, today=today, month=month, server_time=now(session))


def breakdown(
    session: Session, asked: Asked, by: CostDimension, first: date | None, last: date | None
) -> CostBreakdown:
    """The costs of these days, both included; of this month so far without them. Raises: ValidationProblem."""
    zone = _zone(session, asked)
    last = last or now(session).astimezone(ZoneInfo(zone)).date()
    days = rules.days(first or last.replace(day=1), last)
    found = _by_day(session, asked, zone, days) if by is CostDimension.DAY else _by(session, asked, zone, days, by)
    return CostBreakdown(
        by=by,
        timezone=zone,
        first=days[0],
        last=days[-1],
        totals=rules.as_totals(sum((part.figures for part in found), Figures())),
        slices=[
            CostSlice(key=part.key, provider=part.provider, totals=rules.as_totals(part.figures)) for part in found
        ],
    )


def live(session: Session, agency_id: str) -> LiveCosts:
    """The running total."""
    own = [found for found in budgets.of_agency(session, agency_id) if found.meter.creator_id is None]
    zone = own[0].meter.timezone if own else "UTC"
    at = now(session)
    today, month = (
        total(session, Question(agency_id, start_of(period, at, zone), end_of(period, at, zone))).cost
        for period in (Period.DAY, Period.MONTH)
    )
    return LiveCosts(
        timezone=zone,
        today_nano_usd=today,
        month_nano_usd=month,
        budgets=[rules.shown(found) for found in own],
        server_time=at,
    )


def _zone(session: Session, asked: Asked) -> str:
    if asked.timezone is not None:
        return rules.checked_zone(asked.timezone)
    own = (found for found in budgets.of_agency(session, asked.agency_id) if found.meter.creator_id is None)
    return next((found.meter.timezone for found in own), "UTC")


def _period(session: Session, asked: Asked, prices: PriceTable, period: Period, zone: str) -> PeriodCosts:
    at = now(session)
    start, end = start_of(period, at, zone), end_of(period, at, zone)
    found = figures(session, Question(asked.agency_id, start, end, asked.creator_id), ("provider", "model"))
    hits = total(session, Question(asked.agency_id, start, end, asked.creator_id, cache_hits=True)).calls
    return PeriodCosts(
        start=start,
        end=end,
        totals=rules.as_totals(sum(found.values(), Figures())),
        cache_hits=hits,
        by_tier=rules.by_tier(found, prices),
    )


def _by(session: Session, asked: Asked, zone: str, days: Sequence[date], by: CostDimension) -> list[_Part]:
    """The dearest first."""
    question = _question(asked, zone, days[0], days[-1])
    parts = []
    for values, found in figures(session, question, _BY[by]).items():
        provider = values[0] if by is CostDimension.MODEL else None
        parts.append(_Part(values[-1] or None, found, provider))
    return sorted(parts, key=lambda part: (-part.figures.cost, -part.figures.calls, part.key or ""))


def _by_day(session: Session, asked: Asked, zone: str, days: Sequence[date]) -> list[_Part]:
    # One question a day: the days of a zone need not begin with an hour of UTC, by which the rollups are.
    found = ((day, total(session, _question(asked, zone, day, day))) for day in days)
    return [_Part(day.isoformat(), figures) for day, figures in found if figures.calls]


def _question(asked: Asked, zone: str, first: date, last: date) -> Question:
    start, end = rules.start_of_day(first, zone), rules.start_of_day(last + timedelta(days=1), zone)
    return Question(asked.agency_id, start, end, asked.creator_id)
