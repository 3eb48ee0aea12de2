"""A short shift on PostgreSQL in which the worker is killed beside its service: nothing lost, nothing doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.layer import Plan
from tests.faults.layers import workers


@pytest.mark.e2e
@pytest.mark.timeout(400)
def test_nothing_is_lost_or_doubled_while_workers_die(tmp_path: Path) -> None:
    result = workers.run(Plan(seed=7, scale="short", folder=tmp_path))
    assert not result.violations, "\n".join(result.violations)
    figures = result.figures
    assert (figures["sends"], figures["lost"], figures["doubled"], figures["out_of_order"]) == (40, 0, 0, 0)
    assert figures["max_in_any_60s"] <= 10
    assert figures["kills"]["worker"] >= 2
