"""Errors as RFC 9457 problems: what happened, what is safe, what to do. Never a stack trace, never a secret."""

from enum import StrEnum

from pydantic import Field

from huntaze_contract.wire.base import WireModel
from huntaze_contract.wire.compliance import ComplianceFinding
from huntaze_contract.wire.conversations import Collision, Lease


class ProblemCode(StrEnum):
    """Stable codes; a client decides by these, never by the text."""

    BAD_REQUEST = "BAD_REQUEST"
    MALFORMED_JSON = "MALFORMED_JSON"
    VALIDATION = "VALIDATION"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    WRONG_CREDENTIALS = "WRONG_CREDENTIALS"
    TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105 - a code, not a secret
    TOKEN_REUSED = "TOKEN_REUSED"  # noqa: S105
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    CONFLICT = "CONFLICT"
    IN_PROGRESS = "IN_PROGRESS"
    OUT_OF_ORDER = "OUT_OF_ORDER"
    COLLISION = "COLLISION"
    LEASE_LOST = "LEASE_LOST"
    LEASE_HELD = "LEASE_HELD"
    RESTORED = "RESTORED"
    TOO_LATE = "TOO_LATE"
    KEY_REUSED = "KEY_REUSED"
    KEY_MISSING = "KEY_MISSING"
    ILLEGAL_STATE = "ILLEGAL_STATE"
    CANNOT_SEND = "CANNOT_SEND"
    COMPLIANCE_BLOCKED = "COMPLIANCE_BLOCKED"
    CURSOR_EXPIRED = "CURSOR_EXPIRED"
    TOO_LARGE = "TOO_LARGE"
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
    PLATFORM_UNREACHABLE = "PLATFORM_UNREACHABLE"
    PLATFORM_REFUSED = "PLATFORM_REFUSED"
    BUDGET_EXCEEDED = "BUDGET_EXCEEDED"
    UNKNOWN_PRICE = "UNKNOWN_PRICE"
    AI_UNAVAILABLE = "AI_UNAVAILABLE"
    AI_REFUSED = "AI_REFUSED"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"


class FieldError(WireModel):
    field: str
    message: str


class Problem(WireModel):
    """Body of every error answer, `application/problem+json`."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: ProblemCode
    action: str = Field(default="", description="what the reader can do")
    trace_id: str
    errors: list[FieldError] = Field(default_factory=list)
    retry_after_s: float | None = None
    collision: Collision | None = Field(default=None, description="with COLLISION and LEASE_LOST")
    lease: Lease | None = Field(default=None, description="with LEASE_HELD: who holds it")
    findings: list[ComplianceFinding] = Field(
        default_factory=list, description="with COMPLIANCE_BLOCKED: what in the text may not go, and why"
    )
