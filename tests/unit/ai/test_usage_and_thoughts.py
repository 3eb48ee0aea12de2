"""Usage in four dialects, and answers without the thoughts that some models put into them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntaze_backend.engines.ai.adapters.thoughts import ThoughtFilter, without_thoughts
from huntaze_backend.engines.ai.adapters.usage import usage_of
from huntaze_backend.engines.ai.port import Usage


@pytest.mark.parametrize(
    ("told", "usage"),
    [
        (None, None),
        ({}, None),
        ({"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}, Usage(10, 0, 4)),
        (
            {
                "prompt_tokens": 2000,
                "completion_tokens": 50,
                "total_tokens": 2050,
                "prompt_tokens_details": {"cached_tokens": 1920},
                "completion_tokens_details": {"reasoning_tokens": 30},
            },
            Usage(2000, 1920, 50, 30),
        ),
        ({"prompt_tokens": 100, "completion_tokens": 5, "prompt_cache_hit_tokens": 64}, Usage(100, 64, 5)),
        # Gemini's thoughts are in the total alone, and are billed as output.
        ({"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 34}, Usage(10, 0, 24, 20)),
        # What cannot be is cut to what can.
        (
            {"prompt_tokens": 10, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 99}},
            Usage(10, 10, 4),
        ),
        ({"prompt_tokens": 10, "completion_tokens": -4}, Usage(10, 0, 0)),
        ({"prompt_tokens": 10, "completion_tokens": 4, "prompt_tokens_details": None}, Usage(10, 0, 4)),
    ],
)
def test_usage_is_read_in_each_shape(told: object, usage: Usage | None) -> None:
    assert usage_of(told) == usage


def test_thoughts_are_taken_out_of_an_answer() -> None:
    assert without_thoughts("<think>she asks…\n</think>\n\nHello you") == "Hello you"
    assert without_thoughts("Hello <think>you</think>") == "Hello <think>you</think>"
    assert without_thoughts("<think>for ever") == ""


_ANSWERS = [
    "<think>a < b</think>Hello <b>you</b>",
    "Hello",
    "<thinking aloud> yes",
    " <think></think> x",
    "<think>no end",
]


@given(text=st.sampled_from(_ANSWERS), cuts=st.lists(st.integers(0, 40), max_size=12))
def test_a_stream_shows_the_same_wherever_it_is_cut(text: str, cuts: list[int]) -> None:
    thoughts, shown, edges = ThoughtFilter(), "", sorted({0, *(min(cut, len(text)) for cut in cuts), len(text)})
    for begin, end in pairwise(edges):
        shown += thoughts.feed(text[begin:end])
    assert shown.strip() == without_thoughts(text).strip()
