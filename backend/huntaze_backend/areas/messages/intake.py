"""Takes in what a platform says of messages. Webhooks, the poller and the backfill all end here, in chats and in money.

Sync functions over one unit of work, many rows at a time. Order and repetition do not matter: rows have ids that follow
from the platform's, what is derived is derived from the whole set, and saying the same thing again changes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from huntaze_backend.areas.fans import intake as fans
from huntaze_backend.areas.fans.intake import Source
from huntaze_backend.areas.messages import money, reconcile, replies, thread_store
from huntaze_backend.areas.messages.chats import conversation_id
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.areas.messages.thread_store import PlatformCount
from huntaze_backend.core.bulk import chunks, insert_new
from huntaze_backend.core.changes import record, record_many
from huntaze_backend.core.clock import now
from huntaze_backend.engines.gateways.reading import PlatformMessage
from huntaze_contract.ids import platform_born_id
from huntaze_contract.outgoing import State
from huntaze_contract.wire import MessageKind

_UPDATE = update(MessageRow).where(MessageRow.id == bindparam("of"))


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of messages: how many rows are new, and which wait for a send to be settled (by platform id)."""

    new: int
    held: frozenset[str]


def put_messages(
    session: Session,
    source: Source,
    told: Iterable[PlatformMessage],
    counts: Mapping[str, PlatformCount] | None = None,
) -> Taken:
    """Take in messages of chats that have their rows.

    One of ours that no row is bound to is first offered to the sends under way (`reconcile.late_proof`). What no send
    claims was written elsewhere, on a phone or in another tool, and becomes a sent message without author; but while a
    send of its conversation is open it is held back, because it may be that send's, its text changed by the platform.

    Args:
        session: the unit of work.
        source: where they were read.
        told: any number, of any chats.
        counts: by our conversation id, how many the platform counts as unread; for a first reading.
    """
    by_id = {message.id: message for message in told}
    known = _known_messages(session, source, list(by_id))
    touched: set[str] = set()
    changed = _changes(by_id, known, now(session))
    if changed:
        session.connection().execute(_UPDATE, [change for change, _ in changed])
        _record_messages(session, source, [change["of"] for change, _ in changed])
        touched.update(conversation for _, conversation in changed)
    unknown = sorted((m for id_, m in by_id.items() if id_ not in known), key=lambda m: (m.created_at, m.id))
    new, held, bound = _sort_out(session, source, unknown)
    rows = _new_rows(session, source, new)
    insert_new(session, MessageRow, rows)
    rows = _made(session, rows)
    replies.count_told(session, [row["id"] for row in rows if row["direction"] == "out"])
    _record_messages(session, source, [row["id"] for row in rows])
    touched.update(row["conversation_id"] for row in rows)
    touched.update(bound)
    offers = {row["fan_id"] for row in rows if row["kind"] == MessageKind.PPV.value and row["direction"] == "out"}
    offers.update(known[m.id].fan_id for m in by_id.values() if m.id in known and m.price is not None)
    money.count_ppv(session, source, offers)
    if counts:
        touched.update(thread_store.read_as_counted(session, counts))
    thread_store.refresh(session, touched)
    return Taken(len(rows), frozenset(held))


