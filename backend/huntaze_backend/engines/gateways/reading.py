"""The reading port of a platform: accounts, chats, messages, fans, money, and the webhooks it sends us.

Everything is normalised here: HTML becomes plain text, dollars become minor units, times become aware UTC, ids are
text. Who holds a `PlatformReader` cannot send; sending is another port (sending.py), for dispatch alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from huntaze_backend.engines.gateways.errors import GatewayError, Trouble

__all__ = [
    "AccountEvent",
    "ActivityEvent",
    "BoughtEvent",
    "ChatPage",
    "DeletedEvent",
    "FanPage",
    "GatewayError",
    "MessageEvent",
    "MessagePage",
    "PlatformAccount",
    "PlatformChat",
    "PlatformEvent",
    "PlatformFan",
    "PlatformMedia",
    "PlatformMessage",
    "PlatformReader",
    "PlatformTransaction",
    "ReadEvent",
    "SubscriptionEvent",
    "TransactionEvent",
    "TransactionPage",
    "Trouble",
    "VaultPage",
]


@dataclass(frozen=True, slots=True)
class PlatformAccount:
    """A creator account that the platform key opens."""

    id: str
    """What addresses the account in calls and webhooks (`acct_…`)."""
    platform_user_id: str
    """The creator's own user id at the platform."""
    username: str
    name: str
    timezone: str
    connected: bool


@dataclass(frozen=True, slots=True)
class PlatformMedia:
    id: str
    type: Literal["photo", "video", "audio"]
    duration_s: int | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class PlatformMessage:
    id: str
    chat: str
    text: str
    from_us: bool
    created_at: datetime
    price: int | None = None
    """Minor units; None for a free message."""
    title: str | None = None
    media: tuple[PlatformMedia, ...] = ()
    bought: bool = False
    read: bool = False
    tip: int | None = None
    """Minor units, if the message carries a tip."""

    @property
    def media_types(self) -> list[str]:
        return [item.type for item in self.media]


@dataclass(frozen=True, slots=True)
class PlatformFan:
    id: str
    name: str
    username: str
    language: str | None = None
    location: str | None = None
    timezone: str | None = None
    subscribed_at: datetime | None = None
    renews_at: datetime | None = None
    active: bool = False
    blocked: bool = False
    last_seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlatformChat:
    id: str
    fan: PlatformFan
    """As much of the fan as a chat list tells."""
    can_send: bool
    cannot_send_reason: str | None
    unread: int
    last_message: PlatformMessage | None


@dataclass(frozen=True, slots=True)
class PlatformTransaction:
    id: str
    type: Literal["subscription", "tip", "message", "refund", "chargeback"]
    amount: int
    """Gross, minor units."""
    net: int
    currency: str
    created_at: datetime
    fan_id: str | None
    message_id: str | None
    status: Literal["done", "pending", "reversed"]


# Pages: `next` is an opaque cursor, None at the end.


@dataclass(frozen=True, slots=True)
class ChatPage:
    items: tuple[PlatformChat, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class FanPage:
    items: tuple[PlatformFan, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class TransactionPage:
    items: tuple[PlatformTransaction, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class VaultPage:
    items: tuple[PlatformMedia, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Newest first with `before` or no cursor, oldest first with `after`."""

    items: tuple[PlatformMessage, ...]
    complete: bool
    """The list ends here in the direction asked for."""


# Webhooks, normalised. `account` is PlatformAccount.id.


@dataclass(frozen=True, slots=True)
class MessageEvent:
    """A message was received or sent."""

    account: str
    message: PlatformMessage
    fan: PlatformFan | None


@dataclass(frozen=True, slots=True)
class DeletedEvent:
    account: str
    chat: str
    message_id: str


@dataclass(frozen=True, slots=True)
class BoughtEvent:
    account: str
    chat: str
    message_id: str
    amount: int


@dataclass(frozen=True, slots=True)
class TransactionEvent:
    """Money moved. A tip comes twice (tips.received, transactions.new) under the same transaction id."""

    account: str
    transaction_id: str
    transaction: PlatformTransaction | None
    """None where the event names the transaction only: read it."""


@dataclass(frozen=True, slots=True)
class SubscriptionEvent:
    account: str
    kind: Literal["new", "renewed", "expired"]
    fan: PlatformFan
    transaction_id: str | None


@dataclass(frozen=True, slots=True)
class ActivityEvent:
    account: str
    fan_id: str
    kind: Literal["typing", "online", "offline"]


@dataclass(frozen=True, slots=True)
class ReadEvent:
    """The fan read our messages up to and including this one."""

    account: str
    chat: str
    message_id: str


@dataclass(frozen=True, slots=True)
class AccountEvent:
    account: str
    connected: bool


PlatformEvent = (
    MessageEvent
    | DeletedEvent
    | BoughtEvent
    | TransactionEvent
    | SubscriptionEvent
    | ActivityEvent
    | ReadEvent
    | AccountEvent
)


class PlatformReader(Protocol):
    """Reads one connection. Every method raises GatewayError and nothing else; none retries by itself."""

    async def accounts(self) -> list[PlatformAccount]: ...

    async def chats(self, account: str, cursor: str | None = None, *, limit: int = 100) -> ChatPage:
        """Newest activity first."""
        ...

    async def messages(
        self, account: str, chat: str, *, before: str | None = None, after: str | None = None, limit: int = 100
    ) -> MessagePage:
        """Messages of a chat: the newest; those older than `before`; or those newer than `after`. 1..100 a page."""
        ...

    async def fans(self, account: str, cursor: str | None = None, *, limit: int = 50) -> FanPage: ...

    async def fan(self, account: str, fan_id: str) -> PlatformFan: ...

    async def transactions(
        self, account: str, cursor: str | None = None, *, since: datetime | None = None, limit: int = 100
    ) -> TransactionPage:
        """Newest first."""
        ...

    async def vault(self, account: str, cursor: str | None = None, *, limit: int = 100) -> VaultPage: ...

    async def mark_read(self, account: str, chat: str) -> None: ...

    async def unsend(self, account: str, chat: str, message: str) -> None:
        """Take a message of ours back. Raises GatewayError: NOT_FOUND if it is gone, REFUSED if it must stay."""
        ...

    async def ensure_webhook(self, url: str, events: Sequence[str], secret: str) -> None:
        """Register `url` once, or bring its registration up to date."""
        ...

    def event(self, body: Mapping[str, object]) -> PlatformEvent | None:
        """A webhook's parsed body, normalised; None for an event we have no use for. Raises GatewayError(MALFORMED)."""
        ...

    async def close(self) -> None: ...
