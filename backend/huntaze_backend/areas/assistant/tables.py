"""Tables of the assistant: what was suggested, what became of it, and what was learned from it.

`knowledge_terms` is the index of the knowledge base: one row per creator, word and item. It is a plain table and not
each database's own full text, so that both find the same, and so that the key itself keeps creators apart.
"""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, Float, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from huntaze_backend.core.schema import Base, UtcMicros

__all__ = ["FlightRow", "KnowledgeItemRow", "KnowledgeMarkRow", "KnowledgeTermRow", "SuggestionRow", "SuggestionUseRow"]


class SuggestionRow(Base):
    """A text that a machine wrote for a person to use: a reply, or a person's own text in another form."""

    __tablename__ = "suggestions"
    __table_args__ = (
        Index("ix_suggestions_conversation_id_created_at", "conversation_id", "created_at"),
        Index("ix_suggestions_agency_id_created_at", "agency_id", "created_at"),
        Index("ix_suggestions_creator_id_model", "creator_id", "model", "tone"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    agency_id: Mapped[str] = mapped_column(String(36))
    creator_id: Mapped[str] = mapped_column(String(36))
    conversation_id: Mapped[str] = mapped_column(String(36))
    kind: Mapped[str] = mapped_column(String(12))
    """`reply`, or a `wire.RewriteKind`."""
    based_on: Mapped[str | None] = mapped_column(String(36))
    """The conversation's last message when it was made."""
    slot: Mapped[int]
    """Which card of its set."""
    replaced: Mapped[bool] = mapped_column(default=False)
    """Somebody asked for another set."""
    asked: Mapped[str] = mapped_column(Text)
    """What the fan had written, or the text that was rewritten."""
    text: Mapped[str] = mapped_column(Text)
    tone: Mapped[str | None] = mapped_column(String(40))
    confidence: Mapped[float | None] = mapped_column(Float)
    provider: Mapped[str] = mapped_column(String(60))
    model: Mapped[str] = mapped_column(String(100))
    tier: Mapped[str] = mapped_column(String(20))
    local: Mapped[bool]
    cost_nano_usd: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[list[str]] = mapped_column(JSON)
    source_id: Mapped[str | None] = mapped_column(String(36))
    """The knowledge base's item that it repeats."""
    prompt_version: Mapped[str] = mapped_column(String(60))
    request_id: Mapped[str] = mapped_column(String(36))
    member_id: Mapped[str] = mapped_column(String(36))
    prefetched: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcMicros)


class SuggestionUseRow(Base):
    """What became of a suggestion: the strongest outcome that was told."""

    __tablename__ = "suggestion_uses"

    suggestion_id: Mapped[str] = mapped_column(ForeignKey("suggestions.id"), primary_key=True)
    agency_id: Mapped[str] = mapped_column(String(36))
    member_id: Mapped[str] = mapped_column(String(36))
    outcome: Mapped[str] = mapped_column(String(12))
    message_id: Mapped[str | None] = mapped_column(String(36))
    final_text: Mapped[str | None] = mapped_column(Text)
    similarity: Mapped[float] = mapped_column(Float)
    """0–1: how much of it is left in what the person made of it; 0 where it was dismissed."""
    at: Mapped[datetime] = mapped_column(UtcMicros)


class FlightRow(Base):
    """Who writes a conversation's suggestions at this moment, so that two processes do not pay for the same."""

    __tablename__ = "suggestion_flights"

    conversation_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    token: Mapped[str] = mapped_column(String(36))
    expires_at: Mapped[datetime] = mapped_column(UtcMicros)


class KnowledgeItemRow(Base):
    """An exchange of one creator that is worth repeating. The fields of PRODUCT's sources, and what tells its worth."""

    __tablename__ = "knowledge_base_items"
    __table_args__ = (
        UniqueConstraint("creator_id", "origin_id"),
        Index("ix_knowledge_base_items_agency_id_id", "agency_id", "id"),
        Index("ix_knowledge_base_items_fan_id", "fan_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    agency_id: Mapped[str] = mapped_column(String(36))
    creator_id: Mapped[str] = mapped_column(String(36))
    kind: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(String(20))
    """`history`: a reply that a fan answered or paid after; `suggestion`: one that a person used."""
    niche: Mapped[str | None] = mapped_column(String(60))
    platform: Mapped[str] = mapped_column(String(20))
    input_text: Mapped[str] = mapped_column(Text)
    output_text: Mapped[str] = mapped_column(Text)
    """`{name}` stands for the fan's name."""
    embedding: Mapped[list[float] | None] = mapped_column(JSON)
    """None yet: items are found by their words."""
    fan_id: Mapped[str] = mapped_column(String(36))
    """Whose words `input_text` is: goes when the fan is erased."""
    origin_id: Mapped[str] = mapped_column(String(36))
    """The message it was, or the suggestion where no message is known."""
    answered: Mapped[bool] = mapped_column(default=False)
    bought: Mapped[bool] = mapped_column(default=False)
    used: Mapped[int] = mapped_column(default=0)
    dismissed: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcMicros)


class KnowledgeTermRow(Base):
    """A word of an item's `input_text`."""

    __tablename__ = "knowledge_terms"
    __table_args__ = (Index("ix_knowledge_terms_item_id", "item_id"),)

    creator_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    term: Mapped[str] = mapped_column(String(40), primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("knowledge_base_items.id"), primary_key=True)


class KnowledgeMarkRow(Base):
    """Up to which change of an agency's log was learned from."""

    __tablename__ = "knowledge_marks"

    agency_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
