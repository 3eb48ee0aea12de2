"""Suggested replies, rewrites, and what became of them.

A suggestion is a draft: nothing here sends anything. Suggestions come as a stream of server-sent events, so that the
first card fills while the others are still being written; each event's data is one `SuggestionFrame`.
"""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from huntaze_contract.outgoing import MAX_TEXT
from huntaze_contract.wire.base import UtcTime, Uuid, WireModel
from huntaze_contract.wire.costs import NanoUsd
from huntaze_contract.wire.problems import Problem

__all__ = [
    "SUGGESTION_FRAME",
    "Rewrite",
    "RewriteKind",
    "RewriteRequest",
    "Suggestion",
    "SuggestionDelta",
    "SuggestionDone",
    "SuggestionFrame",
    "SuggestionIncomplete",
    "SuggestionOutcome",
    "SuggestionProblem",
    "SuggestionRequest",
    "SuggestionUse",
]

Index = Annotated[int, Field(ge=0, le=4, description="which card")]


class SuggestionOutcome(StrEnum):
    """What a person did with a suggestion. Each says more than the one before it, `sent` the most."""

    DISMISSED = "dismissed"
    INSERTED = "inserted"
    EDITED = "edited"
    SENT = "sent"


class RewriteKind(StrEnum):
    REWRITE = "rewrite"
    TONE = "tone"
    TRANSLATE = "translate"


class Suggestion(WireModel):
    """A reply that a person may insert, edit or send."""

    id: Uuid
    conversation_id: Uuid
    based_on: Uuid | None = Field(default=None, description="the conversation's last message when it was made")
    text: str
    tone: str | None = Field(default=None, description="in a word: warm, question, offer, …")
    confidence: float | None = Field(ge=0, le=1, description="null: its maker cannot say")
    provider: str
    model: str
    tier: str = Field(description="mini, large, reasoning, vision or local")
    local: bool = Field(description="from the agency's own templates and past replies: no model was asked")
    cost_nano_usd: NanoUsd = Field(description="what it cost when it was made; shown again, it costs nothing")
    reason: list[str] = Field(description="why this model, and where it is from: short sentences to show")
    created_at: UtcTime


class SuggestionRequest(WireModel):
    based_on: Uuid | None = Field(
        default=None, description="the last message the client shows; with another one CONFLICT. null: whichever it is"
    )
    count: int = Field(default=3, ge=1, le=5)
    prefetch: bool = Field(default=False, description="nobody waits for it: only within the agency's prefetch budget")
    fresh: bool = Field(default=False, description="a new set, instead of the stored one for the same last message")


class SuggestionDelta(WireModel):
    """More text of one card."""

    type: Literal["delta"] = "delta"
    index: Index
    text: str


class SuggestionDone(WireModel):
    """One card is complete; its text is what counts, whatever its deltas were."""

    type: Literal["done"] = "done"
    index: Index
    suggestion: Suggestion


class SuggestionIncomplete(WireModel):
    """One card broke off. Another model's words never follow it."""

    type: Literal["incomplete"] = "incomplete"
    index: Index
    reason: str = Field(description="a sentence to show")


class SuggestionProblem(WireModel):
    """Nothing more comes, and why. What was done stays."""

    type: Literal["problem"] = "problem"
    index: Index | None = Field(default=None, description="the card it concerns; null: all that are not done")
    problem: Problem


SuggestionFrame = Annotated[
    SuggestionDelta | SuggestionDone | SuggestionIncomplete | SuggestionProblem, Field(discriminator="type")
]

SUGGESTION_FRAME: TypeAdapter[SuggestionDelta | SuggestionDone | SuggestionIncomplete | SuggestionProblem] = (
    TypeAdapter(SuggestionFrame)
)
"""Parses the data of one event."""


class RewriteRequest(WireModel):
    """Say the writer's own text in another way."""

    text: str = Field(min_length=1, max_length=MAX_TEXT)
    kind: RewriteKind
    tone: str | None = Field(default=None, min_length=1, max_length=40, description="with `tone`: warm, playful, …")
    language: str | None = Field(
        default=None, pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$", description="with `translate`: en, fr, pt-BR, …"
    )

    @model_validator(mode="after")
    def _says_how(self) -> Self:
        if self.kind is RewriteKind.TONE and self.tone is None:
            raise ValueError("say which tone")
        if self.kind is RewriteKind.TRANSLATE and self.language is None:
            raise ValueError("say which language")
        return self


class Rewrite(WireModel):
    """The text in its other form; only shown, never sent by itself."""

    id: Uuid = Field(description="names it as the `suggestion_id` of a message that is made of it")
    text: str
    kind: RewriteKind
    provider: str
    model: str
    tier: str
    local: bool
    cost_nano_usd: NanoUsd
    reason: list[str]


class SuggestionUse(WireModel):
    """What became of a suggestion. Repeats are harmless; a weaker outcome never replaces a stronger one."""

    outcome: SuggestionOutcome
    message_id: Uuid | None = Field(default=None, description="the message that it became, with `edited` and `sent`")
    final_text: str | None = Field(default=None, max_length=MAX_TEXT, description="what the person made of it")
