"""What the state machine knows of a message, and how long it waits for what."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from huntaze_contract.outgoing.states import EDITABLE, HOLDS_HEAD, State


@dataclass(frozen=True, slots=True)
class Timing:
    """How long to wait for what, one set per platform.

    The quarantine is the time after which an attempt can no longer become visible: the gateway refuses to act
    `attempt_ttl` after it pulled the work, its call ends after `call_timeout`, and the platform shows an executed
    message at most `listing_lag` later.
    """

    attempt_ttl: timedelta = timedelta(seconds=20)
    call_timeout: timedelta = timedelta(seconds=15)
    listing_lag: timedelta = timedelta(seconds=15)
    margin: timedelta = timedelta(seconds=5)
    listing_gap: timedelta = timedelta(seconds=5)
    unlistable_after: timedelta = timedelta(minutes=15)
    unlistable_times: int = 3
    """How many listings in a row must have failed over `unlistable_after` before a person is asked: who was down for an
    hour and whose first listing fails has not found out anything yet."""
    max_attempts: int = 3

    @property
    def quarantine(self) -> timedelta:
        """From the start of an attempt until its absence can be proven; 55 s by default."""
        return self.attempt_ttl + self.call_timeout + self.listing_lag + self.margin

    @property
    def longest_flight(self) -> timedelta:
        """From the start of an attempt until it can no longer reach the platform; 35 s by default."""
        return self.attempt_ttl + self.call_timeout


DEFAULT_TIMING = Timing()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What `step` needs to know of a message. All times are UTC on the clock of whoever keeps the row."""

    id: str
    state: State = State.DRAFT
    place: int | None = None
    """Order within the conversation, given on first entering `ready`; a retry after `failed` gets a new one."""
    attempt_no: int = 0
    """How many attempts were ever opened; late proof is believed only where this is not zero."""
    spent: int = 0
    """Attempts that ended without an answer since a person last decided; at `max_attempts` one decides again."""
    attempt_started_at: datetime | None = None
    not_before: datetime | None = None
    """When a ready, limited or scheduled message may go at the earliest."""
    complete_listings: int = 0
    """Complete listings without the message, taken after the quarantine; two prove its absence."""
    last_listing_at: datetime | None = None
    failed_listings: int = 0
    """Listings in a row that proved nothing, the first of them at `unlistable_since`."""
    unlistable_since: datetime | None = None
    stop: bool = False
    """A person asked for no further attempts while one was open."""
    platform_message_id: str | None = None
    reason: str | None = None
    """A stable code of why it failed, was refused, or waits for a person."""

    @property
    def holds_head(self) -> bool:
        return self.state in HOLDS_HEAD

    @property
    def editable(self) -> bool:
        return self.state in EDITABLE and self.attempt_no == 0
