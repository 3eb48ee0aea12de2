"""The words of the queue: a job, a lease on one, and what became of it. Plain values, without a database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any

__all__ = [
    "Acked",
    "Deferred",
    "Job",
    "JobsReady",
    "LeaseLostError",
    "Leased",
    "Outcome",
    "Priority",
    "Rejected",
    "Stats",
]

LONGEST_KIND = 60
LONGEST_LANE = 120
LONGEST_KEY = 160
LONGEST_REASON = 500


class Priority(IntEnum):
    """Which lane is taken first among those that are due. Few on purpose: a claim asks for each of them."""

    URGENT = 0
    HIGH = 1
    NORMAL = 2
    LOW = 3


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done. It is done at least once: a handler must be able to do it again."""

    kind: str
    """Names the handler, as in `message.unsend`."""
    payload: Mapping[str, Any] = field(default_factory=dict)
    """JSON for the handler. Ids rather than contents, and no secret: dead jobs are shown to owners and managers."""
    lane: str | None = None
    """Jobs of one lane are done one after the other, in the order in which they were committed; one that waits (for its
    time, or to be tried again) holds up those behind it. None: it waits for nobody."""
    priority: Priority = Priority.NORMAL
    """A lane is as urgent as the most urgent job in it, so that nothing urgent waits behind what can wait."""
    run_at: datetime | None = None
    """Not before this time; None is now."""
    dedupe_key: str | None = None
    """While a job with this key waits or is being done, another one with it is not added."""
    max_attempts: int = 5
    """After so many attempts that failed, or lost their worker, it is dead."""
    agency_id: str | None = None
    """Whose it is: this agency's owners and managers see it when it dies. None is the installation's own."""

    def __post_init__(self) -> None:
        for name, value, most in (
            ("kind", self.kind, LONGEST_KIND),
            ("lane", self.lane, LONGEST_LANE),
            ("dedupe_key", self.dedupe_key, LONGEST_KEY),
        ):
            if value is not None and not 0 < len(value) <= most:
                raise ValueError(f"a job's {name} has 1 to {most} characters: {value!r}")
        if self.max_attempts < 1:
            raise ValueError(f"job {self.kind} would never be attempted")


@dataclass(frozen=True, slots=True)
class Leased:
    """A job that one worker may do now. Every ack carries the token; after the lease was lost it changes nothing."""

    id: str
    job: Job
    token: str
    attempt: int
    """Counted from 1; deferrals do not count."""
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class Acked:
    """The handler's own unit of work carried the ack, so that the effect and the ack are one."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now: ask again at this time. Costs no attempt; a limiter's denial is one."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Rejected:
    """Trying again cannot help: the job is dead at once."""

    reason: str


Outcome = Acked | Deferred | Rejected | None
"""What a handler returns. None: it is done, and the runner acks. An exception: it is tried again later."""


class LeaseLostError(Exception):
    """The token no longer holds: another worker has the job, or had it. The unit of work must not commit."""


@dataclass(frozen=True, slots=True)
class JobsReady:
    """Event of a commit that made work: a runner in this process need not wait for its next look."""


@dataclass(frozen=True, slots=True)
class Stats:
    """How the queue is."""

    waiting: int
    """Jobs that exist and are not being done, due or not."""
    running: int
    """Lanes that are leased."""
    retrying: int
    """Waiting jobs that failed at least once."""
    dead: int
    oldest_due_s: float
    """For how long the job that has been due the longest waits; 0 if none is due."""
