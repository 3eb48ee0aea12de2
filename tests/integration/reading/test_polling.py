"""Polling finds what webhooks lose, and notices accounts that come and go. With a platform that changes under it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select

from huntaze_backend.areas.accounts.tables import ConnectionRow, CreatorRow
from huntaze_backend.areas.messages.chats import conversation_id
from huntaze_backend.areas.messages.loaders import load_conversations
from huntaze_backend.areas.messages.poller import Poller, PollPace
from huntaze_backend.areas.messages.tables import MessageRow
from huntaze_backend.events import ConnectionCreated, ConnectionDeleted, emit


@pytest.fixture
async def sandbox(own_platform: Any, request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    """A platform of the test's own: these tests write on it."""
    made = request.getfixturevalue("sandbox_client")(own_platform.url)
    yield made
    await made.http.aclose()


@asynccontextmanager
async def feeding(house: Any, own_url: str | None) -> AsyncIterator[None]:
    """Run the feed as the worker does."""
    stop = asyncio.Event()
    task = asyncio.create_task(house.feed(own_url).run(stop))
    yield
    stop.set()
    await task


class Desk:
    """The newest chat of the first account, here and on the platform."""

    def __init__(self, house: Any, chat: str) -> None:
        self.house = house
        self.source = house.sources[0]
        self.chat = chat
        self.id = conversation_id(self.source, chat)

    async def says(self, text: str) -> None:
        await self.house.sandbox.admin("inbound", account=self.source.account, chat=self.chat, text=text)

    async def texts(self) -> list[str]:
        query = select(MessageRow.text).where(
            MessageRow.conversation_id == self.id, MessageRow.platform_id.is_not(None)
        )
        newest = query.order_by(MessageRow.at.desc(), MessageRow.id.desc()).limit(4)
        return await self.house.db.read(lambda session: list(session.scalars(newest)))

    async def conversation(self) -> Any:
        agency = self.source.agency_id
        return await self.house.db.read(lambda session: load_conversations(session, agency, [self.id])[self.id])

    async def shows(self, *newest_first: str) -> bool:
        return (await self.texts())[: len(newest_first)] == list(newest_first)


@pytest.fixture
async def desk(house: Any) -> Desk:
    chats = await house.sandbox.chats(house.sources[0].account)
    return Desk(house, next(chat["id"] for chat in chats if chat["canSendMessage"]))


async def read_history(house: Any, eventually: Any) -> None:
    await house.db.write(lambda session: emit(session, ConnectionCreated(house.connection_id, house.agency_id)))

    async def done() -> bool:
        row = await house.db.read(lambda session: session.get_one(ConnectionRow, house.connection_id))
        return row.backfill_state == "done"

    await eventually(done, "the history was read")


async def test_a_new_connection_is_read_and_then_followed_by_webhook(house, url, desk, eventually):
    async with feeding(house, url):
        await read_history(house, eventually)

        async def asked() -> bool:
            return bool((await house.sandbox.get("/api/webhooks"))["data"])

        await eventually(asked, "the platform knows where to tell us")
        house.poller._pace = house.poller._pace.__class__(every_s=60)
        await house.poller.close()

        await desk.says("Told by webhook")
        await eventually(lambda: desk.shows("Told by webhook"), "the message arrived")
        assert (await desk.conversation()).waiting_since is not None


async def test_without_webhooks_everything_arrives_all_the_same(house, desk, eventually):
    async with feeding(house, None):
        await read_history(house, eventually)

        await desk.says("One")
        await desk.says("Two")

        await eventually(lambda: desk.shows("Two", "One"), "both messages arrived")


async def test_a_lost_webhook_is_found_behind_one_that_came(house, url, desk, eventually, monkeypatch):
    async with feeding(house, url):
        await read_history(house, eventually)
        await eventually(lambda: _registered(house), "the platform knows where to tell us")
        look_around = house.poller.refresh
        monkeypatch.setattr(house.poller, "refresh", _nothing)  # the feed would let it look again after a while
        await house.poller.close()
        await house.sandbox.faults({"kind": "webhook_drop", "probability": 1.0})
        await desk.says("Lost on the way")
        await house.sandbox.faults()
        await desk.says("Told")
        await eventually(lambda: desk.shows("Told"), "the second message arrived")
        assert "Lost on the way" not in await desk.texts()

        await look_around()
        await eventually(lambda: desk.shows("Told", "Lost on the way"), "the lost message was found")


async def _nothing() -> None:
    pass


async def _registered(house: Any) -> bool:
    return bool((await house.sandbox.get("/api/webhooks"))["data"])


async def test_doubled_and_disordered_webhooks_end_in_the_platform_s_order(house, url, desk, eventually):
    async with feeding(house, url):
        await read_history(house, eventually)
        await eventually(lambda: _registered(house), "the platform knows where to tell us")
        await house.poller.close()
        await house.sandbox.faults(
            {"kind": "webhook_duplicate", "probability": 1.0}, {"kind": "webhook_reorder", "probability": 0.7}
        )
        for number in range(6):
            await desk.says(f"Number {number}")

        await eventually(lambda: desk.shows("Number 5", "Number 4", "Number 3", "Number 2"), "all arrived in order")
        assert (await desk.conversation()).last.text == "Number 5"


