"""The running service: a ready line on stdout, the worker's loops, and a drain of at most five seconds at the end."""

import asyncio
import contextlib
import gc
import signal
import socket
import threading
from collections.abc import Iterator
from types import FrameType

import structlog
import uvicorn
from fastapi import FastAPI

from huntaze_backend import worker
from huntaze_backend.app import Services
from huntaze_backend.serve.failures import StartError
from huntaze_backend.serve.life import WORKER_GRACE_S, say_ready, wait_for_stdin

__all__ = ["run_until_end"]

log = structlog.get_logger(__name__)

_GRACE_S = 3
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


async def run_until_end(
    app: FastAPI, services: Services, listening: socket.socket, *, watch_stdin: bool, works: bool = True
) -> None:
    """Serve and, unless another process is to, work until a signal or the end of stdin.

    Raises: StartError if the worker broke.
    """
    stop, asked = asyncio.Event(), asyncio.Event()
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
    if not works:
        asked.set()
    working = asyncio.create_task(_work(services, stop, asked, server)) if works else None
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not (server.started and asked.is_set()) and not serving.done():  # noqa: ASYNC110  (uvicorn has no event for it)
            await asyncio.sleep(0.005)
        if not serving.done():
            if watch_stdin:
                threading.Thread(target=_leave_with_stdin, args=(server,), daemon=True, name="stdin").start()
            # What start-up made stays for good. Kept out of the collector's rounds, a snapshot takes a third less CPU.
            gc.collect()
            gc.freeze()
            say_ready(port=int(listening.getsockname()[1]))
        await serving
    finally:
        stop.set()
        if working is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WORKER_GRACE_S):
                    await working


async def _work(services: Services, stop: asyncio.Event, asked: asyncio.Event, server: _Server) -> None:
    """The worker's loops. A service that no longer sends must not look well: its failure ends the process."""
    try:
        await worker.run_in_turn(services, stop, asked)
    except Exception as error:
        log.exception("the worker failed")
        server.should_exit = True
        raise StartError("WORKER_FAILED", "Sending and reading broke down; the log says why.") from error


def _leave_with_stdin(server: _Server) -> None:
    wait_for_stdin()
    server.should_exit = True
