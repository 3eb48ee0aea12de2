"""A sandbox process with its journal, and the sending half of a backend over it, made quick."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.accounts.tables import AgencyRow, ConnectionRow, CreatorRow
from huntaze_backend.areas.fans.intake import Source
from huntaze_backend.areas.messages.chats import put_chats
from huntaze_backend.areas.messages.dispatch import Dispatches
from huntaze_backend.areas.messages.outbound import Outbound
from huntaze_backend.areas.messages.readers import Readers
from huntaze_backend.areas.messages.rules import SendPolicy
from huntaze_backend.areas.messages.sending import Sending
from huntaze_backend.areas.messages.tables import AttemptRow, ConversationRow, MessageRow
from huntaze_backend.core import changes
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.db import Database
from huntaze_backend.core.secrets import SecretBox
from huntaze_backend.engines.compliance.checking import Compliance
from huntaze_backend.engines.gateways.adapters.vendor_http import VendorGateways
from huntaze_backend.engines.gateways.factory import PlatformAccess
from huntaze_backend.engines.limits.adapters.sql_log import SqlRateGate
from huntaze_backend.events import EventBus
from huntaze_contract.ids import new_id
from huntaze_contract.outgoing import Timing
from huntaze_contract.wire import NewMessage, Role, SendAnswer, SendBudget

COMPLIANCE = Compliance()
"""The rules that ship; compiling them for every test would cost more than most tests."""
KEY = "sandbox-key-of-this-test"
WINDOW_S = 2.0
QUICK = SendPolicy(
    window_margin=timedelta(milliseconds=20),
    timing=Timing(
        attempt_ttl=timedelta(seconds=0.6),
        call_timeout=timedelta(seconds=0.8),
        listing_lag=timedelta(seconds=0.2),
        margin=timedelta(seconds=0.1),
        listing_gap=timedelta(seconds=0.1),
        unlistable_after=timedelta(seconds=4),
    ),
    recipient_window=timedelta(seconds=WINDOW_S),
    retry_base=timedelta(milliseconds=50),
    retry_max=timedelta(milliseconds=400),
)


@dataclass
class Sandbox:
    """The platform's process, what a test does there by hand, and what really arrived."""

    url: str
    journal: Path
    http: httpx2.AsyncClient
    skip: int = 0
    """Lines of the journal that are from before this test."""

    async def faults(self, *rules: dict[str, Any]) -> None:
        answer = await self.http.put("/admin/faults", json={"rules": list(rules)})
        assert answer.status_code == 200, answer.text

    async def post(self, path: str, **body: Any) -> Any:
        answer = await self.http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def arrived(self, account: str | None = None) -> list[dict[str, Any]]:
        """Journal rows of what we sent, in the order of execution."""
        rows = [json.loads(line) for line in _lines(self.journal)[self.skip :]]
        return [row for row in rows if row["direction"] == "out" and account in (None, row["account"])]

    def texts(self, chat: str) -> list[str]:
        return [row["text"] for row in self.arrived() if row["chat"] == chat]

    def most_in_any_window(self, account: str, seconds: float) -> int:
        times = sorted(datetime.fromisoformat(row["executed_at"]) for row in self.arrived(account))
        return max(sum(1 for other in times if t <= other < t + timedelta(seconds=seconds)) for t in times)

    def twice(self) -> list[str]:
        counted = Counter((row["chat"], row["text"]) for row in self.arrived())
        return [text for (_, text), count in counted.items() if count > 1]


def _lines(journal: Path) -> list[str]:
    return journal.read_text().splitlines() if journal.exists() else []


@dataclass(frozen=True)
class Process:
    """Where a running sandbox listens and writes."""

    url: str
    journal: Path


