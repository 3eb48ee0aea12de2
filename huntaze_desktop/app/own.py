"""The processes of this computer's own agency: how to start the backend, and the sandbox of the demo agency."""

import os
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

from huntaze_desktop.app.children import ChildSpec
from huntaze_desktop.app.profile import Profile

__all__ = ["DemoSettings", "Owner", "backend_spec", "own_command", "sandbox_spec"]


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner that a new backend creates on its first run."""

    name: str
    email: str
    password: str = field(repr=False)
    agency: str


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """How the demo agency's platform behaves."""

    seed: int = 7
    speed: float = 1.0
    fans: int = 2000
    messages: int = 60_000
    journal: Path | None = None
    backend_restart_delay_s: float | None = None
    backend_command: tuple[str, ...] | None = None
    """Another program in the backend's place: how a test shows that the verdict sees a backend's faults."""


def own_command(*words: str) -> tuple[str, ...]:
    """The command line of another role of this program, installed or frozen."""
    if getattr(sys, "frozen", False):
        return (sys.executable, *words)
    return (sys.executable, "-m", "huntaze_cli", *words)


def backend_spec(
    folder: Path,
    database_key: str,
    owner: Owner | None,
    *,
    command: tuple[str, ...] | None = None,
    restart_delay_s: float | None = None,
    port: int = 0,
) -> ChildSpec:
    """A backend on loopback with a keyed database of its own; its key and its owner travel over stdin."""
    return ChildSpec(
        name="backend",
        command=(*(command or own_command("backend", "serve")), "--data", str(folder), "--exit-with-stdin"),
        stdin_line={"database_key": database_key, **({"owner": asdict(owner)} if owner else {})},
        log_path=folder / "backend.log",
        restart_delay_s=restart_delay_s,
        port=port,
        environment={name: value for name, value in os.environ.items() if not _is_for_a_server(name)},
    )


def _is_for_a_server(name: str) -> bool:
    """A setting meant for a server on this machine must not reach the desktop's own backend."""
    if name == "HUNTAZE_LOG_LEVEL":
        return False
    return name.startswith("HUNTAZE_") or name in ("DATABASE_URL", "JWT_SECRET", "TOKEN_ENCRYPTION_KEY")


def sandbox_spec(profile: Profile, settings: DemoSettings, key: str, *, port: int = 0) -> ChildSpec:
    """The simulated platform: 30 sends per 60 s and account, idempotency keys journalled only."""
    folder = profile.sandbox_folder
    words = [
        *own_command("sandbox", "serve"),
        "--seed", str(settings.seed),
        "--speed", str(settings.speed),
        "--fans", str(settings.fans),
        "--messages", str(settings.messages),
        "--state", str(folder / "state"),
        "--journal", str(settings.journal or folder / "journal.jsonl"),
        "--exit-with-stdin",
    ]  # fmt: skip
    return ChildSpec(
        name="sandbox",
        command=tuple(words),
        stdin_line={},
        log_path=folder / "sandbox.log",
        environment={**os.environ, "HUNTAZE_SANDBOX_KEY": key},
        port=port,
    )
