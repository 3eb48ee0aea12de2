"""How long the engine waits for what, in seconds: one value, so that a test can be quick."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    backoff_base: float = 0.5
    """The first wait after a failure is anywhere between 0 and this, then twice as much, and so on."""
    backoff_cap: float = 30.0
    pull_every: float = 60.0
    """Sync asks this often even if the event stream is silent: a stream may be dead without saying so."""
    refused_every: float = 30.0
    """How often a backend of another version is asked again whether it was updated."""
    request: float = 30.0
    """Longest wait for an answer. Sends are repeated under the same key, so a late answer loses nothing."""
    connect: float = 10.0
    stream_silence: float = 25.0
    """Longest silence within an answer that comes in pieces, such as suggestions that a model is writing."""
    batch_pause: float = 0.002
    """Rest between batches of a sync, in which the GUI thread gets the interpreter."""
    view: float = 0.05
    """A view is computed at most this often."""
    presence_repeat: float = 15.0
    typing_repeat: float = 4.0
    budget_again: float = 5.0
    approvals_again: float = 1.0
    """What waits for a yes is read at most this often."""
    gap_wait: float = 0.5
    """After a frame that does not follow on, this long before asking: more of them cost one question."""
    draft_rest: float = 2.0
    """A draft that is being written is brought to the server at most this often."""
    lease_renew: float = 15.0
    lease_linger: float = 15.0
    """The reply lease is given back this long after the last sign was typed."""
    digest_every: float = 6 * 3600.0
    compile_after: float = 1.0
    """The rules of compliance are compiled this long after the start, when there is a first screen, and not oftener."""


BATCH = 200
"""Rows per transaction of a sync: measured, GUI gaps p99 9 ms at 200 and 19 ms at 500."""

PAGE = 500
"""Changes per request of a sync."""

UPLOADS = 4
"""Conversations that upload at the same time; within one, strictly one message after the other."""

OPS = 50
"""Ops per request."""

LONGEST_UNDO = 60.0
"""Seconds for which a message may be held back so that Send can be undone."""

GOODBYE = 0.4
"""Longest wait, when the app closes, for the server to take the reply lease back: nobody should notice it."""

VIEWING_LASTS = 30.0
TYPING_LASTS = 8.0
