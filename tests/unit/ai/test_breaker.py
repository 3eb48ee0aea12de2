"""The breaker opens on trouble, is tried by one probe, and comes back slowly."""

import pytest

from huntaze_backend.engines.ai.breaker import Breaker, State
from huntaze_backend.engines.ai.failures import OnBreaker


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def breaker(time: Time) -> Breaker:
    return Breaker(time, jitter=lambda: 0.0)


def call(breaker: Breaker, effect: OnBreaker | None = None, *, wait_s: float | None = None) -> bool:
    """One call that ended well, or with `effect`; whether it was admitted."""
    permit = breaker.admit(critical=False)
    if permit is None:
        return False
    if effect is None:
        permit.succeeded()
    else:
        permit.failed(effect, wait_s=wait_s)
    return True


def opened(breaker: Breaker) -> None:
    while breaker.state is not State.OPEN:
        assert call(breaker, OnBreaker.COUNT)


def test_it_stays_closed_on_a_few_failures_among_good_calls(breaker: Breaker) -> None:
    for place in range(100):
        assert call(breaker, OnBreaker.COUNT if place % 3 == 0 else None)
    assert breaker.state is State.CLOSED


def test_half_of_at_least_ten_failures_opens_it(breaker: Breaker) -> None:
    for _ in range(4):
        call(breaker)
        call(breaker, OnBreaker.COUNT)
    assert breaker.state is State.CLOSED  # eight calls are too few to judge
    call(breaker)
    call(breaker, OnBreaker.COUNT)
    assert breaker.state is State.OPEN


def test_five_failures_in_a_row_open_it_where_there_is_little_traffic(breaker: Breaker, time: Time) -> None:
    for _ in range(4):
        call(breaker, OnBreaker.COUNT)
        time.now += 60
    assert breaker.state is State.CLOSED
    call(breaker, OnBreaker.COUNT)
    assert breaker.state is State.OPEN


def test_old_failures_are_forgotten(breaker: Breaker, time: Time) -> None:
    for _ in range(4):
        call(breaker, OnBreaker.COUNT)
    time.now += 31
    call(breaker)
    for _ in range(4):
        call(breaker)
        call(breaker, OnBreaker.COUNT)
    assert breaker.state is State.CLOSED


def test_the_provider_says_how_long_it_stays_open(breaker: Breaker, time: Time) -> None:
    call(breaker, OnBreaker.PAUSE, wait_s=17)
    assert breaker.open_for_s == pytest.approx(17)
    time.now += 16.9
    assert not call(breaker)
    time.now += 0.2
    assert call(breaker)


def test_a_pause_without_a_time_only_counts(breaker: Breaker) -> None:
    call(breaker, OnBreaker.PAUSE)
    assert breaker.state is State.CLOSED


def test_a_content_filter_does_nothing_to_it(breaker: Breaker) -> None:
    for _ in range(50):
        call(breaker, OnBreaker.NOTHING)
    assert breaker.state is State.CLOSED


def test_a_wrong_key_shuts_it_for_minutes(breaker: Breaker, time: Time) -> None:
    call(breaker, OnBreaker.SHUT)
    assert breaker.shut
    time.now += 299
    assert not call(breaker)


def test_one_probe_at_a_time(breaker: Breaker, time: Time) -> None:
    opened(breaker)
    time.now += 6
    assert breaker.state is State.HALF_OPEN
    probe = breaker.admit(critical=False)
    assert probe is not None
    assert breaker.admit(critical=False) is None
    probe.abandoned()
    assert breaker.admit(critical=False) is not None


def test_a_probe_that_nobody_ends_blocks_for_a_minute_only(breaker: Breaker, time: Time) -> None:
    opened(breaker)
    time.now += 6
    assert breaker.admit(critical=False) is not None
    time.now += 61
    assert breaker.admit(critical=False) is not None


def test_critical_work_is_never_the_probe_nor_the_slow_start(breaker: Breaker, time: Time) -> None:
    opened(breaker)
    time.now += 6
    assert breaker.admit(critical=True) is None
    assert call(breaker)
    assert breaker.state is State.SLOW_START
    assert all(breaker.admit(critical=True) is None for _ in range(50))


def test_a_failed_probe_opens_it_for_longer_up_to_a_minute(breaker: Breaker, time: Time) -> None:
    opened(breaker)
    waits = [breaker.open_for_s]
    for _ in range(6):
        time.now += waits[-1]
        assert call(breaker, OnBreaker.COUNT)
        waits.append(breaker.open_for_s)
    assert waits == pytest.approx([5, 10, 20, 40, 60, 60, 60])


def test_it_comes_back_by_tenth_quarter_half_and_then_wholly(breaker: Breaker, time: Time) -> None:
    opened(breaker)
    time.now += 6
    assert call(breaker)
    admitted = []
    for _ in range(60):
        if breaker.state is State.CLOSED:
            break
        admitted.append(call(breaker))
    # Three of about thirty, three of about twelve, three of about six.
    assert sum(admitted) == 9
    assert 38 <= len(admitted) <= 48
    assert breaker.state is State.CLOSED


def test_a_failure_in_the_slow_start_opens_it_again(breaker: Breaker, time: Time) -> None:
    opened(breaker)
    time.now += 6
    call(breaker)
    assert call(breaker, OnBreaker.COUNT)
    assert breaker.state is State.OPEN


def test_calls_from_before_it_opened_say_nothing_about_after(breaker: Breaker, time: Time) -> None:
    early = breaker.admit(critical=False)
    assert early is not None
    opened(breaker)
    early.succeeded()
    assert breaker.state is State.OPEN
