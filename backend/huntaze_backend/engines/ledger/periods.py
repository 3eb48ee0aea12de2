"""The days and months of budgets: when a period began and when it ends, in a zone of the calendar."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

__all__ = ["Period", "end_of", "start_of"]


class Period(StrEnum):
    DAY = "day"
    MONTH = "month"


def start_of(period: Period, at: datetime, zone: str) -> datetime:
    """When the period that contains `at` began, in UTC."""
    local = at.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if period is Period.MONTH:
        local = local.replace(day=1)
    return local.astimezone(UTC)


def end_of(period: Period, at: datetime, zone: str) -> datetime:
    """When the next one begins, in UTC. Local days have 23 to 25 hours."""
    start = start_of(period, at, zone)
    local = start.astimezone(ZoneInfo(zone))
    # Noon of a day that is surely in the next period: clocks are not put forward or back by half a day.
    inside = local.replace(day=28) + timedelta(days=7) if period is Period.MONTH else local + timedelta(days=1)
    return start_of(period, inside.replace(hour=12), zone)
