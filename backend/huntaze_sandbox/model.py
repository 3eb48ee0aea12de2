"""The things a subscription platform has: accounts, fans, chats, messages, transactions, media. Plain records.

Money is integer cents and time integer milliseconds (UTC) in here; the vendor's shapes are made in `render`.
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from operator import attrgetter

TRANSACTION_KINDS = ("subscription", "tip", "message", "refund", "chargeback")
FEE_PERCENT = 20

_by_id = attrgetter("id")


@dataclass(slots=True, frozen=True)
class Media:
    """One photo or video of an account's vault; those with the same title belong to one set."""

    id: int
    kind: str
    title: str
    duration: int | None
    created: int


@dataclass(slots=True, frozen=True)
class MediaSet:
    """What a creator sells in one message: a title, its media and the usual price."""

    title: str
    price: int
    media: tuple[int, ...]


@dataclass(slots=True)
class Message:
    """A message of one chat. `mine` is the creator's side; `at` is when the platform executed it."""

    id: int
    chat: int
    mine: bool
    text: str
    at: int
    price: int = 0
    title: str | None = None
    media: tuple[int, ...] = ()
    tip: int = 0
    locked: bool = False
    opened: bool = False
    changed: int = 0
    hidden_until: int = 0


@dataclass(slots=True)
class Transaction:
    """Money that moved. Refunds and chargebacks are rows of their own with a negative amount, like `origin` says."""

    id: int
    kind: str
    amount: int
    at: int
    fan: int
    message: int | None = None
    status: str = "done"
    origin: str | None = None

    @property
    def fee(self) -> int:
        return self.amount * FEE_PERCENT // 100

    @property
    def bucket(self) -> str:
        """Which of the fan's totals this row moves."""
        return self.origin or self.kind


@dataclass(slots=True, frozen=True)
class Persona:
    """The habits of one fan; they never change.

    `talk` and `spend` go from 0 to 1. Active hours are local; `last_hour` may be past midnight (26 = two at night).
    """

    language: str
    offset_hours: float
    first_hour: int
    last_hour: int
    talk: float
    spend: float
    patience_s: int

    @property
    def generous(self) -> bool:
        """One of the few who carry a page."""
        return self.spend >= 1.0

    def local_hour(self, persona_s: float) -> float:
        """The hour on this fan's wall when the personas' clock shows `persona_s`."""
        return (persona_s / 3600 + self.offset_hours) % 24

    def awake(self, hour: float) -> bool:
        return (hour - self.first_hour) % 24 < self.last_hour - self.first_hour


@dataclass(slots=True)
class Totals:
    """What a fan has spent, by kind, in cents; always the sum of the fan's transactions."""

    messages: int = 0
    tips: int = 0
    subscriptions: int = 0

    @property
    def total(self) -> int:
        return self.messages + self.tips + self.subscriptions

    def add(self, transaction: Transaction) -> None:
        if transaction.bucket == "message":
            self.messages += transaction.amount
        elif transaction.bucket == "tip":
            self.tips += transaction.amount
        else:
            self.subscriptions += transaction.amount


@dataclass(slots=True)
class Fan:
    """A person who follows one account. `index` is its place in the seeded order, from which its persona is made."""

    id: int
    index: int
    name: str
    username: str
    location: str
    timezone: str
    persona: Persona
    subscribed_at: int
    subscribed_until: int
    price: int
    last_seen: int
    blocked: bool = False
    totals: Totals = field(default_factory=Totals)


@dataclass(slots=True)
class Habit:
    """Where a fan is in its own story: how many decisions it has made, which thread it is in, what it last said."""

    decisions: int = 0
    thread: int = 0
    turn: int = 0
    said: int = 0
    nudges: int = 0


@dataclass(slots=True)
class Chat:
    """The conversation of an account with one fan; messages are in the order of their ids, which is that of time."""

    fan: Fan
    messages: list[Message] = field(default_factory=list)
    unread: int = 0
    read_by_creator: int = 0
    read_by_fan: int = 0
    habit: Habit = field(default_factory=Habit)

    def position(self, message_id: int) -> int:
        """Index of the first message whose id is not below `message_id`."""
        return bisect_left(self.messages, message_id, key=_by_id)

    def find(self, message_id: int) -> Message | None:
        at = self.position(message_id)
        if at < len(self.messages) and self.messages[at].id == message_id:
            return self.messages[at]
        return None


@dataclass(slots=True)
class Account:
    """A creator's account. `recent` holds its chats by their last message, the newest last."""

    id: str
    number: int
    platform_id: int
    username: str
    name: str
    timezone: str
    theme: str
    price: int
    authenticated: bool = True
    chats: dict[int, Chat] = field(default_factory=dict)
    recent: dict[int, None] = field(default_factory=dict)
    transactions: list[Transaction] = field(default_factory=list)
    vault: dict[int, Media] = field(default_factory=dict)
    sets: list[MediaSet] = field(default_factory=list)

    def touch(self, chat: int) -> None:
        """Make a chat the most recent one."""
        self.recent.pop(chat, None)
        self.recent[chat] = None