@contextmanager
def sandbox_process(folder: Path) -> Iterator[Process]:
    """A sandbox whose fans stand still and whose own limit is off: only ours is on trial."""
    journal = folder / "journal.jsonl"
    arguments = ["--exit-with-stdin", "--quiet", "--key", KEY, "--journal", str(journal), "--rate-limit", "0"]
    with subprocess.Popen(
        [sys.executable, "-m", "huntaze_sandbox", *arguments, "--fans", "32", "--messages", "200"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        ready = json.loads(process.stdout.readline())
        yield Process(f"http://127.0.0.1:{ready['port']}", journal)
        process.stdin.close()


@asynccontextmanager
async def visiting(process: Process) -> AsyncIterator[Sandbox]:
    """The sandbox as one test finds it: without faults, every account logged in, an empty journal."""
    async with httpx2.AsyncClient(
        base_url=process.url, headers={"Authorization": f"Bearer {KEY}"}, trust_env=False, timeout=10
    ) as http:
        sandbox = Sandbox(process.url, process.journal, http, skip=len(_lines(process.journal)))
        await sandbox.faults()
        for account in (await http.get("/api/accounts")).json():
            await sandbox.post(f"/admin/accounts/{account['id']}/log-in")
        yield sandbox


@dataclass(frozen=True)
class Chat:
    """A conversation that can be written to."""

    id: str
    platform_id: str
    creator_id: str
    account: str


@dataclass
class House:
    """The sending half of a backend, wired as the composition root wires it."""

    db: Database
    sandbox: Sandbox
    bus: EventBus
    readers: Readers
    sending: Sending
    outbound: Outbound
    me: Principal
    chats: list[Chat]
    board: Board
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    worker: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.worker = asyncio.create_task(self.outbound.run(self.stop))

    async def end(self) -> None:
        self.stop.set()
        if self.worker is not None:
            await self.worker
        await self.bus.close()
        await self.readers.close()

    def of_one_account(self) -> list[Chat]:
        return [chat for chat in self.chats if chat.account == self.chats[0].account]

    def body(self, chat: Chat, text: str, prev: str | None = None) -> NewMessage:
        return NewMessage(
            conversation_id=chat.id,
            text=text,
            composed_at=datetime.now(UTC),
            device_id=new_id(),
            device_seq=1,
            prev_id=prev,
        )

    async def send(self, chat: Chat, text: str, *, key: str | None = None, prev: str | None = None) -> str:
        answer, _ = await self.sending.accept(self.me, key or new_id(), self.body(chat, text, prev))
        return answer.message.id

    async def answer(self, message_id: str) -> SendAnswer:
        return await self.sending.answer(self.me, message_id)

    async def row(self, message_id: str) -> MessageRow:
        return await self.db.read(lambda session: session.get_one(MessageRow, message_id))

    async def attempts(self, message_id: str) -> list[AttemptRow]:
        query = select(AttemptRow).where(AttemptRow.message_id == message_id).order_by(AttemptRow.no)
        return await self.db.read(lambda session: list(session.scalars(query).all()))

    async def outcomes(self, message_id: str) -> list[str | None]:
        """How each attempt ended. One that a busy machine opened too late to act is no part of any story."""
        attempts = await self.attempts(message_id)
        return [attempt.outcome for attempt in attempts if attempt.detail != "expired_not_executed"]

    async def until(self, message_id: str, *states: str, seconds: float = 12) -> MessageRow:
        async def there() -> bool:
            return (await self.row(message_id)).state in states

        await eventually(there, f"{message_id} is {' or '.join(states)}", seconds)
        return await self.row(message_id)

    async def set_creator(self, **values: Any) -> None:
        def change(session: Session) -> None:
            for creator in session.scalars(select(CreatorRow)).all():
                for name, value in values.items():
                    setattr(creator, name, value)

        await self.db.write(change)


@dataclass
class Board:
    """Where budgets are shown, to whoever looks."""

    looked_at: bool = True
    shown: list[SendBudget] = field(default_factory=list)

    def watched(self, _agency_id: str) -> bool:
        return self.looked_at

    def show(self, _agency_id: str, budget: SendBudget) -> None:
        self.shown.append(budget)


async def build_house(db: Database, sandbox: Sandbox, *, policy: SendPolicy = QUICK) -> House:
    """Connects an agency to the sandbox; on a database that has one already, goes on with that."""
    gateways = VendorGateways(call_timeout_s=policy.timing.call_timeout.total_seconds(), wait_s=0.15)
    box = SecretBox(b"k" * 32)
    known = await db.read(lambda session: session.scalar(select(ConnectionRow.id)))
    connection_id = known or new_id()
    access = PlatformAccess(connection_id, sandbox.url, KEY)
    if known is None:
        await _connect(db, gateways, box, access)
    readers = Readers(db, gateways, lambda session, id_: access if id_ == connection_id else None)
    bus, gate = EventBus(db), SqlRateGate()
    board = Board()
    dispatches = Dispatches(db, gate, policy, COMPLIANCE, gateways, board)
    outbound = Outbound(db, bus, readers, dispatches, lambda session, id_: access)
    if known is None:
        await _list_chats(db, await readers.of(connection_id))
    chats = await db.read(_stored_chats)
    agency_id = await db.read(lambda session: session.scalars(select(AgencyRow.id)).one())
    me = Principal(new_id(), agency_id, Role.OWNER, None, new_id(), "Iris")
    return House(db, sandbox, bus, readers, Sending(db, gate, policy, COMPLIANCE), outbound, me, chats, board)


async def _connect(db: Database, gateways: VendorGateways, box: SecretBox, access: PlatformAccess) -> None:
    reader = gateways.reader(access)
    found = await reader.accounts()
    await reader.close()

    def connect(session: Session) -> None:
        agency_id, at = new_id(), datetime.now(UTC)
        session.add(AgencyRow(id=agency_id, name="Northlight", created_at=at))
        session.flush()
        changes.start(session, agency_id)
        row = ConnectionRow(
            id=access.connection_id,
            agency_id=agency_id,
            platform="sandbox",
            base_url=access.base_url,
            api_key_sealed=box.seal(KEY, accounts.API_KEY),
            webhook_secret_sealed=box.seal("signed", accounts.WEBHOOK_SECRET),
            created_at=at,
        )
        session.add(row)
        session.flush()
        for creator in accounts.import_creators(session, row, found):
            creator.window_s, creator.spacing_s = WINDOW_S, 0.0

    await db.write(connect)


async def _list_chats(db: Database, reader: Any) -> None:
    sources = await db.read(
        lambda session: [
            Source(row.id, row.agency_id, row.platform_account_id) for row in session.scalars(select(CreatorRow)).all()
        ]
    )
    for source in sources:
        page = await reader.chats(source.account)
        await db.write(partial(put_chats, source=source, chats=page.items))


def _stored_chats(session: Session) -> list[Chat]:
    query = (
        select(ConversationRow, CreatorRow.platform_account_id)
        .join(CreatorRow, CreatorRow.id == ConversationRow.creator_id)
        .where(ConversationRow.can_send.is_(True))
        .order_by(ConversationRow.creator_id, ConversationRow.id)
    )
    return [Chat(row.id, row.platform_id, row.creator_id, account) for row, account in session.execute(query)]


async def eventually(check: Callable[[], Awaitable[bool]], what: str, seconds: float = 10.0) -> None:
    """Wait until `check` is true."""
    try:
        async with asyncio.timeout(seconds):
            while not await check():  # noqa: ASYNC110  (what a database holds cannot be waited for)
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"in {seconds} s it did not happen that {what}")
