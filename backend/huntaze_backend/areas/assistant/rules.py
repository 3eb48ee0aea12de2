"""The assistant's rules: pure functions, and the figures that a deployment may change."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from math import log, sqrt

from huntaze_backend.engines.ai.words import all_words
from huntaze_contract.wire import SuggestionOutcome

__all__ = ["TONES", "AssistantPolicy", "Evidence", "alike", "generalised", "similarity", "stronger"]

TONES = ("warm", "question", "offer", "playful", "short")
"""Of the cards of a set, in order."""
_RANKS = {outcome: rank for rank, outcome in enumerate(SuggestionOutcome)}
_SHORTEST, _LONGEST = 8, 300
_PERSONAL = re.compile(r"\d|@|https?:|www\.|[€$£{}]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AssistantPolicy:
    """What is done without being asked."""

    prefetch_nano_usd_a_day: int = 500_000_000
    """For one agency; answers that cost nothing are written all the same."""
    prefetch_ahead: int = 2
    """Conversations, after each one that a member asks suggestions for."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for and against repeating a reply."""

    used: int = 0
    answered: int = 0
    bought: int = 0
    dismissed: int = 0

    def __add__(self, other: "Evidence") -> "Evidence":
        return Evidence(
            self.used + other.used,
            self.answered + other.answered,
            self.bought + other.bought,
            self.dismissed + other.dismissed,
        )

    @property
    def success(self) -> float:
        """0–1, exclusive: a purchase counts twice, and little evidence stays near the middle."""
        good = self.used + self.answered + 2 * self.bought
        return (1 + good) / (2 + good + 2 * self.dismissed)

    @property
    def said(self) -> str:
        """A short sentence to show."""
        parts = [
            f"{what} {'once' if count == 1 else f'{count} times'}"
            for what, count in (("answered", self.answered), ("bought after", self.bought), ("used", self.used))
            if count
        ]
        return f"an earlier reply of hers: {', '.join(parts) or 'never used yet'}"


def alike(asked: Iterable[str], known: Iterable[str], frequency: Mapping[str, int], items: int) -> float:
    """How alike two lines are, 0–1: what they share by the mean of what they have, rare words weighing more."""
    one, other = set(asked), set(known)

    def weight(words: set[str]) -> float:
        return sum(log(1 + (items + 1) / (frequency.get(word, 0) + 1)) for word in words)

    mean = sqrt(weight(one) * weight(other))
    return min(1.0, weight(one & other) / mean) if mean else 0.0


def similarity(suggested: str, final: str) -> float:
    """How much of a suggestion is left, 0–1."""
    return round(SequenceMatcher(None, suggested, final, autojunk=False).ratio(), 4)


def stronger(new: SuggestionOutcome, old: str | None) -> bool:
    """Whether an outcome says more than the one before it."""
    return old is None or _RANKS[new] > _RANKS[SuggestionOutcome(old)]


def generalised(text: str, fan_name: str, username: str) -> str | None:
    """A reply in a form that may be shown in another fan's conversation; None where there is none.

    What a creator wrote to one fan may be about that fan. Figures, addresses and links stay out, the fan's first name
    becomes `{name}`, and a text with more of the name than that is not kept.
    """
    plain = " ".join(text.split())
    if not _SHORTEST <= len(plain) <= _LONGEST or _PERSONAL.search(plain) or len(plain.split()) < 2:
        return None
    first, *others = fan_name.split() or [""]
    if first and len(first) > 1:
        plain = re.sub(rf"\b{re.escape(first)}\b", "{name}", plain, flags=re.IGNORECASE)
    private = {word for name in (*others, username) for word in all_words(name) if len(word) > 1}
    return None if private & set(all_words(plain)) else plain
