"""kill -9 of the backend at any moment, with answers and requests lost on the way: nothing is lost, nothing doubled."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from huntaze_backend.core.db import Database
from huntaze_contract.ids import new_id
from tests.helpers.sending_house import Sandbox, build_house
from tests.plugins.databases import DATABASE_KEY

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[3]
KILLS = 5
CHATS = 6
LINES = 6
FAULTS = (
    {"kind": "timeout_after_execution", "probability": 0.08},
    {"kind": "http_5xx_before", "probability": 0.08},
    {"kind": "http_5xx_after", "probability": 0.08},
    {"kind": "listing_error", "probability": 0.2},
    {"kind": "latency", "ms": 40, "probability": 0.5},
)


@dataclass
class Client:
    """Repeats each message under its key until the backend said that it has it, as the desktop's outbox does."""

    url: str
    sandbox: Sandbox
    waiting: list[dict[str, Any]] = field(default_factory=list)
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> list[str]:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.helpers.sending_process",
            self.url,
            self.sandbox.url,
            str(self.sandbox.journal),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert self.process.stdout is not None
        chats: list[str] = json.loads(await self.process.stdout.readline())
        return chats

    async def offer_all(self) -> None:
        """Every message that is not known to be accepted; returns when the process is gone or has them all."""
        process = self.process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        for order in list(self.waiting):
            try:
                process.stdin.write(json.dumps(order).encode() + b"\n")
                await process.stdin.drain()
            except (BrokenPipeError, ConnectionResetError):
                return
            line = await process.stdout.readline()
            if not line:
                return
            answer = json.loads(line)
            if answer["code"] is None:
                self.waiting = [other for other in self.waiting if other["key"] != answer["key"]]

    async def kill(self) -> None:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


@pytest.mark.timeout(420)
async def test_a_backend_that_is_killed_again_and_again_loses_and_doubles_nothing(
    sqlite_url: str, sandbox: Sandbox
) -> None:
    platform_ids = await _prepare(sqlite_url, sandbox)
    client = Client(sqlite_url, sandbox)
    try:
        await _shift(client, sandbox, platform_ids)
    finally:
        await client.kill()


async def _shift(client: Client, sandbox: Sandbox, platform_ids: dict[str, str]) -> None:
    chats = (await client.start())[:CHATS]
    for chat in chats:
        keys: list[str | None] = [None, *(new_id() for _ in range(LINES))]
        client.waiting += [
            {"key": keys[n + 1], "chat": chat, "text": f"line {n}", "prev": keys[n]} for n in range(LINES)
        ]
    client.waiting.sort(key=lambda order: order["text"])
    await sandbox.faults(*FAULTS)
    chance = Random(7)
    for _ in range(KILLS):
        killing = asyncio.create_task(_kill_after(client, chance.randint(1, CHATS)))
        await client.offer_all()
        await killing
        await client.start()
    await sandbox.faults()
    await client.offer_all()
    assert client.waiting == []
    await _arrived(sandbox, CHATS * LINES, seconds=240)
    assert sandbox.twice() == []
    for chat in chats:
        assert sandbox.texts(platform_ids[chat]) == [f"line {n}" for n in range(LINES)]


async def _prepare(url: str, sandbox: Sandbox) -> dict[str, str]:
    db = Database.open(url, key=DATABASE_KEY)
    house = await build_house(db, sandbox)
    await house.set_creator(send_limit=100)
    await house.end()
    await db.close()
    return {chat.id: chat.platform_id for chat in house.chats}


async def _kill_after(client: Client, messages: int) -> None:
    """Kill the backend when so many more messages arrived, or when nothing more arrives."""
    with suppress(TimeoutError):
        await _arrived(client.sandbox, len(client.sandbox.arrived()) + messages, seconds=4)
    await client.kill()


async def _arrived(sandbox: Sandbox, count: int, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while len(sandbox.arrived()) < count:  # noqa: ASYNC110  (the journal is a file)
            await asyncio.sleep(0.01)
