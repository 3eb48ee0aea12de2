"""Workers of jobs that die at every point lose nothing; the judge notices each promise that is broken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.layer import Plan
from tests.faults.layers import jobs
from tests.faults.layers.jobs import Act, judge

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ADDED = {"x": ("a", 0), "y": ("a", 1)}


@pytest.mark.timeout(240)
def test_killed_workers_lose_nothing_keep_the_order_and_never_meet(tmp_path: Path) -> None:
    result = jobs.run(Plan(seed=7, scale="short", folder=tmp_path))
    assert not result.violations, "\n".join(result.violations)
    assert result.figures["kills"]["worker"] == sum(jobs.KILLS["short"].values())


def act(what: str, job: str, at: int, token: str = "", lease: int = 30) -> Act:
    lane, number = ADDED[job]
    until = NOON + timedelta(seconds=at + lease)
    return Act(lane, number, job, token or job, what, NOON + timedelta(seconds=at), until)


def test_the_judge_accepts_what_is_allowed() -> None:
    acts = [
        act("began", "x", 0, "t1"),  # and its worker died
        act("began", "x", 31, "t2"),
        act("effect", "x", 32, "t2"),  # and its worker died before the ack
        act("began", "x", 70, "t3"),
        act("effect", "x", 71, "t3"),
        act("began", "y", 71, "t4"),
        act("ended", "y", 72, "t4"),
        act("effect", "y", 73, "t5"),
    ]
    assert judge(ADDED, {"y"}, acts) == []


@pytest.mark.parametrize(
    ("acts", "words"),
    [
        ([act("effect", "x", 0)], "lost"),
        ([act("effect", "y", 0), act("effect", "x", 1)], "order"),
        ([act("effect", "x", 0), act("effect", "y", 1), act("effect", "y", 2, "t2")], "2 times"),
        ([act("began", "x", 0, "t1"), act("effect", "x", 9, "t2"), act("effect", "y", 50)], "while"),
        (
            [act("began", "x", 0, "t1"), act("began", "y", 1), act("effect", "x", 2, "t1"), act("effect", "y", 3)],
            "while",
        ),
    ],
)
def test_the_judge_notices_what_is_not(acts: list[Act], words: str) -> None:
    assert any(words in violation for violation in judge(ADDED, {"y"}, acts))


def test_the_judge_notices_the_effect_of_a_job_that_was_rolled_back() -> None:
    assert any("never committed" in found for found in judge({}, set(), [act("effect", "x", 0)]))
