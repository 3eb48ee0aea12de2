"""When fans come by: each uses up a fate of its own at a rate that follows its talkativeness and its waking hours."""

import math
from collections.abc import Iterable
from random import Random

from huntaze_sandbox.clock import FRIDAY_EVENING_S, HOUR_S
from huntaze_sandbox.life import SECOND_MESSAGE
from huntaze_sandbox.model import Fan

#: How often a fan writes while asleep, as a part of its waking rate.
ASLEEP = 0.04
#: Multiples of the golden ratio, modulo 1, lie evenly in any run of them.
GOLDEN = (5**0.5 - 1) / 2


class Arrivals:
    """Shares `per_minute` messages between fans so that a Friday evening at 18:00 has that many in all."""

    def __init__(self, per_minute: float, fans: Iterable[Fan]) -> None:
        whole = sum(_weight(fan) * _wakefulness(fan, FRIDAY_EVENING_S) for fan in fans)
        self._rate = per_minute / 60 / (1 + SECOND_MESSAGE) / (whole or 1.0)

    def next_visit(self, fan: Fan, after: float, fate: float) -> float:
        """Use up a fate of mean 1, hour by hour; the visit is when nothing of it is left (infinity: never)."""
        base = self._rate * _weight(fan)
        if base <= 0:
            return math.inf
        at = after
        while True:
            rate = base * _wakefulness(fan, at)
            hour_end = (at // HOUR_S + 1) * HOUR_S
            if rate * (hour_end - at) >= fate:
                return at + fate / rate
            fate -= rate * (hour_end - at)
            at = hour_end


def first_fate(evening: str, fan: Fan) -> float:
    """A fate of mean 1 for the beginning of an evening, spread evenly over fans, so that none starts half empty."""
    share = (Random(evening).random() + fan.index * GOLDEN) % 1.0
    return -math.log(1 - share)


def later_fate(rng: Random) -> float:
    """A fate of mean 1 that is rarely short: people seldom come by twice in a breath."""
    return rng.gammavariate(3, 1 / 3)


def _weight(fan: Fan) -> float:
    return 0.3 + fan.persona.talk


def _wakefulness(fan: Fan, persona_s: float) -> float:
    return 1.0 if fan.persona.awake(fan.persona.local_hour(persona_s)) else ASLEEP
