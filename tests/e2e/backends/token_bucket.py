"""The real backend with one part swapped: a token bucket where the exact limiter belongs.

Ten tokens, refilled at ten per minute: what is most often taken for "ten in sixty seconds", and is not. It starts with
the words of `huntaze backend serve`.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy.orm import Session

from huntaze_backend.app import Adapters
from huntaze_backend.core.clock import now
from huntaze_backend.engines.limits.port import Decision, Meter
from huntaze_backend.serve import ServeOptions, run

CAPACITY = 10
REFILL = timedelta(seconds=6)


@dataclass
class Bucket:
    tokens: float
    at: datetime


class TokenBucket:
    """A `RateGate` that keeps no log. One process, one writer: memory is enough."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = {}

    def acquire(self, session: Session, meters: Sequence[Meter], *, longest_flight: timedelta) -> Decision:
        decision = self.peek(session, meters)
        if decision.granted:
            for bucket in self._filled(session, meters):
                bucket.tokens -= 1
        return decision

    def peek(self, session: Session, meters: Sequence[Meter]) -> Decision:
        least = min((bucket.tokens for bucket in self._filled(session, meters)), default=float(CAPACITY))
        if least >= 1:
            return Decision(granted=True, permit=str(uuid4()))
        return Decision(
            granted=False,
            retry_at=now(session) + (1 - least) * REFILL,
            blocking=next(meter for meter in meters if meter.kind == "log"),
        )

    def forecast(self, session: Session, meters: Sequence[Meter], count: int) -> list[datetime]:
        at = now(session)
        least = min((bucket.tokens for bucket in self._filled(session, meters)), default=float(CAPACITY))
        return [at + max(0.0, number + 1 - least) * REFILL for number in range(count)]

    def settle(self, session: Session, permit: str, *, certain: bool) -> None:
        """A bucket does not care when a send ended: one half of its fault."""

    def refund(self, session: Session, permit: str) -> None:
        """Tokens come back with time alone."""

    def penalise(self, session: Session, key: str, until: datetime) -> None:
        """The sandbox of the demo has no reason to ask for a pause before thirty sends."""

    def _filled(self, session: Session, meters: Sequence[Meter]) -> list[Bucket]:
        at = now(session)
        buckets = []
        for meter in meters:
            if meter.kind == "log":
                bucket = self._buckets.setdefault(meter.key, Bucket(float(CAPACITY), at))
                bucket.tokens = min(float(CAPACITY), bucket.tokens + (at - bucket.at) / REFILL)
                bucket.at = at
                buckets.append(bucket)
        return buckets


def options() -> ServeOptions:
    words = argparse.ArgumentParser()
    words.add_argument("--data", type=Path)
    words.add_argument("--port", type=int, default=0)
    words.add_argument("--exit-with-stdin", action="store_true")
    given = words.parse_args()
    return ServeOptions(port=given.port, data=given.data, exit_with_stdin=given.exit_with_stdin)


if __name__ == "__main__":
    run(options(), adapters=Adapters(rate_gate=TokenBucket()))
