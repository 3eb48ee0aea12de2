"""An account's history is read whole, once, through errors and restarts."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.accounts.tables import ConnectionRow, CreatorRow
from huntaze_backend.areas.fans.intake import fan_id
from huntaze_backend.areas.fans.loaders import load_fans
from huntaze_backend.areas.fans.tables import FanRow, TransactionRow
from huntaze_backend.areas.messages.backfill import Backfills
from huntaze_backend.areas.messages.chats import conversation_id
from huntaze_backend.areas.messages.sweep import Pace
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_contract.wire import Backfill


def cents(dollars: float) -> int:
    return round(dollars * 100)


async def progress(house: Any) -> Backfill:
    def read(session: Session) -> Backfill:
        row = session.get_one(ConnectionRow, house.connection_id)
        return Backfill(
            state=row.backfill_state,
            conversations_done=row.backfill_done,
            conversations_total=row.backfill_total,
            messages=row.backfill_messages,
            error=row.backfill_error,
        )

    return await house.db.read(read)


async def test_everything_the_platform_has_is_stored(house):
    ended = await house.backfills.read(house.connection_id)

    assert ended == await progress(house)
    assert (ended.state, ended.error) == ("done", None)
    assert ended.conversations_done == ended.conversations_total == 24
    assert ended.messages == 2600
    for source in house.sources:
        await compare_account(house, source)


async def compare_account(house: Any, source: Any) -> None:
    """Everything of one account, row by row, against what the platform says of it."""
    chats = await house.sandbox.chats(source.account)
    people = await house.sandbox.all(f"/api/{source.account}/fans/all", 50)
    money = await house.sandbox.all(f"/api/{source.account}/transactions", 100)

    def read(session: Session) -> Any:
        of = {"creator_id": source.creator_id}
        conversations = {row.platform_id: row for row in session.scalars(select(ConversationRow).filter_by(**of))}
        messages = list(session.scalars(select(MessageRow).filter_by(**of)))
        transactions = {row.platform_id: row for row in session.scalars(select(TransactionRow).filter_by(**of))}
        ids = list(session.scalars(select(FanRow.id).filter_by(**of)))
        return conversations, messages, transactions, load_fans(session, source.agency_id, ids)

    conversations, messages, transactions, fans = await house.db.read(read)
    assert {row["id"] for row in chats} == set(conversations)
    for chat in chats:
        assert conversations[chat["id"]].unread == chat["unreadMessagesCount"]
        assert conversations[chat["id"]].can_send == chat["canSendMessage"]
        answered = chat["lastMessage"]["isSentByMe"]
        assert (conversations[chat["id"]].waiting_since is None) or not answered
    assert {row["id"]: cents(row["amount"]) for row in money} == {id_: row.amount for id_, row in transactions.items()}
    shown = Counter(row.kind for row in messages)
    paid = Counter(row["type"] for row in money)
    assert (shown["tip"], shown["subscription"]) == (paid["tip"], paid["subscription"])
    for person in people:
        fan = fans[fan_id(source, person["id"])]
        assert (fan.name, fan.language, fan.active) == (person["name"], person["language"], person["isActive"])
        assert fan.totals.lifetime == cents(person["totals"]["total"])
        compare_spending(fan, [row for row in transactions.values() if row.fan_id == fan.id])
    offers = [row for row in messages if row.kind == "ppv"]
    assert sum(fan.totals.offered for fan in fans.values()) == len(offers)
    assert sum(fan.totals.bought for fan in fans.values()) == len([row for row in offers if row.bought_at])
    at_platform = {id_: row.at for id_, row in transactions.items()}
    times = {transactions[id_].message_id: at for id_, at in at_platform.items() if transactions[id_].kind == "ppv"}
    assert all(row.bought_at == times[row.id] for row in offers if row.bought_at)


def compare_spending(fan: Any, paid: list[TransactionRow]) -> None:
    """The chart of weeks and the last 30 days, summed here once more in another way."""
    moment = datetime.now(UTC)
    weeks = [0] * 12
    for row in paid:
        age = int((moment - row.at).total_seconds() // (7 * 86400))
        if age < 12:
            weeks[11 - age] += row.amount
    assert fan.totals.weeks == weeks
    assert fan.totals.last_30_days == sum(row.amount for row in paid if (moment - row.at).days < 30)


async def test_a_timeline_reads_as_it_does_on_the_platform(house):
    await house.backfills.read(house.connection_id)
    source = house.sources[0]
    chat = (await house.sandbox.chats(source.account))[0]["id"]
    there: list[dict[str, Any]] = []
    path = f"/api/{source.account}/chats/{chat}/messages"
    page = await house.sandbox.get(path, limit=100)
    there.extend(page["data"])
    while page["_pagination"]["next_page"]:
        page = await house.sandbox.get(path, limit=100, first_id=there[-1]["id"])
        there.extend(page["data"][1:])

    def read(session: Session) -> list[MessageRow]:
        query = select(MessageRow).filter_by(conversation_id=conversation_id(source, chat))
        newest_first = query.order_by(MessageRow.at.desc(), MessageRow.id.desc())
        return list(session.scalars(newest_first.where(MessageRow.platform_id.is_not(None))))

    here = await house.db.read(read)
    assert [row["id"] for row in there] == [row.platform_id for row in here]
    assert [row["isSentByMe"] for row in there] == [row.direction == "out" for row in here]
    assert [cents(row["price"]) or None for row in there] == [row.price for row in here]
    assert not any("<p>" in row.text or "&amp;" in row.text for row in here)
    assert all(row.state == ("sent" if row.direction == "out" else None) for row in here)


async def test_reading_again_changes_nothing(house):
    await house.backfills.read(house.connection_id)
    before = await house.seq()

    ended = await house.backfills.read(house.connection_id)

    assert (ended.state, ended.conversations_done, ended.messages) == ("done", 24, 2600)
    assert await house.seq() == before


async def test_a_platform_that_stumbles_is_asked_again(house):
    await house.sandbox.faults(
        {"kind": "listing_error", "probability": 0.2}, {"kind": "http_429", "on": "list", "probability": 0.1}
    )

    ended = await house.backfills.read(house.connection_id)

    assert (ended.state, ended.messages) == ("done", 2600)


async def test_a_platform_that_stays_away_is_named_and_a_later_reading_completes_the_history(house):
    await house.sandbox.faults({"kind": "outage", "probability": 1.0})
    ended = await house.backfills.read(house.connection_id)
    assert ended.state == "failed"
    assert "Read the history again" in ended.error

    await house.sandbox.faults()
    ended = await house.backfills.read(house.connection_id)
    assert (ended.state, ended.messages, ended.error) == ("done", 2600, None)


async def test_an_account_that_is_logged_out_does_not_keep_the_others_from_being_read(house):
    away = house.sources[0]
    await house.sandbox.admin(f"accounts/{away.account}/log-out")

    ended = await house.backfills.read(house.connection_id)

    assert ended.state == "failed"
    assert "logged out" in ended.error
    states = await house.db.read(lambda session: {row.id: row.state for row in session.scalars(select(CreatorRow))})
    assert states.pop(away.creator_id) == "session_expired"
    assert set(states.values()) == {"connected"}
    for source in house.sources[1:]:
        await compare_account(house, source)


async def test_a_restart_goes_on_where_it_stopped(house, eventually):
    slow = Backfills(house.db, house.readers, Pace(parallel=1, batch=50, tries=2))
    slow.start(house.connection_id)

    async def half_way() -> bool:
        return (await progress(house)).conversations_done >= 6

    await eventually(half_way, "some conversations were read")
    await slow.close()
    stopped = await progress(house)
    assert stopped.state == "running"
    assert stopped.conversations_done < 24

    await house.backfills.keep([house.connection_id])

    async def done() -> bool:
        return (await progress(house)).state == "done"

    await eventually(done, "the history was read to its end")
    assert (await progress(house)).messages == 2600
    for source in house.sources:
        await compare_account(house, source)


async def test_a_connection_removed_meanwhile_ends_its_backfill(house, eventually):
    house.backfills.start(house.connection_id)
    await asyncio.sleep(0)

    await house.backfills.cancel(house.connection_id)

    assert (await progress(house)).state in {"waiting", "running"}
    await house.db.write(lambda session: accounts.set_backfill(session, house.connection_id, Backfill(state="waiting")))
