"""Rate gates that are wrong in the ways in which limiters are commonly built. The suite must turn each of them away."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from huntaze_backend.core.clock import now
from huntaze_backend.engines.limits.adapters.sql_log import SqlRateGate
from huntaze_backend.engines.limits.port import Decision, Meter
from huntaze_backend.engines.limits.tables import MeterRow
from huntaze_contract.ids import new_id

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Rule(Protocol):
    """How one meter counts."""

    def admits(self, at: datetime) -> bool: ...
    def take(self, at: datetime) -> None: ...


class Bucket:
    """A token bucket of `limit`, refilled evenly."""

    def __init__(self, meter: Meter) -> None:
        self._limit, self._window = meter.limit, meter.window
        self._tokens: float = meter.limit
        self._at: datetime | None = None

    def admits(self, at: datetime) -> bool:
        self._tokens = min(self._limit, self._tokens + (at - (self._at or at)) / self._window * self._limit)
        self._at = at
        return self._tokens >= 1

    def take(self, at: datetime) -> None:
        self._tokens -= 1


class Gcra:
    """The generic cell rate algorithm with a burst of `limit`: 2 × limit - 1 in some window, a property of it."""

    def __init__(self, meter: Meter) -> None:
        self._step = meter.window / meter.limit
        self._tolerance = meter.window - self._step
        self._arrival: datetime | None = None

    def admits(self, at: datetime) -> bool:
        return self._arrival is None or self._arrival - at <= self._tolerance

    def take(self, at: datetime) -> None:
        self._arrival = max(self._arrival or at, at) + self._step


class FixedWindow:
    """So many in each minute of the clock on the wall."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._taken: dict[int, int] = {}

    def admits(self, at: datetime) -> bool:
        return self._taken.get(self._minute(at), 0) < self._meter.limit

    def take(self, at: datetime) -> None:
        self._taken[self._minute(at)] = self._taken.get(self._minute(at), 0) + 1

    def _minute(self, at: datetime) -> int:
        return (at - EPOCH) // self._meter.window


class SlidingCounter(FixedWindow):
    """This minute's count and the last one's by the share of it that the window still covers."""

    def admits(self, at: datetime) -> bool:
        minute = self._minute(at)
        gone = (at - EPOCH) / self._meter.window - minute
        weighed = self._taken.get(minute - 1, 0) * (1 - gone) + self._taken.get(minute, 0)
        return weighed + 1 <= self._meter.limit


class Gap:
    """Spacing, counted from the start alone."""

    def __init__(self, meter: Meter) -> None:
        self._window = meter.window
        self._last: datetime | None = None

    def admits(self, at: datetime) -> bool:
        return self._last is None or at >= self._last + self._window

    def take(self, at: datetime) -> None:
        self._last = at


class Approximate:
    """A gate that keeps no log: one small state per meter, and no interest in how a send ended."""

    def __init__(self, rule: Callable[[Meter], Rule]) -> None:
        self._rule = rule
        self._rules: dict[str, Rule] = {}
        self._pauses: dict[str, datetime] = {}

    def acquire(self, session: Session, meters: Sequence[Meter], *, longest_flight: timedelta) -> Decision:
        decision = self.peek(session, meters)
        if decision.granted:
            for meter in meters:
                self._of(meter).take(now(session))
        return decision

    def peek(self, session: Session, meters: Sequence[Meter]) -> Decision:
        at = now(session)
        paused = any(at < self._pauses.get(meter.key, at) for meter in meters)
        if not paused and all(self._of(meter).admits(at) for meter in meters):
            return Decision(granted=True, permit=new_id())
        return Decision(granted=False, retry_at=at + timedelta(seconds=1), penalised=paused)

    def forecast(self, session: Session, meters: Sequence[Meter], count: int) -> list[datetime]:
        return [now(session)] * count

    def settle(self, session: Session, permit: str, *, certain: bool) -> None:
        """None of these algorithms asks when a send ended."""

    def refund(self, session: Session, permit: str) -> None:
        """Nor whether it went at all."""

    def penalise(self, session: Session, key: str, until: datetime) -> None:
        self._pauses[key] = max(until, self._pauses.get(key, until))

    def _of(self, meter: Meter) -> Rule:
        make = Gap if meter.kind == "spacing" else self._rule
        return self._rules.setdefault(meter.key, make(meter))


class FromThePermit(SqlRateGate):
    """An exact log that counts each send from its permit, as if it reached the platform that moment."""

    def acquire(self, session: Session, meters: Sequence[Meter], *, longest_flight: timedelta) -> Decision:
        return super().acquire(session, meters, longest_flight=timedelta(0))

    def settle(self, session: Session, permit: str, *, certain: bool) -> None:
        """The log has forgotten nothing and learns nothing."""


class FreeWhenUncertain(SqlRateGate):
    """Gives the slot of a send without an answer back."""

    def settle(self, session: Session, permit: str, *, certain: bool) -> None:
        if certain:
            super().settle(session, permit, certain=True)
        else:
            self.refund(session, permit)


class OneAfterTheOther(SqlRateGate):
    """Asks meter by meter: what the first let through is spent when the second says no."""

    def acquire(self, session: Session, meters: Sequence[Meter], *, longest_flight: timedelta) -> Decision:
        decision = Decision(granted=False)
        for meter in meters:
            decision = super().acquire(session, [meter], longest_flight=longest_flight)
            if not decision.granted:
                return decision
        return decision


class FailsOpen(SqlRateGate):
    """Lets everything through when its store is away, "so that nobody has to wait for it"."""

    def acquire(self, session: Session, meters: Sequence[Meter], *, longest_flight: timedelta) -> Decision:
        try:
            return super().acquire(session, meters, longest_flight=longest_flight)
        except Exception:  # noqa: BLE001 - this is the fault
            return Decision(granted=True, permit=new_id())


class Unlocked(SqlRateGate):
    """Counts and then notes without holding the meter: right alone, wrong beside others."""

    def _lock(self, session: Session, meters: Sequence[Meter]) -> tuple[dict[str, datetime | None], datetime]:
        keys = [meter.key for meter in meters]
        rows = session.execute(select(MeterRow.key, MeterRow.blocked_until).where(MeterRow.key.in_(keys))).all()
        return dict(rows), now(session)

    def _log(self, session: Session, keys: Sequence[str]) -> Any:
        found = super()._log(session, keys)
        time.sleep(0.02)  # who asks at the same time counts the same, also where each has a core to itself
        return found
