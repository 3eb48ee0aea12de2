"""The two programs of the product in virtual time, a backend and a client that can be killed, and the line between.

Both are the real thing, built as their composition roots build them; replaced are the network (a transport that loses
requests and answers), the clock, and the client's event stream, which is never up: pulls are the truth.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

from huntaze_backend import worker
from huntaze_backend.app import Adapters, Services, build
from huntaze_backend.areas.messages.backfill import Backfills
from huntaze_backend.areas.messages.feed import PlatformFeed
from huntaze_backend.areas.messages.poller import Poller, PollPace
from huntaze_backend.core.db import Database
from huntaze_backend.engines.gateways.adapters.vendor_client import make_client
from huntaze_backend.engines.gateways.adapters.vendor_reader import VendorReader
from huntaze_backend.engines.gateways.adapters.vendor_sender import VendorSender
from huntaze_backend.engines.gateways.factory import PlatformAccess
from huntaze_contract.ids import Id
from huntaze_desktop.cache import CacheKey, open_cache
from huntaze_desktop.engine import MemoryTokenStore
from huntaze_desktop.engine.clock import ServerClock
from huntaze_desktop.engine.core import Core
from huntaze_desktop.engine.errors import EngineError
from huntaze_desktop.engine.timing import Timing
from tests.faults.sim.platform import NOON
from tests.faults.sim.vendor import Vendor
from tests.faults.sim.virtual_time import Program, VirtualClock
from tests.helpers.agency import KEY
from tests.helpers.house import PASSWORD, SECRETS

__all__ = ["BackendHost", "ClientHost", "LineFaults"]

_POLLS_EVERY_S = 60.0


@dataclass(slots=True)
class _Gateways:
    """The vendor's adapters over the simulated platform, with the loop's clock."""

    vendor: Vendor
    monotonic: Callable[[], float]

    def reader(self, access: PlatformAccess) -> VendorReader:
        return VendorReader(make_client(access, connections=12, transport=self.vendor))

    def sender(self, access: PlatformAccess) -> VendorSender:
        client = make_client(access, connections=64, transport=self.vendor)
        return VendorSender(client, monotonic=self.monotonic)


class BackendHost:
    """The service with its worker, over one database file."""

    def __init__(self, path: Path, vendor: Vendor) -> None:
        loop = asyncio.get_running_loop()
        self._url = f"sqlite:///{path}"
        self._clock = VirtualClock(loop)
        self._gateways = _Gateways(vendor, loop.time)
        self._program: Program | None = None
        self.db = Database.open(self._url, clock=self._clock)
        self.services: Services
        self.kills = 0

    @property
    def up(self) -> bool:
        return self._program is not None

    def start(self) -> None:
        """Build the service over the database as it is, and run its worker."""
        app, self.services = build(self.db, SECRETS, adapters=Adapters(gateways=self._gateways))
        services = self.services
        services.feed = PlatformFeed(
            self.db,
            services.bus,
            services.readers,
            Backfills(self.db, services.readers),
            Poller(self.db, services.readers, PollPace(every_s=_POLLS_EVERY_S)),
            services.box,
            lambda: None,
        )
        self._asgi = httpx2.ASGITransport(app=app)
        self._program = Program("backend")
        self._program.start(worker.run(services, asyncio.Event()))

    async def kill(self) -> None:
        if self._program is not None:
            program, self._program = self._program, None
            self.kills += 1
            await program.kill()
            await self.db.close()
            self.db = Database.open(self._url, clock=self._clock)

    async def call(self, request: httpx2.Request) -> httpx2.Response:
        """Have a request answered, unless the service is not there or dies over it."""
        if self._program is None:
            raise httpx2.ConnectError("nobody listens")
        task = self._program.start(self._answer(request))
        await asyncio.wait({task})
        if task.cancelled():
            raise httpx2.ReadError("the service died")
        return task.result()

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._asgi.handle_async_request(request)
        content = await response.aread()
        headers = [(name, value) for name, value in response.headers.raw if name.lower() != b"content-length"]
        return httpx2.Response(response.status_code, headers=headers, content=content)


@dataclass(slots=True)
class LineFaults:
    """Shares from 0 to 1."""

    request_lost: float = 0.15
    answer_lost: float = 0.15
    proxy_fails: float = 0.03


class Line(httpx2.AsyncBaseTransport):
    """A client's way to the backend."""

    def __init__(self, backend: BackendHost, chance: random.Random, faults: LineFaults | None) -> None:
        self._backend = backend
        self._chance = chance
        self.faults = faults
        self.cut = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        chance, faults = self._chance, self.faults
        await request.aread()
        await asyncio.sleep(chance.uniform(0.005, 0.1))
        if self.cut:
            await asyncio.sleep(chance.uniform(0.0, 10.0))
            raise httpx2.ConnectTimeout("no way")
        if faults is None:
            return await self._backend.call(request)
        luck = chance.random()
        if (luck := luck - faults.request_lost) < 0:
            raise await self._lost()
        if (luck := luck - faults.proxy_fails) < 0:
            return httpx2.Response(502, html="<html><body>Bad Gateway</body></html>")
        response = await self._backend.call(request)
        if (luck := luck - faults.answer_lost) < 0 or self.cut:
            raise await self._lost()
        if luck - faults.proxy_fails < 0:
            return httpx2.Response(504, html="<html><body>Gateway Timeout</body></html>")
        await asyncio.sleep(chance.uniform(0.005, 0.1))
        return response

    async def _lost(self) -> httpx2.HTTPError:
        """Mostly a reset; now and then silence until the request is given up."""
        if self._chance.random() < 0.1:
            await asyncio.sleep(30.0)
            return httpx2.ReadTimeout("silence")
        await asyncio.sleep(self._chance.uniform(0.0, 1.0))
        return httpx2.ReadError("reset")


