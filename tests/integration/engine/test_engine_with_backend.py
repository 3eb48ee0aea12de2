"""The engine against the real service and the real sandbox, as processes: the whole way of a message, and a kill."""

import asyncio
import json
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from huntaze_backend.serve.backups import back_up, restore
from huntaze_backend.settings import Settings
from huntaze_contract.outgoing import State
from huntaze_desktop.cache import CacheKey, apply, digest, open_cache
from huntaze_desktop.engine import Engine, MemoryTokenStore
from huntaze_desktop.engine.core import Core
from huntaze_desktop.engine.errors import ApiError
from huntaze_desktop.model.assistant import SuggestionReady
from huntaze_desktop.model.connection import ConnectionState
from huntaze_desktop.model.listing import ConversationQuery
from huntaze_desktop.sdk import FanDetails
from tests.helpers.agency import KEY
from tests.integration.engine.conftest import QUICK, seen

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

FANS = 16
DATABASE_KEY = "ab" * 32
OWNER = {"email": "iris@example.com", "password": "correct horse battery", "name": "Iris", "agency": "Northlight"}


class Process:
    """A child that says in one line that it is ready, and ends with its stdin."""

    def __init__(self, *arguments: str, first_line: dict[str, Any] | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", *arguments, "--exit-with-stdin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if first_line is not None:
            self._process.stdin.write(json.dumps(first_line).encode() + b"\n")
            self._process.stdin.flush()
        ready = self._process.stdout.readline()
        if not ready:
            self.end()
            raise RuntimeError(f"{' '.join(arguments)} did not start")
        self.port = int(json.loads(ready)["port"])
        self.url = f"http://127.0.0.1:{self.port}"

    def end(self, *, kill: bool = False) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if kill:
            self._process.send_signal(signal.SIGKILL)
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._process.stdout.close()


class Place:
    """A sandbox, a backend that can be killed and started again, and a signed-in engine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = folder / "journal.jsonl"
        arguments = ["--quiet", "--fans", str(FANS), "--messages", "800", "--journal", str(self.journal)]
        self.sandbox = Process("huntaze_sandbox", *arguments)
        try:
            self.backend = self._start_backend(0)
        except RuntimeError:
            self.sandbox.end()
            raise
        self.engine: Engine

    def _start_backend(self, port: int) -> Process:
        arguments = ["backend", "serve", "--data", str(self.folder / "service"), "--port", str(port)]
        return Process("huntaze_cli", *arguments, first_line={"database_key": DATABASE_KEY, "owner": OWNER})

    async def kill_backend(self) -> None:
        await asyncio.to_thread(self.backend.end, kill=True)

    async def start_backend_again(self) -> None:
        self.backend = await asyncio.to_thread(self._start_backend, self.backend.port)

    async def sign_in(self) -> Engine:
        loop = asyncio.get_running_loop()
        cache = open_cache(self.folder / "cache.db", CacheKey(KEY))
        self.engine = Engine(cache, MemoryTokenStore(), loop.call_soon_threadsafe, timing=QUICK)
        await asyncio.to_thread(self.engine.start)
        self.engine.set_server(self.backend.url)
        await self.engine.sign_in(OWNER["email"], OWNER["password"])
        await self.engine.connect_platform("sandbox", self.sandbox.url, "sandbox-key")
        return self.engine

    def delivered(self) -> dict[str, list[str]]:
        """Texts that the platform has of us, by chat, in its order."""
        found: dict[str, list[str]] = defaultdict(list)
        for entry in map(json.loads, self.journal.read_text().splitlines()):
            if entry["direction"] == "out":
                found[entry["chat"]].append(entry["text"])
        return found

    async def end(self) -> None:
        await asyncio.to_thread(self.engine.stop)
        await asyncio.to_thread(self.backend.end)
        await asyncio.to_thread(self.sandbox.end)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    place = await asyncio.to_thread(Place, tmp_path)
    await place.sign_in()
    yield place
    await place.end()


async def test_the_whole_way_of_a_message_and_a_kill_of_the_service(place: Place) -> None:
    engine = place.engine
    listing, outbox = engine.listing(ConversationQuery()), engine.outbox()
    found = await seen(listing, lambda value: value.total == FANS, within=60)
    await seen(engine.connection, lambda c: c.state is ConnectionState.ONLINE, within=60)

    first = found.rows[0]
    window = engine.window(first.id)
    mine = await engine.send(first.id, "The whole way")
    await seen(window, lambda value: [r.state for r in value.rows if r.id == mine] == [State.SENT], within=60)
    assert [texts for texts in place.delivered().values() if "The whole way" in texts] == [["The whole way"]]

    note = await engine.add_note(first.fan_id, "Likes trains")
    fan = engine.fan(first.fan_id)
    await seen(fan, lambda value: [(n.id, n.pending, n.ver > 0) for n in value.notes] == [(note, False, True)])

    await place.kill_backend()
    engine.nudge()
    await seen(engine.connection, lambda c: c.state is ConnectionState.OFFLINE, within=30)
    # Two conversations of two creators, so that the 3 s between sends of one account do not add up.
    talks = list({row.creator_id: row for row in reversed(found.rows)}.values())[:2]
    for talk in talks:
        for n in range(3):
            await engine.send(talk.id, f"{talk.fan_name} {n}")
    await engine.edit_note(note, "Likes boats", fan.value.notes[0].ver)
    await engine.add_tag(first.fan_id, "beach")
    await engine.set_field(first.fan_id, "nickname", "Captain")
    await engine.assign(first.id, engine.me.id, note="from the train")
    await engine.snooze(first.id, engine.now() + timedelta(hours=1))
    assert len(await seen(engine.waiting_changes(), lambda changes: len(changes) == 5)) == 5
    assert len(await seen(outbox, lambda items: len(items) == 6)) == 6
    await place.start_backend_again()
    await seen(outbox, lambda items: not items, within=60)
    for talk in talks:
        last = f"{talk.fan_name} 2"
        await seen(
            engine.window(talk.id),
            lambda value, last=last: [r.state for r in value.rows if r.text == last] == [State.SENT],
            within=60,
        )

    def known(value: FanDetails) -> bool:
        return value.fan is not None and value.fan.tags == ("beach",) and not value.fan.pending_tags

    value = await seen(fan, lambda value: known(value) and not any(one.pending for one in value.notes), within=30)
    assert value.fan is not None
    assert [one.text for one in value.notes] == ["Likes boats"]
    assert [(one.name, one.value, one.pending) for one in value.fan.fields] == [("nickname", "Captain", False)]
    shown = await seen(engine.row(first.id), lambda row: row is not None and row.changes == 0, within=30)
    assert shown is not None
    assert (shown.assigned_to_me, shown.handover_note) == (True, "from the train")
    assert shown.snoozed_until is not None
    assert engine.notices().value == ()
    sent = [texts[-3:] for texts in place.delivered().values()]
    for talk in talks:
        assert [f"{talk.fan_name} {n}" for n in range(3)] in sent
    everything = [text for texts in place.delivered().values() for text in texts]
    assert len(everything) == len(set(everything)) == 7
    await engine.call(same_as_the_servers)


async def test_what_a_restored_backup_does_not_know_is_asked_of_its_author_and_what_went_out_comes_back(
    place: Place, tmp_path: Path
) -> None:
    engine, data, copy = place.engine, place.folder / "service", tmp_path / "monday.db"
    found = await seen(engine.listing(ConversationQuery()), lambda value: value.total == FANS, within=60)
    await seen(engine.connection, lambda c: c.state is ConnectionState.ONLINE, within=60)
    talk, other = found.rows[:2]
    window, outbox = engine.window(talk.id), engine.outbox()
    settings = Settings(database_key=DATABASE_KEY, database_url=None)
    await asyncio.to_thread(back_up, settings, data, copy)
    at = engine.now() + timedelta(days=1)
    mine = await engine.send(other.id, "For tomorrow", send_at=at)
    await engine.send(talk.id, "Went out since")
    await seen(
        window, lambda value: [r.state for r in value.rows if r.text == "Went out since"] == [State.SENT], within=60
    )
    await seen(
        engine.window(other.id),
        lambda value: [r.state for r in value.rows if r.id == mine] == [State.SCHEDULED],
        within=60,
    )

    await place.kill_backend()
    await asyncio.to_thread(restore, settings, data, copy)
    await place.start_backend_again()
    engine.nudge()

    (item,) = await seen(outbox, lambda items: items, within=60)
    assert (item.id, item.state, item.reason, item.text) == (mine, State.NEEDS_REVIEW, "restored", "For tomorrow")
    review = await engine.review(mine)
    assert review is not None
    assert review.reason == "restored"
    # The platform lists what was delivered: there it is again, once, and not ours to send.
    await seen(window, lambda value: [r.local for r in value.rows if r.text == "Went out since"] == [False], within=90)
    await engine.retry(mine)
    await seen(outbox, lambda items: not items, within=60)
    await seen(
        engine.window(other.id), lambda value: [r.state for r in value.rows if r.id == mine] == [State.SCHEDULED]
    )
    everything = [text for texts in place.delivered().values() for text in texts]
    assert everything == ["Went out since"]


async def same_as_the_servers(core: Core) -> None:
    """What is here is what the service has, by its own digest."""
    async with asyncio.timeout(30):
        while True:
            await asyncio.sleep(0.2)
            seq, ours = await core.store.read(lambda c: (apply.sync_state(c).seq, digest.digest(c)))
            try:
                theirs = await core.backend.digest(seq)
            except ApiError:  # the log went on; anything else ends in the timeout
                core.syncer.pull_soon()
                continue
            assert digest.differences(ours, theirs.kinds) == []
            return


async def test_without_a_model_the_service_still_suggests_and_the_message_names_it(place: Place) -> None:
    engine = place.engine
    found = await seen(engine.listing(ConversationQuery()), lambda value: value.total == FANS, within=60)
    await seen(engine.connection, lambda c: c.state is ConnectionState.ONLINE, within=60)
    first = found.rows[0]
    pieces = [piece async for piece in engine.suggest(first.id)]
    ready = [piece.suggestion for piece in pieces if isinstance(piece, SuggestionReady)]
    assert ready, pieces
    assert all(one.local and one.cost_nano_usd == 0 and one.text for one in ready)
    window = engine.window(first.id)
    await engine.suggestion_used(ready[0].id, "inserted")
    mine = await engine.send(first.id, ready[0].text, suggestion_id=ready[0].id)
    await seen(window, lambda value: [r.state for r in value.rows if r.id == mine] == [State.SENT], within=60)
    total = await seen(engine.costs(), lambda value: value is not None)
    assert total is not None
    assert total.today == 0
    await seen(engine.approvals(), lambda value: not value.loading and not value.items and not value.trouble)
    assert await engine.past_approvals() == ()
