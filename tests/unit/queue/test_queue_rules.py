"""When a job that failed is tried again, and which ticks of a schedule are due."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntaze_backend.engines.queue.rules import CatchUp, backoff, due_ticks, next_tick

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
ZERO = timedelta(0)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-21T{text}:00+00:00")


def due(
    last: str | None, now: str, catch_up: CatchUp = "latest", offset: timedelta = ZERO, most: int = 100
) -> list[str]:
    ticks = due_ticks(
        None if last is None else at(last), at(now), every=HOUR, offset=offset, catch_up=catch_up, most=most
    )
    return [f"{tick:%H:%M}" for tick in ticks]


def test_the_wait_doubles_up_to_its_cap():
    waits = [backoff(n, base=SECOND, cap=10 * SECOND, chance=lambda: 1.0) for n in range(1, 7)]

    assert [wait / SECOND for wait in waits] == [1, 2, 4, 8, 10, 10]


@given(attempt=st.integers(1, 10_000), chance=st.floats(0, 1), cap_s=st.integers(1, 100_000))
def test_the_wait_is_anything_from_nothing_to_its_bound(attempt, chance, cap_s):
    cap = timedelta(seconds=cap_s)
    bound = backoff(attempt, base=2 * SECOND, cap=cap, chance=lambda: 1.0)

    assert ZERO <= backoff(attempt, base=2 * SECOND, cap=cap, chance=lambda: chance) <= bound <= cap
    assert backoff(attempt, base=2 * SECOND, cap=cap, chance=lambda: 0.0) == ZERO
    assert bound >= min(cap, 2 * SECOND)


def test_attempts_are_counted_from_one():
    with pytest.raises(ValueError):
        backoff(0, base=SECOND, cap=SECOND, chance=lambda: 1.0)


def test_a_new_schedule_begins_with_its_latest_tick():
    assert due(None, "10:20") == ["10:00"]
    assert due(None, "10:20", "all") == ["10:00"]


def test_a_tick_is_due_at_its_time_and_only_once():
    assert due("10:00", "10:59") == []
    assert due("10:00", "11:00") == ["11:00"]
    assert due("11:00", "11:00") == []


def test_after_a_pause_only_the_latest_or_each_missed_one_is_due():
    assert due("07:00", "10:20") == ["10:00"]
    assert due("07:00", "10:20", "all") == ["08:00", "09:00", "10:00"]
    assert due("07:00", "10:20", "all", most=2) == ["08:00", "09:00"]


def test_a_clock_that_went_back_fires_nothing_again():
    assert due("10:00", "08:30") == []
    assert due("10:00", "08:30", "all") == []


def test_an_offset_moves_the_ticks_within_the_hour():
    assert due("09:15", "10:20", offset=timedelta(minutes=15)) == ["10:15"]
    assert due("09:15", "10:14", offset=timedelta(minutes=15)) == []


def test_a_day_begins_at_midnight_utc():
    day = timedelta(days=1)

    assert next_tick(at("10:20"), every=day, offset=3 * HOUR) == datetime(2026, 11, 22, 3, tzinfo=UTC)


@given(
    last=st.integers(0, 2_000_000),
    passed=st.integers(0, 500_000),
    every_s=st.integers(1, 90_000),
    offset_s=st.integers(0, 90_000),
    most=st.integers(1, 50),
)
def test_every_tick_that_passed_is_caught_up_once_and_in_order(last, passed, every_s, offset_s, most):
    every, offset = timedelta(seconds=every_s), timedelta(seconds=offset_s)
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=last)
    first = newest = next_tick(start, every=every, offset=offset)
    until = first + timedelta(seconds=passed)
    caught: list[datetime] = []
    while found := due_ticks(newest, until, every=every, offset=offset, catch_up="all", most=most):
        assert len(found) <= most
        caught += found
        newest = found[-1]
        if len(caught) > 200:
            break

    assert all(later - earlier == every for earlier, later in pairwise([first, *caught]))
    assert len(caught) > 200 or next_tick(newest, every=every, offset=offset) > until
