"""The event stream over a real socket: hello, changes as hints, rights that end it, and what is worth a moment only."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import ClientConnection, connect

from huntaze_backend.core import changes
from huntaze_backend.core.db import Database
from huntaze_contract.wire import FRAME, ChangesFrame, HelloFrame, TypingFrame
from tests.helpers.house import House, house_over
from tests.helpers.peer import serving


class Stream:
    """Opens streams on a served house."""

    def __init__(self, house: House, port: int) -> None:
        self.house = house
        self.url = f"ws://127.0.0.1:{port}/api/v2/events"

    def open(self, headers: dict[str, str]) -> connect:
        return connect(self.url, additional_headers=headers, proxy=None)

    async def touch(self, *indexes: int) -> None:
        seed = self.house.seed
        rows = [(seed.fan_ids[index], seed.creator_of(index)) for index in indexes]
        await self.house.services.db.write(
            lambda session: changes.record_many(session, agency_id=seed.agency_id, entity="fan", rows=rows)
        )


async def frame(socket: ClientConnection) -> Any:
    return FRAME.validate_python(json.loads(await asyncio.wait_for(socket.recv(), 10)))


async def closing(socket: ClientConnection) -> int:
    with pytest.raises(websockets.ConnectionClosed) as closed:
        await asyncio.wait_for(socket.recv(), 10)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


@pytest.fixture
async def stream(sqlite: Database) -> AsyncIterator[Stream]:
    async with house_over(sqlite) as house, serving(house.app) as port:
        yield Stream(house, port)


async def test_it_begins_with_where_the_log_stands(stream: Stream):
    async with stream.open(await stream.house.headers()) as socket:
        hello = await frame(socket)

    assert isinstance(hello, HelloFrame)
    assert hello.cs == 0
    assert hello.seq > 0
    assert hello.api == "2.0"


async def test_a_change_arrives_with_the_place_it_follows(stream: Stream):
    async with stream.open(await stream.house.headers()) as socket:
        hello = await frame(socket)
        await stream.touch(0)
        first = await frame(socket)
        await stream.touch(1, 2)
        second = await frame(socket)

    assert isinstance(first, ChangesFrame)
    assert (first.cs, first.prev, first.seq) == (1, hello.seq, hello.seq + 1)
    assert [change.id for change in first.changes] == [stream.house.seed.fan_ids[0]]
    assert (second.cs, second.prev, second.seq) == (2, first.seq, first.seq + 2)
    assert [change.id for change in second.changes] == [stream.house.seed.fan_ids[i] for i in (1, 2)]


async def test_the_cursor_of_a_frame_goes_on_by_http(stream: Stream):
    headers = await stream.house.headers()
    async with stream.open(headers) as socket:
        await frame(socket)
        await stream.touch(0)
        cursor = (await frame(socket)).cursor
    await stream.touch(1)

    page = (await stream.house.client.get("/api/v2/sync", headers=headers, params={"cursor": cursor})).json()

    assert [change["id"] for change in page["changes"]] == [stream.house.seed.fan_ids[1]]


async def test_a_chatter_is_told_of_granted_creators_only(stream: Stream):
    async with stream.open(await stream.house.headers("chatter")) as socket:
        await frame(socket)
        await stream.touch(1)
        hidden = await frame(socket)
        await stream.touch(2)
        shown = await frame(socket)

    assert hidden.changes == []
    assert hidden.seq == shown.prev
    assert [change.id for change in shown.changes] == [stream.house.seed.fan_ids[2]]


async def test_a_burst_comes_in_few_frames(stream: Stream):
    async with stream.open(await stream.house.headers()) as socket:
        hello = await frame(socket)
        await asyncio.gather(*(stream.touch(index % 4) for index in range(60)))
        frames = [await frame(socket)]
        while frames[-1].seq < hello.seq + 60:
            frames.append(await frame(socket))

    assert len(frames) < 20
    assert [found.prev for found in frames] == [hello.seq, *(found.seq for found in frames[:-1])]


async def test_who_is_far_behind_is_sent_to_pull(stream: Stream):
    seed = stream.house.seed
    rows = [(f"{index:036d}", None) for index in range(2500)]
    async with stream.open(await stream.house.headers()) as socket:
        hello = await frame(socket)
        await stream.house.services.db.write(
            lambda session: changes.record_many(session, agency_id=seed.agency_id, entity="member", rows=rows, op="D")
        )
        found = await frame(socket)

    assert found.changes == []
    assert found.prev != hello.seq
    assert found.prev == found.seq == hello.seq + 2500


async def test_passing_things_reach_who_may_see_the_creator(stream: Stream):
    seed, hub = stream.house.seed, stream.house.services.hub
    typing = [
        TypingFrame(cs=0, conversation_id=conversation).model_dump(mode="json")
        for conversation in seed.conversation_ids[:2]
    ]
    async with (
        stream.open(await stream.house.headers()) as owner,
        stream.open(await stream.house.headers("chatter")) as chatter,
    ):
        await frame(owner)
        await frame(chatter)
        hub.publish_ephemeral(seed.agency_id, seed.creator_ids[1], typing[1])
        hub.publish_ephemeral(seed.agency_id, seed.creator_ids[0], typing[0])
        for_owner, for_chatter = [await frame(owner), await frame(owner)], await frame(chatter)

    assert [found.conversation_id for found in for_owner] == [seed.conversation_ids[1], seed.conversation_ids[0]]
    assert [found.cs for found in for_owner] == [1, 2]
    assert (for_chatter.cs, for_chatter.conversation_id) == (1, seed.conversation_ids[0])


async def test_other_rights_end_the_stream(stream: Stream):
    owner, seed = await stream.house.headers(), stream.house.seed
    async with stream.open(await stream.house.headers("chatter")) as socket:
        await frame(socket)
        await stream.house.client.put(
            f"/api/v2/members/{seed.chatter_id}/access", headers=owner, json={"creator_ids": seed.creator_ids}
        )
        code = await closing(socket)

    assert code == 4410


async def test_signing_out_ends_the_stream_with_the_next_change(stream: Stream):
    headers = await stream.house.headers()
    async with stream.open(headers) as socket:
        await frame(socket)
        await stream.house.client.post("/api/v2/auth/sign-out", headers=headers)
        await stream.touch(0)
        code = await closing(socket)

    assert code == 4401


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer made-up"}, {"Authorization": "Basic eDp5"}])
async def test_nobody_gets_no_stream(stream: Stream, headers: dict[str, str]):
    async with stream.open(headers) as socket:
        assert await closing(socket) == 4401


async def test_a_stream_that_ends_leaves_no_subscription(stream: Stream):
    async with stream.open(await stream.house.headers()) as socket:
        await frame(socket)
        assert stream.house.services.hub._subscriptions
    async with asyncio.timeout(5):
        while stream.house.services.hub._subscriptions:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
