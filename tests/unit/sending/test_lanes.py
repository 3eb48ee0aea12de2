"""Who goes first: the order of lanes against a plain rule, and an account's day beside a backlog of campaigns."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from huntaze_backend.areas.messages import lanes
from huntaze_backend.areas.messages.budgets import budget_of
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_contract.wire import Lane
from tests.helpers.send_simulation import NOON, Account, account, most_in_any

MINUTE = timedelta(minutes=1)
MARGIN = timedelta(seconds=5)


@dataclass(frozen=True)
class Line:
    chat: int
    lane: Lane
    state: str
    backed_off: bool


LINES = st.lists(
    st.builds(
        Line,
        chat=st.integers(0, 4),
        lane=st.sampled_from(list(Lane)),
        state=st.sampled_from(["ready", "ready", "ready", "limited", "sending", "unknown", "needs_human"]),
        backed_off=st.sampled_from([False, False, True]),
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def shared() -> Any:
    with account(seed=1) as made:
        yield made


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES, bar=st.booleans(), skip=st.sets(st.integers(0, 4), max_size=2))
def test_the_order_is_that_of_the_rule(shared: Account, lines: list[Line], bar: bool, skip: set[int]) -> None:
    """A head's lane is the best of all that wait in its conversation; of one lane the oldest goes first."""
    shared.unit(lambda session: (session.execute(delete(MessageRow)), session.execute(delete(ConversationRow))))
    shared.places.clear()
    of = {line.chat: f"chat-{line.chat}" for line in lines}
    by_chat: dict[int, list[tuple[str, Line, datetime]]] = defaultdict(list)
    for line in lines:
        shared.clock.at += timedelta(seconds=1)
        (id_,) = shared.write(line.lane, of[line.chat])
        # Behind a head that waits nothing is under way.
        state = line.state if line.chat not in by_chat else "ready"
        values = {"state": state, "not_before": shared.clock.at + timedelta(hours=1) if line.backed_off else None}
        shared.unit(lambda session: session.execute(update(MessageRow).where(MessageRow.id == id_).values(**values)))  # noqa: B023
        by_chat[line.chat].append((id_, Line(line.chat, line.lane, state, line.backed_off), shared.clock.at))
    barred = [Lane.CAMPAIGN] if bar else []
    wanted = []
    order = list(Lane)
    for chat, rows in by_chat.items():
        head_id, head, _ = rows[0]
        due = head.state == "limited" or (head.state == "ready" and not head.backed_off)
        rank, oldest = min((order.index(line.lane), at) for _, line, at in rows)
        if due and chat not in skip and order[rank] not in barred:
            wanted.append((rank, oldest, head_id))
    skipped = {of[chat] for chat in skip if chat in of}

    def heads(session: Any) -> list[tuple[str, Lane]]:
        found = lanes.heads_of(session, shared.creator_id, shared.clock.at, 50, skip=skipped, bar=barred)
        return [(head.row.id, head.lane) for head in found]

    assert shared.unit(heads) == [(id_, order[rank]) for rank, _, id_ in sorted(wanted)]

    def due_since(session: Any) -> Any:
        return lanes.due_accounts(session, shared.connection_id, shared.clock.at, skip=skipped)

    if wanted:
        assert shared.unit(due_since) == {shared.creator_id: shared.clock.at}


# --- an account's day -----------------------------------------------------------------------------------------------


def live_traffic(seed: int, until: datetime) -> list[tuple[datetime, list[str | None]]]:
    """Two a minute at random, and now and then four at once."""
    chance = Random(seed)
    coming: list[tuple[datetime, list[str | None]]] = []
    at = NOON
    while (at := at + timedelta(seconds=chance.expovariate(2 / 60))) < until:
        coming.append((at, [None]))
    at = NOON
    while (at := at + timedelta(minutes=chance.uniform(5, 15))) < until:
        coming.append((at, [None] * 4))
    return coming


def quantile(waits: list[timedelta], share: float) -> timedelta:
    return sorted(waits)[min(int(len(waits) * share), len(waits) - 1)]


