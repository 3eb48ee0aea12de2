"""A budget's counters while a transaction holds its lock, and the decision that they allow. No database in here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from huntaze_backend.engines.ledger.books import Attempt, standing
from huntaze_backend.engines.ledger.periods import Period, start_of

__all__ = ["Meter", "blocking"]


@dataclass(slots=True)
class Meter:
    """One budget in its present period. Amounts are nano-USD."""

    id: str
    agency_id: str
    creator_id: str | None
    period: Period
    timezone: str
    soft: int | None
    hard: int | None
    period_start: datetime
    spent: int
    held: int
    moved: bool = False
    """Whether its row has to be written."""

    def roll(self, at: datetime) -> None:
        """Go on to the period of `at`. Never back: a clock that was put back must not bring an old sum to life."""
        start = start_of(self.period, at, self.timezone)
        if start > self.period_start:
            self.period_start, self.spent, self.held, self.moved = start, 0, 0, True

    def applies(self, agency_id: str, creator_id: str | None) -> bool:
        return self.agency_id == agency_id and self.creator_id in (None, creator_id)

    def admits(self, bound: int) -> bool:
        """What costs nothing is admitted however much was spent."""
        return bound == 0 or self.hard is None or self.spent + self.held + bound <= self.hard

    @property
    def soft_exceeded(self) -> bool:
        return self.soft is not None and self.spent + self.held > self.soft

    def move(self, before: Attempt | None, after: Attempt) -> None:
        """Count the attempt for what it is now instead of what it was. One of a past period is past."""
        if after.at < self.period_start:
            return
        spent, held = standing(after)
        was_spent, was_held = (0, 0) if before is None else standing(before)
        self.spent += spent - was_spent
        self.held += held - was_held
        self.moved = True


def blocking(meters: Iterable[Meter], bound: int) -> Meter | None:
    """The budget that has no room for so much; None if all have."""
    return next((meter for meter in meters if not meter.admits(bound)), None)
