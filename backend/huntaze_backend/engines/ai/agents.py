"""Which agent answers which type of request, and what is known of the work before anybody looks at the words."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from huntaze_backend.engines.ai.port import RequestType

__all__ = ["ASSIGNMENTS", "Agent", "Assignment", "assignment"]


class Agent(StrEnum):
    CONTENT = "content"
    MARKETING = "marketing"
    CHAT = "chat"
    ANALYTICS = "analytics"
    ONLYFANS = "onlyfans"
    """Replies to a fan."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One row: who does it, and how hard and how long such work usually is."""

    agent: Agent
    task: str
    """The routing table's name for this kind of work."""
    weight: float
    """What the kind of work adds to the complexity's raw score."""
    expected_tokens: int
    """The usual answer."""
    reasons: bool = False
    """Goes to the reasoning model."""


_CONTENT, _MARKETING, _ANALYTICS = Agent.CONTENT, Agent.MARKETING, Agent.ANALYTICS

ASSIGNMENTS: Mapping[RequestType, Assignment] = {
    RequestType.CONTENT_GENERATION: Assignment(_CONTENT, "content", 2.0, 300),
    RequestType.CAPTION_GENERATION: Assignment(_CONTENT, "caption", 1.0, 80),
    RequestType.HASHTAG_GENERATION: Assignment(_CONTENT, "hashtags", 0.5, 60),
    RequestType.CONTENT_IDEAS: Assignment(_CONTENT, "ideas", 2.0, 500),
    RequestType.CONTENT_OPTIMIZATION: Assignment(_CONTENT, "content", 2.5, 300),
    RequestType.CONTENT_VALIDATION: Assignment(_CONTENT, "validation", 1.5, 60),
    RequestType.MARKETING_CAMPAIGN: Assignment(_MARKETING, "campaign", 3.5, 700),
    RequestType.CAMPAIGN_GENERATION: Assignment(_MARKETING, "campaign", 3.5, 700),
    RequestType.MARKETING_TEMPLATE: Assignment(_MARKETING, "template", 1.5, 150),
    RequestType.CHAT_RESPONSE: Assignment(Agent.CHAT, "chat", 1.5, 80),
    RequestType.CHATBOT: Assignment(Agent.CHAT, "chat", 1.5, 80),
    RequestType.MESSAGE_ANALYSIS: Assignment(Agent.CHAT, "analysis", 1.0, 60),
    RequestType.ONLYFANS_MESSAGE: Assignment(Agent.ONLYFANS, "chat", 1.5, 80),
    RequestType.ANALYTICS_INSIGHTS: Assignment(_ANALYTICS, "insights", 3.0, 400),
    RequestType.PERFORMANCE_RECOMMENDATIONS: Assignment(_ANALYTICS, "reasoning", 4.0, 600, reasons=True),
    RequestType.PERFORMANCE_ANALYSIS: Assignment(_ANALYTICS, "insights", 3.0, 500),
    RequestType.PATTERN_ANALYSIS: Assignment(_ANALYTICS, "reasoning", 4.0, 600, reasons=True),
}


def assignment(type_: RequestType) -> Assignment:
    """Every type has one."""
    return ASSIGNMENTS[type_]
