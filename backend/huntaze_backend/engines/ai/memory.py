"""The port of an agency's memory: earlier replies of one creator that went well, found by what the fan had written.

Never across creators or agencies: who asks names both, and gets of nobody else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Memory", "Remembered"]


@dataclass(frozen=True, slots=True)
class Remembered:
    """A reply that went well. `{name}` in it stands for the name of whoever reads it."""

    id: str
    asked: str
    answered: str
    score: float
    """0–1: how alike the question is, and how often the reply went well."""
    why: str
    """A short sentence to show."""


class Memory(Protocol):
    """Who remembers."""

    async def recall(self, agency_id: str, creator_id: str, asked: str, limit: int) -> Sequence[Remembered]:
        """The best first; empty where nothing is alike."""
        ...
