"""The project's .venv: made once from the hash-pinned lock, and recognised by a stamp so that later runs cost nothing.

uv does the installing (2 s against pip's 40 s); uv itself comes by pip, pinned by the same lock. Where uv cannot
reach the packages, pip does all of it. Both use whatever index this machine is set up with; no address is ours.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "dev.txt"
VENV = ROOT / ".venv"
STAMP = VENV / "huntaze-stamp"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")


def ensure() -> str:
    """The path of a Python in which the project and everything it needs is installed."""
    with _one_at_a_time():
        if _stamp() != _wanted():
            started = time.monotonic()
            print("Setting up .venv", flush=True)
            _make_venv()
            _install_lock()
            _install_project()
            STAMP.write_text(_wanted(), encoding="ascii")
            print(f"Set up in {time.monotonic() - started:.1f} s", flush=True)
    return str(PYTHON)


def _stamp() -> str:
    return STAMP.read_text(encoding="ascii") if STAMP.exists() and PYTHON.exists() else ""


def _wanted() -> str:
    """Changes with the lock, the project's own metadata, the Python it was made by and the place it stands at."""
    digest = hashlib.sha256(f"{_venv_version()} {ROOT}".encode())
    for path in (LOCK, ROOT / "pyproject.toml"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _venv_version() -> str:
    """What .venv was made by, without starting it; a new one would be made by this Python."""
    config = VENV / "pyvenv.cfg"
    text = config.read_text(encoding="utf-8") if config.exists() else ""
    found = re.search(r"^version = (\S+)", text, re.MULTILINE)
    return found.group(1) if found else ".".join(str(part) for part in sys.version_info[:3])


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two makes at once would install over each other."""
    if os.name == "nt":
        yield
        return
    import fcntl

    with (ROOT / ".venv.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _make_venv() -> None:
    has_pip = [str(PYTHON), "-m", "pip", "--version"]
    if not PYTHON.exists() or subprocess.run(has_pip, capture_output=True, check=False).returncode != 0:
        _step("making the virtual environment", [sys.executable, "-m", "venv", "--clear", str(VENV)])


def _install_lock() -> None:
    with tempfile.TemporaryDirectory() as folder:
        pin = Path(folder, "uv.txt")
        pin.write_text(_pin_of("uv"), encoding="ascii")
        _step("installing uv", [PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(pin)])
    uv = [str(BIN / "uv"), "pip", "install", "--quiet", "--python", str(PYTHON), "--require-hashes", "-r", str(LOCK)]
    if subprocess.run(uv, check=False).returncode != 0:
        print("uv could not install the lock (above); trying pip, which may be set up otherwise.", flush=True)
        _step("installing the lock", [PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(LOCK)])


def _install_project() -> None:
    # The build tool is in the lock already; an isolated build would fetch an unpinned one.
    editable = ["--quiet", "--no-deps", "--no-build-isolation", "-e", str(ROOT)]
    _step("installing the project", [BIN / "uv", "pip", "install", "--python", PYTHON, *editable])


def _pin_of(name: str) -> str:
    """One package's lines of the lock: its version and every hash."""
    found = re.search(rf"^{re.escape(name)}==.*?(?<!\\)\n", LOCK.read_text(encoding="ascii"), re.MULTILINE | re.DOTALL)
    if found is None:
        sys.exit(f"{LOCK.relative_to(ROOT)} does not pin {name}; `make lock` writes it from pyproject.toml.")
    return found.group(0)


def _step(what: str, command: list[str | Path]) -> None:
    done = subprocess.run([str(part) for part in command], check=False)
    if done.returncode != 0:
        shown = " ".join(str(part) for part in command)
        sys.exit(
            f"\nSet-up stopped while {what}. The command was:\n  {shown}\n"
            "Its own words are above. Nothing is half-valid: run make again once the cause is gone,\n"
            "or delete .venv to begin anew."
        )
