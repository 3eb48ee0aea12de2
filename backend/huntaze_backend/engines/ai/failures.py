"""What follows from each failure: one table decides fail-over, breaker, billing and what the member is told.

The wire's adapter names what happened (`of_status`, `of_error`); nobody else looks at a status code. Why it is one
table: gateways that decide in several places fail over on bad requests, retry refused budgets and trip breakers on
content filters (research/ai-orchestrator §3).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto

from huntaze_backend.engines.ai.port import Failure
from huntaze_contract.wire import ProblemCode

__all__ = [
    "CONSEQUENCES",
    "Billed",
    "Consequence",
    "OnBreaker",
    "ProviderError",
    "Then",
    "of_error",
    "of_status",
    "wait_told",
]


class OnBreaker(Enum):
    """What a failure does to the breaker of its provider, region and model."""

    NOTHING = auto()
    COUNT = auto()
    """One bad result among the others."""
    PAUSE = auto()
    """Opens for as long as the provider said; without a time it counts."""
    SHUT = auto()
    """Opens for minutes, with an alarm: a person has to mend something."""


class Billed(Enum):
    """What a failed attempt costs, where the provider told no usage."""

    NOTHING = auto()
    BOUND = auto()
    """It may have answered after we stopped listening: the reservation's bound is booked, marked as estimated."""


class Then(Enum):
    """Who may answer instead."""

    ANOTHER = auto()
    """Another provider, and in the end the local one."""
    LOCAL = auto()
    """The local one only, which costs nothing."""
    NOBODY = auto()


_TELL_OWNER = "Write it yourself, and tell an owner: the AI's health says which setting is wrong."


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """One row of the table."""

    message: str
    action: str = "Write it yourself, or try again in a moment."
    then: Then = Then.ANOTHER
    repeats: bool = False
    """The same provider may be asked once more, if its retry bucket allows."""
    breaker: OnBreaker = OnBreaker.NOTHING
    billed: Billed = Billed.NOTHING
    status: int = 503
    code: ProblemCode = ProblemCode.AI_UNAVAILABLE


def _transient(message: str, breaker: OnBreaker = OnBreaker.COUNT, billed: Billed = Billed.NOTHING) -> Consequence:
    return Consequence(message=message, repeats=True, breaker=breaker, billed=billed)


def _misconfigured(message: str) -> Consequence:
    return Consequence(message=message, action=_TELL_OWNER, breaker=OnBreaker.SHUT)


CONSEQUENCES: Mapping[Failure, Consequence] = {
    Failure.CONNECT: _transient("The model cannot be reached."),
    Failure.DISCONNECTED: _transient("The model cannot be reached."),
    # No repeat: the attempt's share of the time is used up, and the first answer may yet be billed.
    Failure.TIMEOUT: Consequence(
        message="The model did not answer in time.", breaker=OnBreaker.COUNT, billed=Billed.BOUND
    ),
    Failure.REQUEST_TIMEOUT: _transient("The model did not answer in time."),
    Failure.LOCKED: _transient("The model is busy."),
    # The next provider at once; only where there is none, a short time that it asked for is waited out.
    Failure.RATE_LIMITED: _transient("The model is busy.", OnBreaker.PAUSE),
    Failure.QUOTA: _misconfigured("The provider's account has used up its quota."),
    Failure.UNAUTHORIZED: _misconfigured("The provider refuses its key."),
    Failure.NO_DEPLOYMENT: _misconfigured("The provider does not know the model."),
    Failure.OVERLOADED: _transient("The model is busy.", OnBreaker.PAUSE),
    Failure.SERVER: _transient("The model had a fault."),
    Failure.MALFORMED: _transient("The model gave no usable answer.", billed=Billed.BOUND),
    Failure.CUT: _transient("The model's answer broke off.", billed=Billed.BOUND),
    # After the first words there is no other model: its words would follow as if they were the first one's.
    Failure.STALLED: Consequence(
        message="The model stopped in the middle.",
        action="Ask again.",
        then=Then.NOBODY,
        breaker=OnBreaker.COUNT,
        billed=Billed.BOUND,
    ),
    # Whom the text may be shown next is the routing table's policy. A filter is no fault of the provider.
    Failure.CONTENT_FILTER: Consequence(
        message="The provider's content filter refused this conversation.",
        action="Write it yourself.",
        status=422,
        code=ProblemCode.AI_REFUSED,
    ),
    # To a larger window only; the walk looks.
    Failure.CONTEXT_OVERFLOW: Consequence(
        message="The conversation is too long for every configured model.",
        action="Shorten it.",
        status=422,
        code=ProblemCode.AI_REFUSED,
    ),
    # A bad request is a fault of ours, to be seen; asking others would multiply it.
    Failure.BAD_REQUEST: Consequence(
        message="The request was refused as faulty.", then=Then.NOBODY, status=422, code=ProblemCode.AI_REFUSED
    ),
    # Never another paid provider. What costs nothing may answer (PRODUCT §3: suggestions never vanish).
    Failure.BUDGET: Consequence(
        message="The budget for AI is used up.",
        action="Write it yourself, or ask an owner or a manager to raise the budget.",
        then=Then.LOCAL,
        status=402,
        code=ProblemCode.BUDGET_EXCEEDED,
    ),
    # What cannot be priced is not bought; a model with a price may be.
    Failure.UNKNOWN_PRICE: Consequence(
        message="The model has no known price.", action=_TELL_OWNER, code=ProblemCode.UNKNOWN_PRICE
    ),
    Failure.CANCELLED: Consequence(message="Nobody waits for it.", then=Then.NOBODY, billed=Billed.BOUND),
    Failure.DEADLINE: Consequence(message="No model answered in time.", then=Then.LOCAL, billed=Billed.BOUND),
    Failure.NO_PROVIDER: Consequence(message="No model is available just now.", then=Then.LOCAL),
    Failure.INTERNAL: Consequence(message="Something went wrong on the server.", then=Then.LOCAL, billed=Billed.BOUND),
}


