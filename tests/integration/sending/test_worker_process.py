"""`huntaze backend worker` as a process on PostgreSQL: it sends for services without one, drains, and is replaced."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from huntaze_contract.ids import new_id
from tests.helpers.sending_house import KEY, Sandbox, eventually

pytestmark = pytest.mark.e2e

OWNER = {"HUNTAZE_OWNER_EMAIL": "ann@north.example", "HUNTAZE_OWNER_PASSWORD": "correct horse battery"}
SECRETS = {"JWT_SECRET": "j" * 32, "TOKEN_ENCRYPTION_KEY": "5e" * 32}


def spawn(log: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HUNTAZE_", "DATABASE_URL"))}
    # Into a file: a pipe that nobody reads is full after some hundred requests, and the service would wait for it.
    with log.open("a") as errors:
        return subprocess.Popen(
            [sys.executable, "-m", "huntaze_cli", "backend", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=kept | environment,
        )


@dataclass
class Installation:
    """One database, its processes, and a member who is signed in."""

    url: str
    log: Path
    http: httpx2.AsyncClient = field(init=False)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *arguments: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
        """A process that is ready, and its first line."""
        process = spawn(self.log, *arguments, DATABASE_URL=self.url, **SECRETS, **OWNER)
        self.started.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, self.log.read_text()
        return process, json.loads(line)

    async def sign_in(self) -> None:
        form = {
            "email": OWNER["HUNTAZE_OWNER_EMAIL"],
            "password": OWNER["HUNTAZE_OWNER_PASSWORD"],
            "device_id": new_id(),
        }
        tokens = (await self.http.post("/api/v2/auth/sign-in", json=form)).raise_for_status().json()
        self.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"

    async def worker(self) -> str:
        return str((await self.http.get("/health")).json()["worker"])

    async def connect(self, sandbox: Sandbox) -> list[dict[str, Any]]:
        """Connect the platform, and give conversations of different accounts that can be written to."""
        form = {"platform": "sandbox", "base_url": sandbox.url, "api_key": KEY}
        made = (await self.http.post("/api/v2/connections", json=form)).raise_for_status().json()

        async def done() -> bool:
            read = (await self.http.get(f"/api/v2/connections/{made['id']}")).json()
            return bool(read["backfill"]["state"] == "done")

        await eventually(done, "the history is read", 30)
        found = []
        for creator_id in made["creator_ids"]:
            page = (await self.http.get("/api/v2/conversations", params={"creator_id": creator_id})).json()
            found += [row for row in page["items"] if row["can_send"]][:1]
        return found

    async def accept(self, conversation: dict[str, Any]) -> tuple[str, str]:
        """Have a message accepted; its id and its text."""
        key, text = new_id(), f"Hello {new_id()}"
        order = {
            "conversation_id": conversation["id"],
            "text": text,
            "composed_at": "2026-11-20T12:00:00Z",
            "device_id": new_id(),
            "device_seq": 1,
        }
        answer = await self.http.post("/api/v2/messages", json=order, headers={"Idempotency-Key": key})
        assert answer.status_code == 201, answer.text
        return key, text

    async def state(self, key: str) -> str:
        return str((await self.http.get(f"/api/v2/messages/{key}")).json()["message"]["state"])

    async def is_sent(self, key: str, within: float) -> None:
        async def sent() -> bool:
            return await self.state(key) == "sent"

        await eventually(sent, "it is sent", within)


@pytest.fixture
def installation(postgres_url: str, tmp_path: Path) -> Iterator[Installation]:
    made = Installation(postgres_url, tmp_path / "log")
    yield made
    for process in made.started:
        process.kill()
        process.communicate()


async def test_a_worker_sends_for_a_service_without_one_and_another_takes_over_when_it_is_killed(
    installation: Installation, sandbox: Sandbox
) -> None:
    _, ready = installation.start("serve", "--no-worker")
    address = f"http://127.0.0.1:{ready['port']}"
    async with httpx2.AsyncClient(base_url=address, trust_env=False, timeout=10) as installation.http:
        await installation.sign_in()
        health = (await installation.http.get("/health")).json()
        assert (health["status"], health["worker"]) == ("degraded", "stopped")

        first, _ = installation.start("worker")
        assert await installation.worker() == "running"
        # Connected when the worker was there already, by another process than it.
        here, there, *_ = await installation.connect(sandbox)
        key, text = await installation.accept(here)
        await installation.is_sent(key, 10)
        assert sandbox.texts(here["platform_id"]) == [text]

        second, _ = installation.start("worker")
        first.kill()
        began = time.monotonic()
        key, text = await installation.accept(there)
        await installation.is_sent(key, 15)
        assert time.monotonic() - began < 10
        assert sandbox.texts(there["platform_id"]) == [text]

        # A send under way may end: its answer is stored, and the process ends well.
        await sandbox.faults({"kind": "latency", "ms": 1200, "on": "send"})
        late, _ = await installation.accept(here)

        async def under_way() -> bool:
            return await installation.state(late) == "sending"

        await eventually(under_way, "it is being sent", 10)
        second.send_signal(signal.SIGTERM)
        assert second.wait(8) == 0
        assert await installation.state(late) == "sent"
        assert await installation.worker() == "stopped"
        assert sandbox.twice() == []


def test_a_worker_ends_with_its_parents_stdin(installation: Installation) -> None:
    process = spawn(installation.log, "worker", "--exit-with-stdin", DATABASE_URL=installation.url)
    installation.started.append(process)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(
        json.dumps({"jwt_secret": SECRETS["JWT_SECRET"], "token_encryption_key": SECRETS["TOKEN_ENCRYPTION_KEY"]})
        + "\n"
    )
    process.stdin.flush()
    assert json.loads(process.stdout.readline()).keys() == {"ready", "pid", "api", "version"}
    process.stdin.close()
    process.stdin = None
    assert process.wait(10) == 0


@pytest.mark.parametrize("arguments", [("worker",), ("serve", "--no-worker")])
def test_on_the_embedded_database_it_is_said_that_serve_is_the_worker(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    data = tmp_path / "data"
    process = spawn(tmp_path / "log", *arguments, "--data", str(data), HUNTAZE_DATABASE_KEY="5a" * 32)
    out, _ = process.communicate(timeout=30)
    why = json.loads((tmp_path / "log").read_text().strip().splitlines()[-1])
    assert (process.returncode, out, why["error"]) == (2, "", "NEEDS_POSTGRESQL")
    assert "`huntaze backend serve` is the worker" in why["detail"]
    assert not data.exists()
