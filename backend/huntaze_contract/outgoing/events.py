"""What can happen to an outgoing message, and what has to be done about it: the alphabet of `step`."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Queue:
    """The person pressed Send."""


@dataclass(frozen=True, slots=True)
class Accept:
    """The backend has it, durably."""


@dataclass(frozen=True, slots=True)
class Reject:
    """Refused for good: by the backend at the door (403, 404, 422) or by a person at approval."""

    reason: str


@dataclass(frozen=True, slots=True)
class Expire:
    """It waited too long; a person must decide."""


@dataclass(frozen=True, slots=True)
class Overtake:
    """The conversation went on without it while it was offline; a person must look."""

    reason: str = "overtaken"


@dataclass(frozen=True, slots=True)
class Confirm:
    """A person says of an expired or overtaken message: send it."""


@dataclass(frozen=True, slots=True)
class HoldForApproval:
    """The creator's policy asks for a person's yes: at the door, or later, as long as no attempt was made."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """It goes at a time to come."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Release:
    """Nothing holds it back any more: it enters the conversation's order at `place`."""

    place: int


@dataclass(frozen=True, slots=True)
class Deny:
    """The limiter said no; it may ask again at `until`."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """The limiter may be asked again."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt row was committed; from here on the platform may have it."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Succeed:
    """The platform answered with the message it made."""

    platform_message_id: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """The platform refused for a reason that repeating cannot cure."""

    reason: str


@dataclass(frozen=True, slots=True)
class Forbid:
    """The rules of what may leave changed while it waited: it must not go as it is. No attempt is under way."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotExecuted:
    """Proven not executed and repeatable: connection refused, the gateway's deadline passed before it acted."""

    retry_at: datetime
    reason: str = "not_executed"


@dataclass(frozen=True, slots=True)
class Throttle:
    """The platform answered 429: the whole account waits until `until`."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Nobody knows whether it arrived: a timeout, a 5xx after bytes left, a crash."""

    reason: str


@dataclass(frozen=True, slots=True)
class Reconcile:
    """The search on the platform begins."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A listing of the conversation without the message.

    `complete` is true only when the listing succeeded and reaches back past what was visible before the first attempt;
    anything less proves nothing. `place` is where the message keeps standing if its absence is proven.
    """

    at: datetime
    complete: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """The message was seen on the platform: by echo, webhook or listing. Always wins."""

    platform_message_id: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A person read the platform and decided."""

    sent: bool
    again: bool = False
    """Only when not sent: send it again (true) or give it up (false)."""
    platform_message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """A person asks for a failed message to be sent again; it stands at the tail."""

    place: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """A person takes it back; while an attempt is open this means: no further attempts."""


Event = (
    Queue
    | Accept
    | Reject
    | Expire
    | Overtake
    | Confirm
    | HoldForApproval
    | Schedule
    | Release
    | Deny
    | Due
    | Attempt
    | Succeed
    | Refuse
    | Forbid
    | NotExecuted
    | Throttle
    | Ambiguous
    | Reconcile
    | Listed
    | Proof
    | Verdict
    | Retry
    | Cancel
)


# --- effects ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Settle:
    """Tell the limiter that the send ended. `certain` is false while it may still be executed (count it longer)."""

    certain: bool


@dataclass(frozen=True, slots=True)
class PauseAccount:
    until: datetime


@dataclass(frozen=True, slots=True)
class ListAgain:
    """List the conversation on the platform, not before `at`."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Bind:
    """Bind the platform's message to this row; the binding is unique."""

    platform_message_id: str


@dataclass(frozen=True, slots=True)
class HeadReleased:
    """The next message of the conversation may go."""


@dataclass(frozen=True, slots=True)
class AskPerson:
    reason: str


Effect = Settle | PauseAccount | ListAgain | Bind | HeadReleased | AskPerson
