"""The life of an outgoing message: states, legal transitions, and the pure `step` that both sides run.

A message that a person sent is never lost and never sent twice. That promise is kept here and nowhere else: the
client's outbox, the backend's dispatcher, the simulation and the tests all call `step(message, event)` and carry out
the effects it returns. Nothing in this module does I/O, reads a clock or knows a database; it uses the standard library
only.

The rules, with their measurements, are in DESIGN §4 and docs/adr/0006. In short: only a certain failure is `failed`;
a timeout, a 5xx after bytes left or a crash is `unknown`; an unknown message is looked for on the platform, and only
after a quarantine and two complete listings without it is it `ready` again; three attempts, then a person decides; late
proof of delivery always wins.
"""

from huntaze_contract.outgoing.events import (
    Accept,
    Ambiguous,
    AskPerson,
    Attempt,
    Bind,
    Cancel,
    Confirm,
    Deny,
    Due,
    Effect,
    Event,
    Expire,
    Forbid,
    HeadReleased,
    HoldForApproval,
    ListAgain,
    Listed,
    NotExecuted,
    Overtake,
    PauseAccount,
    Proof,
    Queue,
    Reconcile,
    Refuse,
    Reject,
    Release,
    Retry,
    Schedule,
    Settle,
    Succeed,
    Throttle,
    Verdict,
)
from huntaze_contract.outgoing.machine import (
    IllegalTransitionError,
    step,
)
from huntaze_contract.outgoing.message import (
    DEFAULT_TIMING,
    Outgoing,
    Timing,
)
from huntaze_contract.outgoing.states import (
    EDITABLE,
    EXPIRES_AFTER,
    HOLDS_HEAD,
    MAX_TEXT,
    RELEASES_HEAD,
    TRANSITIONS,
    State,
)

__all__ = [
    "DEFAULT_TIMING",
    "EDITABLE",
    "EXPIRES_AFTER",
    "HOLDS_HEAD",
    "MAX_TEXT",
    "RELEASES_HEAD",
    "TRANSITIONS",
    "Accept",
    "Ambiguous",
    "AskPerson",
    "Attempt",
    "Bind",
    "Cancel",
    "Confirm",
    "Deny",
    "Due",
    "Effect",
    "Event",
    "Expire",
    "Forbid",
    "HeadReleased",
    "HoldForApproval",
    "IllegalTransitionError",
    "ListAgain",
    "Listed",
    "NotExecuted",
    "Outgoing",
    "Overtake",
    "PauseAccount",
    "Proof",
    "Queue",
    "Reconcile",
    "Refuse",
    "Reject",
    "Release",
    "Retry",
    "Schedule",
    "Settle",
    "State",
    "Succeed",
    "Throttle",
    "Timing",
    "Verdict",
    "step",
]
