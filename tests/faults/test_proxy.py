"""The bad line does what it says: what it loses did or did not arrive, and what it passes on is whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.faults.proxy import Line, Proxy
from tests.helpers.peer import serving

ALL = {"drop_request", "drop_answer", "reset", "captive", "duplicate"}


class House:
    """A server that remembers what reached it."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.app = Starlette(
            routes=[
                Route("/{what}", self._answer, methods=["GET", "POST"]),
                WebSocketRoute("/events", self._events),
            ]
        )

    async def _answer(self, request: Request) -> Response:
        body = (await request.body()).decode()
        self.heard.append(body or request.path_params["what"])
        return JSONResponse({"heard": body, "padding": "x" * 4000})

    async def _events(self, socket: WebSocket) -> None:
        await socket.accept()
        while True:
            await socket.send_text(f"echo {await socket.receive_text()}")


Post = Callable[[str], Awaitable[httpx2.Response]]


@asynccontextmanager
async def meeting(line: Line, seed: int = 7) -> AsyncIterator[tuple[House, Proxy, Post]]:
    house, proxy = House(), Proxy(seed, line)
    async with serving(house.app) as port:
        await proxy.start()
        proxy.target = port
        async with httpx2.AsyncClient(base_url=proxy.url, timeout=5, trust_env=False) as http:

            async def post(text: str) -> httpx2.Response:
                return await http.post("/say", content=text, headers={"Idempotency-Key": text})

            yield house, proxy, post
        await proxy.stop()


async def test_a_good_line_passes_everything_on_once_and_whole() -> None:
    async with meeting(Line()) as (house, proxy, post):
        for n in range(5):
            answer = await post(f"m{n}")
            assert answer.json()["heard"] == f"m{n}"
        assert house.heard == [f"m{n}" for n in range(5)]
        assert not ALL & set(proxy.counts)


async def test_a_lost_request_never_arrives() -> None:
    async with meeting(Line(drop_request=1, silence_s=0.05)) as (house, _, post):
        with pytest.raises(httpx2.HTTPError):
            await post("m")
        assert house.heard == []


async def test_a_lost_answer_leaves_the_work_done() -> None:
    async with meeting(Line(drop_answer=1, silence_s=0.05)) as (house, _, post):
        with pytest.raises(httpx2.HTTPError):
            await post("m")
        assert house.heard == ["m"]


async def test_a_reset_cuts_the_answer_in_the_middle() -> None:
    async with meeting(Line(reset=1)) as (house, _, post):
        with pytest.raises(httpx2.HTTPError):
            await post("m")
        assert house.heard == ["m"]


async def test_a_captive_portal_answers_in_place_of_the_server() -> None:
    async with meeting(Line(captive=1)) as (house, _, post):
        answer = await post("m")
        assert answer.status_code == 200
        assert "Room number" in answer.text
        assert house.heard == []


async def test_only_a_request_that_names_itself_is_carried_out_twice() -> None:
    async with meeting(Line(duplicate=1)) as (house, proxy, post):
        await post("keyed")
        async with httpx2.AsyncClient(base_url=proxy.url, trust_env=False) as http:
            await http.post("/say", content="bare")
        assert house.heard == ["keyed", "keyed", "bare"]


async def test_slices_and_delays_change_nothing_of_the_answer() -> None:
    async with meeting(Line(sliced=1, slow=1, most_delay_s=0.01)) as (_, proxy, post):
        assert (await post("m")).json()["heard"] == "m"
        assert proxy.counts["sliced"] == proxy.counts["slow"] == 1


async def test_a_partition_holds_everything_until_it_is_over() -> None:
    async with meeting(Line()) as (house, proxy, post):
        await post("before")
        apart = asyncio.create_task(proxy.partition(0.2))
        await asyncio.sleep(0)
        late = asyncio.create_task(post("late"))
        done, _ = await asyncio.wait({late}, timeout=0.05)
        assert not done
        assert house.heard == ["before"]
        await apart
        await late
        assert house.heard == ["before", "late"]


async def test_a_line_to_nobody_refuses_and_finds_who_comes_back() -> None:
    async with meeting(Line()) as (house, proxy, post):
        port, proxy.target = proxy.target, None
        with pytest.raises(httpx2.HTTPError):
            await post("m")
        proxy.target = port
        await post("again")
        assert house.heard == ["again"]


async def test_the_event_stream_passes_through_and_can_be_cut() -> None:
    async with (
        meeting(Line(drop_request=1)) as (_, proxy, _post),
        connect(f"ws://127.0.0.1:{proxy.port}/events", proxy=None) as socket,
    ):
        await socket.send("a")
        assert await socket.recv() == "echo a"
        await proxy.cut()
        with pytest.raises(ConnectionClosed):
            await socket.recv()


async def test_the_same_seed_loses_the_same_requests() -> None:
    async def fates(seed: int) -> list[bool]:
        async with meeting(Line(drop_request=0.5, silence_s=0.01), seed) as (house, _, post):
            for n in range(20):
                try:
                    await post(f"m{n}")
                except httpx2.HTTPError:
                    continue
            return [f"m{n}" in house.heard for n in range(20)]

    first, again, other = await fates(1), await fates(1), await fates(2)
    assert first == again != other
