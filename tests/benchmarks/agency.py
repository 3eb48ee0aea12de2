"""The agency all benchmarks work on: a real sandbox and backend, 2,000 fans, 100,000 messages, nobody writing."""

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from huntaze_contract.ids import new_id
from huntaze_desktop.app.children import Child, ChildSpec
from huntaze_desktop.app.own import Owner, own_command

__all__ = ["FANS", "MESSAGES", "OWNER", "Agency", "agency", "environment"]

FANS = 2_000
MESSAGES = 100_000
OWNER = Owner(name="Sam Ortiz", email="sam@bench.example", password="correct horse battery", agency="Bench agency")
_SANDBOX_KEY = "bench-sandbox-key-0123456789"
_SERVER_SECRETS = {"JWT_SECRET": "j" * 40, "TOKEN_ENCRYPTION_KEY": "5e" * 32}


@dataclass(frozen=True, slots=True)
class Agency:
    """A filled backend that runs."""

    url: str
    backend: Child
    messages: int
    backfill_s: float
    headers: dict[str, str] = field(repr=False)

    def client(self) -> httpx2.AsyncClient:
        """Signed in as the owner."""
        return httpx2.AsyncClient(base_url=f"{self.url}/api/v2", headers=self.headers, timeout=120, trust_env=False)


def environment(cache: Path) -> dict[str, str]:
    """Of a program that is installed: its modules are compiled once and not at every start."""
    found = {
        name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "PYTHONDONTWRITEBYTECODE")
    }
    return found | {"PYTHONPYCACHEPREFIX": str(cache), "QT_QPA_PLATFORM": "offscreen"}


@contextlib.contextmanager
def agency(folder: Path, cache: Path, database_url: str | None = None) -> Iterator[Agency]:
    """Start both, connect them and wait for the history; on PostgreSQL where an address is given."""
    settings = environment(cache)
    sandbox = Child(_sandbox(folder / "sandbox", settings))
    backend = Child(_backend(folder / "backend", settings, database_url))
    try:
        platform = f"http://127.0.0.1:{sandbox.start()}"
        url = f"http://127.0.0.1:{backend.start()}"
        with httpx2.Client(base_url=f"{url}/api/v2", timeout=120, trust_env=False) as client:
            form = {"email": OWNER.email, "password": OWNER.password, "device_id": new_id()}
            token = client.post("/auth/sign-in", json=form).raise_for_status().json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            began = time.perf_counter()
            progress = _fill(client, platform)
            took = time.perf_counter() - began
        yield Agency(url, backend, int(progress["messages"]), took, {"Authorization": f"Bearer {token}"})
    finally:
        backend.stop()
        sandbox.stop()


def _fill(client: httpx2.Client, platform: str) -> dict[str, Any]:
    new = {"platform": "sandbox", "base_url": platform, "api_key": _SANDBOX_KEY}
    connection = client.post("/connections", json=new).raise_for_status().json()
    while connection["backfill"]["state"] not in ("done", "failed"):
        time.sleep(0.05)
        connection = client.get(f"/connections/{connection['id']}").raise_for_status().json()
    if connection["backfill"]["state"] == "failed":
        raise RuntimeError(connection["backfill"]["error"])
    found: dict[str, Any] = connection["backfill"]
    return found


def _sandbox(folder: Path, settings: dict[str, str]) -> ChildSpec:
    words = ["sandbox", "serve", "--quiet", "--fans", str(FANS), "--messages", str(MESSAGES), "--exit-with-stdin"]
    return ChildSpec(
        name="sandbox",
        command=own_command(*words),
        stdin_line={},
        log_path=folder / "sandbox.log",
        environment=settings | {"HUNTAZE_SANDBOX_KEY": _SANDBOX_KEY},
    )


def _backend(folder: Path, settings: dict[str, str], database_url: str | None) -> ChildSpec:
    keyed = {} if database_url else {"database_key": "5a" * 32}
    return ChildSpec(
        name="backend",
        command=(*own_command("backend", "serve"), "--data", str(folder), "--exit-with-stdin"),
        stdin_line={**keyed, "owner": asdict(OWNER)},
        log_path=folder / "backend.log",
        environment=settings | ({"DATABASE_URL": database_url, **_SERVER_SECRETS} if database_url else {}),
    )
