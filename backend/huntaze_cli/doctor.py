"""`huntaze doctor`: what Huntaze needs from this computer, line by line: what was found, and what to do about it."""

from __future__ import annotations

import importlib
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from rich.console import Console
from rich.markup import escape
from rich.table import Table

OLDEST_SAFE_SQLITE = (3, 51, 3)  # earlier ones can corrupt a database in WAL mode (3.7.0 to 3.51.2)


class Verdict(StrEnum):
    OK = "ok"
    NOTE = "note"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    verdict: Verdict
    found: str
    advice: str = ""


def python() -> Finding:
    version = sys.version.split()[0]
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        return Finding("Python", Verdict.OK, version)
    return Finding("Python", Verdict.BROKEN, version, "Use Python 3.11, 3.12 or 3.13.")


def qt() -> Finding:
    try:
        core = importlib.import_module("PySide6.QtCore")
        importlib.import_module("PySide6.QtWidgets")
        importlib.import_module("PySide6.QtSvg")
    except ImportError as error:
        return Finding("Qt", Verdict.BROKEN, str(error), "`make setup` names and installs what is missing.")
    return Finding("Qt", Verdict.OK, str(core.qVersion()))


def sqlite() -> Finding:
    try:
        driver = importlib.import_module("sqlcipher3")
        connection = driver.connect(":memory:")
        (version,) = connection.execute("SELECT sqlite_version()").fetchone()
        cipher = connection.execute("PRAGMA cipher_version").fetchone()
        connection.close()
    except ImportError as error:
        return Finding("Encrypted store", Verdict.BROKEN, str(error), "`make setup` installs it.")
    if cipher is None:
        return Finding("Encrypted store", Verdict.BROKEN, f"SQLite {version} without SQLCipher", "Run `make setup`.")
    if tuple(int(part) for part in version.split(".")) < OLDEST_SAFE_SQLITE:
        return Finding("Encrypted store", Verdict.BROKEN, f"SQLite {version}", "SQLite 3.51.3 or newer is needed.")
    return Finding("Encrypted store", Verdict.OK, f"SQLite {version}, SQLCipher {cipher[0]}")


def keyring() -> Finding:
    from huntaze_desktop.app.secrets import NoKeyringError, usable_keyring

    try:
        backend = usable_keyring()
    except NoKeyringError as error:
        return Finding("Keyring", Verdict.NOTE, error.reason, "The desktop will ask for a passphrase instead.")
    return Finding("Keyring", Verdict.OK, f"{type(backend).__module__}.{type(backend).__name__}")


def display() -> Finding:
    chosen = os.environ.get("QT_QPA_PLATFORM")
    if chosen:
        return Finding("Display", Verdict.OK, f"QT_QPA_PLATFORM={chosen}")
    if not sys.platform.startswith("linux"):
        return Finding("Display", Verdict.OK, sys.platform)
    for variable in ("WAYLAND_DISPLAY", "DISPLAY"):
        if os.environ.get(variable):
            return Finding("Display", Verdict.OK, f"{variable}={os.environ[variable]}")
    return Finding("Display", Verdict.NOTE, "none", "`huntaze demo --headless` plays without one.")


def loopback() -> Finding:
    try:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            with socket.create_connection(("127.0.0.1", port), timeout=2):
                return Finding("Loopback", Verdict.OK, f"a free port was {port}")
    except OSError as error:
        return Finding("Loopback", Verdict.BROKEN, str(error), "The desktop talks to its own backend over 127.0.0.1.")


def profile() -> Finding:
    from huntaze_desktop.app.profile import default_root

    root = default_root()
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root) as probe:
            probe.write(b"huntaze")
    except OSError as error:
        return Finding("Profile folder", Verdict.BROKEN, str(error), "Set HUNTAZE_HOME to a folder you may write to.")
    return Finding("Profile folder", Verdict.OK, str(root))


def backend(address: str) -> Finding:
    import httpx2

    from huntaze_contract.wire import API_MAJOR

    try:
        answer = httpx2.get(f"{address.rstrip('/')}/health", timeout=5)
        answer.raise_for_status()
        health = answer.json()
        api = str(health["api"])
        major = int(api.split(".", maxsplit=1)[0])
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, KeyError, TypeError) as error:
        reason = str(error) or type(error).__name__
        return Finding("Backend", Verdict.BROKEN, reason, "Check the address, and that the backend is running.")
    if major != API_MAJOR:
        return Finding(
            "Backend", Verdict.BROKEN, f"API {api}", f"This desktop speaks API {API_MAJOR}: update the older."
        )
    return Finding("Backend", Verdict.OK, f"{address}, API {api}")


CHECKS: list[Callable[[], Finding]] = [python, qt, sqlite, keyring, display, loopback, profile]
_COLOURS = {Verdict.OK: "green", Verdict.NOTE: "yellow", Verdict.BROKEN: "red"}


def findings(server: str | None) -> Iterator[Finding]:
    for check in CHECKS:
        yield check()
    if server is not None:
        yield backend(server)


def report(server: str | None = None, console: Console | None = None) -> int:
    """Print the table; 0 when nothing is broken, else 1."""
    table = Table(box=None, pad_edge=False)
    for heading in ("", "What", "Found", "What to do"):
        table.add_column(heading, overflow="fold")
    broken = False
    for item in findings(server):
        broken = broken or item.verdict is Verdict.BROKEN
        table.add_row(
            f"[{_COLOURS[item.verdict]}]{item.verdict}[/]", item.name, escape(item.found), escape(item.advice)
        )
    (console or Console()).print(table)
    return 1 if broken else 0
