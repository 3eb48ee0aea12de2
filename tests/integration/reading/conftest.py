"""A real sandbox process, a real store of each kind, and the reading half of a backend that listens on loopback."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session
from starlette.requests import Request

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.accounts.tables import AgencyRow, ConnectionRow
from huntaze_backend.areas.fans import routes as fan_routes
from huntaze_backend.areas.fans.intake import Source
from huntaze_backend.areas.messages import routes, webhook_routes
from huntaze_backend.areas.messages.backfill import Backfills
from huntaze_backend.areas.messages.feed import PlatformFeed
from huntaze_backend.areas.messages.poller import Poller, PollPace
from huntaze_backend.areas.messages.readers import Readers
from huntaze_backend.areas.messages.sweep import Pace
from huntaze_backend.areas.messages.webhook_routes import WebhookReceiver
from huntaze_backend.core import changes
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.db import Base, Database
from huntaze_backend.core.errors import AppError
from huntaze_backend.core.secrets import SecretBox
from huntaze_backend.engines.gateways.adapters.vendor_http import VendorGateways
from huntaze_backend.engines.gateways.factory import PlatformAccess
from huntaze_backend.engines.limits import tables as _limit_tables  # noqa: F401  (its tables are part of the metadata)
from huntaze_backend.engines.sync.hub import Hub
from huntaze_backend.events import EventBus
from huntaze_contract.ids import new_id
from huntaze_contract.wire import Role

KEY = "sandbox-key-of-this-test"
QUICK = Pace(batch=200, tries=6, settles_after=timedelta(milliseconds=300))
SECRET = "what the platform signs with"


class QuickClock:
    """Real time, but nobody waits: a back-off of seconds takes milliseconds."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.01))


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Any) -> AsyncIterator[Database]:
    """An empty database with all tables: encrypted SQLite, and PostgreSQL."""
    if request.param == "sqlite":
        db = Database.open(f"sqlite:///{tmp_path / 'backend.db'}", key="5a" * 32, clock=QuickClock())
    else:
        db = Database.open(request.getfixturevalue("postgres_url"), clock=QuickClock())
    await db.write(lambda session: Base.metadata.create_all(session.connection()))
    yield db
    await db.close()


