"""About a tenth of an agency's ordinary work goes large, whatever its scores look like."""

import random
from collections.abc import Callable

import pytest

from huntaze_backend.engines.ai.calibration import LARGE_ABOVE, Calibration


def _share(scores: Callable[[], float], *, calls: int = 4000, skip: int = 800) -> float:
    calibration = Calibration()
    large = [calibration.complexity("a", scores(), request_id=str(place)) > LARGE_ABOVE for place in range(calls)]
    return sum(large[skip:]) / (calls - skip)


@pytest.mark.parametrize(
    "scores",
    [
        pytest.param(lambda r: r.gauss(4, 1), id="ordinary"),
        pytest.param(lambda r: r.gauss(40, 1), id="an agency of long messages"),
        pytest.param(lambda r: r.expovariate(1), id="a long tail"),
        pytest.param(lambda r: 3.0, id="all alike"),
        pytest.param(lambda r: r.choice([1.0, 1.0, 1.0, 1.0, 9.0]), id="two kinds"),
    ],
)
def test_about_a_tenth_goes_large(scores: Callable[[random.Random], float]) -> None:
    chance = random.Random(5)
    assert 0.07 <= _share(lambda: scores(chance)) <= 0.13


def test_the_first_requests_of_a_new_agency_are_judged_by_the_prior() -> None:
    calibration = Calibration()
    assert calibration.complexity("new", 2.2, request_id="1") < LARGE_ABOVE
    assert calibration.complexity("new", 9.9, request_id="2") > LARGE_ABOVE


def test_agencies_do_not_move_each_other() -> None:
    calibration = Calibration()
    for place in range(1000):
        calibration.complexity("loud", 50 + place % 7, request_id=str(place))
    assert calibration.complexity("quiet", 9.9, request_id="x") > LARGE_ABOVE


def test_the_scale_is_0_to_10_and_grows_with_the_score() -> None:
    calibration, chance = Calibration(), random.Random(1)
    for place in range(500):
        assert 0 <= calibration.complexity("a", chance.gauss(4, 2), request_id=str(place)) <= 10
    low, high = (calibration.complexity("a", score, request_id="same") for score in (2.0, 6.0))
    assert low < high


def test_agencies_that_ask_no_more_are_forgotten() -> None:
    calibration = Calibration()
    for place in range(5100):
        calibration.complexity(f"agency {place}", 4.0, request_id="r")
    assert len(calibration._windows) == 5000
