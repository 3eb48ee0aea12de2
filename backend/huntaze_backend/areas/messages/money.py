"""Takes in what a platform says of money: transactions, the timeline's rows for some of them, what was bought when.

Part of the intake (intake.py), one unit of work, many rows at a time; saying the same thing again changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, case, func, select, update
from sqlalchemy.orm import Session

from huntaze_backend.areas.fans import intake as fans
from huntaze_backend.areas.fans.intake import Money, Source
from huntaze_backend.areas.messages import thread_store
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.core.bulk import chunks, insert_new
from huntaze_backend.core.changes import record_many
from huntaze_backend.engines.gateways.reading import PlatformTransaction
from huntaze_contract.ids import platform_born_id
from huntaze_contract.outgoing import State
from huntaze_contract.wire import MessageKind, TransactionKind

_TIMELINE = {TransactionKind.TIP: MessageKind.TIP, TransactionKind.SUBSCRIPTION: MessageKind.SUBSCRIPTION}
"""Money that has a row of its own in the timeline; a bought message has one already."""
_UPDATE = update(MessageRow).where(MessageRow.id == bindparam("of"))


def put_transactions(session: Session, source: Source, told: Sequence[PlatformTransaction]) -> int:
    """Take in transactions: their rows, the timeline's rows for tips and renewals, and what was bought when."""
    ids = _own_ids(session, source, [item.message_id for item in told if item.message_id])
    stored = fans.put_transactions(session, source, told, ids)
    touched = put_rows(session, source, stored)
    bought = {money.message_id: money.at for money in stored if money.kind is TransactionKind.PPV and money.message_id}
    touched |= _bought(session, source, bought)
    thread_store.refresh(session, touched)
    return len(stored)


def _bought(session: Session, source: Source, at: Mapping[str, datetime]) -> set[str]:
    conversations: set[str] = set()
    offers: set[str] = set()
    changes: list[dict[str, Any]] = []
    for part in chunks(list(at)):
        query = select(MessageRow.id, MessageRow.conversation_id, MessageRow.fan_id, MessageRow.bought_at).where(
            MessageRow.id.in_(part), MessageRow.kind == MessageKind.PPV.value
        )
        for id_, conversation, fan, bought_at in session.execute(query):
            if bought_at != at[id_]:
                changes.append({"of": id_, "bought_at": at[id_]})
                conversations.add(conversation)
                offers.add(fan)
    if changes:
        session.connection().execute(_UPDATE, changes)
        _record_messages(session, source, [change["of"] for change in changes])
        count_ppv(session, source, offers)
    return conversations


def put_rows(session: Session, source: Source, money: Iterable[Money]) -> set[str]:
    """Timeline rows of tips and subscriptions, for fans that have a conversation. Returns the conversations touched."""
    shown = [item for item in money if item.kind in _TIMELINE]
    conversations: dict[str, str] = {}
    for part in chunks(sorted({item.fan_id for item in shown})):
        query = select(ConversationRow.fan_id, ConversationRow.id).where(ConversationRow.fan_id.in_(part))
        conversations.update(session.execute(query).all())
    rows = {
        platform_born_id(source.creator_id, item.platform_id, "transaction_event"): item
        for item in shown
        if item.fan_id in conversations
    }
    known: set[str] = set()
    for part in chunks(list(rows)):
        known.update(session.scalars(select(MessageRow.id).where(MessageRow.id.in_(part))))
    new: list[dict[str, Any]] = [
        {
            "id": id_,
            "agency_id": source.agency_id,
            "creator_id": source.creator_id,
            "conversation_id": conversations[item.fan_id],
            "fan_id": item.fan_id,
            "direction": "in",
            "kind": _TIMELINE[item.kind].value,
            "price": item.amount,
            "currency": item.currency,
            "at": item.at,
        }
        for id_, item in rows.items()
        if id_ not in known
    ]
    insert_new(session, MessageRow, new)
    _record_messages(session, source, [row["id"] for row in new])
    return {row["conversation_id"] for row in new}


def count_ppv(session: Session, source: Source, fan_ids: Iterable[str]) -> None:
    wanted = sorted(set(fan_ids))
    bought = func.sum(case((MessageRow.bought_at.is_not(None), 1), else_=0))
    for part in chunks(wanted):
        query = (
            select(MessageRow.fan_id, bought, func.count())
            .join(ConversationRow, ConversationRow.id == MessageRow.conversation_id)
            .where(
                ConversationRow.fan_id.in_(part),
                MessageRow.kind == MessageKind.PPV.value,
                MessageRow.direction == "out",
                MessageRow.state == State.SENT.value,
            )
            .group_by(MessageRow.fan_id)
        )
        counts = {fan: (int(sold), int(offered)) for fan, sold, offered in session.execute(query)}
        fans.set_ppv_counts(session, source, counts)


def _own_ids(session: Session, source: Source, platform_ids: Sequence[str]) -> dict[str, str]:
    """Our ids of messages by the platform's, also of those that have no row yet."""
    ids = {id_: platform_born_id(source.creator_id, id_) for id_ in platform_ids}
    for part in chunks(list(ids)):
        query = select(MessageRow.platform_id, MessageRow.id).where(
            MessageRow.creator_id == source.creator_id, MessageRow.platform_id.in_(part)
        )
        ids.update({platform_id: id_ for platform_id, id_ in session.execute(query) if platform_id})
    return ids


def _record_messages(session: Session, source: Source, ids: Iterable[str]) -> None:
    named = [(id_, source.creator_id) for id_ in ids]
    record_many(session, agency_id=source.agency_id, entity="message", rows=named)
