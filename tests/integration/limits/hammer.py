"""Many at once on one key, on the store's own clock: each worker asks as fast as it can and notes when it "sent".

A worker is a thread or, as `python -m tests.integration.limits.hammer ORDER`, a process of its own; the monotonic clock
is the machine's, so their notes can be laid side by side.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from huntaze_backend.core.db import Database
from huntaze_backend.engines.limits.adapters.sql_log import SqlRateGate
from huntaze_backend.engines.limits.port import Meter, RateGate

__all__ = ["Order", "Sent", "hammer", "most_at_once"]

SLEWED_S = 0.002
"""How much the clock on the wall may run ahead of the monotonic one within a window (NTP slews by 0.5 ms a second)."""


@dataclass(frozen=True)
class Order:
    """What a worker does: sends of an account of `limit` in `window_s`, to any of three fans, half as campaigns."""

    url: str
    key: str | None
    account: str
    limit: int
    window_s: float
    seconds: float
    seed: int
    wave_s: float = 0.0
    """If given, it hammers for that long and rests for as long: what fixed windows and buckets bear least."""

    def meters(self, fan: int, *, campaign: bool) -> list[Meter]:
        window = timedelta(seconds=self.window_s)
        share = max(1, self.limit * 7 // 10)
        extra = [Meter(f"campaign:{self.account}", share, window)] if campaign else []
        fans = Meter(f"fan:{self.account}:{fan}", max(1, self.limit * 6 // 10), window)
        return [Meter(f"account:{self.account}", self.limit, window), fans, *extra]


@dataclass(frozen=True)
class Sent:
    """One execution: the meters it counted for, and the moment in seconds of the monotonic clock."""

    at: float
    keys: tuple[str, ...]


async def hammer(order: Order, gate: RateGate) -> list[Sent]:
    """Ask until the time is over; a send takes place between the commit of its permit and its settlement."""
    database = Database.open(order.url, key=order.key)
    chance = random.Random(order.seed)
    sent: list[Sent] = []
    flight = timedelta(seconds=1)
    try:
        await database.read(lambda session: gate.peek(session, order.meters(0, campaign=True)))  # connections are slow
        began = time.monotonic()
        while (now := time.monotonic()) - began < order.seconds:
            if order.wave_s and int(now / order.wave_s) % 2:  # by the machine's clock: all rest at the same time
                await asyncio.sleep(order.wave_s - now % order.wave_s)
                continue
            meters = order.meters(chance.randrange(3), campaign=chance.random() < 0.5)
            decision = await database.write(
                lambda session, meters=meters: gate.acquire(session, meters, longest_flight=flight)  # type: ignore[misc]
            )
            if decision.permit is None:
                await asyncio.sleep(chance.uniform(0, 0.01))
                continue
            sent.append(Sent(time.monotonic(), tuple(meter.key for meter in meters)))
            await database.write(
                lambda session, permit=decision.permit: gate.settle(session, permit, certain=True)  # type: ignore[misc]
            )
    finally:
        await database.close()
    return sent


def most_at_once(order: Order, sent: Sequence[Sent]) -> dict[str, tuple[int, int]]:
    """Per meter key: the most sends in any window, and the limit."""
    found: dict[str, tuple[int, int]] = {}
    for meter in {meter.key: meter for fan in range(3) for meter in order.meters(fan, campaign=True)}.values():
        times = sorted(one.at for one in sent if meter.key in one.keys)
        window = order.window_s - SLEWED_S
        most = max((sum(start <= at < start + window for at in times) for start in times), default=0)
        found[meter.key] = (most, meter.limit)
    return found


if __name__ == "__main__":
    given = Order(**json.loads(sys.argv[1]))
    print(json.dumps([asdict(one) for one in asyncio.run(hammer(given, SqlRateGate()))]))