def _made(session: Session, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that are there. A worker may have bound the same platform message meanwhile: then it has its row, and the
    log must not tell of one that is none.
    """
    there: set[str] = set()
    for part in chunks([row["id"] for row in rows]):
        there.update(session.scalars(select(MessageRow.id).where(MessageRow.id.in_(part))))
    return [row for row in rows if row["id"] in there]


@dataclass(frozen=True, slots=True)
class _Known:
    id: str
    conversation_id: str
    fan_id: str
    outgoing: bool
    bought_at: datetime | None
    read_at: datetime | None


def _known_messages(session: Session, source: Source, platform_ids: Sequence[str]) -> dict[str, _Known]:
    found: dict[str, _Known] = {}
    for part in chunks(platform_ids):
        query = select(
            MessageRow.platform_id,
            MessageRow.id,
            MessageRow.conversation_id,
            MessageRow.fan_id,
            MessageRow.direction,
            MessageRow.bought_at,
            MessageRow.read_at,
        ).where(MessageRow.creator_id == source.creator_id, MessageRow.platform_id.in_(part))
        for platform_id, id_, conversation, fan, direction, bought_at, read_at in session.execute(query):
            found[str(platform_id)] = _Known(id_, conversation, fan, direction == "out", bought_at, read_at)
    return found


def _changes(
    told: Mapping[str, PlatformMessage], known: Mapping[str, _Known], moment: datetime
) -> list[tuple[dict[str, Any], str]]:
    """What differs in messages we have: they were bought, or read. Neither is ever taken back.

    When it was bought is not known here; a transaction that came before has set it, one that comes later will.
    """
    changed: list[tuple[dict[str, Any], str]] = []
    for id_, row in known.items():
        bought = told[id_].bought and row.bought_at is None and told[id_].price is not None
        read = told[id_].read and row.outgoing and row.read_at is None
        if bought or read:
            change = {
                "of": row.id,
                "bought_at": moment if bought else row.bought_at,
                "read_at": moment if read else row.read_at,
            }
            changed.append((change, row.conversation_id))
    return changed


def _sort_out(
    session: Session, source: Source, unknown: Sequence[PlatformMessage]
) -> tuple[list[PlatformMessage], set[str], set[str]]:
    """Split messages without a row into new ones, those held back, and conversations where a send claimed one."""
    ours = {conversation_id(source, message.chat) for message in unknown if message.from_us}
    sending = _sending(session, list(ours))
    new: list[PlatformMessage] = []
    held: set[str] = set()
    bound: set[str] = set()
    for message in unknown:
        conversation = conversation_id(source, message.chat)
        if message.tip is not None and not message.text.strip():
            continue  # its transaction has the row
        if message.from_us and conversation in sending:
            if reconcile.late_proof(session, source.creator_id, message):
                bound.add(conversation)
                continue
            if State.SENDING in sending[conversation]:
                held.add(message.id)
                continue
        new.append(message)
    return new, held, bound


def _sending(session: Session, conversation_ids: Sequence[str]) -> dict[str, set[State]]:
    """States of the messages that went out, or may have, without a platform message bound to them."""
    found: dict[str, set[State]] = defaultdict(set)
    for part in chunks(conversation_ids):
        query = select(MessageRow.conversation_id, MessageRow.state).where(
            MessageRow.conversation_id.in_(part), MessageRow.platform_id.is_(None), MessageRow.attempt_no > 0
        )
        for id_, state in session.execute(query):
            found[id_].add(State(str(state)))
    return found


def _new_rows(session: Session, source: Source, new: Sequence[PlatformMessage]) -> list[dict[str, Any]]:
    ids = {message.id: platform_born_id(source.creator_id, message.id, "message") for message in new}
    paid = fans.paid_at(session, [ids[message.id] for message in new if message.price is not None])
    fan_ids = _fans_of(session, {conversation_id(source, message.chat) for message in new})
    rows: list[dict[str, Any]] = []
    for message in new:
        id_, conversation = ids[message.id], conversation_id(source, message.chat)
        # The platform says that it was bought, not when; the transaction does, and comes by another way.
        bought_at = message.created_at if message.bought and message.price is not None else None
        rows.append(
            {
                "id": id_,
                "agency_id": source.agency_id,
                "creator_id": source.creator_id,
                "conversation_id": conversation,
                "fan_id": fan_ids[conversation],
                "direction": "out" if message.from_us else "in",
                "kind": (MessageKind.TEXT if message.price is None else MessageKind.PPV).value,
                "text": message.text,
                "title": message.title,
                "price": message.price,
                "currency": "USD",
                "media": [
                    {"platform_id": item.id, "type": item.type, "duration_s": item.duration_s} for item in message.media
                ],
                "bought_at": paid.get(id_, bought_at),
                "at": message.created_at,
                "platform_id": message.id,
                "read_at": message.created_at if message.from_us and message.read else None,
                "state": State.SENT.value if message.from_us else None,
            }
        )
    return rows


def _fans_of(session: Session, conversation_ids: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in chunks(sorted(conversation_ids)):
        query = select(ConversationRow.id, ConversationRow.fan_id).where(ConversationRow.id.in_(part))
        found.update(session.execute(query).all())
    return found


def _record_messages(session: Session, source: Source, ids: Iterable[str]) -> None:
    named = [(id_, source.creator_id) for id_ in ids]
    record_many(session, agency_id=source.agency_id, entity="message", rows=named)


# --- single facts -------------------------------------------------------------------------------------------------


def bought(session: Session, source: Source, platform_id: str) -> None:
    """A PPV message was bought just now; its transaction will say when exactly."""
    row = _by_platform_id(session, source, platform_id)
    if row is not None and row.kind == MessageKind.PPV.value and row.bought_at is None:
        row.bought_at = now(session)
        session.flush()
        _record_messages(session, source, [row.id])
        money.count_ppv(session, source, [row.fan_id])
        thread_store.refresh(session, [row.conversation_id])


def read_by_fan(session: Session, source: Source, chat: str, platform_id: str) -> None:
    """The fan read our messages up to this one."""
    last = _by_platform_id(session, source, platform_id)
    if last is None or last.conversation_id != conversation_id(source, chat):
        return
    unread = session.scalars(
        select(MessageRow).where(
            MessageRow.conversation_id == last.conversation_id,
            MessageRow.direction == "out",
            MessageRow.state == State.SENT.value,
            MessageRow.at <= last.at,
            MessageRow.read_at.is_(None),
        )
    ).all()
    moment = now(session)
    for row in unread:
        row.read_at = moment
    _record_messages(session, source, [row.id for row in unread])
    if unread:
        session.flush()
        thread_store.refresh(session, [last.conversation_id])


def deleted(session: Session, source: Source, platform_id: str) -> None:
    """A message was unsent. One that was written here keeps its row: it is the record of what the team sent."""
    row = _by_platform_id(session, source, platform_id)
    if row is None or row.client_key is not None:
        return
    session.delete(row)
    session.flush()
    record(session, agency_id=row.agency_id, entity="message", entity_id=row.id, creator_id=row.creator_id, op="D")
    thread_store.refresh(session, [row.conversation_id])


def _by_platform_id(session: Session, source: Source, platform_id: str) -> MessageRow | None:
    query = select(MessageRow).where(MessageRow.creator_id == source.creator_id, MessageRow.platform_id == platform_id)
    return session.scalars(query).one_or_none()
