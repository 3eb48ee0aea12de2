"""When a shift counts as faultless."""

from dataclasses import replace

import pytest

from huntaze_desktop.demo.report import Verdict
from huntaze_desktop.demo.shift import ShiftReport

GOOD = ShiftReport(
    verdict=Verdict(
        received=9,
        sent=14,
        failed=0,
        lost=0,
        duplicated=0,
        out_of_order=0,
        max_sends_in_any_60s=10,
        live_answers=4,
        median_answer_s=8.5,
    ),
    platform_429=0,
    offline_s=10.0,
    gui_stall_p99_ms=9.0,
    startup_ms=300.0,
    rss_mb=170.0,
    screenshots=("01-list.png",),
    kills={"backend": 1, "sandbox": 0},
)


def test_a_good_shift_is_faultless() -> None:
    assert GOOD.faultless


@pytest.mark.parametrize(
    ("fault", "count"),
    [("failed", 1), ("lost", 1), ("duplicated", 1), ("out_of_order", 1), ("max_sends_in_any_60s", 11)],
)
def test_one_fault_of_the_journal_is_enough(fault: str, count: int) -> None:
    assert not replace(GOOD, verdict=replace(GOOD.verdict, **{fault: count})).faultless


@pytest.mark.parametrize("more", [{"platform_429": 1}, {"problems": ("no bubble showed the limit",)}])
def test_so_is_one_refusal_or_problem(more: dict[str, object]) -> None:
    assert not replace(GOOD, **more).faultless
