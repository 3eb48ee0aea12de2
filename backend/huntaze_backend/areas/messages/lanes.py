"""Who goes next on an account: the queries over the few rows that hold a place.

Lanes are asked in order (a live reply, what was scheduled, automations, campaigns), each from its oldest row. What may
go is always a conversation's head; a head stands in the best lane of all that wait in its conversation, so that a
person's reply behind a campaign's message does not wait for campaigns. Each query walks an index and stops at the first
hit: a backlog of 10,000 makes it no slower.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Integer, ScalarSelect, Select, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from huntaze_backend.areas.messages.tables import MessageRow
from huntaze_backend.core.schema import UtcMicros
from huntaze_contract.outgoing import State
from huntaze_contract.wire import Lane

__all__ = ["WAITING", "Head", "best_head", "due_accounts", "heads_of", "waiting", "waiting_before"]

WAITING = (State.READY.value, State.LIMITED.value)


@dataclass(frozen=True, slots=True)
class Head:
    """A conversation's first message, and the lane it stands in."""

    row: MessageRow
    lane: Lane


def due_accounts(session: Session, creator_ids: Sequence[str], at: datetime) -> Mapping[str, datetime]:
    """Accounts that have a head which waits, with the time since or from which the best may be tried.

    A limited head is due whenever the limiter admits; its `not_before` is only what a person was told.
    """
    found: dict[str, datetime] = {}
    later: list[str] = []
    for creator_id, is_due in session.execute(_OWING, {"creators": creator_ids, "at": at}):
        if is_due:
            found[creator_id] = at
        else:
            later.append(creator_id)
    if later:
        backed_off = session.execute(_BACKED_OFF, {"creators": later})
        found.update((creator_id, when or at) for creator_id, when in backed_off)
    return found


def best_head(
    session: Session, creator_id: str, at: datetime, *, skip: Collection[str] = (), bar: Collection[Lane] = ()
) -> Head | None:
    """The head to try, locked; one that another unit of work holds is left to it.

    Args:
        session: the unit of work.
        creator_id: the account.
        at: the server's time.
        skip: conversations not to look at.
        bar: lanes not to look at.
    """
    found = heads_of(session, creator_id, at, 1, skip=skip, bar=bar)
    return found[0] if found else None


def heads_of(
    session: Session,
    creator_id: str,
    at: datetime,
    most: int,
    *,
    skip: Collection[str] = (),
    bar: Collection[Lane] = (),
) -> list[Head]:
    """The account's next `most` heads in the order in which they may go, locked."""
    heads: dict[str, Head] = {}
    for lane in Lane:
        if lane in bar or len(heads) >= most:
            continue
        asked = {"creator": creator_id, "lane": lane.value, "skip": list(skip), "at": at, "most": most}
        for found in session.scalars(_HEADS, asked):
            if found.id not in heads and len(heads) < most:
                heads[found.id] = Head(found, lane)
    return list(heads.values())


def waiting(session: Session, creator_id: str) -> Mapping[Lane, int]:
    """How many messages of the account wait for their turn, by lane."""
    query = (
        select(MessageRow.lane, func.count())
        .where(MessageRow.held_place.is_not(None), MessageRow.creator_id == creator_id, MessageRow.state.in_(WAITING))
        .group_by(MessageRow.lane)
    )
    return {Lane(lane): count for lane, count in session.execute(query)}


def waiting_before(session: Session, row: MessageRow) -> Mapping[Lane, int]:
    """How many stand before this one, by lane: those of better lanes, and the older ones of its own."""
    mine = Lane(row.lane)
    older = and_(MessageRow.lane == mine.value, MessageRow.accepted_at < row.accepted_at)
    better = MessageRow.lane.in_([lane.value for lane in _before(mine)])
    query = (
        select(MessageRow.lane, func.count())
        .where(
            MessageRow.held_place.is_not(None),
            MessageRow.creator_id == row.creator_id,
            MessageRow.state.in_(WAITING),
            older | better,
        )
        .group_by(MessageRow.lane)
    )
    return {Lane(lane): count for lane, count in session.execute(query)}


def _before(lane: Lane) -> list[Lane]:
    order = list(Lane)
    return order[: order.index(lane)]


# --- the statements, made once: building one costs many times what running it does -----------------------------------


def _head_of(row: type[MessageRow]) -> ScalarSelect[str]:
    """The id of the first that holds a place in the row's conversation. Said so that planners walk from the row."""
    before = aliased(MessageRow)
    return (
        select(before.id)
        .where(before.conversation_id == row.conversation_id, before.held_place.is_not(None))
        .order_by(before.held_place)
        .limit(1)
        .scalar_subquery()
    )


def _is_head(row: type[MessageRow]) -> ColumnElement[bool]:
    return and_(row.held_place.is_not(None), row.state.in_(WAITING), row.id == _head_of(row))


def _is_due(row: type[MessageRow]) -> ColumnElement[bool]:
    at = bindparam("at", type_=UtcMicros())
    return or_(row.state == State.LIMITED.value, row.not_before.is_(None), row.not_before <= at)


def _owing() -> Select[str, bool]:
    owing = (
        select(MessageRow.creator_id)
        .where(MessageRow.held_place.is_not(None), MessageRow.creator_id.in_(bindparam("creators", expanding=True)))
        .distinct()
        .subquery()
    )
    head = aliased(MessageRow)
    return select(
        owing.c.creator_id, exists().where(head.creator_id == owing.c.creator_id, _is_head(head), _is_due(head))
    )


def _backed_off() -> Select[str, datetime | None]:
    head = aliased(MessageRow)
    return (
        select(head.creator_id, func.min(head.not_before))
        .where(
            head.creator_id.in_(bindparam("creators", expanding=True)),
            _is_head(head),
            head.state == State.READY.value,
        )
        .group_by(head.creator_id)
    )


def _heads() -> Select[MessageRow]:
    first, row = aliased(MessageRow), aliased(MessageRow)
    return (
        select(first)
        .join(row, first.id == _head_of(row))
        .where(
            row.creator_id == bindparam("creator"),
            row.lane == bindparam("lane"),
            row.held_place.is_not(None),
            row.conversation_id.not_in(bindparam("skip", expanding=True)),
            first.state.in_(WAITING),
            _is_due(first),
        )
        .order_by(row.accepted_at, row.id)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(of=first, skip_locked=True)
    )


_OWING, _BACKED_OFF, _HEADS = _owing(), _backed_off(), _heads()