class _NeverUp:
    async def run(self) -> None:
        await asyncio.Event().wait()


class ClientHost:
    """One member's engine over one cache file."""

    def __init__(self, name: str, email: str, folder: Path, line: Line) -> None:
        self.name = name
        self.line = line
        self.kills = 0
        self.skew = 0.0
        """By how much its wall clock is wrong, in seconds."""
        self._email = email
        self._path = folder / f"{name}.db"
        self._tokens = MemoryTokenStore()
        self._program: Program | None = None
        self._up = asyncio.Event()
        self.core: Core

    @property
    def up(self) -> bool:
        return self._up.is_set()

    def _wall(self) -> datetime:
        return NOON + timedelta(seconds=asyncio.get_running_loop().time() + self.skew)

    async def start(self) -> None:
        """Open the cache as it is and run the engine; signs in until that works."""
        program = self._program = Program(self.name)
        cache = open_cache(self._path, CacheKey(KEY))
        self.core = Core(cache, self._tokens, ServerClock(self._wall), Timing(), lambda _: None, self.line)
        self.core.stream = _NeverUp()  # type: ignore[assignment]
        await program.start(self.core.start())
        await program.start(self.core.session.use_server("http://backend"))
        while self._tokens.load() is None and program.alive:
            try:
                await program.start(self.core.sign_in(self._email, PASSWORD, self.name))
            except EngineError:
                await asyncio.sleep(1.0)
        self._up.set()

    async def kill(self) -> None:
        if self._program is not None:
            program, self._program = self._program, None
            self._up.clear()
            self.kills += 1
            await program.kill()
            self.core.store.close()

    async def do(self, work: Callable[[Core], Any]) -> Any:
        """Have the engine do something; what it dies over is asked again when it is back."""
        while True:
            await self._up.wait()
            if self._program is None:
                continue
            task = self._program.start(work(self.core))
            await asyncio.wait({task})
            if not task.cancelled():
                return task.result()

    async def send(self, conversation_id: Id, text: str) -> Id:
        """As a person does: written and sent once, and if the program dies before it was kept, once more."""
        sent: Id = await self.do(lambda core: core.actions.send(conversation_id, text, None, 0.0))
        return sent
