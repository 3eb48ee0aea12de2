"""The steps that turn one list of keys into another, for models that must keep selection and scroll position.

Rows that stay in order are never touched: the longest increasing run of them stands still and only the others move.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

Key = Hashable


@dataclass(frozen=True, slots=True)
class Remove:
    """Rows `first` to `last`, both included, go."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Insert:
    """`keys` come in before row `at`."""

    at: int
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """Row `source` goes before what is row `target` while it is still in the list (as in `beginMoveRows`)."""

    source: int
    target: int


Step = Remove | Insert | Move


def steps(old: Sequence[Key], new: Sequence[Key]) -> list[Step]:
    """Steps from `old` to `new`, each counted on the list that the ones before it left. Keys must be unique."""
    if list(old) == list(new):
        return []
    found: list[Step] = []
    wanted = set(new)
    current = list(old)
    last = len(current) - 1
    while last >= 0:
        if current[last] in wanted:
            last -= 1
            continue
        first = last
        while first > 0 and current[first - 1] not in wanted:
            first -= 1
        found.append(Remove(first, last))
        del current[first : last + 1]
        last = first - 1
    _place(current, new, found)
    return found


def _place(current: list[Key], new: Sequence[Key], found: list[Step]) -> None:
    position = {key: index for index, key in enumerate(new)}
    still = _longest_run([position[key] for key in current])
    kept = set(current)
    at = 0  # where the next key of `new` has to stand
    index = 0
    while index < len(new):
        key = new[index]
        if key in kept and index in still:
            at = current.index(key) + 1
            index += 1
        elif key in kept:
            source = current.index(key)
            if source not in (at - 1, at):
                found.append(Move(source, at))
                del current[source]
                # A row that comes from above leaves a gap there, and everything below moves up by one.
                at = at - 1 if source < at else at
                current.insert(at, key)
                at += 1
            else:
                at = source + 1
            index += 1
        else:
            end = index
            while end < len(new) and new[end] not in kept:
                end += 1
            keys = tuple(new[index:end])
            found.append(Insert(at, keys))
            current[at:at] = keys
            at += len(keys)
            index = end


def _longest_run(values: list[int]) -> frozenset[int]:
    """The values of one longest increasing subsequence."""
    tails: list[int] = []
    tail_index: list[int] = []
    before: list[int] = [-1] * len(values)
    for index, value in enumerate(values):
        slot = bisect_left(tails, value)
        before[index] = tail_index[slot - 1] if slot else -1
        if slot == len(tails):
            tails.append(value)
            tail_index.append(index)
        else:
            tails[slot] = value
            tail_index[slot] = index
    run: set[int] = set()
    index = tail_index[-1] if tail_index else -1
    while index >= 0:
        run.add(values[index])
        index = before[index]
    return frozenset(run)
