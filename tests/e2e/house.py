"""An agency's house as a person finds it: a platform, a backend that can be turned off and on, and an owner."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from huntaze_contract.ids import new_id
from huntaze_desktop.app.children import Child, ChildSpec
from huntaze_desktop.app.own import Owner, backend_spec, own_command

__all__ = ["OWNER", "House", "furnished"]

OWNER = Owner(name="Sam Ortiz", email="sam@house.example", password="correct horse battery", agency="The house")
_DATABASE_KEY = "5a" * 32
_PLATFORM_KEY = "a-key-of-the-platform"
FILLED_WITHIN_S = 60.0


@dataclass
class House:
    """What stands in it. The backend keeps its folder and its port when it is turned off."""

    folder: Path
    backend: Child
    url: str

    def turn_off(self) -> None:
        """As a person does: it is asked to end, and is gone when this returns."""
        self.backend.stop()

    def turn_on(self) -> None:
        self.backend = Child(_backend(self.folder, port=self.backend.port))
        self.backend.start()

    def delivered(self) -> list[dict[str, Any]]:
        """What the platform's journal says was sent, in order."""
        lines = (self.folder / "journal.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        return sorted((row for row in rows if row["direction"] == "out"), key=lambda row: row["executed_at"])

    def notes(self) -> list[str]:
        """The texts of all notes, as the backend knows them."""
        found: list[str] = []
        with self._signed_in() as client:
            page: str | None = None
            while True:
                answer = client.get("/sync/snapshot", params={"page": page} if page else {}).raise_for_status().json()
                found += [change["row"]["text"] for change in answer["changes"] if change["entity"] == "note"]
                page = answer["next_page"]
                if page is None:
                    return found

    @contextmanager
    def _signed_in(self) -> Iterator[httpx2.Client]:
        with httpx2.Client(base_url=f"{self.url}/api/v2", timeout=30, trust_env=False) as client:
            form = {"email": OWNER.email, "password": OWNER.password, "device_id": new_id()}
            token = client.post("/auth/sign-in", json=form).raise_for_status().json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            yield client

    def fill(self, platform: str) -> None:
        """Connect the platform and wait until its history is read."""
        new = {"platform": "sandbox", "base_url": platform, "api_key": _PLATFORM_KEY}
        deadline = time.monotonic() + FILLED_WITHIN_S
        with self._signed_in() as client:
            connection = client.post("/connections", json=new).raise_for_status().json()
            while connection["backfill"]["state"] != "done":
                assert time.monotonic() < deadline, connection["backfill"]
                time.sleep(0.05)
                connection = client.get(f"/connections/{connection['id']}").raise_for_status().json()


@contextmanager
def furnished(folder: Path, *, fans: int, messages: int) -> Iterator[House]:
    """A house whose fans do not write by themselves."""
    words = ["--quiet", "--fans", str(fans), "--messages", str(messages), "--journal", str(folder / "journal.jsonl")]
    platform = Child(
        ChildSpec(
            name="sandbox",
            command=(*own_command("sandbox", "serve"), *words, "--key", _PLATFORM_KEY, "--exit-with-stdin"),
            stdin_line={},
            log_path=folder / "sandbox.log",
        )
    )
    backend = Child(_backend(folder))
    try:
        address = f"http://127.0.0.1:{platform.start()}"
        house = House(folder, backend, f"http://127.0.0.1:{backend.start()}")
        try:
            house.fill(address)
            yield house
        finally:
            house.backend.stop()
    finally:
        backend.stop()
        platform.stop()


def _backend(folder: Path, port: int = 0) -> ChildSpec:
    return backend_spec(folder / "backend", _DATABASE_KEY, OWNER, port=port)
