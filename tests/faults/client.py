"""A chatter without a window: the engine on its cache, a script of what to write, and nothing kept but the cache.

It is killed and started again on the same folder. What it has already written it reads from its own screen, that is
from the outbox and the timeline, as a person would: the press of Send and its note in the log are two things, and a
kill may come between them.
"""

import asyncio
import contextlib
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from sqlalchemy import Connection as Sql
from sqlalchemy import text

from huntaze_desktop.cache import CacheKey, open_cache
from huntaze_desktop.engine import Engine, Timing
from huntaze_desktop.model.connection import ConnectionState
from huntaze_desktop.sdk import BackendError, OfflineError

__all__ = ["QUICK", "main", "watch"]

#: Waits of seconds instead of half a minute: a bench has many faults a minute, a person has few.
QUICK = Timing(backoff_base=0.1, backoff_cap=1.0, pull_every=5.0, request=4.0, connect=1.0)

_WATCH = (
    "CREATE TABLE IF NOT EXISTS bench_cursors (n INTEGER PRIMARY KEY, seq INTEGER, gen INTEGER)",
    "CREATE TABLE IF NOT EXISTS bench_queued (id TEXT PRIMARY KEY, base_rev INTEGER)",
    """CREATE TRIGGER IF NOT EXISTS bench_cursor AFTER UPDATE OF seq, gen ON sync_state
       WHEN old.seq IS NOT new.seq OR old.gen IS NOT new.gen
       BEGIN INSERT INTO bench_cursors (seq, gen) VALUES (new.seq, new.gen); END""",
    """CREATE TRIGGER IF NOT EXISTS bench_queue AFTER INSERT ON outbox
       BEGIN INSERT OR IGNORE INTO bench_queued VALUES (new.id, new.base_rev); END""",
)
"""What the bench has the store note by itself, in the very transactions that it watches."""

SEEN = """SELECT conversation_id, count(*) FROM (
    SELECT id, conversation_id FROM outbox
    UNION SELECT id, conversation_id FROM messages
        WHERE direction = 'out' AND author_id = (SELECT member_id FROM account))
    GROUP BY conversation_id"""


class FileTokens:
    """Keeps the refresh token in a file that a kill cannot tear."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> str | None:
        return self._path.read_text() if self._path.exists() else None

    def save(self, token: str) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(token)
        fresh.replace(self._path)

    def clear(self) -> None:
        self._path.unlink(missing_ok=True)


class Chatter:
    """One run of the script, from wherever the screen says that it stands."""

    def __init__(self, options: dict[str, Any], engine: Engine) -> None:
        self._engine = engine
        self._folder = Path(options["folder"])
        self._email, self._password = options["email"], options["password"]
        self._texts: dict[str, list[str]] = json.loads(Path(options["script"]).read_text())
        self._pause_s = float(options["pause_s"])
        self._gate = options["gate"] and Path(options["gate"])
        self._log = os.open(self._folder / "pressed.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._written = 0

    async def stay_signed_in(self) -> None:
        while True:
            if self._engine.connection.value.state is ConnectionState.SIGNED_OUT:
                with contextlib.suppress(BackendError, OfflineError):
                    await self._engine.sign_in(self._email, self._password)
            await asyncio.sleep(0.2)

    async def write(self) -> None:
        """Send what is still to be sent, one text of each conversation after the other, once the gate is open."""
        while self._gate and not self._gate.exists():  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.02)
        written = await self._on_the_screen()
        self._written = sum(written.get(conversation_id, 0) for conversation_id in self._texts)
        for n in range(max(map(len, self._texts.values()), default=0)):
            for conversation_id, texts in self._texts.items():
                if written.get(conversation_id, 0) <= n < len(texts):
                    await self._press(conversation_id, n, texts[n])
                    self._written += 1
                    await asyncio.sleep(self._pause_s)

    async def tell(self) -> None:
        """How far it is, in a file."""
        path = self._folder / "status.json"
        while True:
            outbox, seq = await self._engine.call(lambda core: core.store.read(_standing))
            fresh = path.with_suffix(".new")
            fresh.write_text(json.dumps({"written": self._written, "outbox": outbox, "seq": seq}))
            fresh.replace(path)
            await asyncio.sleep(0.2)

    async def _press(self, conversation_id: str, n: int, words: str) -> None:
        while True:
            try:
                id_ = await self._engine.send(conversation_id, words)
            except BackendError:
                await asyncio.sleep(0.2)  # the conversation is not here yet: the first sync is under way
                continue
            line = json.dumps({"conversation": conversation_id, "n": n, "id": id_}) + "\n"
            os.write(self._log, line.encode())
            return

    async def _on_the_screen(self) -> dict[str, int]:
        rows = await self._engine.call(lambda core: core.store.read(lambda c: c.execute(text(SEEN)).all()))
        return {conversation: int(count) for conversation, count in rows}


def _standing(connection: Sql) -> tuple[int, int]:
    outbox = connection.execute(text("SELECT count(*) FROM outbox WHERE state = 'queued_local'")).scalar_one()
    seq = connection.execute(text("SELECT seq FROM sync_state WHERE complete")).scalar()
    return int(outbox), int(seq or 0)


def watch(connection: Sql) -> None:
    """Put the bench's tables and triggers into a chatter's cache."""
    for statement in _WATCH:
        connection.exec_driver_sql(statement)


async def _run(options: dict[str, Any]) -> None:
    folder = Path(options["folder"])
    cache = open_cache(folder / "cache.db", CacheKey(options["key"]))
    cache.write(watch)
    loop = asyncio.get_running_loop()
    engine = Engine(cache, FileTokens(folder / "token"), loop.call_soon_threadsafe, timing=QUICK)
    await asyncio.to_thread(engine.start)
    engine.set_server(options["server"])
    ended = asyncio.Event()
    threading.Thread(target=_watch_stdin, args=(loop, ended), daemon=True).start()
    chatter = Chatter(options, engine)
    sys.stdout.write(json.dumps({"ready": True, "port": 0}) + "\n")
    sys.stdout.flush()
    tasks = [asyncio.create_task(work()) for work in (chatter.stay_signed_in, chatter.write, chatter.tell)]
    end = asyncio.create_task(ended.wait())
    try:
        while not end.done():
            done, _ = await asyncio.wait({end, *tasks}, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {end}:
                task.result()  # a fault of the script ends the process with its stack in the log
                tasks.remove(task)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(engine.stop)


def _watch_stdin(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    while os.read(0, 4096):
        continue
    loop.call_soon_threadsafe(ended.set)


def main(options: dict[str, Any]) -> None:
    """Run until stdin ends."""
    asyncio.run(_run(options))
