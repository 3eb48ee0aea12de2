"""The port of the job store: what areas and the composition root import. The rest of the package is the queue's own.

An area adds jobs in the transaction that makes them necessary, and registers a handler for each kind. A handler may ack
in its own unit of work (`complete(session, token)`, then return `Acked()`), so that effect and ack commit as one.
"""

from huntaze_backend.engines.queue.jobs import (
    Acked,
    Deferred,
    Job,
    JobsReady,
    Leased,
    LeaseLostError,
    Outcome,
    Priority,
    Rejected,
    Stats,
)
from huntaze_backend.engines.queue.letters import Scope, discard, redrive, stats
from huntaze_backend.engines.queue.store import claim, complete, dead, enqueue, extend, next_due, reap, retry

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
    "Scope",
    "Stats",
    "claim",
    "complete",
    "dead",
    "discard",
    "enqueue",
    "extend",
    "next_due",
    "reap",
    "redrive",
    "retry",
    "stats",
]
