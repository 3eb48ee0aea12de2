"""Slows down guessing: at most so many sign-ins a minute for an address from one place, in this process's memory."""

from collections import OrderedDict, deque

from huntaze_backend.core.clock import Clock
from huntaze_backend.core.errors import TooManyRequestsError

__all__ = ["SignInThrottle"]

_ATTEMPTS = 10
_WINDOW_S = 60.0
_MOST_KEYS = 10_000  # an attacker who varies the address must not fill the memory


class SignInThrottle:
    """An exact log of attempts per key."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._attempts: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def attempt(self, email: str, place: str) -> None:
        """Count an attempt. Raises: TooManyRequestsError, with the time to wait."""
        at = self._clock.monotonic()
        key = (email.lower(), place)
        log = self._attempts.setdefault(key, deque())
        self._attempts.move_to_end(key)
        while log and log[0] <= at - _WINDOW_S:
            log.popleft()
        if len(log) >= _ATTEMPTS:
            raise TooManyRequestsError(
                "Too many sign-ins with this address.", retry_after_s=round(log[0] + _WINDOW_S - at, 1)
            )
        log.append(at)
        while len(self._attempts) > _MOST_KEYS:
            self._attempts.popitem(last=False)
