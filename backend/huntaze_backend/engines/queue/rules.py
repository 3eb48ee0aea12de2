"""Pure rules of the queue: when a job that failed is tried again, and which ticks of a schedule are due."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

__all__ = ["CatchUp", "backoff", "due_ticks", "next_tick"]

CatchUp = Literal["latest", "all"]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def backoff(attempt: int, *, base: timedelta, cap: timedelta, chance: Callable[[], float]) -> timedelta:
    """How long to wait after a failed attempt, with full jitter: anything from 0 to `base`, twice that, … up to `cap`.

    What fails together, because something they all need is down, thus does not come back together.

    Args:
        attempt: which one failed, from 1.
        chance: gives numbers from 0 to 1.
    """
    if attempt < 1:
        raise ValueError("attempts are counted from 1")
    # 2**63 of any base is beyond every cap; larger powers would only cost time.
    ceiling = cap if attempt > 63 else min(cap / base, float(1 << (attempt - 1))) * base
    return min(cap, ceiling) * chance()


def due_ticks(
    last: datetime | None, at: datetime, *, every: timedelta, offset: timedelta, catch_up: CatchUp, most: int = 100
) -> list[datetime]:
    """The ticks of a schedule that are to be fired now, the oldest first.

    Args:
        last: the newest one that was fired; None for a schedule that is new here, which begins with its latest tick.
        at: now.
        every: from one tick to the next; counted from 1970 in UTC, plus `offset`.
        catch_up: after a pause, only the latest tick, or every one that was missed.
        most: how many of the missed ones at once.
    """
    latest = _tick_before(at, every, offset)
    if last is not None and latest <= last:
        return []
    if last is None or catch_up == "latest":
        return [latest]
    first = next_tick(last, every=every, offset=offset)
    count = min(most, (latest - first) // every + 1)
    return [first + number * every for number in range(count)]


def next_tick(after: datetime, *, every: timedelta, offset: timedelta) -> datetime:
    """The first tick of a schedule later than `after`."""
    return _tick_before(after, every, offset) + every


def _tick_before(at: datetime, every: timedelta, offset: timedelta) -> datetime:
    """The latest tick that is not later than `at`."""
    start = _EPOCH + offset
    return start + (at - start) // every * every
