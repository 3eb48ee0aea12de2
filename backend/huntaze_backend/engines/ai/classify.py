"""How hard a request is: a raw score from features of its words, each with the sentence that explains it.

Pure and cheap (tens of microseconds): it runs before every answer, and the whole routing decision has 5 ms.
"""

import math
import re
from dataclasses import dataclass

from huntaze_backend.engines.ai.agents import Assignment
from huntaze_backend.engines.ai.port import AiRequest

__all__ = ["Reading", "read"]

_LOOKED_AT = 4000
"""Characters of the last message that are searched; what is longer scores by its length."""
_CRITICAL = re.compile(
    r"\b(?:chargebacks?|charged?\s+back|refund|lawyer|attorney|police|lawsuit|sue you|gdpr|suicid\w*|kill myself"
    r"|hurt myself|remboursement|avocat|plainte|porter plainte|rembours(?:er|ez)|suicide|me tuer"
    r"|reembolso|abogado|denuncia\w*|rückerstattung|anwalt|anzeige erstatten)\b",
    re.IGNORECASE,
)
"""A fan who threatens with a bank, a court or himself: the one message a day that must not be answered cheaply."""
_UPSET = re.compile(
    r"\b(?:angry|scam\w*|disappoint\w*|unsubscrib\w*|cancel\w*|waste|liar|fake|unfair|arnaque|déçue?|annuler"
    r"|menteuse?|estafa|enfadad\w*|betrug|enttäuscht)\b",
    re.IGNORECASE,
)
_HAGGLES = re.compile(
    r"[$€£]\s?\d|\d\s?(?:[$€£]|usd|eur|dollars?|euros?)\b|\b(?:discount|cheaper|price|prix|precio)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the words say."""

    score: float
    critical: bool
    reasons: tuple[str, ...]
    """The weightiest first."""
    expected_tokens: int


def read(request: AiRequest, work: Assignment) -> Reading:
    """Score a request. Larger is harder; the scale means nothing until it is calibrated."""
    last = request.prompt.parts[-1].text
    looked_at = last[-_LOOKED_AT:]
    earlier = sum(len(part.text) for part in request.prompt.tail) - len(last)
    found: list[tuple[float, str]] = [(work.weight, f"{work.task} work")]

    _add(found, min(3.0, 1.2 * math.log2(1 + len(last) / 160)), f"the last message has {len(last)} characters")
    if earlier > 0:
        _add(found, min(2.0, 0.6 * math.log2(1 + earlier / 800)), f"{earlier} characters of history")
    if questions := min(looked_at.count("?"), 4):
        _add(found, 0.5 * questions, f"{questions} question{'s' if questions > 1 else ''} to answer")
    if _UPSET.search(looked_at):
        _add(found, 1.5, "somebody is upset")
    if _HAGGLES.search(looked_at):
        _add(found, 0.8, "it is about money")
    expected = min(request.max_output_tokens, max(work.expected_tokens, request.max_output_tokens // 4))
    if expected > 100:
        _add(found, min(1.5, 0.5 * math.log2(expected / 100)), f"about {expected} tokens are expected")

    found.sort(key=lambda item: -item[0])
    reasons = [f"{why} (+{points:.1f})" for points, why in found]
    alarming = _CRITICAL.search(looked_at)
    if alarming:
        reasons.insert(0, f"critical: the message says “{alarming.group(0).lower()}”")
    elif request.critical:
        reasons.insert(0, "critical: whoever asked said so")
    return Reading(
        score=sum(points for points, _ in found),
        critical=request.critical or alarming is not None,
        reasons=tuple(reasons),
        expected_tokens=expected,
    )


def _add(found: list[tuple[float, str]], points: float, why: str) -> None:
    if points >= 0.05:
        found.append((points, why))
    elif points > 0:
        found[0] = (found[0][0] + points, found[0][1])
