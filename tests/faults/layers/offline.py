"""Two weeks without a network: what was written meanwhile, and what the world did meanwhile, meet again.

A chatter syncs, goes offline, and answers fans from its cache: two weeks ago, and in the last hour; a draft is left.
Meanwhile another tool answers some of the fans, fans write on, and everything the chatter holds changes. When the
network is back (its place in the log still known, or expired) nothing older than a day may go by itself, what was
overtaken must wait for a person, the rest must go once and in order, and both sides must agree. The clock of the
chatter is moved, its engine and cache are the product's; service and platform are processes.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import text
from sqlalchemy.orm import Session

from huntaze_backend.areas.messages.tables import MessageRow
from huntaze_backend.core import changes
from huntaze_backend.core.db import Database
from huntaze_desktop.cache import CacheKey, open_cache
from huntaze_desktop.engine import Engine, MemoryTokenStore
from huntaze_desktop.model.connection import ConnectionState
from tests.faults import checker, client, evidence
from tests.faults.agency import KEY, OWNER, PLATFORM_KEY, Agency, Shift
from tests.faults.layer import LayerResult, Plan

__all__ = ["run"]

AWAY = timedelta(days=14)
EACH = 5
"""Conversations of each kind."""
TEXTS = {"old": 2, "fresh": 2, "answered": 1, "written_on": 1}
"""How many texts are written into each: behind one that waits for a person the next ones would wait too."""
HISTORY = {"short": 2_500, "full": 100_000}
"""Messages that change meanwhile, in each run."""
PLACES = {"short": ("expired",), "full": ("known", "expired")}
"""Whether the chatter's place in the log is still known when it comes back."""
WITHIN_S = 300.0
OWN_ROWS = ("SELECT 'outbox', id, text FROM outbox", "SELECT 'draft', conversation_id, text FROM drafts")


@dataclass(slots=True)
class Chatter:
    """An engine on a profile, with a clock that can be moved."""

    folder: Path
    server: str
    tokens: MemoryTokenStore
    shift: timedelta = timedelta(0)

    @property
    def cache(self) -> Path:
        return self.folder / "cache.db"

    @asynccontextmanager
    async def at_work(self, *, online: bool) -> AsyncIterator[Engine]:
        cache = await asyncio.to_thread(open_cache, self.cache, CacheKey(KEY))
        cache.write(client.watch)
        shift = self.shift
        engine = Engine(
            cache,
            self.tokens,
            asyncio.get_running_loop().call_soon_threadsafe,
            timing=client.QUICK,
            wall=lambda: datetime.now(UTC) + shift,
        )
        await asyncio.to_thread(engine.start)
        try:
            if online:
                engine.set_server(self.server)
            yield engine
        finally:
            await asyncio.to_thread(engine.stop)

    def own(self) -> frozenset[tuple[object, ...]]:
        with closing(evidence.open_store(self.cache, KEY)) as store:
            return frozenset(tuple(row) for query in OWN_ROWS for row in store.execute(query).fetchall())


def run(plan: Plan) -> LayerResult:
    """100,000 changes, once with a place that is still known, once with an expired one; short: 2,500, expired."""
    began = time.monotonic()
    result = LayerResult("offline", figures={"offline_changes": 0, "offline_sent": 0, "offline_reviewed": 0})
    for name in PLACES[plan.scale]:
        asyncio.run(_away(plan, name, result))
    result.seconds = time.monotonic() - began
    return result


async def _away(plan: Plan, name: str, result: LayerResult) -> None:
    shift = Shift(accounts=2, conversations=4 * EACH, sends=0, clients=0, spacing_s=0.1, history=HISTORY[plan.scale])
    agency = Agency(plan.folder / name, plan.seed, shift)
    try:
        await agency.open()
        chatter = Chatter(agency.folder / "chatter", agency.to_service.url, MemoryTokenStore())
        chatter.folder.mkdir()
        kinds = _kinds(await agency.conversations())
        async with chatter.at_work(online=True) as engine:
            await engine.sign_in(OWNER["email"], OWNER["password"])
            await _synced(agency, engine)
        written = await _write_offline(chatter, kinds)
        mine = chatter.own()
        await _meanwhile(agency, kinds, result, expire=name == "expired")
        resync = await _back(agency, chatter, mine, kinds)
        result.violations += [f"{name}: {line}" for line in await agency.close()]
        _judge(agency, chatter, written, resync, name, result)
    finally:
        await agency.close()


def _kinds(conversations: dict[str, list[str]]) -> dict[str, list[str]]:
    some = next(iter(conversations.values()))
    names = ("old", "fresh", "answered", "written_on")
    return {name: some[n * EACH : (n + 1) * EACH] for n, name in enumerate(names)}


async def _synced(agency: Agency, engine: Engine) -> None:
    async with asyncio.timeout(WITHIN_S):
        while True:
            last = (await asyncio.to_thread(agency.query, "SELECT last_seq FROM sync_counters"))[0][0]
            seq = await engine.call(
                lambda core: core.store.read(
                    lambda c: c.execute(text("SELECT seq FROM sync_state WHERE complete")).scalar()
                )
            )
            if seq == last and engine.connection.value.state is ConnectionState.ONLINE:
                return
            await asyncio.sleep(0.1)


