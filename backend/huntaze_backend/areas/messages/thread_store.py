"""Brings the derived fields of conversations up to date in SQL: the rule of `threads.derive` for many at once.

Called in the unit of work that changed the messages, with the ids of the conversations it touched. A fixed number of
statements per 500 conversations, each reading only the index from the last answer on.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Select,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.orm import Session

from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.areas.messages.team_tables import MarksRow
from huntaze_backend.areas.messages.threads import ASKING, NEVER_LAST, read_mark_from_count
from huntaze_backend.core.bulk import chunks
from huntaze_backend.core.changes import record_many
from huntaze_backend.core.pages import micros
from huntaze_backend.core.schema import UtcMicros
from huntaze_contract.outgoing import State

_EVER = literal(datetime(1970, 1, 1, tzinfo=UTC), UtcMicros())
_CLOCKS_DIFFER = 300_000_000  # microseconds between the platform's clock and ours, at the very most
_ASKING = sorted(kind.value for kind in ASKING)
_ASKS = and_(MessageRow.direction == "in", MessageRow.kind.in_(_ASKING))
_NEVER_LAST = sorted(state.value for state in NEVER_LAST)


@dataclass(frozen=True, slots=True)
class PlatformCount:
    """What a listing of chats said: `unread` incoming messages, counted when the newest message was of `as_of`."""

    unread: int
    as_of: datetime


def refresh(session: Session, conversation_ids: Collection[str]) -> None:
    """Derive the conversations' fields anew and note them as changed: their newest message may look different."""
    for part in chunks(sorted(set(conversation_ids))):
        _lock(session, part)
        rows = session.execute(_DERIVED, {"ids": part}).all()
        values: list[dict[str, Any]] = [
            {
                "of": row.id,
                "unread": row.unread,
                "waiting_since": row.waiting_since,
                "last_message_id": row.last_id,
                "last_at": row.at or row.last_at,
                "marked_unread": row.marked_unread,
                "snoozed_until": row.snoozed_until,
                "done_at": row.done_at,
                "handover_note": row.handover_note,
                "handover_by": row.handover_by,
            }
            for row in rows
        ]
        if values:
            session.connection().execute(_UPDATE, values)
        _record(session, [(row.agency_id, row.creator_id, row.id) for row in rows])
    _forget_loaded(session)


def read_as_counted(session: Session, counts: Mapping[str, PlatformCount]) -> list[str]:
    """Move read marks up to where the platform's counts say they are; returns the conversations whose mark moved.

    Marks only go up: what the team read here stays read although the platform does not know of it.
    """
    moved: list[str] = []
    for part in chunks(sorted(counts)):
        _lock(session, part)
        asking: dict[str, list[datetime]] = defaultdict(list)
        query = (
            select(MessageRow.conversation_id, MessageRow.at)
            .join(ConversationRow, ConversationRow.id == MessageRow.conversation_id)
            .where(
                MessageRow.conversation_id.in_(part),
                _ASKS,
                MessageRow.at > func.coalesce(ConversationRow.read_up_to, _EVER),
            )
            .order_by(MessageRow.at.desc())
        )
        for conversation_id, at in session.execute(query):
            if at <= counts[conversation_id].as_of:
                asking[conversation_id].append(at)
        marks = {id_: read_mark_from_count(times, counts[id_].unread) for id_, times in asking.items()}
        moves = [{"of": id_, "read_up_to": mark} for id_, mark in marks.items() if mark is not None]
        if moves:
            session.connection().execute(_UPDATE, moves)
        moved.extend(str(move["of"]) for move in moves)
    _forget_loaded(session)
    return moved


_LOCKED = (
    select(ConversationRow.id)
    .where(ConversationRow.id.in_(bindparam("ids", expanding=True)))
    .order_by(ConversationRow.id)
    .with_for_update()
)
_UPDATE = update(ConversationRow).where(ConversationRow.id == bindparam("of"))  # which columns: those the rows name


