"""From rows of the store to the model's dataclasses."""

import json
from typing import Any

from huntaze_contract.ids import Id
from huntaze_contract.outgoing import State
from huntaze_desktop.cache.times import from_us
from huntaze_desktop.model.entities import (
    ConversationRow,
    Creator,
    CreatorState,
    Fan,
    FanField,
    FanTotals,
    Message,
    MessageKind,
    Note,
)

_KINDS = {kind.value: kind for kind in MessageKind}
_STATES = {state.value: state for state in State}


def message(row: Any, me: Id) -> Message:
    return Message(
        id=row.id,
        conversation_id=row.conversation_id,
        direction=row.direction,
        kind=_KINDS[row.kind],
        text=row.text,
        at=from_us(row.at),
        state=_STATES[row.state] if row.state else None,
        reason=row.reason,
        not_before=from_us(row.not_before),
        title=row.title,
        price=row.price,
        currency=row.currency,
        media_types=() if row.media == "[]" else tuple(json.loads(row.media)),
        bought_at=from_us(row.bought_at),
        author_id=row.author_id,
        author_name=row.author_name,
        mine=row.author_id == me,
        read_at=from_us(row.read_at),
        attempt_no=row.attempt_no,
        lane=row.lane,
        edited_at=from_us(row.edited_at),
        unsend=row.unsend,
        unsent_at=from_us(row.unsent_at),
        ver=row.ver,
    )


def local_message(row: Any, me: Id, my_name: str) -> Message:
    return Message(
        id=row.id,
        conversation_id=row.conversation_id,
        direction="out",
        kind=MessageKind.TEXT,
        text=row.text,
        at=from_us(row.composed_at),
        state=shown_state(row.state, confirmed=bool(row.confirmed)),
        reason=row.reason,
        not_before=from_us(row.send_at),
        author_id=me,
        author_name=my_name,
        mine=True,
        local=True,
        lane="live" if row.send_at is None else "scheduled",
        hold_until=from_us(row.hold_until),
    )


def shown_state(state: str, *, confirmed: bool) -> State:
    # Once a person has said "send it anyway", it waits like any other.
    return State.QUEUED_LOCAL if confirmed else _STATES[state]


def conversation(row: Any, me: Id, new_since_us: int) -> ConversationRow:
    local = row.local_text is not None
    return ConversationRow(
        id=row.id,
        creator_id=row.creator_id,
        fan_id=row.fan_id,
        fan_name=row.fan_name,
        spent=row.lifetime,
        currency=row.currency,
        fan_is_new=row.subscribed_at is not None and row.subscribed_at >= new_since_us,
        unread=row.unread,
        waiting_since=from_us(row.waiting_since),
        last_at=from_us(row.local_at if local else row.last_at),
        last_text=row.local_text if local else row.last_text or "",
        last_kind=MessageKind.TEXT if local else _KINDS[row.last_kind or "text"],
        last_outgoing=local or row.last_direction == "out",
        last_mine=local or (row.last_author_id is not None and row.last_author_id == me),
        last_author=None if local else row.last_author_name,
        last_read=not local and bool(row.last_read),
        last_price=None if local else row.last_price,
        last_bought=not local and bool(row.last_bought),
        last_state=shown_state(row.local_state, confirmed=bool(row.local_confirmed))
        if local
        else (_STATES[row.last_state] if row.last_state else None),
        queued=row.queued or 0,
        failed=row.failed or 0,
        can_send=bool(row.can_send),
        cannot_send_reason=row.cannot_send_reason,
        reply_rev=row.reply_rev or 0,
        marked_unread=bool(row.marked_unread),
        assignee_id=row.assignee_id,
        assignee_name=row.assignee_name,
        assigned_to_me=row.assignee_id is not None and row.assignee_id == me,
        handover_note=row.handover_note,
        handover_by=row.handover_by,
        snoozed_until=from_us(row.snoozed_until),
        done=bool(row.done),
        changes=row.changes or 0,
    )


def fan(row: Any) -> Fan:
    return Fan(
        id=row.id,
        creator_id=row.creator_id,
        platform_id=row.platform_id,
        name=row.name,
        username=row.username,
        language=row.language,
        location=row.location,
        timezone=row.timezone,
        subscribed_at=from_us(row.subscribed_at),
        renews_at=from_us(row.renews_at),
        active=bool(row.active),
        last_seen_at=from_us(row.last_seen_at),
        totals=FanTotals(
            currency=row.currency,
            lifetime=row.lifetime,
            last_30_days=row.last_30_days,
            tips=row.tips,
            ppv=row.ppv,
            subscriptions=row.subscriptions,
            weeks=tuple(json.loads(row.weeks)),
            bought=row.bought,
            offered=row.offered,
        ),
        tags=tuple(json.loads(row.tags)),
        fields=fields(row.fields),
    )


def fields(stored: str | None) -> tuple[FanField, ...]:
    """The fields of a fan from the JSON that the store keeps."""
    return tuple(
        FanField(name, field["value"], field["ver"], field["by"], from_us(field["at"]))
        for name, field in json.loads(stored or "{}").items()
    )


def note(row: Any, me: Id) -> Note:
    return Note(
        id=row.id,
        fan_id=row.fan_id,
        text=row.text,
        author_name=row.author_name,
        created_at=from_us(row.created_at),
        edited_at=from_us(row.edited_at),
        mine=row.author_id == me,
        ver=row.ver,
    )


def creator(row: Any) -> Creator:
    return Creator(
        id=row.id,
        name=row.name,
        username=row.username,
        platform=row.platform,
        timezone=row.timezone,
        state=CreatorState(row.state),
        state_since=from_us(row.state_since),
        send_limit=row.send_limit,
        paused_until=from_us(row.paused_until),
    )
