"""Who goes next on an account: the queries over the few rows that hold a place.

Lanes are asked in order (a live reply, what was scheduled, automations, campaigns), each from its oldest row. What may
go is always a conversation's head; a head stands in the best lane of all that wait in its conversation, so that a
person's reply behind a campaign's message does not wait for campaigns. Each query walks an index and stops at the first
hit: a backlog of 10,000 makes it no slower.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Integer, ScalarSelect, Select, and_, bindparam, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from huntaze_backend.areas.accounts import service as accounts
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


def due_accounts(
    session: Session, connection_id: str, at: datetime, *, skip: Collection[str] = ()
) -> Mapping[str, datetime]:
    """A connection's accounts that have a head which waits, with the time since or from which the best may be tried.

    A limited head is due whenever the limiter admits; its `not_before` is only what a person was told. The heads of the
    conversations in `skip` are not looked at. One statement: it is asked after whatever happens.
    """
    asked = {"connection": connection_id, "at": at}
    owing = session.execute(_OWING_BUT, {**asked, "skip": list(skip)}) if skip else session.execute(_OWING, asked)
    return {creator_id: due for creator_id, due in owing if due is not None}


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
        asked = {"creator": creator_id, "lane": lane.value, "at": at, "most": most}
        rows = session.scalars(_HEADS_BUT, {**asked, "skip": list(skip)}) if skip else session.scalars(_HEADS, asked)
        for found in rows:
            if found.id not in heads and len(heads) < most:
                heads[found.id] = Head(found, lane)
    return list(heads.values())


def waiting(session: Session, creator_id: str) -> Mapping[Lane, int]:
    """How many messages of the account wait for their turn, by lane."""
    return {Lane(lane): count for lane, count in session.execute(_WAITING_ALL, {"creator": creator_id})}


def waiting_before(session: Session, row: MessageRow) -> Mapping[Lane, int]:
    """How many stand before this one, by lane: those of better lanes, and the older ones of its own."""
    mine = Lane(row.lane)
    asked = {
        "creator": row.creator_id,
        "lane": mine.value,
        "accepted_at": row.accepted_at,
        "better": [lane.value for lane in _before(mine)],
    }
    return {Lane(lane): count for lane, count in session.execute(_WAITING_BEFORE, asked)}


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


def _not_skipped(row: type[MessageRow]) -> ColumnElement[bool]:
    return row.conversation_id.not_in(bindparam("skip", expanding=True))


def _owing(*, skipping: bool) -> Select[str, datetime | None]:
    """Per account that has work: since or from when a head may be tried; null if none may."""
    of_connection = MessageRow.creator_id.in_(accounts.select_creator_ids(bindparam("connection")))
    owing = select(MessageRow.creator_id).where(MessageRow.held_place.is_not(None), of_connection).distinct().subquery()
    head = aliased(MessageRow)
    mine = [head.creator_id == owing.c.creator_id, _is_head(head)]
    if skipping:
        mine.append(_not_skipped(head))
    due = exists().where(*mine, _is_due(head))
    # Asked only where nothing is due: the first hit ends the one, the other walks all that wait.
    backed_off = select(func.min(head.not_before)).where(*mine, head.state == State.READY.value).scalar_subquery()
    return select(owing.c.creator_id, case((due, bindparam("at", type_=UtcMicros())), else_=backed_off))


def _heads(*, skipping: bool) -> Select[MessageRow]:
    first, row = aliased(MessageRow), aliased(MessageRow)
    query = (
        select(first)
        .join(row, first.id == _head_of(row))
        .where(
            row.creator_id == bindparam("creator"),
            row.lane == bindparam("lane"),
            row.held_place.is_not(None),
            first.state.in_(WAITING),
            _is_due(first),
        )
        .order_by(row.accepted_at, row.id)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(of=first, skip_locked=True)
    )
    return query.where(_not_skipped(row)) if skipping else query


def _waiting(*which: ColumnElement[bool]) -> Select[str, int]:
    return (
        select(MessageRow.lane, func.count())
        .where(
            MessageRow.held_place.is_not(None),
            MessageRow.creator_id == bindparam("creator"),
            MessageRow.state.in_(WAITING),
            *which,
        )
        .group_by(MessageRow.lane)
    )


def _stands_before() -> ColumnElement[bool]:
    accepted_at = bindparam("accepted_at", type_=UtcMicros())
    older = and_(MessageRow.lane == bindparam("lane"), MessageRow.accepted_at < accepted_at)
    return or_(older, MessageRow.lane.in_(bindparam("better", expanding=True)))


# Mostly nothing is skipped, and without a list the statement costs half as much.
_OWING, _OWING_BUT = _owing(skipping=False), _owing(skipping=True)
_HEADS, _HEADS_BUT = _heads(skipping=False), _heads(skipping=True)
_WAITING_ALL, _WAITING_BEFORE = _waiting(), _waiting(_stands_before())
