"""The server's clock while somebody sets the machine's: it goes on evenly, and no limit opens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntaze_backend.core.clock import CLOCK_KEY, SystemClock, elapsed
from huntaze_backend.engines.limits.adapters.sql_log import SqlRateGate
from huntaze_backend.engines.limits.port import Meter
from tests.helpers.send_simulation import account

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Machine:
    """A machine whose clock can be set; real time goes by all the same."""

    def __init__(self) -> None:
        self.real = 1000.0
        self.offset = timedelta(0)

    def wall(self) -> datetime:
        return NOON + timedelta(seconds=self.real - 1000.0) + self.offset

    def clock(self) -> SystemClock:
        return SystemClock(wall=self.wall, elapsed=lambda: self.real)


def test_it_begins_with_the_machines_time() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.real += 5
    assert clock.now() == NOON + timedelta(seconds=5)


@given(
    st.lists(
        st.tuples(
            st.floats(0, 120), st.one_of(st.just(0.0), st.floats(-1e6, 1e6), st.sampled_from([0.02, -0.02, 3600.0]))
        ),
        max_size=30,
    )
)
def test_whatever_is_done_to_the_machines_clock_time_goes_on_evenly(steps: list[tuple[float, float]]) -> None:
    machine = Machine()
    clock = machine.clock()
    before = clock.now()
    for seconds, jump in steps:
        machine.real += seconds
        machine.offset += timedelta(seconds=jump)
        passed = (clock.now() - before).total_seconds()
        assert seconds - 1e-5 <= passed <= seconds * 1.001 + 1e-5
        before = clock.now()


def test_a_small_correction_forwards_is_followed_in_time() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.offset = timedelta(milliseconds=20)
    for _ in range(30):
        machine.real += 1
        clock.now()
    assert clock.now() == machine.wall()


@pytest.mark.parametrize("jump", [timedelta(hours=3), timedelta(minutes=2), -timedelta(hours=3)])
def test_a_jump_of_the_machines_clock_opens_no_window(jump: timedelta) -> None:
    machine, gate = Machine(), SqlRateGate()
    meter = Meter("account:a", 2, timedelta(seconds=60))
    with account(seed=1) as day:
        day.session.info[CLOCK_KEY] = machine.clock()

        def granted() -> bool:
            decision = gate.acquire(day.session, [meter], longest_flight=timedelta(seconds=35))
            if decision.permit is not None:
                gate.settle(day.session, decision.permit, certain=True)
            return decision.granted

        assert [granted(), granted(), granted()] == [True, True, False]
        machine.offset = jump
        machine.real += 59
        assert not granted()
        machine.real += 1.1
        assert granted()


def test_real_time_that_passed_is_never_negative() -> None:
    first = elapsed()
    assert elapsed() >= first
