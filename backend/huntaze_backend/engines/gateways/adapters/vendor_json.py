"""The vendor's JSON, read strictly: what is not as its contract says raises MALFORMED and proves nothing.

Texts come as HTML, money as dollars in JSON numbers (read as Decimal, never as float), times as RFC 3339.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from html.parser import HTMLParser
from typing import Any, Literal, TypeVar

from huntaze_backend.engines.gateways.errors import GatewayError, Trouble
from huntaze_backend.engines.gateways.reading import (
    AccountEvent,
    ActivityEvent,
    BoughtEvent,
    DeletedEvent,
    MessageEvent,
    PlatformAccount,
    PlatformChat,
    PlatformEvent,
    PlatformFan,
    PlatformMedia,
    PlatformMessage,
    PlatformTransaction,
    ReadEvent,
    SubscriptionEvent,
    TransactionEvent,
)

Json = Mapping[str, Any]
Parsed = TypeVar("Parsed")

_MEDIA: dict[str, Literal["photo", "video", "audio"]] = {"photo": "photo", "video": "video", "audio": "audio"}
_TRANSACTIONS: dict[str, Literal["subscription", "tip", "message", "refund", "chargeback"]] = {
    "subscription": "subscription",
    "tip": "tip",
    "message": "message",
    "refund": "refund",
    "chargeback": "chargeback",
}
_STATUS: dict[str, Literal["done", "pending", "reversed"]] = {
    "done": "done",
    "pending": "pending",
    "reversed": "reversed",
}


def reading(parse: Callable[..., Parsed], *args: Any) -> Parsed:
    """Run a parser; whatever it stumbles over becomes MALFORMED."""
    try:
        return parse(*args)
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation) as error:
        raise GatewayError(Trouble.MALFORMED, f"{parse.__name__}: {type(error).__name__}") from error


class _Text(HTMLParser):
    """Plain text of the platform's HTML: paragraphs and breaks become line ends, the rest of the markup goes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br" or (tag == "p" and self.parts):
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def plain_text(html: str) -> str:
    parser = _Text()
    parser.feed(html)
    parser.close()
    return "".join(parser.parts)


def minor(dollars: object) -> int:
    """Dollars as cents; a value between two cents is malformed."""
    cents = Decimal(str(dollars)) * 100
    if cents != cents.to_integral_value():
        raise ValueError("a price between two cents")
    return int(cents)


def moment(value: object) -> datetime:
    parsed = datetime.fromisoformat(str(value))
    if parsed.tzinfo is None:
        raise ValueError("a time without an offset")
    return parsed.astimezone(UTC)


def _moment_or_none(value: object) -> datetime | None:
    return None if value is None else moment(value)


def _text_or_none(value: object) -> str | None:
    return None if value is None else str(value)


def media(data: Json) -> PlatformMedia:
    duration = data.get("duration")
    return PlatformMedia(
        id=str(data["id"]),
        type=_MEDIA[data["type"]],
        duration_s=None if duration is None else int(duration),
        title=_text_or_none(data.get("title")),
    )


def message(data: Json, chat: str) -> PlatformMessage:
    tip = data.get("tipAmount")
    return PlatformMessage(
        id=_id(data["id"]),
        chat=chat,
        text=plain_text(data.get("text") or ""),
        from_us=_flag(data["isSentByMe"]),
        created_at=moment(data["createdAt"]),
        price=minor(data.get("price") or 0) or None,
        title=_text_or_none(data.get("title")),
        media=tuple(media(item) for item in data.get("media") or ()),
        bought=bool(data.get("isOpened", False)),
        read=bool(data.get("isRead", False)),
        tip=minor(tip) if data.get("isTip") and tip is not None else None,
    )


