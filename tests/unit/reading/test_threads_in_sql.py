"""The rule in SQL and the rule in Python are one rule."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import tables as _accounts  # noqa: F401  (its tables are part of the metadata)
from huntaze_backend.areas.messages import thread_store
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.areas.messages.team_tables import MarksRow
from huntaze_backend.areas.messages.threads import Entry, Marks, derive
from huntaze_backend.core.schema import Base
from huntaze_contract.outgoing import State
from huntaze_contract.wire import MessageKind

START = datetime(2026, 11, 20, 18, tzinfo=UTC)
moments = st.integers(min_value=0, max_value=12).map(lambda minute: START + timedelta(minutes=minute))
maybe = st.none() | moments
states = st.sampled_from([State.SENT, State.READY, State.FAILED, State.CANCELLED, State.UNKNOWN])
incoming = st.builds(
    Entry,
    id=st.text("abc", min_size=1, max_size=4),
    at=moments,
    incoming=st.just(True),
    kind=st.sampled_from(MessageKind),
)
outgoing = st.builds(
    Entry,
    id=st.text("abc", min_size=1, max_size=4),
    at=moments,
    incoming=st.just(False),
    kind=st.sampled_from(MessageKind),
    state=states,
)
timelines = st.lists(incoming | outgoing, max_size=9, unique_by=lambda entry: entry.id)


@st.composite
def asked(draw: Any) -> Marks:
    """Marks as members make them: whatever is asked comes with what was seen."""
    snoozed, done = draw(maybe), draw(maybe)
    return Marks(
        snooze_until=snoozed,
        snooze_seen=draw(moments) if snoozed else None,
        done_at=done,
        done_seen=draw(moments) if done else None,
        unread_seen=draw(maybe),
    )


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@settings(max_examples=120)
@given(timelines, maybe, asked())
def test_what_the_store_derives_is_what_the_rule_says(engine, said, read_up_to, marks):
    whose = {"agency_id": "agency", "creator_id": "creator", "fan_id": "fan"}
    with Session(engine) as session:
        session.add(ConversationRow(id="chat", platform_id="7", last_at=START, read_up_to=read_up_to, **whose))
        session.flush()
        session.add(
            MarksRow(
                conversation_id="chat",
                snooze_until=marks.snooze_until,
                snooze_seen=marks.snooze_seen,
                done_at=marks.done_at,
                done_seen=marks.done_seen,
                unread_seen=marks.unread_seen,
            )
        )
        for entry in said:
            session.add(
                MessageRow(
                    id=entry.id,
                    conversation_id="chat",
                    direction="in" if entry.incoming else "out",
                    kind=entry.kind.value,
                    state=entry.state.value if entry.state else None,
                    at=entry.at,
                    **whose,
                )
            )

        thread_store.refresh(session, ["chat"])

        row = session.get_one(ConversationRow, "chat")
        wanted = derive(said, read_up_to, marks)
        assert (row.unread, row.waiting_since, row.last_message_id) == (
            wanted.unread,
            wanted.waiting_since,
            wanted.last_id,
        )
        assert row.last_at == (wanted.last_at or START)
        assert (row.marked_unread, row.snoozed_until, row.done_at) == (
            wanted.marked_unread,
            wanted.snoozed_until,
            wanted.done_at,
        )
        session.rollback()