async def test_a_tip_is_one_row_and_one_sum_however_it_is_told(house, url, desk, eventually):
    async with feeding(house, url):
        await read_history(house, eventually)
        before = await _tips(house, desk)
        await house.sandbox.faults({"kind": "webhook_duplicate", "probability": 1.0})
        await house.sandbox.admin(
            "tip", account=desk.source.account, chat=desk.chat, amount_minor=2500, text="For the song"
        )

        async def came() -> bool:
            return len(await _tips(house, desk)) > len(before) and "For the song" in await desk.texts()

        await eventually(came, "the tip arrived")
        assert sorted(await _tips(house, desk)) == sorted([*before, 2500])


async def _tips(house: Any, desk: Desk) -> list[int]:
    query = select(MessageRow.price).filter_by(conversation_id=desk.id, kind="tip")
    return await house.db.read(lambda session: list(session.scalars(query)))


async def test_a_message_from_a_phone_becomes_a_sent_one_without_author(house, desk, eventually):
    async with feeding(house, None):
        await read_history(house, eventually)
        await desk.says("Are you there?")
        path = f"/api/{desk.source.account}/chats/{desk.chat}/messages"
        (await house.sandbox.http.post(path, json={"text": "From my phone"})).raise_for_status()

        await eventually(lambda: desk.shows("From my phone"), "the message arrived")

        last = (await desk.conversation()).last
        assert (last.state, last.author_id, last.direction) == ("sent", None, "out")
        assert (await desk.conversation()).waiting_since is None


async def test_an_account_that_is_logged_out_and_in_again_misses_nothing(house, desk, eventually):
    async def state() -> str:
        return await house.db.read(lambda session: session.get_one(CreatorRow, desk.source.creator_id).state)

    async def is_(wanted: str) -> bool:
        return await state() == wanted

    async with feeding(house, None):
        await read_history(house, eventually)
        await house.sandbox.admin(f"accounts/{desk.source.account}/log-out")
        await eventually(lambda: is_("session_expired"), "the lost session was noticed")
        await desk.says("Written meanwhile")

        await house.sandbox.admin(f"accounts/{desk.source.account}/log-in")

        await eventually(lambda: is_("connected"), "the account is back")
        await eventually(lambda: desk.shows("Written meanwhile"), "what was written meanwhile arrived")


async def test_a_platform_that_was_away_is_caught_up_with(house, desk, eventually):
    async with feeding(house, None):
        await read_history(house, eventually)
        await house.sandbox.faults({"kind": "listing_error", "probability": 1.0})
        await desk.says("During the outage")
        await asyncio.sleep(0.15)
        assert "During the outage" not in await desk.texts()

        await house.sandbox.faults()

        await eventually(lambda: desk.shows("During the outage"), "the message arrived")


async def test_somebody_new_is_met_with_everything_the_platform_tells(house, eventually):
    account = house.sources[0].account
    async with feeding(house, None):
        await read_history(house, eventually)
        known = {chat["id"] for chat in await house.sandbox.chats(account)}
        await house.sandbox.admin("subscribe", account=account)
        (new,) = [chat["id"] for chat in await house.sandbox.chats(account) if chat["id"] not in known]
        await house.sandbox.admin("inbound", account=account, chat=new, text="My first message")
        desk = Desk(house, new)

        async def met() -> bool:
            return await desk.shows("My first message")

        await eventually(met, "the first message arrived")
        kinds = select(MessageRow.kind).filter_by(conversation_id=desk.id)

        async def paid() -> bool:
            return "subscription" in await house.db.read(lambda session: list(session.scalars(kinds)))

        await eventually(paid, "the subscription stands in the timeline")


async def test_a_removed_connection_is_left_alone(house, desk, eventually):
    async with feeding(house, None):
        await read_history(house, eventually)

        def remove(session: Any) -> None:
            for creator in session.scalars(select(CreatorRow)):
                creator.connection_id = None
            session.flush()
            session.delete(session.get_one(ConnectionRow, house.connection_id))
            emit(session, ConnectionDeleted(house.connection_id, house.agency_id))

        await house.db.write(remove)

        async def unwatched() -> bool:
            return not house.poller._watched

        await eventually(unwatched, "nobody looks at the accounts any more")
        await desk.says("Unheard")
        assert "Unheard" not in await desk.texts()


async def test_after_a_start_the_accounts_are_looked_at_one_after_the_other(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hundred looks at once would leave sending no turn for half a minute."""
    looked: list[float] = []

    async def look(*_: Any, **__: Any) -> bool:
        looked.append(asyncio.get_running_loop().time())
        return True

    poller = Poller(house.db, house.readers, PollPace(every_s=60, apart_s=0.2))
    monkeypatch.setattr(poller, "_round", look)
    await poller.refresh()
    async with asyncio.timeout(10):
        while len(looked) < len(house.sources):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    await poller.close()
    assert len(looked) > 1
    assert all(later - sooner > 0.1 for sooner, later in pairwise(looked))
