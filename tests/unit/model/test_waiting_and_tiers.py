"""How urgent a wait is, how it is written, and what tier a fan's spending makes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntaze_desktop.model.tiers import Tier, short_amount, tier
from huntaze_desktop.model.waiting import Sla, Urgency, clock_text, urgency, waited

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, Urgency.CALM), (179, Urgency.CALM), (180, Urgency.SOON), (300, Urgency.SOON), (301, Urgency.LATE)],
)
def test_a_wait_turns_amber_at_three_minutes_and_red_after_five(seconds: int, expected: Urgency) -> None:
    assert urgency(timedelta(seconds=seconds)) is expected


def test_an_agency_may_have_other_limits() -> None:
    sla = Sla(soon_after=timedelta(minutes=10), late_after=timedelta(minutes=20))
    assert urgency(timedelta(minutes=9), sla) is Urgency.CALM
    assert urgency(timedelta(minutes=21), sla) is Urgency.LATE


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-5, "0:00"), (0, "0:00"), (40, "0:40"), (402, "6:42"), (3599, "59:59"), (3900, "1 h 05"), (172_800, "2 d")],
)
def test_waits_are_written_as_short_as_a_pill_allows(seconds: int, expected: str) -> None:
    assert clock_text(timedelta(seconds=seconds)) == expected


def test_a_clock_that_is_behind_does_not_make_a_negative_wait() -> None:
    assert waited(NOON, NOON - timedelta(seconds=3)) == timedelta(0)
    assert waited(NOON, NOON + timedelta(seconds=3)) == timedelta(seconds=3)


@pytest.mark.parametrize(
    ("spent", "new", "expected"),
    [
        (0, True, Tier.NEW),
        (0, False, Tier.LOW),
        (9_999, False, Tier.LOW),
        (10_000, True, Tier.MID),
        (30_000, False, Tier.HIGH),
        (99_999, False, Tier.HIGH),
        (100_000, True, Tier.VIP),
    ],
)
def test_tiers_begin_where_the_design_says(spent: int, new: bool, expected: Tier) -> None:
    assert tier(spent, is_new=new) is expected


@pytest.mark.parametrize(
    ("minor", "expected"),
    [
        (0, "$0"),
        (9_599, "$95"),
        (96_000, "$960"),
        (99_999, "$999"),
        (100_000, "$1k"),
        (481_200, "$4.8k"),
        (1_200_000, "$12k"),
    ],
)
def test_amounts_are_written_short(minor: int, expected: str) -> None:
    assert short_amount(minor) == expected


@given(st.integers(0, 10**9))
def test_a_short_amount_never_says_more_than_was_spent(minor: int) -> None:
    written = short_amount(minor).removeprefix("$")
    said = float(written.removesuffix("k")) * (1000 if written.endswith("k") else 1)
    assert said * 100 <= minor