class SandboxProcess:
    """Few silent fans with some history."""

    def __init__(self) -> None:
        arguments = ["--exit-with-stdin", "--quiet", "--key", KEY, "--fans", "24", "--messages", "2600"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "huntaze_sandbox", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.stop()
            raise RuntimeError(f"the sandbox did not start with {' '.join(arguments)}")
        self.url = f"http://127.0.0.1:{json.loads(line)['port']}"

    def stop(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=15)
        self._process.stdout.close()


class Sandbox:
    """What a test does on the platform by hand."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx2.AsyncClient(
            base_url=self.url, headers={"Authorization": f"Bearer {KEY}"}, trust_env=False, timeout=10
        )

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.http.get(path, params=params)
        answer.raise_for_status()
        return answer.json()

    async def all(self, path: str, limit: int, **params: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while True:
            page = await self.get(path, limit=limit, offset=len(rows), **params)
            rows.extend(page["data"])
            if page["_pagination"]["next_page"] is None:
                return rows

    async def accounts(self) -> list[str]:
        return [str(row["id"]) for row in await self.get("/api/accounts")]

    async def chats(self, account: str) -> list[dict[str, Any]]:
        return await self.all(f"/api/{account}/chats", 100)

    async def admin(self, path: str, **body: Any) -> Any:
        answer = await self.http.post(f"/admin/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def faults(self, *rules: dict[str, Any]) -> None:
        answer = await self.http.put("/admin/faults", json={"rules": list(rules)})
        assert answer.status_code == 200, answer.text


@pytest.fixture(scope="session")
def shared_platform() -> Iterator[SandboxProcess]:
    """One platform for all tests that do not change what is on it."""
    process = SandboxProcess()
    yield process
    process.stop()


@pytest.fixture
def own_platform() -> Iterator[SandboxProcess]:
    """A platform of this test's own."""
    process = SandboxProcess()
    yield process
    process.stop()


@pytest.fixture
def sandbox_client() -> Callable[[str], Sandbox]:
    return Sandbox


@pytest.fixture
async def sandbox(shared_platform: SandboxProcess) -> AsyncIterator[Sandbox]:
    """The shared platform, without faults and with all accounts logged in when the test is over."""
    platform = Sandbox(shared_platform.url)
    yield platform
    await platform.faults()
    for account in await platform.accounts():
        await platform.admin(f"accounts/{account}/log-in")
    await platform.http.aclose()


@dataclass
class House:
    """The reading half of a backend, wired as the composition root wires it."""

    db: Database
    sandbox: Sandbox
    agency_id: str
    connection_id: str
    readers: Readers
    backfills: Backfills
    poller: Poller
    bus: EventBus
    hub: Hub
    box: SecretBox
    sources: list[Source]
    app: FastAPI = field(default_factory=FastAPI)

    def owner(self) -> Principal:
        return Principal(new_id(), self.agency_id, Role.OWNER, None, new_id(), "Iris")

    def chatter(self, *creator_ids: str) -> Principal:
        return Principal(new_id(), self.agency_id, Role.CHATTER, frozenset(creator_ids), new_id(), "Noor")

    def source(self, account: str) -> Source:
        return next(source for source in self.sources if source.account == account)

    async def seq(self) -> int:
        """The agency's place in its change log."""
        row = await self.db.read(lambda session: session.get(changes.CounterRow, self.agency_id))
        assert row is not None
        return row.last_seq

    def feed(self, own_url: str | None) -> PlatformFeed:
        return PlatformFeed(self.db, self.bus, self.readers, self.backfills, self.poller, self.box, lambda: own_url)


@pytest.fixture
async def house(store: Database, sandbox: Sandbox) -> AsyncIterator[House]:
    """A connection to the sandbox whose history nobody has read yet."""
    agency_id, connection_id = new_id(), new_id()
    access = PlatformAccess(connection_id, sandbox.url, KEY)
    gateways = VendorGateways()
    box = SecretBox(b"k" * 32)
    reader = gateways.reader(access)
    found = await reader.accounts()
    await reader.close()

    def connect(session: Session) -> list[Source]:
        session.add(AgencyRow(id=agency_id, name="Northlight", created_at=datetime.now(UTC)))
        session.flush()
        changes.start(session, agency_id)
        row = ConnectionRow(
            id=connection_id,
            agency_id=agency_id,
            platform="sandbox",
            base_url=sandbox.url,
            api_key_sealed=box.seal(KEY, accounts.API_KEY),
            webhook_secret_sealed=box.seal(SECRET, accounts.WEBHOOK_SECRET),
            created_at=datetime.now(UTC),
        )
        session.add(row)
        session.flush()
        creators = accounts.import_creators(session, row, found)
        return [Source(row.id, row.agency_id, row.platform_account_id) for row in creators]

    sources = await store.write(connect)
    readers = Readers(store, gateways, lambda session, id_: access if id_ == connection_id else None)
    pace = PollPace(every_s=0.05, most_s=0.1, reading=QUICK)
    made = House(
        db=store,
        sandbox=sandbox,
        agency_id=agency_id,
        connection_id=connection_id,
        readers=readers,
        backfills=Backfills(store, readers, QUICK),
        poller=Poller(store, readers, pace),
        bus=EventBus(store),
        hub=Hub(store),
        box=box,
        sources=sources,
    )
    yield made
    await made.bus.close()
    await made.poller.close()
    await made.backfills.close()
    await readers.close()


class Anyone:
    """An access port that lets in whom the test names."""

    def __init__(self) -> None:
        self.principals: dict[str, Principal] = {}

    async def authenticate(self, bearer: str) -> Principal:
        return self.principals[bearer]


@pytest.fixture
def access(house: House) -> Anyone:
    """Builds the HTTP app over the house; `principals` says who signs in with which token."""
    app, anyone = house.app, Anyone()
    app.state.db, app.state.hub, app.state.access = house.db, house.hub, anyone
    app.state.webhooks = WebhookReceiver(house.db, house.readers, house.box, house.hub)
    for router in (fan_routes.router, routes.router, webhook_routes.router):
        app.include_router(router)

    @app.exception_handler(AppError)
    async def problem(_: Request, error: AppError) -> JSONResponse:
        fields = [item.model_dump() for item in error.errors]
        return JSONResponse({"code": error.code, "detail": error.detail, "errors": fields}, error.status)

    return anyone


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """The app on a free port of loopback; yields its URL."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, lifespan="off", log_config=None))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  (uvicorn has no event for it)
        await asyncio.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await task


@pytest.fixture
async def url(house: House, access: Anyone) -> AsyncIterator[str]:
    async with serving(house.app) as address:
        yield address


@pytest.fixture
async def web(house: House, access: Anyone, url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client signed in as the owner."""
    access.principals["owner"] = house.owner()
    headers = {"Authorization": "Bearer owner"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, trust_env=False) as client:
        yield client


async def eventually(check: Callable[[], Awaitable[bool]], what: str, seconds: float = 10.0) -> None:
    """Wait until `check` is true."""
    try:
        async with asyncio.timeout(seconds):
            while not await check():  # noqa: ASYNC110  (what a database holds cannot be waited for)
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"in {seconds} s it did not happen that {what}")


@pytest.fixture(name="eventually")
def _eventually() -> Callable[..., Awaitable[None]]:
    return partial(eventually)
