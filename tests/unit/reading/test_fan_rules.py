"""Tags are sets whatever their case, and a fan's totals are the sum of the transactions."""

from hypothesis import given
from hypothesis import strategies as st

from huntaze_backend.areas.fans.rules import WEEKS, Spend, clean_tag, signed, tag_key, totals
from huntaze_contract.wire import TransactionKind

spends = st.lists(
    st.builds(
        Spend,
        kind=st.sampled_from(TransactionKind),
        age=st.integers(0, WEEKS),
        amount=st.integers(-50_000, 50_000),
        last_30_days=st.integers(-50_000, 50_000),
    )
)


@given(spends)
def test_totals_are_the_sum_of_what_moved(moved):
    sums = totals(moved, bought=1, offered=2)

    assert sums.lifetime == sum(spend.amount for spend in moved)
    assert sums.last_30_days == sum(spend.last_30_days for spend in moved)
    assert len(sums.weeks) == WEEKS
    assert sum(sums.weeks) == sum(spend.amount for spend in moved if spend.age < WEEKS)
    taken = sum(s.amount for s in moved if s.kind in {TransactionKind.REFUND, TransactionKind.CHARGEBACK})
    assert sums.tips + sums.ppv + sums.subscriptions + taken == sums.lifetime


def test_this_week_is_the_last_bar_and_the_oldest_the_first():
    sums = totals(
        [Spend(TransactionKind.TIP, 0, 500, 500), Spend(TransactionKind.TIP, 11, 700, 0)], bought=0, offered=0
    )

    assert (sums.weeks[-1], sums.weeks[0]) == (500, 700)


def test_money_taken_back_is_negative_however_the_platform_writes_it():
    assert signed(TransactionKind.REFUND, 500) == signed(TransactionKind.REFUND, -500) == -500
    assert signed(TransactionKind.CHARGEBACK, 500) == -500
    assert signed(TransactionKind.TIP, 500) == 500


@given(st.text(min_size=1))
def test_cleaning_a_tag_twice_changes_nothing_more(text):
    assert clean_tag(clean_tag(text)) == clean_tag(text)


def test_tags_that_differ_in_case_or_spaces_are_one():
    assert tag_key("  Big   Spender ") == tag_key("BIG SPENDER")
    assert clean_tag("  Big   Spender ") == "Big Spender"
