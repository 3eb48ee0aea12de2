"""What can happen to the platform: one record per kind, applied by the world and written to the state file as JSON.

The world changes by these alone, so replaying them over the seeded past gives the same world.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class MessageWritten:
    """A message was executed. `received_at` is when the request came in; `key` is the client's Idempotency-Key."""

    account: str
    chat: int
    id: int
    mine: bool
    text: str
    at: int
    received_at: int
    price: int = 0
    title: str | None = None
    media: tuple[int, ...] = ()
    tip: int = 0
    locked: bool = False
    key: str | None = None
    hidden_until: int = 0


@dataclass(frozen=True, slots=True)
class MessageOpened:
    """A fan paid for a message."""

    account: str
    chat: int
    id: int
    at: int


@dataclass(frozen=True, slots=True)
class MessageDeleted:
    account: str
    chat: int
    id: int


@dataclass(frozen=True, slots=True)
class ChatRead:
    """One side has read everything up to a message."""

    account: str
    chat: int
    by_creator: bool
    up_to: int


@dataclass(frozen=True, slots=True)
class Paid:
    account: str
    id: int
    kind: str
    amount: int
    at: int
    fan: int
    message: int | None = None


@dataclass(frozen=True, slots=True)
class FanJoined:
    account: str
    index: int
    at: int


@dataclass(frozen=True, slots=True)
class SubscriptionMoved:
    """A subscription now runs until `until`: later after a renewal."""

    account: str
    fan: int
    until: int


@dataclass(frozen=True, slots=True)
class SessionChanged:
    """An account was logged in or out."""

    account: str
    authenticated: bool


@dataclass(frozen=True, slots=True)
class WebhookSet:
    id: int
    url: str
    events: tuple[str, ...]
    secret: str
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class WebhookGone:
    id: int


@dataclass(frozen=True, slots=True)
class AnswerKept:
    """The answer to a keyed send, to be replayed for 24 hours."""

    account: str
    key: str
    fingerprint: str
    body: str
    at: int


@dataclass(frozen=True, slots=True)
class HabitMoved:
    """Where a fan stands in its story."""

    account: str
    fan: int
    decisions: int
    thread: int
    turn: int
    said: int
    nudges: int


@dataclass(frozen=True, slots=True)
class SubscriptionEnded:
    """A subscription has run out. Announced only: it follows from the clock, so it is not kept."""

    account: str
    fan: int


@dataclass(frozen=True, slots=True)
class Presence:
    """A fan is typing, came online or left. Announced only."""

    account: str
    chat: int
    what: Literal["typing", "online", "offline"]


Event = (
    MessageWritten
    | MessageOpened
    | MessageDeleted
    | ChatRead
    | Paid
    | FanJoined
    | SubscriptionMoved
    | SessionChanged
    | WebhookSet
    | WebhookGone
    | AnswerKept
    | HabitMoved
)

Announcement = Event | SubscriptionEnded | Presence

_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        MessageWritten,
        MessageOpened,
        MessageDeleted,
        ChatRead,
        Paid,
        FanJoined,
        SubscriptionMoved,
        SessionChanged,
        WebhookSet,
        WebhookGone,
        AnswerKept,
        HabitMoved,
    )
}
_TUPLES = ("media", "events")


def to_json(event: Event) -> dict[str, Any]:
    """Write an event as a JSON object that names its kind."""
    return {"event": type(event).__name__, **asdict(event)}


def from_json(row: dict[str, Any]) -> Event:
    """Read what `to_json` wrote. Raises KeyError or TypeError when it is something else."""
    fields = dict(row)
    kind = _KINDS[fields.pop("event")]
    for name in _TUPLES:
        if name in fields:
            fields[name] = tuple(fields[name])
    event: Event = kind(**fields)
    return event