def _id(value: object) -> str:
    if not isinstance(value, str | int) or isinstance(value, bool) or str(value) == "":
        raise ValueError("not an id")
    return str(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("not a flag")
    return value


def account(data: Json) -> PlatformAccount:
    return PlatformAccount(
        id=_id(data["id"]),
        platform_user_id=str(data.get("onlyfans_id") or ""),
        username=str(data["onlyfans_username"]),
        name=str(data["display_name"]),
        timezone=str(data.get("timezone") or "UTC"),
        connected=bool(data["is_authenticated"]) and data.get("authentication_progress") != "session_expired",
    )


def fan(data: Json) -> PlatformFan:
    return PlatformFan(
        id=_id(data["id"]),
        # Empty where an event names the fan by id only: a made-up name would overwrite the real one.
        name=str(data.get("name") or data.get("username") or ""),
        username=str(data.get("username") or ""),
        language=_text_or_none(data.get("language")),
        location=_text_or_none(data.get("location")),
        timezone=_text_or_none(data.get("timezone")),
        subscribed_at=_moment_or_none(data.get("subscribedAt")),
        renews_at=_moment_or_none(data.get("subscribedUntil")),
        active=bool(data.get("isActive", False)),
        blocked=bool(data.get("isBlocked", False)),
        last_seen_at=_moment_or_none(data.get("lastSeen")),
    )


def chat(data: Json) -> PlatformChat:
    chat_id = _id(data["id"])
    last = data.get("lastMessage")
    return PlatformChat(
        id=chat_id,
        fan=fan(data["fan"]),
        can_send=bool(data.get("canSendMessage", True)),
        cannot_send_reason=_text_or_none(data.get("canNotSendReason")),
        unread=int(data.get("unreadMessagesCount") or 0),
        last_message=message(last, chat_id) if last else None,
    )


def transaction(data: Json) -> PlatformTransaction:
    who = data.get("fan") or {}
    return PlatformTransaction(
        id=_id(data["id"]),
        type=_TRANSACTIONS[data["type"]],
        amount=minor(data["amount"]),
        net=minor(data.get("net", data["amount"])),
        currency=str(data.get("currency") or "USD"),
        created_at=moment(data["createdAt"]),
        fan_id=_text_or_none(who.get("id")),
        message_id=_text_or_none(data.get("messageId")),
        status=_STATUS[data.get("status") or "done"],
    )


def messages(items: Sequence[Json], chat_id: str) -> tuple[PlatformMessage, ...]:
    return tuple(message(item, chat_id) for item in items)


def event(body: Json) -> PlatformEvent | None:
    """A webhook's body; None for an event we have no use for."""
    name, account_id, payload = str(body["event"]), _id(body["account_id"]), body.get("payload") or {}
    match name.split("."):
        case ["messages", "received" | "sent"]:
            who = payload.get("fan") or (payload.get("fromUser") if name == "messages.received" else None)
            return MessageEvent(account_id, message(payload, _id(payload["chatId"])), fan(who) if who else None)
        case ["messages", "deleted"]:
            return DeletedEvent(account_id, _id(payload["chatId"]), _id(payload.get("messageId", payload.get("id"))))
        case ["messages", "ppv", "unlocked"]:
            return BoughtEvent(
                account_id, _id(payload["chatId"]), _id(payload["messageId"]), minor(payload.get("amount") or 0)
            )
        case ["messages", "read"]:
            return ReadEvent(account_id, _id(payload["chatId"]), _id(payload["lastReadId"]))
        case ["tips", "received"]:
            return TransactionEvent(account_id, _id(payload["transactionId"]), None)
        case ["transactions", "new"]:
            return TransactionEvent(account_id, _id(payload["id"]), transaction(payload))
        case ["subscriptions", "new" | "renewed" | "expired" as kind]:
            return SubscriptionEvent(account_id, kind, fan(payload["fan"]), _text_or_none(payload.get("transactionId")))
        case ["users", "typing" | "online" | "offline" as kind]:
            return ActivityEvent(account_id, _id(payload.get("fanId", payload.get("chatId"))), kind)
        case ["accounts", "connected" | "reconnected"]:
            return AccountEvent(account_id, connected=True)
        case ["accounts", "session_expired" | "disconnected" | "authentication_failed"]:
            return AccountEvent(account_id, connected=False)
    return None
