"""A running engine against a scripted backend on a real port, with a line between them that can be cut."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from huntaze_desktop.cache import CacheKey, open_cache
from huntaze_desktop.engine import Engine, Live, MemoryTokenStore, Timing, TokenStore
from huntaze_desktop.model.connection import ConnectionState
from tests.helpers.agency import KEY, Agency
from tests.helpers.peer import Peer, Wire, serving

T = TypeVar("T")

QUICK = Timing(
    backoff_base=0.01,
    backoff_cap=0.05,
    pull_every=30.0,
    refused_every=0.05,
    request=5.0,
    connect=2.0,
    view=0.005,
    presence_repeat=0.1,
    typing_repeat=0.05,
    budget_again=0.05,
    approvals_again=0.01,
    gap_wait=0.02,
    draft_rest=0.02,
    lease_renew=0.1,
    lease_linger=0.2,
    compile_after=0.01,
)


async def seen(live: Live[T], wanted: Callable[[T], Any], within: float = 10.0) -> T:
    """Wait until a view's value is as wanted."""
    found: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def look(value: T) -> None:
        if not found.done() and wanted(value):
            found.set_result(value)

    end = live.subscribe(look)
    try:
        async with asyncio.timeout(within):
            return await found
    except TimeoutError:
        raise AssertionError(f"never came; the last value was {live.value}") from None
    finally:
        end()


async def until(condition: Callable[[], Any], within: float = 10.0) -> None:
    """Wait until something of the peer is true, which tells nobody when it changes."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - the peer has no events of its own
            await asyncio.sleep(0.005)


async def offline(desk: "Desk") -> None:
    """Cut the line, and wait until the engine knows."""
    await desk.wire.down()
    desk.engine.nudge()
    await seen(desk.engine.connection, lambda c: c.state is ConnectionState.OFFLINE)


class Desk:
    """An engine on a profile, ready to be started, stopped and started again."""

    def __init__(self, path: Path, wire: Wire, peer: Peer) -> None:
        self.path, self.wire, self.peer = path, wire, peer
        self.tokens: TokenStore = MemoryTokenStore()
        self.timing = QUICK
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine:
        assert self._engine is not None
        return self._engine

    async def start(self, **more: Any) -> Engine:
        loop = asyncio.get_running_loop()
        cache = await asyncio.to_thread(open_cache, self.path, CacheKey(KEY))
        engine = Engine(cache, self.tokens, loop.call_soon_threadsafe, timing=self.timing, **more)
        self._engine = engine
        await asyncio.to_thread(engine.start)
        engine.set_server(self.wire.url)
        return engine

    async def sign_in(self) -> Engine:
        engine = await self.start()
        await engine.sign_in("iris@example.com", "correct horse")
        await seen(engine.connection, lambda c: c.state is ConnectionState.ONLINE and c.last_sync_at)
        await until(lambda: self.peer.digests)  # the last request of a first sync; what follows is the test's
        return engine

    async def stop(self) -> None:
        if self._engine is not None:
            await asyncio.to_thread(self._engine.stop)
            self._engine = None


@pytest.fixture
def agency() -> Agency:
    return Agency()


@pytest.fixture
def peer(agency: Agency) -> Peer:
    return Peer(agency)


@pytest.fixture
async def line(peer: Peer) -> AsyncIterator[Wire]:
    async with serving(peer.app()) as port:
        wire = Wire(port)
        await wire.up()
        yield wire
        await wire.down()


@pytest.fixture
async def desk(tmp_path: Path, line: Wire, peer: Peer) -> AsyncIterator[Desk]:
    desk = Desk(tmp_path / "cache.db", line, peer)
    yield desk
    await desk.stop()
