"""What can go wrong between the engine and its backend.

EngineError
+-- UnreachableError     no answer, or not one of our backend's: nobody knows whether the request arrived
+-- ApiError             the backend answered with a problem
+-- SignedOutError       there is nobody signed in, or the sign-in has ended
+-- OtherMajorError      the backend speaks another major version of the API
+-- OtherMemberError     this profile keeps the data of another member
+-- EngineStoppedError   the engine was stopped

`text` of each is fit for a person.
"""

from collections.abc import Sequence

from huntaze_contract import wire
from huntaze_desktop.sdk import BackendError, OfflineError, SdkError

OTHER_MAJOR = "OTHER_MAJOR"
OTHER_MEMBER = "OTHER_MEMBER"
"""Codes that the engine gives itself; all others are the backend's."""


class EngineError(Exception):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class UnreachableError(EngineError):
    """No answer, or one that is not our backend's. Whether the request took effect is not known.

    `left` is false where no connection came about, so that the request certainly never left this computer.
    """

    def __init__(self, text: str, *, left: bool = True) -> None:
        super().__init__(text)
        self.left = left


class ApiError(EngineError):
    """The backend answered with a problem; `code` is stable, `text` is for people."""

    def __init__(
        self,
        status: int,
        code: str,
        text: str,
        trace_id: str | None = None,
        retry_after: float | None = None,
        *,
        collision: wire.Collision | None = None,
        lease: wire.Lease | None = None,
        findings: Sequence[wire.ComplianceFinding] = (),
    ) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.trace_id = trace_id
        self.retry_after = retry_after
        self.collision = collision
        """What was missed, with COLLISION and LEASE_LOST."""
        self.lease = lease
        """Who holds the reply lease, with LEASE_HELD."""
        self.findings = tuple(finding.plain() for finding in findings)
        """What may not go out, with COMPLIANCE_BLOCKED."""

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed later without anybody changing it."""
        return self.status >= 500 or self.status in (408, 425, 429) or self.code == wire.ProblemCode.IN_PROGRESS


class SignedOutError(EngineError):
    """Nobody is signed in, or the sign-in has ended."""


class OtherMajorError(EngineError):
    """The backend speaks another major version of the API."""


class OtherMemberError(EngineError):
    """This profile keeps the data, and perhaps unsent messages, of another member."""


class EngineStoppedError(EngineError):
    def __init__(self) -> None:
        super().__init__("Huntaze is closing.")


def for_plugins(error: EngineError) -> SdkError:
    """The same error as the plugin's door tells it."""
    match error:
        case ApiError():
            return BackendError(error.text, error.code, error.trace_id, findings=error.findings)
        case SignedOutError():
            return BackendError(error.text, wire.ProblemCode.UNAUTHENTICATED.value)
        case OtherMajorError():
            return BackendError(error.text, OTHER_MAJOR)
        case OtherMemberError():
            return BackendError(error.text, OTHER_MEMBER)
        case _:
            return OfflineError(error.text)
