"""Runs the sandbox as a process: one uvicorn server on a socket of our own, a ready line, and a clean end.

The end comes by SIGTERM or SIGINT, or by the end of stdin when that was asked for (a killed parent leaves no orphan).
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from http import HTTPStatus
from types import FrameType
from typing import NoReturn

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from huntaze_sandbox import admin, api, page, sending, webhook_routes
from huntaze_sandbox.errors import ApiError
from huntaze_sandbox.faults import FaultError
from huntaze_sandbox.http import ABORT, platform_of
from huntaze_sandbox.options import SandboxOptions
from huntaze_sandbox.platform import Platform, build
from huntaze_sandbox.recorder import StateError

GRACE_S = 3
#: As long as a proxy in front would. uvicorn's own 5 s meets clients that poll every 5 s: their next request then runs
#: into the closing connection and fails without a cause.
KEEP_ALIVE_S = 75


class _Protocol(HttpToolsProtocol):
    """uvicorn's protocol that also lets a route reset its connection, which ASGI has no word for."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: {"call": self.transport.abort}}


class _Server(uvicorn.Server):
    """uvicorn's server that says when it is ready and treats a signal as an order, not as a way to die."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None], on_end: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._on_end = on_end

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_end()
        await super().shutdown(sockets=sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._leave)
        yield

    def _leave(self, _number: int, _frame: FrameType | None) -> None:
        self.should_exit = True


def make_app(platform: Platform) -> Starlette:
    """The ASGI application of a platform; its lifespan starts and stops personas and webhooks."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await platform.start()
        try:
            yield
        finally:
            await platform.stop()

    app = Starlette(
        routes=[*webhook_routes.routes, *api.routes, *sending.routes, *admin.routes, *page.routes],
        exception_handlers={ApiError: _refuse, 404: _not_found, 405: _not_allowed},
        lifespan=lifespan,
    )
    app.state.platform = platform
    return app


async def _refuse(request: Request, error: Exception) -> Response:
    if not isinstance(error, ApiError):
        raise error
    if error.status == HTTPStatus.TOO_MANY_REQUESTS:
        platform_of(request).throttled += 1
    return JSONResponse(error.body(), error.status, error.headers)


async def _not_found(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"error": "NOT_FOUND", "message": "There is nothing here.", "description": ""}, 404)


async def _not_allowed(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"error": "METHOD_NOT_ALLOWED", "message": "Use another method.", "description": ""}, 405)


def listen(host: str, port: int) -> socket.socket:
    """Bind the address; the port is known from here on, also when it was 0."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted sockets inherit it; without, an answer's body waits 40 ms for the client's delayed ACK (measured).
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def run(options: SandboxOptions) -> None:
    """Serve until told to end. Exits with a clear line on stderr and status 2 when it cannot start."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        sock = listen(options.host, options.port)
    except OSError as error:
        _give_up("PORT_TAKEN", f"cannot listen on {options.host}:{options.port}: {error.strerror or error}")
    with sock:
        try:
            platform = build(options)
        except (StateError, FaultError, OSError) as error:
            _give_up("BAD_WORLD", str(error))
        port = sock.getsockname()[1]
        config = uvicorn.Config(
            make_app(platform),
            http=_Protocol,
            ws="none",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
        )
        server = _Server(config, on_ready=lambda: _say_ready(port), on_end=platform.closing.set)
        if options.exit_with_stdin:
            threading.Thread(target=_watch_stdin, args=(server,), daemon=True, name="stdin").start()
        asyncio.run(server.serve(sockets=[sock]))


def _say_ready(port: int) -> None:
    sys.stdout.write(json.dumps({"ready": True, "port": port, "pid": os.getpid()}) + "\n")
    sys.stdout.flush()


def _watch_stdin(server: uvicorn.Server) -> None:
    """Wait for the end of stdin, on the bare descriptor: a buffered reader would be locked when the process ends."""
    while True:
        try:
            if not os.read(0, 4096):
                break
        except OSError:
            break
    server.should_exit = True


def _give_up(code: str, why: str) -> NoReturn:
    """Say why in one line of JSON, as a parent process reads it, and end."""
    sys.stderr.write(json.dumps({"error": code, "text": f"The sandbox cannot start: {why}"}) + "\n")
    sys.exit(2)
