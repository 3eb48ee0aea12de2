"""The running service: a ready line on stdout, the worker's loops, and a drain of at most five seconds at the end."""

import asyncio
import contextlib
import gc
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from importlib.metadata import version
from types import FrameType

import structlog
import uvicorn
from fastapi import FastAPI

from huntaze_backend import worker
from huntaze_backend.app import Services
from huntaze_backend.serve.failures import StartError
from huntaze_contract.wire import API_VERSION

__all__ = ["run_until_end"]

log = structlog.get_logger(__name__)

_GRACE_S = 3
_WORKER_GRACE_S = 5.0
_PING_S = 20.0


class _Server(uvicorn.Server):
    """Takes a signal as an order to drain, not as a way to die, and lets the worker drain at the same time."""

    def __init__(self, config: uvicorn.Config, stop: asyncio.Event) -> None:
        super().__init__(config)
        self._stop = stop

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stop.set()
        await super().shutdown(sockets=sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._leave)
        yield

    def _leave(self, _number: int, _frame: FrameType | None) -> None:
        self.should_exit = True


async def run_until_end(app: FastAPI, services: Services, listening: socket.socket, *, watch_stdin: bool) -> None:
    """Serve and work until a signal, or the end of stdin. Raises: StartError if the worker broke."""
    stop = asyncio.Event()
    config = uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
        ws_ping_interval=_PING_S,
        ws_ping_timeout=_PING_S,
    )
    server = _Server(config, stop)
    working = asyncio.create_task(_work(services, stop, server))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110  (uvicorn has no event for it)
            await asyncio.sleep(0.005)
        if server.started:
            if watch_stdin:
                threading.Thread(target=_watch_stdin, args=(server,), daemon=True, name="stdin").start()
            # What start-up made stays for good. Kept out of the collector's rounds, a snapshot takes a third less CPU.
            gc.collect()
            gc.freeze()
            _say_ready(int(listening.getsockname()[1]))
        await serving
    finally:
        stop.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_WORKER_GRACE_S):
                await working


async def _work(services: Services, stop: asyncio.Event, server: _Server) -> None:
    """The worker's loops. A service that no longer sends must not look well: its failure ends the process."""
    try:
        await worker.run(services, stop)
    except Exception as error:
        log.exception("the worker failed")
        server.should_exit = True
        raise StartError("WORKER_FAILED", "Sending and reading broke down; the log says why.") from error


def _say_ready(port: int) -> None:
    line = {"ready": True, "port": port, "pid": os.getpid(), "api": API_VERSION, "version": version("huntaze")}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _watch_stdin(server: _Server) -> None:
    """Wait for the end of stdin, on the bare descriptor: a buffered reader would be locked when the process ends."""
    while True:
        try:
            if not os.read(0, 4096):
                break
        except OSError:
            break
    server.should_exit = True
