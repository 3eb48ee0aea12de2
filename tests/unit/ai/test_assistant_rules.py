"""The assistant's rules: what may be kept of a reply, how alike lines are, and which outcome counts."""

import pytest

from huntaze_backend.areas.assistant.rules import Evidence, alike, generalised, similarity, stronger
from huntaze_contract.wire import SuggestionOutcome


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Thank you so much Daniel!", "Thank you so much {name}!"),
        ("DANIEL, you are sweet", "{name}, you are sweet"),
        ("Thank you so much", "Thank you so much"),
        ("  Two   lines\nof thanks ", "Two lines of thanks"),
        ("Danielle is my sister", "Danielle is my sister"),
        ("Mr Reyes, thank you", None),
        ("hi dan_reyes how are you", None),
        ("write me at a@b.example", None),
        ("it is 20 for you", None),
        ("only $$ for you", None),
        ("see www.somewhere.example now", None),
        ("a template {with} braces", None),
        ("short", None),
        ("oneverylongwordalone", None),
        ("long " * 80, None),
    ],
)
def test_what_is_about_a_fan_is_not_kept_for_others(text, kept):
    assert generalised(text, "Daniel Reyes", "dan_reyes") == kept


def test_a_fan_without_a_name_changes_nothing():
    assert generalised("Thank you so much", "", "") == "Thank you so much"


def test_rare_words_make_lines_alike_more_than_common_ones():
    frequency = {"photo": 90, "porto": 1}

    rare = alike(["photo", "porto"], ["porto", "trip"], frequency, 100)
    common = alike(["photo", "porto"], ["photo", "trip"], frequency, 100)

    assert 0 < common < rare < 1
    assert alike(["porto"], ["porto"], frequency, 100) == pytest.approx(1)
    assert alike([], ["porto"], frequency, 100) == 0


def test_evidence_moves_success_and_a_purchase_counts_twice():
    none = Evidence()
    assert none.success == 0.5
    assert none.success < Evidence(answered=1).success < Evidence(bought=1).success < 1
    assert Evidence(used=1, dismissed=3).success < none.success
    assert (Evidence(1, 2) + Evidence(1, 0, 1)).said == (
        "an earlier reply of hers: answered 2 times, bought after once, used 2 times"
    )


def test_an_outcome_gives_way_to_a_stronger_one_only():
    order = [*SuggestionOutcome]

    assert order == ["dismissed", "inserted", "edited", "sent"]
    assert all(stronger(new, old) == (at > before) for at, new in enumerate(order) for before, old in enumerate(order))
    assert stronger(SuggestionOutcome.DISMISSED, None)


def test_similarity_is_how_much_is_left():
    assert similarity("hello there", "hello there") == 1
    assert similarity("hello there", "hello there you") > 0.8
    assert similarity("abc", "xyz") == 0
