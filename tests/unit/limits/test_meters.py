"""A meter that would admit nothing or everything cannot be made."""

from datetime import timedelta
from typing import Any

import pytest

from huntaze_backend.engines.limits.port import Meter

MINUTE = timedelta(seconds=60)


@pytest.mark.parametrize("wrong", [("k", 0, MINUTE, "log"), ("k", 1, timedelta(0), "log"), ("k", 2, MINUTE, "spacing")])
def test_a_meter_that_means_nothing_cannot_be_made(wrong: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="meter"):
        Meter(*wrong)


def test_a_meter_says_what_it_admits() -> None:
    meter = Meter("account:a", 10, MINUTE)
    assert (meter.key, meter.limit, meter.window, meter.kind) == ("account:a", 10, MINUTE, "log")
