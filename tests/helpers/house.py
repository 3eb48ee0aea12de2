"""A backend's application over a migrated database, with a platform that exists only here and an agency that is seeded.

For tests of the API: nothing is sent, because no worker runs.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self, TypeVar

import httpx2
import uvicorn
from fastapi import FastAPI
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.orm import Session

from huntaze_backend.app import Adapters, Services, build
from huntaze_backend.areas.accounts.members import NewOwner, create_owner
from huntaze_backend.areas.accounts.tables import AccessRow, CreatorRow, MemberRow
from huntaze_backend.areas.fans.tables import FanRow, NoteRow, TransactionRow
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.core import changes
from huntaze_backend.core.db import Database
from huntaze_backend.core.installation import InstallationSecrets
from huntaze_backend.engines.gateways.errors import GatewayError, Trouble
from huntaze_backend.engines.gateways.factory import PlatformAccess
from huntaze_backend.engines.gateways.reading import PlatformAccount
from huntaze_contract.ids import new_id
from huntaze_contract.wire import CreatorState, Role, Tokens

T = TypeVar("T")
PASSWORD = "correct horse battery"
SECRETS = InstallationSecrets("j" * 64, "5e" * 32)
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
# Argon2id at its cheapest: a hash carries its own cost, and a test signs in often.
_HASH = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


class FakePlatform:
    """Opens accounts for any key but `wrong`, and cannot be reached at hosts named `nowhere`."""

    def __init__(self) -> None:
        self.accounts: list[PlatformAccount] | None = None
        self.closed = 0

    def reader(self, access: PlatformAccess) -> "_FakeReader":
        return _FakeReader(self, access)

    def sender(self, access: PlatformAccess) -> Any:
        raise AssertionError("these tests do not send")


class _FakeReader:
    def __init__(self, platform: FakePlatform, access: PlatformAccess) -> None:
        self._platform = platform
        self._access = access

    async def accounts(self) -> list[PlatformAccount]:
        if "nowhere" in self._access.base_url:
            raise GatewayError(Trouble.UNREACHABLE)
        if self._access.api_key == "wrong":
            raise GatewayError(Trouble.UNAUTHORIZED)
        if self._platform.accounts is not None:
            return self._platform.accounts
        return [platform_account(new_id())]

    async def close(self) -> None:
        self._platform.closed += 1


def platform_account(id_: str, name: str = "Mara Lind", *, connected: bool = True) -> PlatformAccount:
    return PlatformAccount(id_, f"u-{id_}", name.split(maxsplit=1)[0].lower(), name, "Europe/Stockholm", connected)


@dataclass
class Seed:
    """Ids of an agency that has one of everything, of two creators."""

    agency_id: str = ""
    owner_id: str = ""
    chatter_id: str = ""
    creator_ids: list[str] = field(default_factory=lambda: [new_id(), new_id()])
    fan_ids: list[str] = field(default_factory=lambda: [new_id() for _ in range(4)])
    conversation_ids: list[str] = field(default_factory=lambda: [new_id() for _ in range(4)])
    message_ids: list[str] = field(default_factory=lambda: [new_id() for _ in range(12)])
    note_ids: list[str] = field(default_factory=lambda: [new_id() for _ in range(8)])
    transaction_ids: list[str] = field(default_factory=lambda: [new_id()])
    failed_ids: list[str] = field(default_factory=lambda: [new_id() for _ in range(8)])
    """Outgoing messages that failed: a person may retry or drop them."""
    unclear_ids: list[str] = field(default_factory=lambda: [new_id() for _ in range(8)])
    """Outgoing messages in `needs_human`."""
    address: str = ""

    def email(self, who: str) -> str:
        return f"{who}@{self.address}"

    def creator_of(self, index: int) -> str:
        return self.creator_ids[index % 2]


def plant(session: Session, address: str = "north.example") -> Seed:
    """Make an agency with an owner, a chatter who sees the first creator, and some of everything."""
    seed = Seed(address=address)
    owner = NewOwner("Northlight", "Ann Owner", seed.email("owner"), _HASH)
    seed.owner_id = create_owner(session, owner)
    seed.agency_id = session.get_one(MemberRow, seed.owner_id).agency_id
    _plant_creators(session, seed)
    _plant_fans(session, seed)
    _plant_messages(session, seed)
    _noted(session, seed)
    return seed


def _plant_creators(session: Session, seed: Seed) -> None:
    for id_, name in zip(seed.creator_ids, ("Mara Lind", "Nora Berg"), strict=True):
        session.add(
            CreatorRow(
                id=id_,
                agency_id=seed.agency_id,
                platform="sandbox",
                platform_account_id=f"acct-{id_}",
                platform_user_id=f"u-{id_}",
                name=name,
                username=name.lower().replace(" ", "_"),
                timezone="Europe/Stockholm",
                state=CreatorState.CONNECTED,
                state_since=NOON,
            )
        )
    seed.chatter_id = new_id()
    session.add(
        MemberRow(
            id=seed.chatter_id,
            agency_id=seed.agency_id,
            name="Noor Chatter",
            email=seed.email("chatter"),
            password_hash=_HASH,
            role=Role.CHATTER,
            created_at=NOON,
        )
    )
    session.flush()
    session.add(AccessRow(member_id=seed.chatter_id, creator_id=seed.creator_ids[0]))


def _plant_fans(session: Session, seed: Seed) -> None:
    for index, (fan_id, conversation_id) in enumerate(zip(seed.fan_ids, seed.conversation_ids, strict=True)):
        whose = {"agency_id": seed.agency_id, "creator_id": seed.creator_of(index)}
        session.add(FanRow(id=fan_id, platform_id=fan_id, name=f"Fan {index}", username=f"fan{index}", **whose))
        session.add(
            ConversationRow(
                id=conversation_id,
                fan_id=fan_id,
                platform_id=fan_id,
                last_at=NOON + timedelta(minutes=index),
                last_message_id=seed.message_ids[index],
                high_mark="1",
                **whose,
            )
        )
    session.flush()
    fan = {"agency_id": seed.agency_id, "creator_id": seed.creator_ids[0], "fan_id": seed.fan_ids[0]}
    author = {"author_id": seed.owner_id, "author_name": "Ann Owner"}
    for note_id in seed.note_ids:
        session.add(NoteRow(id=note_id, text="Likes mountains", created_at=NOON, **author, **fan))
    money = {"kind": "tip", "amount": 500, "net": 400, "currency": "USD", "at": NOON}
    session.add(TransactionRow(id=seed.transaction_ids[0], platform_id="t-1", **money, **fan))


def _plant_messages(session: Session, seed: Seed) -> None:
    rows: list[tuple[str, dict[str, Any]]] = [(id_, {"direction": "in"}) for id_ in seed.message_ids]
    rows += [(id_, {"direction": "out", "state": "failed", "place": 1}) for id_ in seed.failed_ids]
    rows += [(id_, {"direction": "out", "state": "needs_human", "place": 1}) for id_ in seed.unclear_ids]
    for index, (id_, values) in enumerate(rows):
        if values["direction"] == "in":
            values["platform_id"] = f"p-{index}"
        else:
            values |= {"client_key": id_, "accepted_at": NOON, "author_id": seed.owner_id}
        session.add(
            MessageRow(
                id=id_,
                agency_id=seed.agency_id,
                creator_id=seed.creator_of(index),
                conversation_id=seed.conversation_ids[index % 4],
                fan_id=seed.fan_ids[index % 4],
                text=f"line {index}",
                at=NOON + timedelta(seconds=index),
                **values,
            )
        )


def _noted(session: Session, seed: Seed) -> None:
    def note(entity: str, rows: list[tuple[str, str | None]]) -> None:
        changes.record_many(session, agency_id=seed.agency_id, entity=entity, rows=rows)

    def turns(ids: list[str]) -> list[tuple[str, str | None]]:
        return [(id_, seed.creator_of(index)) for index, id_ in enumerate(ids)]

    note("member", [(seed.chatter_id, None)])
    note("creator", [(id_, id_) for id_ in seed.creator_ids])
    note("fan", turns(seed.fan_ids))
    note("conversation", turns(seed.conversation_ids))
    note("message", turns([*seed.message_ids, *seed.failed_ids, *seed.unclear_ids]))
    note("note", [(id_, seed.creator_ids[0]) for id_ in seed.note_ids])
    note("transaction", [(id_, seed.creator_ids[0]) for id_ in seed.transaction_ids])


@dataclass
class House:
    """An application in this event loop, and a client that reaches it without a socket."""

    app: FastAPI
    services: Services
    platform: FakePlatform
    seed: Seed
    client: httpx2.AsyncClient

    async def sign_in(self, who: str = "owner", password: str = PASSWORD) -> httpx2.Response:
        form = {"email": self.seed.email(who), "password": password, "device_id": new_id()}
        return await self.client.post("/api/v2/auth/sign-in", json=form)

    async def headers(self, who: str = "owner") -> dict[str, str]:
        answer = await self.sign_in(who)
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {Tokens.model_validate(answer.json()).access_token}"}


@contextlib.asynccontextmanager
async def house_over(database: Database, *, adapters: Adapters | None = None) -> AsyncIterator[House]:
    """Build the application over a migrated, empty database."""
    platform = FakePlatform()
    seed = await database.write(plant)
    app, services = build(database, SECRETS, adapters=replace(adapters or Adapters(), gateways=platform))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://backend") as client:
        yield House(app, services, platform, seed, client)
    await services.close()


class _QuietServer(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:  # signals belong to pytest
        yield


class ServedHouse:
    """The application on a real port, in a thread with a loop of its own, for clients that block."""

    def __init__(self, url: str, key: str | None) -> None:
        self.base_url = ""
        self.seed = Seed()
        self.platform = FakePlatform()
        self._started: Future[None] = Future()
        self._stop: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(url, key)), name="served-house")

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.result(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._thread.join(30)

    def run(self, work: Callable[[Session], T]) -> T:
        """One unit of work, from the test's thread."""
        return asyncio.run_coroutine_threadsafe(self._database.write(work), self._loop).result(30)

    async def _serve(self, url: str, key: str | None) -> None:
        try:
            self._loop = asyncio.get_running_loop()
            self._database = Database.open(url, key=key)
            self.seed = await self._database.write(plant)
            app, _ = build(self._database, SECRETS, adapters=Adapters(gateways=self.platform))
            server = _QuietServer(
                uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, timeout_graceful_shutdown=1)
            )
            self._stop = lambda: setattr(server, "should_exit", True)
            serving = asyncio.create_task(server.serve())
            while not server.started and not serving.done():  # noqa: ASYNC110  (uvicorn has no event for it)
                await asyncio.sleep(0.005)
            self.base_url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        except BaseException as error:
            self._started.set_exception(error)
            raise
        self._started.set_result(None)
        await serving
        await self._database.close()