class ProviderError(Exception):
    """An adapter's word for what happened, without the provider's own: those may repeat the prompt or a key."""

    def __init__(self, failure: Failure, *, retry_after_s: float | None = None) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.retry_after_s = retry_after_s


_STATUSES: Mapping[int, Failure] = {
    401: Failure.UNAUTHORIZED,
    402: Failure.QUOTA,
    403: Failure.UNAUTHORIZED,
    # OpenAI's 404 is a model that the key may not use, Azure's a deployment that is not there: both want a person.
    404: Failure.NO_DEPLOYMENT,
    408: Failure.REQUEST_TIMEOUT,
    409: Failure.LOCKED,
    429: Failure.RATE_LIMITED,
    503: Failure.OVERLOADED,
    529: Failure.OVERLOADED,
}
_FILTER = re.compile(r"content_filter|content_policy|responsibleai|content management policy|prohibited_content|safety")
_OVERFLOW = re.compile(
    r"context_length|context window|maximum context|token count.{0,40}exceeds|exceeds the maximum number of tokens"
    r"|string_above_max_length"
)
_QUOTA = re.compile(r"insufficient_quota|billing_|exceeded your current quota|insufficient balance|credit")
_KEY = re.compile(r"api_key_invalid|api key not valid|invalid_api_key")


def of_status(status: int, body: object) -> Failure:
    """The failure that an HTTP answer of any provider stands for.

    Args:
        status: as answered; below 300 means that the body itself was the error.
        body: the parsed body, or the text.
    """
    told = _words(body)
    if status in (400, 413, 422):
        # Gemini says 400 for a bad key; everybody says 400 for a filter and for too long a conversation.
        if _FILTER.search(told):
            return Failure.CONTENT_FILTER
        if _OVERFLOW.search(told):
            return Failure.CONTEXT_OVERFLOW
        return Failure.UNAUTHORIZED if _KEY.search(told) else Failure.BAD_REQUEST
    if status in (402, 403, 429) and _QUOTA.search(told):
        # Gemini's words for a limit per minute are "exceeded your current quota" too; a time to wait tells them apart.
        return Failure.RATE_LIMITED if status == 429 and "retrydelay" in told else Failure.QUOTA
    found = _STATUSES.get(status)
    if found is not None:
        return found
    if status >= 500:
        return Failure.SERVER
    return Failure.BAD_REQUEST if 400 <= status < 500 else Failure.MALFORMED


def of_error(body: object) -> Failure:
    """The failure that an error event inside a stream of status 200 stands for."""
    told = _words(body)
    if _FILTER.search(told):
        return Failure.CONTENT_FILTER
    if _OVERFLOW.search(told):
        return Failure.CONTEXT_OVERFLOW
    if _QUOTA.search(told):
        return Failure.QUOTA
    if re.search(r"rate_?limit|too many requests|resource_exhausted", told):
        return Failure.RATE_LIMITED
    return Failure.OVERLOADED if "overloaded" in told else Failure.SERVER


def _words(body: object) -> str:
    return str(body)[:4000].lower()


_LONGEST_WAIT_S = 900.0
_SPAN = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")


def wait_told(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """How long the provider asks to be left alone, in seconds, at most a quarter of an hour; None if it does not say.

    `retry-after-ms` (Azure), `Retry-After` in seconds or as a date, `x-ratelimit-reset-requests` (OpenAI, as `6m0s`).
    """
    found = _number(headers.get("retry-after-ms"))
    seconds = None if found is None else found / 1000
    if seconds is None and (given := headers.get("retry-after")):
        seconds = _number(given)
        if seconds is None:
            seconds = _until(given, now or datetime.now(UTC))
    if seconds is None and (given := headers.get("x-ratelimit-reset-requests")):
        seconds = _span(given)
    return None if seconds is None else min(max(seconds, 0.0), _LONGEST_WAIT_S)


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else None
    except ValueError:
        return None
    return value if value is None or abs(value) < float("inf") else None


def _until(text: str, now: datetime) -> float | None:
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (at - now).total_seconds() if at.tzinfo else None


def _span(text: str) -> float | None:
    found = _SPAN.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        return _number(text)
    hours, minutes, seconds, thousandths = (float(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds + thousandths / 1000
