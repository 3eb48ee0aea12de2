"""What the assistant hands to a person: suggested replies, and one's own text said in another way."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from huntaze_contract.ids import Id

RewriteKind = Literal["rewrite", "tone", "translate"]

UseOutcome = Literal["dismissed", "inserted", "edited", "sent"]
"""What a person did with a suggestion; each says more than the one before it."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A reply that a person may insert, change or send. Nothing sends it by itself."""

    id: Id
    conversation_id: Id
    text: str
    tone: str | None
    confidence: float | None
    """0 to 1; None where its maker cannot say."""
    model: str
    local: bool
    """From the agency's own templates and past replies: no model was asked."""
    cost_nano_usd: int
    reason: tuple[str, ...]
    """Why this model, and where it is from: sentences to show."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SuggestionText:
    """More text of the card `index`."""

    index: int
    text: str


@dataclass(frozen=True, slots=True)
class SuggestionReady:
    """The card `index` is complete; the suggestion's text counts, whatever came before it."""

    index: int
    suggestion: Suggestion


@dataclass(frozen=True, slots=True)
class SuggestionCut:
    """The card `index` broke off and stays as it is; None: all that are not complete."""

    index: int | None
    reason: str


SuggestionPiece = SuggestionText | SuggestionReady | SuggestionCut


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A text in its other form; only shown, never sent by itself."""

    text: str
    model: str
    local: bool
    cost_nano_usd: int
