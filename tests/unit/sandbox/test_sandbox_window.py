"""The platform's limit: never more than allowed in any 60 s, and never a refusal without need."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntaze_sandbox.window import SlidingWindow

moments = st.lists(st.floats(0, 300, allow_nan=False), max_size=200).map(sorted)


@given(moments, st.integers(1, 12))
def test_no_sixty_seconds_hold_more_than_the_limit(times: list[float], limit: int) -> None:
    window = SlidingWindow(limit)
    accepted: list[float] = []
    for now in times:
        if not window.wait("a", now):
            window.accept("a", now)
            accepted.append(now)
    for end in accepted:
        assert sum(end - 60 < at <= end for at in accepted) <= limit


@given(moments, st.integers(1, 12))
def test_a_refusal_means_that_the_window_is_full(times: list[float], limit: int) -> None:
    window = SlidingWindow(limit)
    accepted: list[float] = []
    for now in times:
        full = sum(now - 60 < at for at in accepted) >= limit
        assert bool(window.wait("a", now)) is full
        assert window.remaining("a", now) == max(0, limit - sum(now - 60 < at for at in accepted))
        if not full:
            window.accept("a", now)
            accepted.append(now)


def test_a_wait_too_small_for_a_float_is_still_a_wait() -> None:
    window = SlidingWindow(1)
    window.accept("a", 5e-324)
    assert window.wait("a", 60.0) > 0


def test_waiting_exactly_as_told_is_enough() -> None:
    window = SlidingWindow(2)
    for now in (0.0, 10.0):
        window.accept("a", now)
    assert window.wait("a", 20.0) == 40.0
    assert window.wait("a", 60.0) == 0.0


def test_accounts_do_not_share_a_window() -> None:
    window = SlidingWindow(1)
    window.accept("a", 0.0)
    assert window.wait("a", 1.0)
    assert not window.wait("b", 1.0)


@pytest.mark.parametrize("count", [0, 1_000])
def test_a_limit_of_zero_is_no_limit(count: int) -> None:
    window = SlidingWindow(0)
    for _ in range(count):
        window.accept("a", 0.0)
    assert not window.wait("a", 0.0)
    assert window.remaining("a", 0.0) is None
