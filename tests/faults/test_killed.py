"""A short shift in which service, chatters and platform are killed over bad lines: nothing lost, nothing doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.failpoints import POINTS, find
from tests.faults.layer import Plan
from tests.faults.layers import killed


@pytest.mark.e2e
@pytest.mark.timeout(700)
def test_nothing_is_lost_or_doubled_while_processes_die(tmp_path: Path) -> None:
    result = killed.run(Plan(seed=7, scale="short", folder=tmp_path))
    assert not result.violations, "\n".join(result.violations)
    figures = result.figures
    assert (figures["sends"], figures["lost"], figures["doubled"], figures["out_of_order"]) == (120, 0, 0, 0)
    assert figures["max_in_any_60s"] <= 10
    assert figures["kills"]["backend"] >= 3
    assert figures["kills"]["client"] >= 2
    assert figures["kills"]["sandbox"] >= 1
    lost = figures["lines"]["to_platform"]
    assert lost["drop_request"] + lost["drop_answer"] > 0


@pytest.mark.parametrize(
    "point", [point for points in POINTS.values() for point in points], ids=lambda point: str(point.name)
)
def test_every_failpoint_names_a_function_of_the_product(point: object) -> None:
    find(point)  # type: ignore[arg-type]


def test_there_are_failpoints_enough_in_every_process() -> None:
    assert sum(map(len, POINTS.values())) >= 40
    assert all(len({point.name for point in points}) == len(points) >= 7 for points in POINTS.values())
