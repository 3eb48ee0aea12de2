"""Three chatters answer the same fans at once, one sleeps in between: nobody answers without having seen the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.layer import Plan
from tests.faults.layers import collisions


@pytest.mark.e2e
@pytest.mark.timeout(900)
def test_no_chatter_answers_without_having_seen_what_a_colleague_answered(tmp_path: Path) -> None:
    result = collisions.run(Plan(seed=7, scale="short", folder=tmp_path))
    assert not result.violations, "\n".join(result.violations)
    assert result.figures["collisions_fans"] == 16
    assert result.figures["collisions_unaware"] == 0
    assert result.figures["collisions_told"] > 0
