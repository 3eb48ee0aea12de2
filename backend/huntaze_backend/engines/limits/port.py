"""The port of the platform limiter: exact in any window, on the server's clock, all meters or none.

A permit is asked for inside the unit of work that commits the attempt, so that neither exists without the other. It
counts while its send is open and then for the meter's window from settlement, because a send reaches the platform some
time after the permit: a window counted from the permit lets 16–17 through where 10 are allowed (measured, DESIGN §4).
Nothing is ever reserved for later: who is denied asks again (late binding). It fails closed: an error is a denial.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

from sqlalchemy.orm import Session

MeterKind = Literal["log", "spacing"]


@dataclass(frozen=True, slots=True)
class Meter:
    """One rule.

    `log`: at most `limit` sends in any `window`, open ones included. `spacing`: no send within `window` of the start or
    of the certain end of another; an open or uncertain one blocks only for `window` from its start, lest one slow
    answer silences an account.
    """

    key: str
    limit: int
    window: timedelta
    kind: MeterKind = "log"

    def __post_init__(self) -> None:
        if self.limit < 1 or self.window <= timedelta(0):
            raise ValueError(f"meter {self.key} would admit nothing or everything")
        if self.kind == "spacing" and self.limit != 1:
            raise ValueError(f"spacing meter {self.key} spaces single sends")


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to `acquire` or `peek`. All times are the server's."""

    granted: bool
    permit: str | None = None
    retry_at: datetime | None = None
    """When it is worth asking again; an open send may settle earlier or later than assumed."""
    blocking: Meter | None = None
    """The meter that admits last; None if granted, or if only a penalty blocks."""
    penalised: bool = False
    """The platform itself asked for a pause that is not over."""
    remaining: Mapping[str, int] = field(default_factory=dict)
    """Per meter of kind log: how many more sends it admits now."""


class RateGate(Protocol):
    """What dispatch asks before each send. Every method runs inside the caller's unit of work."""

    def acquire(self, session: Session, meters: Sequence[Meter], *, longest_flight: timedelta) -> Decision:
        """Take a permit of all meters, or of none.

        Args:
            session: the unit of work that also commits the attempt.
            meters: the rules that apply to this send.
            longest_flight: from now until the send can no longer reach the platform, whatever happens.
        """
        ...

    def peek(self, session: Session, meters: Sequence[Meter]) -> Decision:
        """What `acquire` would answer, without taking anything."""
        ...

    def forecast(self, session: Session, meters: Sequence[Meter], count: int) -> list[datetime]:
        """When each of the next `count` sends may go if nothing else happens: to show, nothing is reserved."""
        ...

    def settle(self, session: Session, permit: str, *, certain: bool) -> None:
        """The send ended. Certain: it counts for the window from now. Uncertain: from the end of its longest flight.

        Settling a permit twice, or one that no longer counts, changes nothing that was certain.
        """
        ...

    def refund(self, session: Session, permit: str) -> None:
        """The send provably never reached the platform: it does not count."""
        ...

    def penalise(self, session: Session, key: str, until: datetime) -> None:
        """The platform asked for a pause (429): the meter admits nothing before `until`. Never shortens a pause."""
        ...