def test_live_replies_pass_a_backlog_of_ten_thousand_campaign_messages() -> None:
    until = NOON + 15 * MINUTE
    with account(seed=3) as day:
        day.write(Lane.CAMPAIGN, *[None] * 10_000)
        day.run(live_traffic(3, until - 2 * MINUTE), until)
        waits = [one.waited for one in day.sent if one.lane is Lane.LIVE]
        campaigns = [one.began for one in day.sent if one.lane is Lane.CAMPAIGN]
        assert len(waits) > 25
        assert quantile(waits, 0.99) <= MINUTE + MARGIN
        assert most_in_any(MINUTE, [one.began for one in day.sent]) == 10
        assert most_in_any(MINUTE, campaigns) == 7
        assert len(campaigns) > 15 * 5  # what people leave over is used


def test_a_campaign_drains() -> None:
    until = NOON + 10 * MINUTE
    with account(seed=5) as day:
        ids = day.write(Lane.CAMPAIGN, *[None] * 50)
        day.run(live_traffic(5, until), until)
        assert {one.message_id for one in day.sent} >= set(ids)


def test_lanes_go_in_their_order_and_the_oldest_first() -> None:
    with account(seed=6, spacing_s=0.0, send_limit=100) as day:
        ids = {lane: [] for lane in Lane}
        for lane in (Lane.CAMPAIGN, Lane.AUTOMATION, Lane.SCHEDULED, Lane.LIVE) * 2:
            ids[lane] += day.write(lane, None)
            day.clock.at += timedelta(seconds=1)
        day.send_due()
        assert [one.message_id for one in day.sent] == [id_ for lane in Lane for id_ in ids[lane]]


def test_a_reply_behind_a_campaigns_message_takes_it_along() -> None:
    """No inversion: the campaign's share is used up, but a person waits behind this one."""
    with account(seed=7, spacing_s=0.0) as day:
        day.write(Lane.CAMPAIGN, *[None] * 7)
        day.send_due()
        (blocked,) = day.write(Lane.CAMPAIGN, "a-fan")
        day.write(Lane.CAMPAIGN, None)
        day.send_due()
        assert len(day.sent) == 7
        (reply,) = day.write(Lane.LIVE, "a-fan")
        day.run([], NOON + timedelta(seconds=5))
        assert [one.message_id for one in day.sent[7:]] == [blocked, reply]


def test_one_fan_gets_six_a_minute_and_others_do_not_wait_for_them() -> None:
    with account(seed=8, spacing_s=0.0) as day:
        many = day.write(Lane.LIVE, *["a-fan"] * 8)
        (other,) = day.write(Lane.LIVE, "another")
        (news,) = day.write(Lane.CAMPAIGN, None)
        day.run([], NOON + 5 * MINUTE)
        first = [one.message_id for one in day.sent if one.began < NOON + timedelta(seconds=10)]
        assert set(first) == {*many[:6], other, news}
        by_fan = [one.began for one in day.sent if one.conversation_id == "a-fan"]
        assert len(by_fan) == 8
        assert most_in_any(MINUTE, by_fan) == 6


def test_what_waits_and_when_it_is_through_is_told() -> None:
    with account(seed=9, spacing_s=0.0) as day:
        creator = _Creator(day.creator_id)

        def budget() -> Any:
            return day.unit(lambda session: budget_of(session, day.gate, creator, day.policy))

        assert (budget().waiting, budget().empty_at) == (0, None)
        day.write(Lane.LIVE, *[None] * 2000)
        told = budget()
        assert told.waiting == 2000
        assert told.empty_at is not None
        assert abs((told.empty_at - NOON) - 199 * MINUTE) < timedelta(minutes=1)
        day.write(Lane.CAMPAIGN, *[None] * 1400)
        assert budget().empty_at - NOON > 330 * MINUTE


def test_the_time_told_for_a_short_queue_comes_true() -> None:
    with account(seed=10) as day:
        day.write(Lane.LIVE, *[None] * 25)
        told = day.unit(lambda session: budget_of(session, day.gate, _Creator(day.creator_id, 3.0), day.policy))
        day.run([], NOON + 10 * MINUTE)
        assert len(day.sent) == 25
        assert abs(day.sent[-1].began - told.empty_at) < timedelta(seconds=15)


@dataclass(frozen=True)
class _Creator:
    id: str
    spacing_s: float = 0.0
    send_limit: int = 10
    window_s: float = 60.0
