"""Where the bench's processes are born: forked from one that has imported what they need, instead of imported anew.

A start costs two seconds of CPU for imports alone, and the bench starts hundreds. The forked process runs `launch.main`
as a fresh interpreter would: its own session, its own standard files, its own randomness; it dies by SIGKILL alike.
"""

import asyncio
import multiprocessing
import os
import random
import sys
from collections.abc import Mapping
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any

__all__ = ["Born", "bear"]

_PRELOADED = [
    "huntaze_backend.app",
    "huntaze_backend.migrations.versions.0001_first_schema",
    "huntaze_backend.serve.process",
    "huntaze_backend.serve.working",
    "huntaze_backend.worker",
    "huntaze_desktop.cache",
    "huntaze_desktop.engine",
    "huntaze_sandbox.serve",
    "tests.faults.client",
    "tests.faults.launch",
]


class Born:
    """A process of the nursery. Reading and writing its standard files, and waiting for its end, block nobody."""

    def __init__(self, process: ForkServerProcess, stdin: int, stdout: asyncio.StreamReader) -> None:
        self._process, self._stdin, self.stdout = process, stdin, stdout
        self._ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(process.sentinel, self._over, loop, process.sentinel)

    def _over(self, loop: asyncio.AbstractEventLoop, sentinel: int) -> None:
        loop.remove_reader(sentinel)
        self._process.join()
        self.close_stdin()
        self._ended.set()

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode if self._ended.is_set() else None

    def send_signal(self, number: int) -> None:
        assert self._process.pid is not None
        if not self._ended.is_set():
            os.kill(self._process.pid, number)

    def close_stdin(self) -> None:
        stdin, self._stdin = self._stdin, -1
        if stdin >= 0:
            os.close(stdin)

    async def wait(self) -> int | None:
        await self._ended.wait()
        return self._process.exitcode


async def bear(given: dict[str, Any], line: bytes, log: Path, environment: Mapping[str, str]) -> Born:
    """Start a process.

    Args:
        given: what `launch.main` is told.
        line: what it finds on its stdin, which stays open after it.
        log: where its stderr is appended.
        environment: all of it.
    """
    child_in, ours_in = os.pipe()
    ours_out, child_out = os.pipe()
    errors = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        process = await asyncio.to_thread(_start, given, (child_in, child_out, errors), dict(environment))
        os.write(ours_in, line)
    except BaseException:
        os.close(ours_in)
        os.close(ours_out)
        raise
    finally:
        for fd in (child_in, child_out, errors):
            os.close(fd)
    stdout = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(stdout)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(ours_out, "rb", 0))
    return Born(process, ours_in, stdout)


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


def _start(given: dict[str, Any], files: tuple[int, int, int], environment: dict[str, str]) -> ForkServerProcess:
    process = _context().Process(target=_live, args=(given, _Files(files), environment))
    process.start()
    return process


class _Files:
    """File descriptors on their way into another process."""

    def __init__(self, fds: tuple[int, int, int]) -> None:
        self._fds = fds

    def __reduce__(self) -> Any:
        return _arrived, tuple(DupFd(fd) for fd in self._fds)


def _arrived(*fds: Any) -> tuple[int, ...]:
    return tuple(fd.detach() for fd in fds)


def _live(given: dict[str, Any], files: tuple[int, int, int], environment: dict[str, str]) -> None:
    os.setsid()
    for number, fd in enumerate(files):
        os.dup2(fd, number)
        os.close(fd)
    # They stay open for as long as it lives.
    sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8")  # noqa: SIM115
    os.environ.clear()
    os.environ.update(environment)
    random.seed()  # else all would draw what the nursery would have drawn
    from tests.faults import launch

    launch.main(given)
