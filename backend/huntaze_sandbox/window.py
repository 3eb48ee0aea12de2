"""The platform's limit on sending: an exact sliding window per account, counted from accepted sends."""

from collections import deque

WINDOW_S = 60.0
LEAST_WAIT_S = 1e-6


class SlidingWindow:
    """Admits at most `limit` events in any 60 s; 0 admits all. Times are seconds of one monotonic clock."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._accepted: dict[str, deque[float]] = {}

    def wait(self, account: str, now: float) -> float:
        """Return the seconds until one more is admitted; 0 means now."""
        if not self.limit:
            return 0.0
        accepted = self._current(account, now)
        if len(accepted) < self.limit:
            return 0.0
        # Rounding may swallow the rest of a wait, and 0 means go.
        return max(accepted[-self.limit] + WINDOW_S - now, LEAST_WAIT_S)

    def accept(self, account: str, now: float) -> None:
        """Count one accepted send."""
        self._current(account, now).append(now)

    def remaining(self, account: str, now: float) -> int | None:
        """How many more are admitted now; None when the limit is off."""
        if not self.limit:
            return None
        return max(0, self.limit - len(self._current(account, now)))

    def _current(self, account: str, now: float) -> deque[float]:
        accepted = self._accepted.setdefault(account, deque())
        while accepted and accepted[0] <= now - WINDOW_S:
            accepted.popleft()
        return accepted
