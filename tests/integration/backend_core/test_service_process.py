"""The service as a process: it says when it is ready, refuses clearly, ends cleanly, and leaves nothing behind."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from huntaze_contract.ids import new_id

pytestmark = pytest.mark.e2e

KEY = "5a" * 32
OWNER = {"email": "ann@north.example", "password": "correct horse battery", "name": "Ann", "agency": "Northlight"}


@dataclass
class Service:
    process: subprocess.Popen[str]
    ready: dict[str, Any]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ready['port']}"

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return httpx2.get(self.url + path, headers=headers, trust_env=False)

    def sign_in(self) -> httpx2.Response:
        form = {"email": OWNER["email"], "password": OWNER["password"], "device_id": new_id()}
        return httpx2.post(f"{self.url}/api/v2/auth/sign-in", json=form, trust_env=False)


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HUNTAZE_", "DATABASE_URL"))}
    return kept | more


def spawn(data: Path, *arguments: str, **more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "huntaze_cli", "backend", "serve", "--data", str(data), *arguments]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**more),
    )


@contextlib.contextmanager
def serving(data: Path, *arguments: str, **line: Any) -> Iterator[Service]:
    """A service as the desktop starts it; killed at the end of the block if it still runs."""
    process = spawn(data, "--exit-with-stdin", *arguments)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps({"database_key": KEY} | line) + "\n")
        process.stdin.flush()
        first = process.stdout.readline()
        assert first, process.stderr.read() if process.stderr else ""
        yield Service(process, json.loads(first))
    finally:
        process.kill()
        process.communicate()


def refused(process: subprocess.Popen[str], line: str = "") -> tuple[int, dict[str, Any]]:
    """The exit status, and the last line of stderr as JSON."""
    out, err = process.communicate(line, timeout=60)
    assert out == ""
    return process.returncode, json.loads(err.strip().splitlines()[-1])


def line(**values: Any) -> str:
    return json.dumps({"database_key": KEY} | values) + "\n"


def test_the_first_start_makes_the_owner_and_the_second_finds_everything(tmp_path):
    with serving(tmp_path, owner=OWNER) as service:
        assert service.ready.keys() == {"ready", "port", "pid", "api", "version"}
        assert service.ready["pid"] == service.process.pid
        health = service.get("/health").json()
        assert (health["status"], health["database"], health["worker"]) == ("ok", "ok", "running")
        tokens = service.sign_in().json()
    with serving(tmp_path) as service:
        me = service.get("/api/v2/me", authorization=f"Bearer {tokens['access_token']}")

        assert me.json()["agency_name"] == "Northlight"
        assert service.sign_in().status_code == 200


def test_it_ends_when_stdin_does(tmp_path):
    with serving(tmp_path) as service:
        assert service.process.stdin is not None
        service.process.stdin.close()
        service.process.stdin = None  # closed: nothing is left to write to it

        assert service.process.wait(10) == 0


def test_sigterm_drains_within_five_seconds_though_a_client_waits(tmp_path):
    with serving(tmp_path, owner=OWNER) as service:
        token = service.sign_in().json()["access_token"]
        port = service.ready["port"]
        with socket.create_connection(("127.0.0.1", port)) as waiting:
            request = f"GET /api/v2/sync?wait=25 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
            waiting.sendall(request.encode())
            service.process.send_signal(signal.SIGTERM)

            assert service.process.wait(8) == 0


def test_a_killed_service_comes_back_on_the_same_port(tmp_path):
    with serving(tmp_path, owner=OWNER) as service:
        port = service.ready["port"]
        service.get("/health")
        service.process.kill()
        service.process.wait()
        with serving(tmp_path, "--port", str(port)) as again:
            assert again.ready["port"] == port
            assert again.sign_in().status_code == 200


def test_a_taken_port_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        status, why = refused(spawn(tmp_path, "--port", str(port), "--exit-with-stdin"), line())

    assert (status, why["error"]) == (3, "PORT_TAKEN")
    assert str(port) in why["detail"]


def test_a_wrong_key_changes_nothing(tmp_path):
    with serving(tmp_path, owner=OWNER) as service:
        service.process.send_signal(signal.SIGTERM)
        service.process.wait(10)
    before = (tmp_path / "huntaze.db").read_bytes()

    status, why = refused(spawn(tmp_path, "--exit-with-stdin"), line(database_key="c3" * 32))

    assert (status, why["error"]) == (4, "WRONG_KEY")
    assert (tmp_path / "huntaze.db").read_bytes() == before
    assert "c3c3" not in json.dumps(why)


def test_a_second_service_on_the_same_data_is_refused(tmp_path):
    with serving(tmp_path):
        status, why = refused(spawn(tmp_path, "--exit-with-stdin"), line())

    assert (status, why["error"]) == (6, "ALREADY_RUNNING")


def test_an_open_database_needs_its_secrets_from_the_environment(tmp_path):
    status, why = refused(spawn(tmp_path))
    assert (status, why["error"]) == (2, "SECRETS_MISSING")

    given = {"JWT_SECRET": "j" * 32, "TOKEN_ENCRYPTION_KEY": "5e" * 32}
    process = spawn(tmp_path, **given)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["ready"]
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 0


@pytest.mark.parametrize("text", ["not json\n", "[]\n", '{"owner": {"email": "x"}}\n', '{"database_key": 5}\n'])
def test_a_line_on_stdin_that_is_not_understood_is_refused_without_being_repeated(tmp_path, text):
    status, why = refused(spawn(tmp_path, "--exit-with-stdin"), text)

    assert (status, why["error"]) == (2, "BAD_STDIN")
    assert text.strip() not in json.dumps(why)


def test_wrong_settings_are_named_without_their_values(tmp_path):
    status, why = refused(spawn(tmp_path, JWT_SECRET="too short"))

    assert (status, why["error"]) == (2, "BAD_SETTINGS")
    assert "JWT_SECRET" in why["detail"]
    assert "too short" not in why["detail"]


def test_every_line_of_the_log_is_json_and_no_secret_is_in_it(tmp_path):
    with serving(tmp_path, owner=OWNER) as service:
        tokens = service.sign_in().json()
        service.get("/api/v2/me", authorization=f"Bearer {tokens['access_token']}")
        service.process.send_signal(signal.SIGTERM)
        _, err = service.process.communicate(timeout=10)

    lines = [json.loads(text) for text in err.splitlines()]
    requests = [entry for entry in lines if entry.get("event") == "request"]
    assert {entry["path"] for entry in requests} >= {"/api/v2/auth/sign-in", "/api/v2/me"}
    assert all(len(entry["trace_id"]) == 32 for entry in requests)
    for secret in (OWNER["password"], KEY, tokens["access_token"], tokens["refresh_token"]):
        assert secret not in err


def test_it_serves_from_postgresql_as_well(tmp_path, postgres_url):
    given = {
        "DATABASE_URL": postgres_url,
        "JWT_SECRET": "j" * 32,
        "TOKEN_ENCRYPTION_KEY": "5e" * 32,
        "HUNTAZE_OWNER_EMAIL": OWNER["email"],
        "HUNTAZE_OWNER_PASSWORD": OWNER["password"],
    }
    process = spawn(tmp_path / "unused", **given)
    try:
        assert process.stdout is not None
        service = Service(process, json.loads(process.stdout.readline()))
        assert service.get("/health").json()["status"] == "ok"
        assert service.sign_in().json()["me"]["member"]["role"] == "owner"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.communicate()
    assert not (tmp_path / "unused").exists()
