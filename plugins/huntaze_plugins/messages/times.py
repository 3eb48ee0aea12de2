"""Good times to come back to a conversation or to send a message. Pure: the reader's clock comes in, times go out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EVENING = time(18, 0)
MORNING = time(9, 0)
AT_LEAST = timedelta(minutes=1)
LONGEST = timedelta(days=365)
_MONDAY = 0


@dataclass(frozen=True, slots=True)
class GoodTime:
    """`kind` is hour, evening, tomorrow, monday or fan_morning; `at` is aware."""

    kind: str
    at: datetime


def good_times(now: datetime, *, here: tzinfo | None = None, fan_zone: str | None = None) -> tuple[GoodTime, ...]:
    """In an hour, this evening while that lies ahead, tomorrow and Monday morning, and the fan's next morning.

    `here` is the reader's zone (None: this computer's). Times that would come twice are offered once.
    """
    local = now.astimezone(here)
    found = [GoodTime("hour", now + timedelta(hours=1))]
    evening = _at(local, 0, EVENING, here)
    if evening - now > timedelta(hours=1):
        found.append(GoodTime("evening", evening))
    found.append(GoodTime("tomorrow", _at(local, 1, MORNING, here)))
    days = (_MONDAY - local.weekday()) % 7 or 7
    if days > 1:
        found.append(GoodTime("monday", _at(local, days, MORNING, here)))
    if (morning := fan_morning(now, fan_zone)) is not None:
        found.append(GoodTime("fan_morning", morning))
    # Kinds are in order of how plainly they say the time: the first of equals stays.
    by_time = {one.at: one for one in reversed(found)}
    return tuple(one for one in found if by_time[one.at] is one)


def fan_morning(now: datetime, zone: str | None) -> datetime | None:
    """The next 09:00 where the fan is; None when the zone is not known."""
    if not zone:
        return None
    try:
        there = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return None
    local = now.astimezone(there)
    morning = _at(local, 0, MORNING, there)
    return morning if morning - now > AT_LEAST else _at(local, 1, MORNING, there)


def _at(local: datetime, days: int, clock: time, zone: tzinfo | None) -> datetime:
    # Built from wall time and then given its zone: a day on which clocks change has no 24 hours.
    naive = datetime.combine(local.date() + timedelta(days=days), clock)
    return naive.astimezone() if zone is None else naive.replace(tzinfo=zone)


def trouble_with(at: datetime, now: datetime) -> str | None:
    """`past` or `far` for a time that cannot be chosen, else None."""
    if at - now < AT_LEAST:
        return "past"
    return "far" if at - now > LONGEST else None


def parse_clock(text: str) -> time | None:
    """`9`, `9:30`, `0930`, `21.15` as a time of day; None for anything else."""
    digits = "".join(character if character.isdigit() else " " for character in text).split()
    if len(digits) == 1 and len(digits[0]) in (3, 4):
        digits = [digits[0][:-2], digits[0][-2:]]
    if not 1 <= len(digits) <= 2 or any(len(one) > 2 for one in digits):
        return None
    hour, minute = int(digits[0]), int(digits[1]) if len(digits) > 1 else 0
    return time(hour, minute) if hour < 24 and minute < 60 else None
