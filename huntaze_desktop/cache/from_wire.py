"""From the wire's models to rows of the store: one function per entity."""

import json
from typing import Any

from huntaze_contract import wire
from huntaze_desktop.cache.times import to_us

Row = dict[str, Any]


def member(row: wire.Member) -> Row:
    return {"id": row.id, "name": row.name, "role": row.role.value, "active": row.active, "ver": row.ver}


def creator(row: wire.Creator) -> Row:
    return {
        "id": row.id,
        "name": row.name,
        "username": row.username,
        "platform": row.platform,
        "timezone": row.timezone,
        "state": row.state.value,
        "state_since": to_us(row.state_since),
        "send_limit": row.send_limit,
        "paused_until": to_us(row.paused_until),
        "ver": row.ver,
    }


def fan(row: wire.Fan) -> Row:
    totals = row.totals
    return {
        "id": row.id,
        "creator_id": row.creator_id,
        "platform_id": row.platform_id,
        "name": row.name,
        "username": row.username,
        "language": row.language,
        "location": row.location,
        "timezone": row.timezone,
        "subscribed_at": to_us(row.subscribed_at),
        "renews_at": to_us(row.renews_at),
        "active": row.active,
        "last_seen_at": to_us(row.last_seen_at),
        "currency": totals.currency,
        "lifetime": totals.lifetime,
        "last_30_days": totals.last_30_days,
        "tips": totals.tips,
        "ppv": totals.ppv,
        "subscriptions": totals.subscriptions,
        "weeks": json.dumps(totals.weeks),
        "bought": totals.bought,
        "offered": totals.offered,
        "tags": json.dumps(row.tags),
        "fields": _fields(row),
        "ver": row.ver,
    }


def conversation(row: wire.Conversation) -> Row:
    last = row.last
    return {
        "id": row.id,
        "creator_id": row.creator_id,
        "fan_id": row.fan_id,
        "unread": row.unread,
        "waiting_since": to_us(row.waiting_since),
        "last_at": to_us(row.last_at),
        "last_direction": last.direction if last else None,
        "last_kind": last.kind.value if last else None,
        "last_text": last.text if last else None,
        "last_price": last.price if last else None,
        "last_bought": last.bought if last else None,
        "last_state": last.state.value if last and last.state else None,
        "last_read": last.read if last else None,
        "last_author_id": last.author_id if last else None,
        "last_author_name": last.author_name if last else None,
        "can_send": row.can_send,
        "cannot_send_reason": row.cannot_send_reason,
        "reply_rev": row.reply_rev,
        "marked_unread": row.marked_unread,
        "assignee_id": row.assignee_id,
        "assigned_at": to_us(row.assigned_at),
        "handover_note": row.handover_note,
        "handover_by": row.handover_by,
        "snoozed_until": to_us(row.snoozed_until),
        "done_at": to_us(row.done_at),
        "ver": row.ver,
    }


def message(row: wire.Message) -> Row:
    return {
        "id": row.id,
        "conversation_id": row.conversation_id,
        "direction": row.direction,
        "kind": row.kind.value,
        "text": row.text,
        "title": row.title,
        "price": row.price,
        "currency": row.currency,
        "media": json.dumps([item.type for item in row.media]) if row.media else "[]",
        "bought_at": to_us(row.bought_at),
        "state": row.state.value if row.state else None,
        "reason": row.reason,
        "not_before": to_us(row.not_before),
        "author_id": row.author_id,
        "author_name": row.author_name,
        "at": to_us(row.at),
        "read_at": to_us(row.read_at),
        "attempt_no": row.attempt_no,
        "lane": row.lane.value,
        "edited_at": to_us(row.edited_at),
        "unsend": row.unsend.value if row.unsend else None,
        "unsent_at": to_us(row.unsent_at),
        "ver": row.ver,
    }


def note(row: wire.Note) -> Row:
    return {
        "id": row.id,
        "fan_id": row.fan_id,
        "text": row.text,
        "author_id": row.author_id,
        "author_name": row.author_name,
        "created_at": to_us(row.created_at),
        "edited_at": to_us(row.edited_at),
        "ver": row.ver,
    }


def transaction(row: wire.Transaction) -> Row:
    return {
        "id": row.id,
        "creator_id": row.creator_id,
        "fan_id": row.fan_id,
        "kind": row.kind.value,
        "amount": row.amount,
        "net": row.net,
        "currency": row.currency,
        "at": to_us(row.at),
        "message_id": row.message_id,
        "ver": row.ver,
    }


def compliance(row: wire.ComplianceLayer) -> Row:
    return {
        "id": row.id,
        "creator_id": row.creator_id,
        "changes": row.changes.model_dump_json(exclude_defaults=True),
        "version": row.version,
        "ver": row.ver,
    }


def _fields(row: wire.Fan) -> str:
    if not row.fields:
        return "{}"
    found = {
        name: {"value": field.value, "ver": field.ver, "by": field.by, "at": to_us(field.at)}
        for name, field in row.fields.items()
    }
    return json.dumps(found)


def row_of(change: wire.Change) -> Row:
    """The store's row for a change that has one; raises ValueError for a change without a row."""
    match change:
        case wire.MemberChange(row=wire.Member() as row):
            return member(row)
        case wire.CreatorChange(row=wire.Creator() as row):
            return creator(row)
        case wire.FanChange(row=wire.Fan() as row):
            return fan(row)
        case wire.ConversationChange(row=wire.Conversation() as row):
            return conversation(row)
        case wire.MessageChange(row=wire.Message() as row):
            return message(row)
        case wire.NoteChange(row=wire.Note() as row):
            return note(row)
        case wire.TransactionChange(row=wire.Transaction() as row):
            return transaction(row)
        case wire.ComplianceChange(row=wire.ComplianceLayer() as row):
            return compliance(row)
    raise ValueError(f"a change of a {change.entity} without its row")
