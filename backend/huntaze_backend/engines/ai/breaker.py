"""A circuit breaker for one provider, region and model: closed, open, half-open with one probe, then a slow start.

It opens when half of a window's calls failed (of at least ten), when five in a row did, or for as long as the provider
asked. It is in memory and costs nanoseconds; each process has its own, and learns by itself what is down.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from huntaze_backend.engines.ai.failures import OnBreaker

__all__ = ["Breaker", "Permit", "State"]

_BUCKETS, _BUCKET_S = 6, 5.0
"""The window: half a minute."""
_LEAST_CALLS = 10
_RATIO = 0.5
_IN_A_ROW = 5
_FIRST_OPEN_S, _LONGEST_OPEN_S = 5.0, 60.0
_SHUT_S = 300.0
"""For what a person has to mend: it is looked at again every five minutes, and by every restart."""
_PROBE_LEASE_S = 60.0
"""A probe whose caller vanished blocks no longer than this."""
_STEPS = (0.10, 0.25, 0.50)
_PER_STEP = 3
"""Successes on each step of the slow start."""


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    SLOW_START = "slow_start"


@dataclass(slots=True, eq=False)
class Permit:
    """Leave for one call. Exactly one of its ends is told."""

    _breaker: "Breaker"
    _epoch: int
    _told: bool = False

    def succeeded(self) -> None:
        if self._once():
            self._breaker._on_success(self._epoch)  # noqa: SLF001

    def failed(self, effect: OnBreaker, *, wait_s: float | None = None) -> None:
        """Args: wait_s: what the provider asked for."""
        if self._once():
            self._breaker._on_failure(self._epoch, effect, wait_s)  # noqa: SLF001

    def abandoned(self) -> None:
        """The call was cancelled: it says nothing about the provider, but a probe's place is free again."""
        if self._once():
            self._breaker._on_nothing(self._epoch)  # noqa: SLF001

    def _once(self) -> bool:
        told, self._told = self._told, True
        return not told


class Breaker:
    """The state of one endpoint's health, as this process saw it."""

    def __init__(self, clock: Callable[[], float], *, jitter: Callable[[], float] = random.random) -> None:
        """Args: clock: seconds that never go back; jitter: 0–1, spreads the ends of open times."""
        self._clock = clock
        self._jitter = jitter
        self._window: list[list[float]] = []
        """[begins at, calls, failures], the latest last."""
        self._in_a_row = 0
        self._opened = 0
        """How often it opened without having been closed between."""
        self._open_until: float | None = None
        self._shut = False
        self._asked_for = False
        self._probe_until = 0.0
        self._step: int | None = None
        self._step_successes = 0
        self._credit = 0.0
        self._epoch = 0
        """Changes with each opening: what was called before says nothing about after."""

    @property
    def state(self) -> State:
        if self._open_until is not None:
            return State.OPEN if self._clock() < self._open_until else State.HALF_OPEN
        return State.CLOSED if self._step is None else State.SLOW_START

    @property
    def open_for_s(self) -> float:
        """How long it stays open, 0 when it is not."""
        return 0.0 if self._open_until is None else max(0.0, self._open_until - self._clock())

    @property
    def shut(self) -> bool:
        """Open because of its set-up: asking it anyway cannot help."""
        return self._shut and self._open_until is not None

    @property
    def asked_for(self) -> bool:
        """Open because the provider asked to be left alone: whoever asks earlier makes it longer."""
        return self._asked_for and self._open_until is not None

    def admit(self, *, critical: bool) -> Permit | None:
        """Leave to call, or None. Critical work never probes, and never is what a slow start is tried with."""
        if self._open_until is not None:
            now = self._clock()
            if critical or now < self._open_until or now < self._probe_until:
                return None
            self._probe_until = now + _PROBE_LEASE_S
            return Permit(self, self._epoch)
        if self._step is not None:
            if critical:
                return None
            self._credit += _STEPS[self._step]
            if self._credit < 1:
                return None
            self._credit -= 1
        return Permit(self, self._epoch)

    def force(self) -> Permit:
        """Leave to call although it is open: the last resort when everybody's is."""
        return Permit(self, self._epoch)

    def _on_success(self, epoch: int) -> None:
        if epoch != self._epoch:
            return
        if self._open_until is not None:
            self._open_until, self._shut = None, False
            self._step, self._step_successes, self._credit = 0, 0, 1.0
            self._window.clear()
        elif self._step is not None:
            self._step_successes += 1
            if self._step_successes >= _PER_STEP:
                self._step_successes = 0
                self._step += 1
                if self._step == len(_STEPS):
                    self._step, self._opened = None, 0
        self._in_a_row = 0
        self._count(failed=False)

    def _on_failure(self, epoch: int, effect: OnBreaker, wait_s: float | None) -> None:
        if epoch != self._epoch or effect is OnBreaker.NOTHING:
            self._on_nothing(epoch)
            return
        self._in_a_row += 1
        self._count(failed=True)
        if effect is OnBreaker.SHUT:
            self._open(max(wait_s or 0.0, _SHUT_S), shut=True)
        elif effect is OnBreaker.PAUSE and wait_s:
            self._open(wait_s, asked_for=True)
        elif self._open_until is not None or self._step is not None or self._too_many():
            self._open(None)

    def _on_nothing(self, epoch: int) -> None:
        if epoch == self._epoch:
            self._probe_until = 0.0

    def _too_many(self) -> bool:
        if self._in_a_row >= _IN_A_ROW:
            return True
        calls = sum(bucket[1] for bucket in self._window)
        return calls >= _LEAST_CALLS and sum(bucket[2] for bucket in self._window) / calls >= _RATIO

    def _open(self, seconds: float | None, *, shut: bool = False, asked_for: bool = False) -> None:
        if seconds is None:
            seconds = min(_FIRST_OPEN_S * 2**self._opened, _LONGEST_OPEN_S)
        self._opened = min(self._opened + 1, 10)
        # Only ever longer than asked: a provider that said ten seconds counts them.
        self._open_until = self._clock() + seconds * (1 + 0.2 * self._jitter())
        self._shut, self._asked_for = shut, asked_for
        self._step = None
        self._probe_until = 0.0
        self._in_a_row = 0
        self._window.clear()
        self._epoch += 1

    def _count(self, *, failed: bool) -> None:
        now = self._clock()
        if not self._window or now - self._window[-1][0] >= _BUCKET_S:
            self._window.append([now, 0, 0])
        self._window[-1][1] += 1
        self._window[-1][2] += failed
        while now - self._window[0][0] >= _BUCKETS * _BUCKET_S:
            self._window.pop(0)
