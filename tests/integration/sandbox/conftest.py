"""A real sandbox process on loopback, spoken to over HTTP, and a real receiver for its webhooks."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest

KEY = "test-key-of-the-sandbox"


class Sandbox:
    """One process and a client that holds its key."""

    def __init__(self, *arguments: str, journal: Path | None = None) -> None:
        self._journal = journal
        self._seen = 0
        self.process = subprocess.Popen(
            [sys.executable, "-m", "huntaze_sandbox", "--exit-with-stdin", "--key", KEY, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            _, errors = self.process.communicate(timeout=10)
            raise AssertionError(f"the sandbox did not start: {errors}")
        self.ready = json.loads(line)
        self.url = f"http://127.0.0.1:{self.ready['port']}"
        self.http = httpx2.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {KEY}"}, trust_env=False, timeout=10
        )
        # Logs are read away all the time, so that a full pipe never stops the process.
        self.log: list[str] = []
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()

    def _read_log(self) -> None:
        assert self.process.stderr
        self.log.extend(self.process.stderr)

    @cached_property
    def account(self) -> str:
        return str(self.http.get("/api/accounts").json()[0]["id"])

    def chat(self, place: int = 0) -> str:
        """A chat that takes messages."""
        rows = self.http.get(f"/api/{self.account}/chats", params={"limit": 100}).json()["data"]
        return str([row for row in rows if row["canSendMessage"]][place]["id"])

    @cached_property
    def first_chat(self) -> str:
        return self.chat()

    def send(self, text: str, *, chat: str | None = None, key: str | None = None, **body: Any) -> httpx2.Response:
        headers = {"Idempotency-Key": key} if key else {}
        path = f"/api/{self.account}/chats/{chat or self.chat()}/messages"
        return self.http.post(path, json={"text": text, **body}, headers=headers)

    def messages(self, chat: str, **params: Any) -> list[dict[str, Any]]:
        answer = self.http.get(f"/api/{self.account}/chats/{chat}/messages", params={"limit": 100, **params})
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()["data"]
        return rows

    def begin_journal(self) -> None:
        self._seen += len(self.journal())

    def journal(self) -> list[dict[str, Any]]:
        """The rows of the journal since it began for this test."""
        assert self._journal
        rows = [json.loads(line) for line in self._journal.read_text(encoding="utf-8").splitlines()]
        return rows[self._seen :]

    def wait_for_journal(self, count: int) -> list[dict[str, Any]]:
        """Wait until the journal has so many rows, then return all it has."""
        deadline = time.monotonic() + 10
        while len(self.journal()) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.journal()

    def faults(self, *rules: dict[str, Any]) -> None:
        answer = self.http.put("/admin/faults", json={"rules": list(rules)})
        assert answer.status_code == 200, answer.text

    def admin(self, path: str, **body: Any) -> Any:
        answer = self.http.post(f"/admin/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def stop(self) -> int:
        """End it as a parent does that goes away: by the end of stdin."""
        assert self.process.stdin
        self.process.stdin.close()
        return self.close()

    def close(self) -> int:
        """Wait for the end and free what the test process holds of it."""
        code = self.process.wait(timeout=15)
        self._reader.join(timeout=5)
        self.http.close()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()
        return code

    def kill(self) -> None:
        self.process.kill()
        self.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Sandbox]]:
    """Start sandboxes with few silent fans and a journal; whatever still runs is ended after the test."""
    started: list[Sandbox] = []

    def make(*arguments: str, live: bool = False, fans: int = 24, messages: int = 600) -> Sandbox:
        size = ("--fans", str(fans), "--messages", str(messages))
        journal = tmp_path / "journal.jsonl"
        kept = ("--journal", str(journal))
        sandbox = Sandbox(*size, *kept, *(() if live else ("--quiet",)), *arguments, journal=journal)
        started.append(sandbox)
        return sandbox

    yield make
    for sandbox in started:
        if sandbox.process.poll() is None:
            sandbox.stop()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One silent sandbox for a whole file: starting a process takes longer than most tests."""
    journal = tmp_path_factory.mktemp("sandbox") / "journal.jsonl"
    size = ("--fans", "24", "--messages", "600", "--quiet", "--rate-limit", "0")
    sandbox = Sandbox(*size, "--journal", str(journal), journal=journal)
    yield sandbox
    sandbox.stop()


@pytest.fixture
def sandbox(shared: Sandbox) -> Sandbox:
    """The shared sandbox, without faults, and with a journal that begins now."""
    shared.faults()
    shared.begin_journal()
    return shared


@dataclass(frozen=True)
class Delivery:
    """One webhook call as it came in."""

    body: bytes
    headers: dict[str, str]

    @property
    def event(self) -> str:
        return str(json.loads(self.body)["event"])

    @property
    def payload(self) -> dict[str, Any]:
        payload: dict[str, Any] = json.loads(self.body)["payload"]
        return payload


class Receiver:
    """A web server that takes webhooks and answers with the next of `answers`, else 204."""

    def __init__(self) -> None:
        self.deliveries: queue.Queue[Delivery] = queue.Queue()
        self.answers: queue.SimpleQueue[int] = queue.SimpleQueue()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.deliveries.put(Delivery(body, {name.lower(): value for name, value in self.headers.items()}))
                try:
                    status = receiver.answers.get_nowait()
                except queue.Empty:
                    status = 204
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Stay silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def next(self, event: str | None = None) -> Delivery:
        """Wait for the next delivery, of one kind if that is asked for."""
        while True:
            delivery = self.deliveries.get(timeout=10)
            if event is None or delivery.event == event:
                return delivery

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join(timeout=5)
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()
