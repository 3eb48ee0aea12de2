"""A store whose log was torn opens with exactly the commits before the tear; the layer notices one that does not."""

from __future__ import annotations

from pathlib import Path
from random import Random

from tests.faults.layer import LayerResult, Plan
from tests.faults.layers import torn


def test_torn_stores_open_with_what_was_committed_before_the_tear(tmp_path: Path) -> None:
    result = torn.run(Plan(seed=7, scale="short", folder=tmp_path))
    assert not result.violations, "\n".join(result.violations)
    assert result.figures["torn"] == 80
    assert result.figures["survived"] > 0


def test_a_commit_that_is_missing_is_noticed(tmp_path: Path) -> None:
    filled = torn._client(tmp_path)
    claimed = torn.Filled(filled.name, filled.whole, tuple(end - 5000 for end in filled.ends), filled.numbers)
    result = LayerResult("torn", figures={"torn": 0, "survived": 0})
    torn.tear(result, claimed, Random(7), 30)
    assert any(violation.startswith("I1: ") for violation in result.violations)
