"""The verdict is worth something only if it is red when the house is broken: the same shift on broken backends."""

import pytest

from tests.e2e.conftest import Played

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(330)]

Shifts = dict[str, Played]


def test_a_token_bucket_for_a_limiter_is_seen(on_other_backends: Shifts) -> None:
    played = on_other_backends["token bucket"]
    assert played.report["max_sends_in_any_60s"] > 10
    assert played.code == 1, "a shift over the limit must not end well"
    assert (played.report["lost"], played.report["duplicated"]) == (0, 0)


def test_a_dropped_dedupe_column_is_seen(on_other_backends: Shifts) -> None:
    played = on_other_backends["no dedupe"]
    assert played.report["duplicated"] > 0
    assert played.code == 1, "a shift with doubled messages must not end well"


def test_with_the_dedupe_column_the_same_broken_line_doubles_nothing(on_other_backends: Shifts) -> None:
    played = on_other_backends["dedupe"]
    faults = ("lost", "failed", "duplicated", "out_of_order")
    assert {name: played.report[name] for name in faults} == dict.fromkeys(faults, 0)
    assert played.report["sent"] == 6
    assert played.code == 0, played.output


def test_no_broken_backend_is_left_running(on_other_backends: Shifts) -> None:
    assert [one for played in on_other_backends.values() for one in played.left_behind] == []
