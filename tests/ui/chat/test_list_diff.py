"""The diff turns any list into any other, and leaves alone what can stay."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from huntaze_desktop.ui_kit.list_diff import Insert, Move, Remove, steps


def play(old: list[object], found: list) -> list[object]:
    rows = list(old)
    for step in found:
        match step:
            case Remove(first, last):
                del rows[first : last + 1]
            case Insert(at, keys):
                rows[at:at] = keys
            case Move(source, target):
                assert target not in (source, source + 1), "Qt refuses a move that changes nothing"
                key = rows.pop(source)
                rows.insert(target - 1 if source < target else target, key)
    return rows


lists = st.lists(st.integers(0, 30), unique=True, max_size=20)


@given(lists, lists)
def test_the_steps_lead_from_any_list_to_any_other(old: list[int], new: list[int]) -> None:
    assert play(list(old), steps(old, new)) == new


def test_a_conversation_that_comes_to_the_top_is_one_move() -> None:
    assert steps([1, 2, 3, 4, 5], [4, 1, 2, 3, 5]) == [Move(3, 0)]


def test_a_conversation_that_sinks_to_the_end_is_one_move() -> None:
    assert steps([1, 2, 3, 4, 5], [2, 3, 4, 5, 1]) == [Move(0, 5)]


def test_a_page_before_the_first_row_is_one_insert() -> None:
    assert steps([3, 4], [1, 2, 3, 4]) == [Insert(0, (1, 2))]


def test_equal_lists_need_nothing() -> None:
    assert steps([1, 2], [1, 2]) == []
