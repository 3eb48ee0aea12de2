"""The running total reaches who may see it, once for a burst of calls."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.client import connect

from huntaze_backend.areas.costs.live import LiveTotals
from huntaze_backend.core.db import Database
from huntaze_backend.engines.ledger.adapters.sql_ledger import SqlLedger
from huntaze_backend.engines.ledger.port import Usage
from huntaze_backend.engines.sync.hub import EVERY_CREATOR, Hub, Subscription
from huntaze_backend.events import EventBus
from huntaze_contract.wire import FRAME, CostsFrame, TypingFrame
from tests.helpers.house import house_over
from tests.helpers.ledgers import AGENCY, PRICES, charge
from tests.helpers.peer import serving


@pytest.fixture
async def hub(database: Database) -> AsyncIterator[Hub]:
    """With running totals that are sent without a pause."""
    hub, bus = Hub(database), EventBus(database)
    running = asyncio.create_task(LiveTotals(database, hub, bus, pause_s=0).run())
    yield hub
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await bus.close()


async def spend(ledger: SqlLedger) -> int:
    made = charge()
    await ledger.reserve(made, ttl_s=30)
    return await ledger.settle(made.attempt_id, Usage(50), outcome="ok", latency_ms=1, ttft_ms=None)


async def last_total(subscription: Subscription, wanted: int) -> CostsFrame:
    async with asyncio.timeout(10):
        while True:
            await subscription.woken.wait()
            subscription.woken.clear()
            creator_id, frame = subscription.ephemeral[-1]
            assert creator_id == EVERY_CREATOR
            read = FRAME.validate_python(frame)
            assert isinstance(read, CostsFrame)
            if read.costs.today_nano_usd >= wanted:
                return read


async def test_a_call_that_ends_is_told_to_who_listens(database: Database, hub: Hub) -> None:
    ledger = SqlLedger(database, PRICES)
    with hub.subscribe(AGENCY) as subscription, hub.subscribe("another") as other:
        cost = sum([await spend(ledger) for _ in range(3)])
        await ledger.drain()
        frame = await last_total(subscription, cost)
        assert frame.costs.today_nano_usd == frame.costs.month_nano_usd == cost == 150_000
        assert not [told for told in other.ephemeral if told[1]["costs"]["today_nano_usd"]]


async def test_it_reaches_the_owner_over_the_wire_and_no_chatter(sqlite: Database) -> None:
    async with house_over(sqlite) as house, serving(house.app) as port:
        url, seed = f"ws://127.0.0.1:{port}/api/v2/events", house.seed
        running = asyncio.create_task(house.services.live_costs.run())  # this server runs without its lifespan
        async with (
            connect(url, additional_headers=await house.headers(), proxy=None) as owner,
            connect(url, additional_headers=await house.headers("chatter"), proxy=None) as chatter,
        ):
            for socket in (owner, chatter):
                await asyncio.wait_for(socket.recv(), 10)  # hello
            made = charge(agency_id=seed.agency_id, model="gpt-4o-mini")
            await house.services.ledger.reserve(made, ttl_s=30)
            cost = await house.services.ledger.settle(
                made.attempt_id, Usage(50), outcome="ok", latency_ms=1, ttft_ms=None
            )
            told = FRAME.validate_python(json.loads(await asyncio.wait_for(owner.recv(), 10)))
            typing = TypingFrame(cs=0, conversation_id=seed.conversation_ids[0]).model_dump(mode="json")
            house.services.hub.publish_ephemeral(seed.agency_id, seed.creator_ids[0], typing)
            first = FRAME.validate_python(json.loads(await asyncio.wait_for(chatter.recv(), 10)))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert isinstance(told, CostsFrame)
    assert told.costs.today_nano_usd == cost == 50 * 150
    assert isinstance(first, TypingFrame)
