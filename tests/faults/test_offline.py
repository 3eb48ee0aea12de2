"""Two weeks away, thousands of changes: nothing old goes by itself, what was overtaken waits, all agree in the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.layer import Plan
from tests.faults.layers import offline


@pytest.mark.e2e
@pytest.mark.timeout(900)
def test_after_two_weeks_offline_only_fresh_replies_go_by_themselves(tmp_path: Path) -> None:
    result = offline.run(Plan(seed=7, scale="short", folder=tmp_path))
    assert not result.violations, "\n".join(result.violations)
    assert result.figures["offline_changes"] >= 2_500
    assert result.figures["offline_sent"] == 2 * offline.EACH
    assert result.figures["offline_reviewed"] == 4 * offline.EACH
