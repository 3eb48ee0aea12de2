"""The port of the orchestrator: what everybody who wants text from a model says, and what they get.

A caller names a type of request and a prompt in two parts; it never names a provider. What went on behind the answer
(which model and why, which attempts, what it cost) comes with it, so that a screen can show the reason.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol

from huntaze_backend.core.errors import AppError
from huntaze_backend.engines.ledger.port import Usage
from huntaze_contract.wire import ProblemCode

__all__ = [
    "AiAnswer",
    "AiError",
    "AiRequest",
    "AttemptSeen",
    "Decision",
    "Delta",
    "Event",
    "Failure",
    "Final",
    "Finish",
    "Incomplete",
    "Orchestrator",
    "Part",
    "Prompt",
    "RequestType",
    "Tier",
    "Usage",
]


class RequestType(StrEnum):
    """What is asked for. The table in `agents.py` says which agent answers it."""

    CONTENT_GENERATION = "content_generation"
    CAPTION_GENERATION = "caption_generation"
    HASHTAG_GENERATION = "hashtag_generation"
    CONTENT_IDEAS = "content_ideas"
    CONTENT_OPTIMIZATION = "content_optimization"
    MARKETING_CAMPAIGN = "marketing_campaign"
    CAMPAIGN_GENERATION = "campaign_generation"
    CHAT_RESPONSE = "chat_response"
    MESSAGE_ANALYSIS = "message_analysis"
    CONTENT_VALIDATION = "content_validation"
    ONLYFANS_MESSAGE = "onlyfans_message"
    ANALYTICS_INSIGHTS = "analytics_insights"
    PERFORMANCE_RECOMMENDATIONS = "performance_recommendations"
    PERFORMANCE_ANALYSIS = "performance_analysis"
    PATTERN_ANALYSIS = "pattern_analysis"
    CHATBOT = "chatbot"
    MARKETING_TEMPLATE = "marketing_template"

    @classmethod
    def _missing_(cls, value: object) -> "RequestType":
        """An unknown type goes to content (PRODUCT §3), so that a newer client meets an older backend."""
        return cls.CONTENT_GENERATION


class Tier(StrEnum):
    """Which kind of model: a row of the routing table."""

    MINI = "mini"
    LARGE = "large"
    REASONING = "reasoning"
    VISION = "vision"


class Failure(StrEnum):
    """Every way in which an attempt can fail. What follows from each is one table, in `failures.py`."""

    CONNECT = "connect"
    """DNS, TCP or TLS: no byte of the request left."""
    DISCONNECTED = "disconnected"
    """The provider closed the connection before it answered anything."""
    TIMEOUT = "timeout"
    """Nothing useful within the attempt's time; the provider may go on, and bill it."""
    REQUEST_TIMEOUT = "request_timeout"
    LOCKED = "locked"
    RATE_LIMITED = "rate_limited"
    QUOTA = "quota"
    """The account is out of money or of its quota: waiting does not help."""
    UNAUTHORIZED = "unauthorized"
    NO_DEPLOYMENT = "no_deployment"
    OVERLOADED = "overloaded"
    SERVER = "server"
    MALFORMED = "malformed"
    """An answer that is none: broken JSON, no choices, an error event inside a 200."""
    CUT = "cut"
    """The answer broke off."""
    STALLED = "stalled"
    """A stream that went silent after it had begun."""
    CONTENT_FILTER = "content_filter"
    CONTEXT_OVERFLOW = "context_overflow"
    BAD_REQUEST = "bad_request"
    BUDGET = "budget"
    UNKNOWN_PRICE = "unknown_price"
    CANCELLED = "cancelled"
    DEADLINE = "deadline"
    NO_PROVIDER = "no_provider"
    """Nobody is configured, or everybody's breaker is open."""
    INTERNAL = "internal"
    """A fault of ours."""


Role = Literal["system", "user", "assistant"]
Finish = Literal["stop", "length", "content_filter"]


@dataclass(frozen=True, slots=True)
class Part:
    """One message of a prompt."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt in the order that provider caches need: what never changes first."""

    head: tuple[Part, ...]
    """Static: byte for byte the same for every call of this creator and version."""
    tail: tuple[Part, ...]
    """Dynamic: the conversation, the question."""
    version: str

    @property
    def parts(self) -> tuple[Part, ...]:
        return self.head + self.tail