def _lock(session: Session, conversation_ids: Sequence[str]) -> None:
    # Two units of work that each add a message must not derive without seeing the other's: the second one waits here.
    session.flush()
    session.execute(_LOCKED, {"ids": conversation_ids})


def _forget_loaded(session: Session) -> None:
    # The updates above went past the identity map; rows that a caller holds are read again when next asked.
    for row in list(session.identity_map.values()):
        if isinstance(row, ConversationRow):
            session.expire(row)


def _record(session: Session, rows: Sequence[tuple[str, str, str]]) -> None:
    by_agency: dict[str, list[tuple[str, str | None]]] = defaultdict(list)
    for agency_id, creator_id, id_ in rows:
        by_agency[agency_id].append((id_, creator_id))
    for agency_id, changed in by_agency.items():
        record_many(session, agency_id=agency_id, entity="conversation", rows=changed)


def _derived() -> Select[Any]:
    of = ConversationRow.id
    mine = MessageRow.conversation_id == of
    answers = (mine, MessageRow.direction == "out", MessageRow.state == State.SENT.value, MessageRow.kind.in_(_ASKING))
    answered = select(MessageRow.at).where(*answers).order_by(MessageRow.at.desc()).limit(1).scalar_subquery()
    heard = select(MessageRow.at).where(mine, _ASKS).order_by(MessageRow.at.desc()).limit(1).scalar_subquery()
    # Who took over has answered. `at` is the platform's and only bounds the search; that it was written here after the
    # hand-over is what `accepted_at` says.
    took_over = exists().where(
        *answers,
        micros(MessageRow.at) > type_coerce(ConversationRow.assigned_at, BigInteger) - _CLOCKS_DIFFER,
        MessageRow.accepted_at > ConversationRow.assigned_at,
        MessageRow.author_id == ConversationRow.assignee_id,
    )
    handed_over = and_(ConversationRow.handover_by.is_not(None), not_(took_over))
    last = (
        select(MessageRow.id)
        .where(mine, or_(MessageRow.state.is_(None), MessageRow.state.not_in(_NEVER_LAST)))
        .order_by(MessageRow.at.desc(), MessageRow.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    found = (
        select(
            of,
            ConversationRow.agency_id,
            ConversationRow.creator_id,
            ConversationRow.last_at,
            func.coalesce(ConversationRow.read_up_to, _EVER).label("read_up_to"),
            func.coalesce(answered, _EVER).label("answered"),
            func.coalesce(heard, _EVER).label("heard"),
            last.label("last_id"),
            case((handed_over, ConversationRow.handover_note)).label("handover_note"),
            case((handed_over, ConversationRow.handover_by)).label("handover_by"),
            MarksRow.snooze_until,
            MarksRow.snooze_seen,
            MarksRow.done_at,
            MarksRow.done_seen,
            MarksRow.unread_seen,
        )
        .outerjoin(MarksRow, MarksRow.conversation_id == of)
        .where(of.in_(bindparam("ids", expanding=True)))
        .subquery()
    )
    waits = (MessageRow.conversation_id == found.c.id, _ASKS, MessageRow.at > found.c.answered)
    newest = select(MessageRow.at).where(MessageRow.id == found.c.last_id).scalar_subquery()
    return select(
        found.c.id,
        found.c.agency_id,
        found.c.creator_id,
        found.c.last_id,
        found.c.last_at,
        newest.label("at"),
        select(func.min(MessageRow.at)).where(*waits).scalar_subquery().label("waiting_since"),
        select(func.count()).where(*waits, MessageRow.at > found.c.read_up_to).scalar_subquery().label("unread"),
        func.coalesce(found.c.answered <= found.c.unread_seen, false()).label("marked_unread"),
        case((found.c.heard <= found.c.snooze_seen, found.c.snooze_until)).label("snoozed_until"),
        case((found.c.heard <= found.c.done_seen, found.c.done_at)).label("done_at"),
        found.c.handover_note,
        found.c.handover_by,
    )


_DERIVED = _derived()  # made once: building it costs more than running it
