"""Jobs on the wire: those that nobody tries any more, and how the queue is. For owners and managers."""

from typing import Any

from pydantic import Field

from huntaze_contract.wire.base import UtcTime, Uuid, WireModel


class DeadJob(WireModel):
    """A job that failed for good, until a person replays or discards it."""

    id: Uuid
    kind: str = Field(description="what it does, as in `message.unsend`")
    installation: bool = Field(description="it belongs to the installation, not to the agency; only owners see it")
    lane: str = Field(description="jobs of one lane are done one after the other")
    payload: dict[str, Any]
    attempts: int
    reason: str = Field(description="why nobody tries it any more")
    created_at: UtcTime
    died_at: UtcTime


class JobStats(WireModel):
    """How the queue is, as far as the reader may see it."""

    waiting: int
    running: int
    retrying: int = Field(description="those of the waiting ones that failed before")
    dead: int
    oldest_due_s: float = Field(description="for how long the job that has been due the longest waits; 0 if none is")
