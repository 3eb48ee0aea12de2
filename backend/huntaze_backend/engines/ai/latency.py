"""How long each model usually takes: what a hedge waits for before it asks a second one."""

from collections import deque

__all__ = ["Latencies"]

_KEPT = 64
_LEAST = 20


class Latencies:
    """The latest answers of each endpoint, in seconds."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[float]] = {}

    def note(self, key: str, seconds: float) -> None:
        found = self._seen.get(key)
        if found is None:
            found = self._seen[key] = deque(maxlen=_KEPT)
        found.append(seconds)

    def p95(self, key: str) -> float | None:
        """None until twenty answers were seen: nobody hedges on a guess."""
        found = self._seen.get(key)
        if found is None or len(found) < _LEAST:
            return None
        return sorted(found)[int(len(found) * 0.95)]
