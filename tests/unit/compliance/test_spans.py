"""What holds for any text: spans lie in it and say what they name, and no filler hides a word."""

from __future__ import annotations

import string

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huntaze_contract.compliance.folding import fold, join, squeeze
from huntaze_contract.compliance.matching import RuleSet

CHARS = st.one_of(
    st.characters(codec="utf-8"),
    st.sampled_from(string.ascii_letters + string.digits + " .,'@$!|+()-_~\u200b\u00ad\ufe0f\u20e3🅿🅰🇵🇦👩‍💕éñßœﬁ½"),
)
TEXTS = st.text(CHARS, max_size=120)
PIECES = st.lists(
    st.one_of(
        TEXTS,
        st.sampled_from(
            [
                "paypal",
                "drunk",
                "I'm 17",
                "06 12 34 56 78",
                "jane@gmail.com",
                "t.me/x",
                "add me on snap",
                "zero six deux",
            ]
        ),
    ),
    max_size=6,
).map(" ".join)
FILLERS = st.sampled_from(["\u200b", "\u00ad", "\u2060", "\ufe0f", "\u0336", "\u200d"])
SEPARATORS = st.sampled_from([" ", ".", "-", "_", "*", "💕", "  ", "\n", "·", " . ", "\u2009"])
CAUGHT = st.sampled_from(
    ["paypal", "whatsapp", "telegram", "venmo", "zelle", "discord", "underage", "cashapp", "bitcoin"]
)
EVER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@given(PIECES)
@EVER
def test_spans_lie_in_the_text_and_name_what_was_written(rules: RuleSet, text: str) -> None:
    for finding in rules.check(text).findings:
        assert 0 <= finding.start < finding.end <= len(text)
        assert text[finding.start : finding.end] == finding.matched


@given(TEXTS)
@EVER
def test_every_folding_leads_back(text: str) -> None:
    view = fold(text)
    assert len(view.at) == len(view.text)
    for folding in (view, *join(view)):
        for at in range(len(folding.text)):
            start, end = folding.span(at, at + 1)
            assert 0 <= start < end <= len(text)
    for squeezed in squeeze(view.text):
        assert len(squeezed.text) == len(squeezed.first) == len(squeezed.last)
        assert list(squeezed.first) == sorted(squeezed.first)


@given(TEXTS)
@EVER
def test_folding_again_changes_nothing(text: str) -> None:
    once = fold(text).text

    assert fold(once).text == once


@given(CAUGHT, FILLERS)
@EVER
def test_invisible_fillers_hide_nothing(rules: RuleSet, term: str, filler: str) -> None:
    text = f"so {filler.join(term)} then"
    found = rules.check(text).findings

    assert any(finding.matched.replace(filler, "") == term for finding in found)


@given(CAUGHT, SEPARATORS)
@EVER
def test_letters_apart_hide_nothing(rules: RuleSet, term: str, separator: str) -> None:
    assert rules.check(f"so {separator.join(term)} then").blocked


@given(PIECES)
@EVER
def test_replacing_twice_changes_nothing(rules: RuleSet, text: str) -> None:
    once = rules.check(text).text

    assert rules.check(once).text == once
