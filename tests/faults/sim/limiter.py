"""The exact log in a few lines: a permit counts while its send is open, and then for a window from its settlement."""

from dataclasses import dataclass, field

__all__ = ["ExactLog"]


@dataclass(slots=True)
class ExactLog:
    """At most `limit` sends in any `window`; `flight` is the longest a send stays open. Times and spans in seconds."""

    limit: int
    window: float
    flight: float
    _until: dict[int, float] = field(default_factory=dict)
    _open: set[int] = field(default_factory=set)
    _paused_until: float = 0.0
    _made: int = 0

    def free_at(self, now: float) -> float:
        """When it admits next; not after `now`: at once."""
        until = self._until
        if len(until) >= self.limit:
            for permit in [permit for permit, end in until.items() if end <= now]:
                del until[permit]
                self._open.discard(permit)
        if len(until) < self.limit:
            return self._paused_until
        open_ = self._open
        ends = sorted(now + self.window if permit in open_ else end for permit, end in until.items())
        return max(ends[len(ends) - self.limit], self._paused_until)

    def take(self, now: float) -> int:
        self._made += 1
        self._until[self._made] = now + self.flight + self.window
        self._open.add(self._made)
        return self._made

    def settle(self, permit: int, now: float) -> None:
        """The send has ended, certainly."""
        if permit in self._open:
            self._open.discard(permit)
            self._until[permit] = min(self._until[permit], now + self.window)

    def refund(self, permit: int) -> None:
        """The send certainly did not happen."""
        self._open.discard(permit)
        self._until.pop(permit, None)

    def pause(self, until: float) -> None:
        self._paused_until = max(self._paused_until, until)
