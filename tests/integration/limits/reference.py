"""What a rate gate has to answer, by brute force over the journal of all permits: slow, short, and not ours to ship.

It shares no code with any gate: each rule of the port is written down once more, as a question about one entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from huntaze_backend.engines.limits.port import Meter


@dataclass
class Entry:
    """One permit in one meter's journal."""

    permit: str
    meter: Meter
    started: datetime
    lands_until: datetime
    """When it can no longer reach the platform, whatever happens."""
    ended: datetime | None = None
    certain: bool = False

    def counts(self, at: datetime) -> bool:
        return at < self.counts_until()

    def counts_until(self) -> datetime:
        window = self.meter.window
        if self.meter.kind == "spacing":
            answered = self.ended if self.certain and self.ended is not None else self.started
            return max(self.started, answered) + window
        if self.certain and self.ended is not None:
            return min(self.ended, self.lands_until) + window
        return self.lands_until + window


class Journal:
    """All that was ever let through and what became of it."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.pauses: dict[str, datetime] = {}

    def note(self, permit: str, meters: Sequence[Meter], at: datetime, longest_flight: timedelta) -> None:
        self.entries += [Entry(permit, meter, at, at + longest_flight) for meter in meters]

    def settle(self, permit: str, at: datetime, *, certain: bool) -> None:
        for entry in self.entries:
            if entry.permit == permit and entry.ended is None:
                entry.ended, entry.certain = at, certain

    def refund(self, permit: str) -> None:
        self.entries = [entry for entry in self.entries if entry.permit != permit or entry.ended is not None]

    def pause(self, key: str, until: datetime) -> None:
        self.pauses[key] = max(until, self.pauses.get(key, until))

    def admits(self, meters: Sequence[Meter], at: datetime) -> bool:
        return all(self.room(meter, at) > 0 for meter in meters)

    def room(self, meter: Meter, at: datetime) -> int:
        """How many more sends the meter admits; 0 while the platform wants a pause."""
        if at < self.pauses.get(meter.key, at):
            return 0
        counting = sum(entry.meter.key == meter.key and entry.counts(at) for entry in self.entries)
        return max(0, meter.limit - counting)

    def any_open(self, meters: Sequence[Meter]) -> bool:
        keys = {meter.key for meter in meters}
        return any(entry.ended is None and entry.meter.key in keys for entry in self.entries)

    def admits_at(self, meters: Sequence[Meter], at: datetime) -> datetime:
        """The earliest moment from `at` on at which all admit, if nothing else happens."""
        moments = {entry.counts_until() for entry in self.entries} | set(self.pauses.values()) | {at}
        return next(moment for moment in sorted(moments) if moment >= at and self.admits(meters, moment))


def most_in_any_window(times: Sequence[datetime], window: timedelta) -> int:
    """The most of these that any half-open window of that length holds."""
    return max((sum(start <= moment < start + window for moment in times) for start in times), default=0)
