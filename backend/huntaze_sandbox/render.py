"""The vendor's shapes: how messages, chats, fans, transactions and media look in its answers and webhooks."""

from html import escape
from typing import Any

from huntaze_sandbox.clock import rfc3339
from huntaze_sandbox.model import Account, Chat, Fan, Media, Message, Transaction
from huntaze_sandbox.world import UNSEND_MS


def html_text(text: str) -> str:
    """Write a text as the platform hands it out: escaped, in a paragraph, lines broken by tags."""
    return "<p>" + escape(text, quote=False).replace("\n", "<br />") + "</p>"


def dollars(cents: int) -> int | float:
    """Money as the vendor writes it: dollars, whole where they are whole."""
    return cents // 100 if cents % 100 == 0 else cents / 100


def account_row(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "onlyfans_id": str(account.platform_id),
        "onlyfans_username": account.username,
        "display_name": account.name,
        "timezone": account.timezone,
        "is_authenticated": account.authenticated,
        "authentication_progress": "connected" if account.authenticated else "session_expired",
    }


def media_row(media: Media) -> dict[str, Any]:
    return {
        "id": str(media.id),
        "type": media.kind,
        "title": media.title,
        "duration": media.duration,
        "thumb": None,
        "createdAt": rfc3339(media.created),
    }


def message_row(account: Account, chat: Chat, message: Message, now_ms: int) -> dict[str, Any]:
    seen = chat.read_by_fan if message.mine else chat.read_by_creator
    is_read = message.id <= seen
    media = []
    for media_id in message.media:
        item = account.vault[media_id]
        media.append({"id": str(item.id), "type": item.kind, "thumb": None, "duration": item.duration})
    return {
        "id": str(message.id),
        "text": html_text(message.text),
        "lockedText": message.locked,
        "isFree": message.price == 0,
        "price": dollars(message.price),
        "title": message.title,
        "media": media,
        "previews": [],
        "isTip": message.tip > 0,
        "tipAmount": dollars(message.tip) if message.tip else None,
        "isOpened": message.opened,
        "isNew": not message.mine and not is_read,
        "isRead": is_read,
        "isSentByMe": message.mine,
        "fromUser": {"id": str(account.platform_id if message.mine else chat.fan.id)},
        "createdAt": rfc3339(message.at),
        "changedAt": rfc3339(message.changed or message.at),
        "cancelSeconds": max(0, (message.at + UNSEND_MS - now_ms) // 1000) if message.mine else 0,
        "isFromQueue": False,
    }


def short_fan(fan: Fan) -> dict[str, Any]:
    return {
        "id": str(fan.id),
        "name": fan.name,
        "username": fan.username,
        "timezone": fan.timezone,
        "language": fan.persona.language,
        "location": fan.location,
    }


def fan_row(fan: Fan, now_ms: int) -> dict[str, Any]:
    totals = fan.totals
    return short_fan(fan) | {
        "subscribedAt": rfc3339(fan.subscribed_at),
        "subscribedUntil": rfc3339(fan.subscribed_until),
        "subscribePrice": dollars(fan.price),
        "isActive": fan.subscribed_until > now_ms,
        "isBlocked": fan.blocked,
        "lastSeen": rfc3339(fan.last_seen),
        "totals": {
            "messages": dollars(totals.messages),
            "tips": dollars(totals.tips),
            "subscriptions": dollars(totals.subscriptions),
            "posts": 0,
            "total": dollars(totals.total),
        },
    }


def chat_row(account: Account, chat: Chat, now_ms: int) -> dict[str, Any]:
    last = next((message for message in reversed(chat.messages) if message.hidden_until <= now_ms), None)
    return {
        "id": str(chat.fan.id),
        "fan": short_fan(chat.fan),
        "canSendMessage": not chat.fan.blocked,
        "canNotSendReason": "This fan does not accept messages from you." if chat.fan.blocked else None,
        "unreadMessagesCount": chat.unread,
        "lastReadMessageId": str(chat.read_by_creator) if chat.read_by_creator else None,
        "lastMessage": message_row(account, chat, last, now_ms) if last else None,
        "isMutedNotifications": False,
    }


def transaction_row(row: Transaction) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "type": row.kind,
        "amount": dollars(row.amount),
        "net": dollars(row.amount - row.fee),
        "fee": dollars(row.fee),
        "currency": "USD",
        "createdAt": rfc3339(row.at),
        "fan": {"id": str(row.fan)},
        "messageId": str(row.message) if row.message else None,
        "status": row.status,
    }
