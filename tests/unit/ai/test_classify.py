"""A request's score comes from its words, and says why."""

import time

import pytest

from huntaze_backend.engines.ai.agents import ASSIGNMENTS, assignment
from huntaze_backend.engines.ai.classify import Reading, read
from huntaze_backend.engines.ai.port import Part, RequestType
from tests.helpers.ai_house import asking


def _read(text: str, **changed: object) -> Reading:
    request = asking(text, **changed)
    return read(request, assignment(request.type))


def test_every_request_type_has_an_agent() -> None:
    assert set(ASSIGNMENTS) == set(RequestType)


def test_an_unknown_type_is_content_work() -> None:
    assert RequestType("something_newer") is RequestType.CONTENT_GENERATION


@pytest.mark.parametrize(
    ("easier", "harder"),
    [
        ("hi", "hi " * 400),
        ("nice picture", "nice picture, where was it? and when? who took it?"),
        ("I am happy with this", "I am disappointed with this, what a waste"),
        ("the new set", "the new set, $25 or a discount?"),
    ],
)
def test_harder_words_score_higher(easier: str, harder: str) -> None:
    assert _read(easier).score < _read(harder).score


def test_history_and_a_longer_answer_add_to_it() -> None:
    plain = _read("and then?")
    assert _read("and then?", history=tuple(Part("user", "a story " * 40) for _ in range(20))).score > plain.score
    assert _read("and then?", max_output_tokens=2000).score > plain.score


@pytest.mark.parametrize(
    "text",
    ["I will do a chargeback", "my lawyer will hear of this", "je veux un remboursement", "I want to kill myself"],
)
def test_threats_are_critical(text: str) -> None:
    reading = _read(text)
    assert reading.critical
    assert reading.reasons[0].startswith("critical")


@pytest.mark.parametrize("text", ["that outfit is to die for", "you are killing me haha", "see you in the park"])
def test_ordinary_words_are_not(text: str) -> None:
    assert not _read(text).critical


def test_reasons_name_what_weighed_most_first() -> None:
    reasons = _read("why? " * 300).reasons
    assert "1500 characters" in reasons[0]
    assert any("questions" in reason for reason in reasons)


def test_the_score_is_the_sum_of_its_reasons() -> None:
    reading = _read("you are angry? it costs $40 and I waited", max_output_tokens=900)
    told = sum(float(reason.rpartition("+")[2].rstrip(")")) for reason in reading.reasons)
    assert reading.score == pytest.approx(told, abs=0.05 * len(reading.reasons))


def test_the_longest_words_cost_no_more_than_a_glance() -> None:
    text = "a" * 500_000 + "?" * 500_000
    started = time.process_time()
    _read(text)
    assert time.process_time() - started < 1.0  # linear, not how fast: quadratic would be minutes
