"""The sending port of a platform, shaped as pull: the gateway asks for work, acts, and reports what it knows.

A gateway starts its own monotonic timer when it asks. The attempt behind the work is committed later than that, so
"ttl_s after I asked" is a deadline that needs no comparison of clocks; past it the gateway must not act. It reports one
of five outcomes, and only those that are certain say so: whatever is not certain is `Ambiguous`.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from huntaze_backend.engines.gateways.factory import PlatformAccess

__all__ = [
    "EXPIRED_NOT_EXECUTED",
    "SESSION_EXPIRED",
    "Ambiguous",
    "Gateway",
    "NotExecuted",
    "Outcome",
    "Refused",
    "SendWork",
    "SenderFactory",
    "Sent",
    "Throttled",
    "WorkSource",
]

EXPIRED_NOT_EXECUTED = "expired_not_executed"
SESSION_EXPIRED = "session_expired"


@dataclass(frozen=True, slots=True)
class SendWork:
    """One attempt to send one message; already committed on our side."""

    attempt_id: str
    account: str
    chat: str
    text: str
    client_key: str
    ttl_s: float
    """Seconds, from the moment the gateway asked, after which it must not act any more."""
    price: int | None = None
    media: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """The platform answered with the message it made."""

    platform_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """Certain, and repeating cannot help: validation, blocked by the fan, refused by policy."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotExecuted:
    """Certain, and repeatable: no connection, too late to act, the platform says it did not act."""

    reason: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Throttled:
    """429: the platform did not act, and the account must pause."""

    retry_after_s: float


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Bytes left and no proof came back."""

    reason: str


Outcome = Sent | Refused | NotExecuted | Throttled | Ambiguous


class WorkSource(Protocol):
    """Where a gateway gets work; implemented by dispatch."""

    async def next_work(self, wait_s: float) -> SendWork | None:
        """The next attempt, or None if there is none within `wait_s`."""
        ...

    async def report(self, attempt_id: str, outcome: Outcome) -> None:
        """What became of an attempt. Once per attempt; a repeat is ignored."""
        ...


class Gateway(Protocol):
    """Sends for one connection."""

    async def run(self, source: WorkSource, stop: asyncio.Event, *, parallel: int) -> None:
        """Pull and send until `stop`, at most `parallel` at once; then finish what is under way."""
        ...

    async def close(self) -> None: ...


class SenderFactory(Protocol):
    def sender(self, access: PlatformAccess) -> Gateway:
        """A gateway that sends for this connection; the caller closes it."""
        ...
