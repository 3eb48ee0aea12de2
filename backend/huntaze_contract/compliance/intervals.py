"""Places in a text and how they lie to each other, without comparing each with each: a text may have a thousand."""

from bisect import bisect_left, bisect_right

__all__ = ["Apart", "Intervals"]

Place = tuple[int, int]


class Intervals:
    """Places added in the order of their starts, which may overlap; tells whether one of them contains another."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._furthest: list[int] = []
        """The furthest end of all so far: whoever begins later and ends before it lies within one of them."""

    def __len__(self) -> int:
        return len(self._starts)

    def append(self, place: Place) -> None:
        self._starts.append(place[0])
        self._furthest.append(max(place[1], self._furthest[-1] if self._furthest else 0))

    def contain(self, place: Place) -> bool:
        before = bisect_right(self._starts, place[0])
        return before > 0 and self._furthest[before - 1] >= place[1]


class Apart:
    """Places that do not overlap."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def take(self, place: Place) -> bool:
        """Add a place if it overlaps none that is here."""
        at = bisect_left(self._starts, place[0])
        if at < len(self._starts) and self._starts[at] < place[1]:
            return False
        if at > 0 and self._ends[at - 1] > place[0]:
            return False
        self._starts.insert(at, place[0])
        self._ends.insert(at, place[1])
        return True
