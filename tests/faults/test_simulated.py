"""The simulation in its short form, and that its judge is not blind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.layer import Plan
from tests.faults.layers import simulated
from tests.faults.sim.pipeline import Mutant
from tests.faults.sim.platform import Verdicts, most_in_any_window


def test_twenty_thousand_sends_are_each_sent_once_and_in_order(tmp_path: Path) -> None:
    found = simulated.run(Plan(seed=3, scale="short", folder=tmp_path))
    assert found.violations == []
    assert found.figures["simulated_sends"] == 20_000
    assert found.figures["simulated_unclear"] > 5_000, "the world was too kind to show anything"


@pytest.mark.parametrize("mutant", list(Mutant))
def test_a_pipeline_with_one_thing_done_wrong_is_found_out(mutant: Mutant) -> None:
    found = simulated.play(7, 1_000, mutant).world.verdicts
    assert found.lost + found.doubled + found.reordered > 0


def test_the_same_seed_plays_the_same_world() -> None:
    first, second = (simulated.play(11, 500).world for _ in range(2))
    assert [row.at for row in first.rows] == [row.at for row in second.rows]


def test_the_judge_counts_what_it_is_shown() -> None:
    verdicts = Verdicts()
    verdicts.judge_message("a", "sent", 1)
    verdicts.judge_order("talk", [1, 2, 2, 5])
    verdicts.judge_pace("account", [0.0, 1.0, 60.0], 2, 60.0)
    assert verdicts.total == 0
    verdicts.judge_message("b", "sent", 0)
    verdicts.judge_message("c", "sent", 2)
    verdicts.judge_message("d", "failed", 1)
    verdicts.judge_message("e", "unknown", 1)
    verdicts.judge_order("talk", [2, 1])
    verdicts.judge_pace("account", [0.0, 1.0, 59.9], 2, 60.0)
    assert [verdicts.lost, verdicts.doubled, verdicts.false_failures, verdicts.unsettled] == [1, 1, 1, 1]
    assert [verdicts.reordered, verdicts.too_fast] == [1, 1]


def test_a_window_is_half_open() -> None:
    assert most_in_any_window([0.0, 30.0, 60.0, 89.9], 60.0) == 3
    assert most_in_any_window([], 60.0) == 0
