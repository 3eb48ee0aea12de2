"""How long a fan has waited, and how urgent that is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Urgency(StrEnum):
    CALM = "calm"
    SOON = "soon"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Sla:
    """From `soon_after` a timer is amber, from `late_after` red. The defaults are those of the design."""

    soon_after: timedelta = timedelta(minutes=3)
    late_after: timedelta = timedelta(minutes=5)


DEFAULT_SLA = Sla()


def urgency(waited: timedelta, sla: Sla = DEFAULT_SLA) -> Urgency:
    if waited > sla.late_after:
        return Urgency.LATE
    if waited >= sla.soon_after:
        return Urgency.SOON
    return Urgency.CALM


def clock_text(waited: timedelta) -> str:
    """`0:40`, `6:42`, `1 h 05`, `2 d`: as short as a pill allows. A negative time (clock skew) reads 0:00."""
    seconds = max(0, int(waited.total_seconds()))
    if seconds < 3600:
        return f"{seconds // 60}:{seconds % 60:02d}"
    if seconds < 86_400:
        return f"{seconds // 3600} h {seconds % 3600 // 60:02d}"
    return f"{seconds // 86_400} d"


def waited(since: datetime, now: datetime) -> timedelta:
    return max(timedelta(0), now - since)
