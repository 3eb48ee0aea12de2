"""Pure rules of costs: how figures and budgets are shown, and which days a reader may ask about."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from huntaze_backend.core.errors import ValidationProblem
from huntaze_backend.engines.ledger.budgets import Standing
from huntaze_backend.engines.ledger.figures import Figures
from huntaze_backend.engines.ledger.prices import PriceTable
from huntaze_contract.wire import BudgetPeriod, CostBudget, CostTotals, TierCosts

__all__ = ["LONGEST", "as_totals", "by_tier", "checked_zone", "days", "shown", "start_of_day"]

LONGEST = timedelta(days=366)
_EARLIEST, _LATEST = date(2020, 1, 1), date(2200, 1, 1)


def as_totals(found: Figures) -> CostTotals:
    return CostTotals(
        calls=found.calls,
        cost_nano_usd=found.cost,
        input_tokens=found.input_tokens,
        cached_tokens=found.cached_tokens,
        cached_share=found.cached_tokens / found.input_tokens if found.input_tokens else 0.0,
        output_tokens=found.output_tokens,
        reasoning_tokens=found.reasoning_tokens,
        errors=found.errors,
        error_rate=found.errors / found.calls if found.calls else 0.0,
        estimated=found.estimated,
    )


def by_tier(found: Mapping[tuple[str, ...], Figures], prices: PriceTable) -> list[TierCosts]:
    """The dearest first. Args: found: by provider and model."""
    sums: dict[str, Figures] = {}
    for (provider, model), figures in found.items():
        tier = prices.tier(provider, model)
        sums[tier] = sums.get(tier, Figures()) + figures
    order = sorted(sums.items(), key=lambda entry: (-entry[1].cost, -entry[1].calls, entry[0]))
    return [TierCosts(tier=tier, totals=as_totals(figures)) for tier, figures in order]


def shown(standing: Standing) -> CostBudget:
    meter = standing.meter
    return CostBudget(
        id=meter.id,
        creator_id=meter.creator_id,
        period=BudgetPeriod(meter.period),
        timezone=meter.timezone,
        soft_nano_usd=meter.soft,
        hard_nano_usd=meter.hard,
        spent_nano_usd=meter.spent,
        held_nano_usd=meter.held,
        soft_exceeded=meter.soft_exceeded,
        period_start=meter.period_start,
        period_end=standing.period_end,
    )


def checked_zone(name: str) -> str:
    """Raises: ValidationProblem."""
    if name not in _zones():
        raise ValidationProblem("There is no such time zone.", field="timezone")
    return name


def days(first: date, last: date) -> list[date]:
    """All of them, `last` included. Raises: ValidationProblem if there are none, or too many."""
    if not _EARLIEST <= first <= last <= _LATEST:
        raise ValidationProblem("`from` is not after `to`, and neither is far from today.", field="from")
    if last - first >= LONGEST:
        raise ValidationProblem(f"At most {LONGEST.days} days at a time.", field="to")
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def start_of_day(day: date, zone: str) -> datetime:
    """In UTC."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