async def _write_offline(chatter: Chatter, kinds: dict[str, list[str]]) -> dict[str, str]:
    """Answers without a network; returns id → kind. The draft belongs to a conversation that nobody answers."""
    written: dict[str, str] = {}
    ages = {"old": AWAY, "answered": timedelta(hours=3), "written_on": timedelta(hours=3), "fresh": timedelta(hours=1)}
    for kind, age in ages.items():
        chatter.shift = -age
        async with chatter.at_work(online=False) as engine:
            for conversation in kinds[kind]:
                for n in range(TEXTS[kind]):
                    written[await engine.send(conversation, f"{kind} {n}")] = kind
            await engine.save_draft(kinds["fresh"][0], "half a thought")
    chatter.shift = timedelta(0)
    return written


async def _meanwhile(agency: Agency, kinds: dict[str, list[str]], result: LayerResult, *, expire: bool) -> None:
    """Another tool answers, fans write on, everything changes, and the place in the log may expire."""
    places = {
        id_: (account, chat)
        for id_, account, chat in agency.query(
            "SELECT v.id, c.platform_account_id, v.platform_id FROM conversations v"
            " JOIN creators c ON c.id = v.creator_id"
        )
    }
    headers = {"Authorization": f"Bearer {PLATFORM_KEY}"}
    async with httpx2.AsyncClient(
        base_url=f"http://127.0.0.1:{agency.sandbox.port}", headers=headers, timeout=30, trust_env=False
    ) as http:
        for conversation in kinds["answered"]:
            account, chat = places[conversation]
            said = {"text": "A colleague was here"}
            (await http.post(f"/api/{account}/chats/{chat}/messages", json=said)).raise_for_status()
        for conversation in kinds["written_on"]:
            account, chat = places[conversation]
            said = {"account": account, "chat": chat, "text": "Are you there? It is urgent now"}
            (await http.post("/admin/inbound", json=said)).raise_for_status()
    wanted = "SELECT count(*) FROM messages WHERE text IN ('A colleague was here', 'Are you there? It is urgent now')"
    await _until(lambda: agency.query(wanted)[0][0] >= 2 * EACH)
    await agency.backend.end()
    database = Database.open(f"sqlite:///{agency.database}", key=KEY)
    try:
        result.figures["offline_changes"] += await database.write(_touch_everything)
    finally:
        await database.close()
    if expire:
        with closing(evidence.open_store(agency.database, KEY)) as store:
            store.execute("UPDATE sync_counters SET min_seq = last_seq")
    await agency.start_backend()


def _touch_everything(session: Session) -> int:
    rows = session.query(MessageRow.agency_id, MessageRow.id, MessageRow.creator_id).all()
    agency_id = rows[0][0]
    changes.record_many(
        session, agency_id=agency_id, entity="message", rows=[(id_, creator) for _, id_, creator in rows]
    )
    return len(rows)


async def _back(
    agency: Agency, chatter: Chatter, mine: frozenset[tuple[object, ...]], kinds: dict[str, list[str]]
) -> checker.Resync:
    """Go online and wait until what may go has gone. What is left of the chatter's own is compared with what it had."""
    sent = "SELECT count(*) FROM messages WHERE client_key IS NOT NULL AND state = 'sent'"
    waits = "SELECT count(*) FROM outbox WHERE state = 'queued_local'"
    async with chatter.at_work(online=True) as engine:
        await _until(lambda: agency.query(sent)[0][0] >= 2 * len(kinds["fresh"]))
        async with asyncio.timeout(WITHIN_S):
            while await _count(engine, waits):  # noqa: ASYNC110 - a database tells nobody
                await asyncio.sleep(0.1)
        await _synced(agency, engine)
    gone = {("outbox", row[1], row[2]) for row in mine if row[0] == "outbox" and str(row[2]).startswith("fresh")}
    return checker.Resync("the chatter", mine - frozenset(gone), chatter.own())


def _judge(
    agency: Agency, chatter: Chatter, written: dict[str, str], resync: checker.Resync, name: str, result: LayerResult
) -> None:
    found = agency.evidence()
    store = evidence.client_store("the chatter", chatter.cache, KEY)
    found.clients.append(store)
    found.resyncs.append(resync)
    found.integrity.append(evidence.check_store("the chatter's cache", chatter.cache, KEY))
    # What the other tool wrote has no key; it is no message of ours.
    found.journal = [made for made in found.journal if made.key is not None]
    result.violations += [f"{name}: {line}" for line in checker.judge(found)]
    made, rows = found.executions(), found.by_id()
    wanted = {"old": "expired", "answered": "needs_review", "written_on": "needs_review"}
    for id_, kind in written.items():
        if kind == "fresh":
            if made[id_] != 1 or rows[id_].state != "sent":
                result.violations.append(f"{name}: fresh message {id_} did not go by itself, once")
            continue
        if made[id_]:
            result.violations.append(f"{name}: {kind} message {id_} went without asking anybody")
        if store.outbox.get(id_) != wanted[kind]:
            result.violations.append(f"{name}: {kind} message {id_} is {store.outbox.get(id_)} in the outbox")
        result.figures["offline_reviewed"] += store.outbox.get(id_) == wanted[kind]
    result.figures["offline_sent"] += sum(made.values())


async def _count(engine: Engine, query: str) -> int:
    return int(await engine.call(lambda core: core.store.read(lambda c: c.execute(text(query)).scalar_one())))


async def _until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110 - a database tells nobody
            await asyncio.sleep(0.2)
