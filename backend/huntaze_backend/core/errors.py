"""Errors that a reader can act on: each has a stable code, says what happened and what to do, and hides the inside."""

from collections.abc import Sequence

from huntaze_contract.wire import Collision, ComplianceFinding, FieldError, Lease, ProblemCode

__all__ = [
    "AppError",
    "BadRequestError",
    "ComplianceError",
    "ConflictError",
    "CursorExpiredError",
    "ForbiddenError",
    "NotFoundError",
    "PlatformError",
    "TooManyRequestsError",
    "UnauthenticatedError",
    "UnavailableError",
    "ValidationProblem",
]


class AppError(Exception):
    """An error with an answer. Subclasses give the status, the usual code and the usual words."""

    status = 500
    code = ProblemCode.INTERNAL
    title = "Something went wrong on the server"
    action = "Try again. If it goes on, send the trace id to support."

    def __init__(
        self,
        detail: str = "",
        *,
        code: ProblemCode | None = None,
        title: str | None = None,
        action: str | None = None,
        errors: Sequence[FieldError] = (),
        retry_after_s: float | None = None,
        collision: Collision | None = None,
        lease: Lease | None = None,
        findings: Sequence[ComplianceFinding] = (),
    ) -> None:
        self.code = code or type(self).code
        self.title = title or type(self).title
        self.action = type(self).action if action is None else action
        self.detail = detail or self.title
        self.errors = list(errors)
        self.retry_after_s = retry_after_s
        self.collision = collision
        self.lease = lease
        self.findings = list(findings)
        super().__init__(f"{self.code}: {self.detail}")


class BadRequestError(AppError):
    status = 400
    code = ProblemCode.BAD_REQUEST
    title = "The request cannot be understood"
    action = "Correct the request."


class UnauthenticatedError(AppError):
    status = 401
    code = ProblemCode.UNAUTHENTICATED
    title = "You are not signed in"
    action = "Sign in."


class ForbiddenError(AppError):
    status = 403
    code = ProblemCode.FORBIDDEN
    title = "Your role does not allow this"
    action = "Ask an owner of the agency."


class NotFoundError(AppError):
    """Also for what exists but is not the reader's: a foreign id looks like one that does not exist."""

    status = 404
    code = ProblemCode.NOT_FOUND
    title = "There is no such thing"
    action = "It may have been removed. Refresh the list."


class ConflictError(AppError):
    status = 409
    code = ProblemCode.CONFLICT
    title = "Someone else changed this"
    action = "Look at the present state and decide again."


class CursorExpiredError(AppError):
    status = 410
    code = ProblemCode.CURSOR_EXPIRED
    title = "The cursor is too old"
    action = "Take a new snapshot. Drafts and unsent messages stay."


class ValidationProblem(AppError):  # noqa: N818  (a problem in the sense of RFC 9457)
    status = 422
    code = ProblemCode.VALIDATION
    title = "Some fields are not valid"
    action = "Correct the fields."

    def __init__(self, detail: str = "", *, field: str = "", code: ProblemCode | None = None) -> None:
        """Args: field: the one that is wrong, as the client named it."""
        super().__init__(detail, code=code, errors=[FieldError(field=field, message=detail)] if field else ())


class ComplianceError(AppError):
    """A text that may not go as it is; its findings say why and where."""

    status = 422
    code = ProblemCode.COMPLIANCE_BLOCKED
    title = "This text may not go out"
    action = "Change what is marked, then send it again."


class TooManyRequestsError(AppError):
    status = 429
    code = ProblemCode.TOO_MANY_REQUESTS
    title = "Too many requests"
    action = "Wait, then try again."


class PlatformError(AppError):
    """The platform refused, or cannot be reached (then with code PLATFORM_UNREACHABLE).

    424, Failed Dependency: our own service is well, which a 502 would deny.
    """

    status = 424
    code = ProblemCode.PLATFORM_REFUSED
    title = "The platform refused"
    action = "Check the platform's address and key."


class UnavailableError(AppError):
    status = 503
    code = ProblemCode.UNAVAILABLE
    title = "The service is not available now"
    action = "Try again in a moment."