@dataclass(frozen=True, slots=True)
class AiRequest:
    """One piece of work for a model."""

    request_id: str
    type: RequestType
    agency_id: str
    creator_id: str | None
    member_id: str | None
    prompt: Prompt
    max_output_tokens: int = 400
    temperature: float = 0.7
    critical: bool = False
    """Goes to the large model, whatever it looks like, and never serves as a probe."""
    latency_critical: bool = False
    """A second provider may be asked when the first is unusually slow."""
    cacheable: bool = False
    """The same words may be answered by the same text for an hour. Leave off for a fan's own chat."""
    deadline_s: float = 20.0
    """For everything: all attempts, the whole stream."""
    images: tuple[str, ...] = ()
    """https: or data: addresses, given to the last user part."""

    def __post_init__(self) -> None:
        if self.max_output_tokens < 1 or self.deadline_s <= 0 or not self.prompt.parts:
            raise ValueError("a request needs a prompt, at least one token to answer with, and time")


@dataclass(frozen=True, slots=True)
class Decision:
    """Why this tier: to show, and to count."""

    tier: Tier
    reasons: tuple[str, ...]
    """Short English sentences, the weightiest first."""
    complexity: float
    """0–10; above 7 goes large. Calibrated, so that about a tenth of an agency's ordinary work does."""
    score: float
    """What the features add up to, before calibration."""
    critical: bool
    agent: str = ""
    task: str = ""
    expected_tokens: int = 0
    table_version: str = ""
    """The routing table that decided."""


@dataclass(frozen=True, slots=True)
class AttemptSeen:
    """One attempt at a provider."""

    attempt_id: str
    provider: str
    model: str
    outcome: str
    """`ok`, `incomplete`, `cancelled`, `hedge_lost`, or a `Failure`."""
    latency_ms: int
    cost_nano_usd: int = 0


@dataclass(frozen=True, slots=True)
class AiAnswer:
    """What came back. `local` is an answer from the agency's own templates: a screen says so."""

    text: str
    provider: str
    model: str
    tier: Tier
    local: bool
    usage: Usage
    cost_nano_usd: int
    """All attempts together; 0 when `cached`."""
    cached: bool
    decision: Decision
    attempts: tuple[AttemptSeen, ...]
    finish: Finish
    extra: dict[str, object] = field(default_factory=dict)
    """What an adapter wants to say beside the text, e.g. the local one's sources. Never sent anywhere by itself."""


@dataclass(frozen=True, slots=True)
class Delta:
    """More text of a stream."""

    text: str


@dataclass(frozen=True, slots=True)
class Final:
    """The last event of a stream that ended well."""

    answer: AiAnswer


@dataclass(frozen=True, slots=True)
class Incomplete:
    """The last event of a stream that broke off after its first words. Never followed by another model's words."""

    text: str
    """Everything that was yielded."""
    failure: Failure
    message: str
    provider: str
    model: str
    usage: Usage
    cost_nano_usd: int
    decision: Decision
    attempts: tuple[AttemptSeen, ...]


Event = Delta | Final | Incomplete


class AiError(AppError):
    """No model answered. `failure` is the reason that counts, `attempts` what was tried."""

    status = 503
    code = ProblemCode.AI_UNAVAILABLE
    title = "No suggestion could be made"
    action = "Write it yourself, or try again in a moment."

    def __init__(
        self,
        failure: Failure,
        detail: str = "",
        *,
        code: ProblemCode | None = None,
        status: int | None = None,
        action: str | None = None,
        retry_after_s: float | None = None,
        attempts: tuple[AttemptSeen, ...] = (),
    ) -> None:
        super().__init__(detail, code=code, action=action, retry_after_s=retry_after_s)
        if status is not None:
            self.status = status
        self.failure = failure
        self.attempts = attempts


class Orchestrator(Protocol):
    """Who answers. Raises `AiError`; a cancelled caller is still billed for what a provider did."""

    async def complete(self, request: AiRequest) -> AiAnswer:
        """Raises: AiError."""
        ...

    def stream(self, request: AiRequest) -> AsyncIterator[Event]:
        """Deltas, then one `Final` or `Incomplete`. Nothing is yielded before a model's first words, so until then a
        failing provider is replaced unseen. Close it (`aclosing`) when you leave early.

        Raises: AiError, before the first event only.
        """
        ...
