"""Lets scheduled messages go at their time: they enter their conversation's order then, and not before.

The time stands in the row, so a restart changes nothing. One small index holds the scheduled rows of all accounts;
looking costs the same however many messages there are.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from huntaze_backend.areas.messages import rules, thread_store
from huntaze_backend.areas.messages.pipeline import advance
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.core.clock import now
from huntaze_backend.core.db import Database
from huntaze_backend.core.schema import UtcMicros
from huntaze_contract.outgoing import Release, State, Timing

__all__ = ["Releaser", "next_due", "release_due"]

log = structlog.get_logger(__name__)

_LONGEST_NAP_S = 1.0
_BATCH = 100
# Said literally: with a variable no planner may take the index of scheduled rows, and the table is read instead.
_SCHEDULED = MessageRow.state == bindparam("scheduled", State.SCHEDULED.value, literal_execute=True)
_NEXT = select(func.min(MessageRow.not_before)).where(_SCHEDULED)


_DUE = (
    select(MessageRow)
    .where(_SCHEDULED, MessageRow.not_before <= bindparam("at", type_=UtcMicros()))
    .order_by(MessageRow.not_before, MessageRow.id)
    .limit(_BATCH)
    .with_for_update(skip_locked=True)
)


@dataclass(frozen=True, slots=True)
class _Due:
    next_at: datetime | None
    at: datetime


def next_due(session: Session) -> _Due:
    """When the next scheduled message goes (None: there is none), and the server's time."""
    return _Due(session.scalar(_NEXT), now(session))


def release_due(session: Session, timing: Timing) -> int:
    """Put the messages whose time has come into their conversations' order; returns how many, at most 100 at once.

    Those of one conversation enter in the order of their times. A row that somebody edits or cancels at this moment is
    left for the next look.
    """
    at = now(session)
    due = session.scalars(_DUE, {"at": at}).all()
    conversations = _locked(session, {row.conversation_id for row in due})
    for row in due:
        row.at = at  # in the timeline it stands where it is sent, not where it was written
        advance(session, row, Release(rules.take_place(conversations[row.conversation_id])), timing)
    thread_store.refresh(session, list(conversations))
    return len(due)


def _locked(session: Session, ids: set[str]) -> dict[str, ConversationRow]:
    query = (
        select(ConversationRow)
        .where(ConversationRow.id.in_(ids))
        .order_by(ConversationRow.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in session.scalars(query)} if ids else {}


class Releaser:
    """One per worker."""

    def __init__(self, db: Database, timing: Timing) -> None:
        self._db = db
        self._timing = timing

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. What breaks is logged, and looked at again."""
        while not stop.is_set():
            try:
                pause_s = await self._look()
            except Exception:
                # Whatever it is, the other messages still have their times.
                log.exception("scheduled.not_released")
                pause_s = _LONGEST_NAP_S
            try:
                await asyncio.wait_for(stop.wait(), pause_s)
            except TimeoutError:
                continue

    async def _look(self) -> float:
        due = await self._db.read(next_due)
        if due.next_at is None:
            return _LONGEST_NAP_S
        left_s = (due.next_at - due.at).total_seconds()
        if left_s > 0:
            return min(left_s, _LONGEST_NAP_S)
        released = await self._db.write(partial(release_due, timing=self._timing))
        # None released: another unit of work holds them for a moment.
        return 0.001 if released else 0.1
