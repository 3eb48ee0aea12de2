"""Three-way merge of a long text by lines: what two people changed apart from each other, put together.

Pure. Where both changed the same place, both blocks stay, the one that is there already first: no line that a person
wrote is dropped.
"""

from collections.abc import Sequence
from difflib import SequenceMatcher

__all__ = ["merge_lines"]


def merge_lines(base: str, mine: str, theirs: str) -> str:
    """The text with both changes.

    Args:
        base: what both started from.
        mine: the change that comes late.
        theirs: what stands now.
    """
    old, ours, standing = base.split("\n"), mine.split("\n"), theirs.split("\n")
    in_ours, in_standing = _kept(old, ours), _kept(old, standing)
    merged: list[str] = []
    at_old = at_ours = at_standing = 0
    for index in sorted(in_ours.keys() & in_standing.keys()):
        merged += _settle(old[at_old:index], ours[at_ours : in_ours[index]], standing[at_standing : in_standing[index]])
        merged.append(old[index])
        at_old, at_ours, at_standing = index + 1, in_ours[index] + 1, in_standing[index] + 1
    merged += _settle(old[at_old:], ours[at_ours:], standing[at_standing:])
    return "\n".join(merged)


def _kept(old: Sequence[str], new: Sequence[str]) -> dict[int, int]:
    """Lines of `old` that `new` still has, by index, as index in `new`; in order on both sides."""
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    return {block.a + step: block.b + step for block in blocks for step in range(block.size)}


def _settle(old: Sequence[str], ours: Sequence[str], standing: Sequence[str]) -> Sequence[str]:
    """The lines of a place between two lines that nobody touched."""
    if ours in (old, standing):
        return standing
    if standing == old:
        return ours
    return [*standing, *ours]
