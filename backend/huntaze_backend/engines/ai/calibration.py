"""From a raw score to a complexity of 0–10, so that about a tenth of an agency's ordinary work lies above 7.

A fixed scale gives an arbitrary share: an agency that writes long messages would send half of them to the large model.
So a score is placed among the agency's own latest ones (RouteLLM's method, research §4.12). Nine tenths of them are
spread over 0–7, the last tenth over 7–10.
"""

import hashlib
from bisect import bisect_left, bisect_right, insort
from collections import OrderedDict, deque

__all__ = ["LARGE_ABOVE", "LARGE_SHARE", "Calibration"]

LARGE_ABOVE = 7.0
LARGE_SHARE = 0.10
_WINDOW = 400
_AGENCIES = 5000
"""Beyond these the agency that asked longest ago is forgotten; it begins with the prior again."""

_PRIOR = (
    *(2.0, 2.3, 2.5, 2.7, 2.8, 2.9, 3.0, 3.1, 3.2, 3.3, 3.4, 3.5, 3.6, 3.7, 3.8, 3.9, 4.0, 4.1, 4.2, 4.3),
    *(4.4, 4.5, 4.6, 4.7, 4.8, 5.0, 5.1, 5.2, 5.4, 5.6, 5.8, 6.0, 6.3, 6.6, 7.0, 7.4, 7.9, 8.4, 9.0, 10.0),
)
"""Scores of forty requests of a made-up shift: where a new agency begins. Its own push them out one by one."""


class _Window:
    """The latest scores, in order of time and in order of size."""

    __slots__ = ("by_size", "by_time")

    def __init__(self) -> None:
        self.by_time = deque(_PRIOR)
        self.by_size = sorted(_PRIOR)

    def add(self, score: float) -> None:
        self.by_time.append(score)
        insort(self.by_size, score)
        if len(self.by_time) > _WINDOW:
            del self.by_size[bisect_left(self.by_size, self.by_time.popleft())]


class Calibration:
    """Windows of many agencies, in memory: a restart begins with the prior, which costs nothing but some accuracy."""

    def __init__(self) -> None:
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def complexity(self, agency_id: str, score: float, *, request_id: str) -> float:
        """Place a score among the agency's latest ones, and remember it.

        Equal scores share their place by a hash of the request's id: an agency whose requests are all alike still sends
        a tenth to the large model, and the same request is always judged alike.
        """
        window = self._windows.get(agency_id)
        if window is None:
            window = self._windows[agency_id] = _Window()
            if len(self._windows) > _AGENCIES:
                self._windows.popitem(last=False)
        else:
            self._windows.move_to_end(agency_id)
        below, not_above = bisect_left(window.by_size, score), bisect_right(window.by_size, score)
        place = (below + _unit(request_id) * (not_above - below)) / len(window.by_size)
        window.add(score)
        ordinary = 1 - LARGE_SHARE
        if place <= ordinary:
            return LARGE_ABOVE * place / ordinary
        return LARGE_ABOVE + (10 - LARGE_ABOVE) * (place - ordinary) / LARGE_SHARE


def _unit(text: str) -> float:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "big") / 2**48
