"""The merge of two people's changes to one text drops nothing and invents nothing."""

from hypothesis import given
from hypothesis import strategies as st

from huntaze_backend.areas.fans.merging import merge_lines

texts = st.lists(st.sampled_from(["a", "b", "c", "d", "", "a b"]), max_size=8).map("\n".join)
own_lines = st.lists(st.sampled_from(["mine 1", "mine 2", "mine 3"]), unique=True, max_size=3)
their_lines = st.lists(st.sampled_from(["theirs 1", "theirs 2", "theirs 3"]), unique=True, max_size=3)


def put_into(data, lines: list[str], base: list[str]) -> list[str]:
    """The base with some of its lines gone and these lines in it, anywhere."""
    found = [line for line in base if data.draw(st.booleans())]
    for line in lines:
        found.insert(data.draw(st.integers(0, len(found))), line)
    return found


@given(texts, texts)
def test_who_changed_nothing_changes_nothing(base, changed):
    assert merge_lines(base, changed, base) == changed
    assert merge_lines(base, base, changed) == changed
    assert merge_lines(base, changed, changed) == changed


@given(st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True), own_lines, their_lines, st.data())
def test_what_either_wrote_is_there_once_and_nothing_that_nobody_wrote(base, mine, theirs, data):
    ours = put_into(data, mine, base)
    standing = put_into(data, theirs, base)

    merged = merge_lines("\n".join(base), "\n".join(ours), "\n".join(standing)).split("\n")

    for line in [*mine, *theirs]:
        assert merged.count(line) == 1
    assert set(merged) <= {*ours, *standing, ""}
    assert [line for line in merged if line in mine] == [line for line in ours if line in mine]
    assert [line for line in merged if line in theirs] == [line for line in standing if line in theirs]


def test_changes_at_two_places_are_both_made():
    base = "one\ntwo\nthree\nfour"

    assert merge_lines(base, "ONE\ntwo\nthree\nfour", "one\ntwo\nthree\nFOUR") == "ONE\ntwo\nthree\nFOUR"
    assert merge_lines(base, "one\nthree\nfour", base + "\nfive") == "one\nthree\nfour\nfive"


def test_changes_at_one_place_are_both_kept_the_standing_one_first():
    assert merge_lines("one\ntwo\nthree", "one\nmine\nthree", "one\ntheirs\nthree") == "one\ntheirs\nmine\nthree"
    assert merge_lines("", "mine", "theirs") == "theirs\nmine"
