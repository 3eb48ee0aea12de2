"""A worker as a process of its own, on PostgreSQL: everything that `serve` does but the serving.

It says that it is ready when it works or stands by, and drains at the end as `serve` does.
"""

import asyncio
import contextlib
import signal
import threading
from types import FrameType
from typing import TYPE_CHECKING

import structlog

from huntaze_backend.serve.failures import StartError, give_up
from huntaze_backend.serve.life import WORKER_GRACE_S, say_ready, wait_for_stdin
from huntaze_backend.serve.options import (
    Parent,
    WorkerOptions,
    load_settings,
    read_parent,
    require_postgresql,
    with_parent,
)
from huntaze_backend.settings import Settings

if TYPE_CHECKING:
    from huntaze_backend.app import Adapters, Services

__all__ = ["run_worker"]

log = structlog.get_logger(__name__)


def run_worker(options: WorkerOptions, *, adapters: "Adapters | None" = None) -> None:
    """Work until SIGTERM, SIGINT or, if that was asked for, the end of stdin.

    Exit status: as of `serve`; 2 also where the data is in an embedded database.
    """
    try:
        settings = load_settings()
        parent = read_parent() if options.exit_with_stdin else Parent()
        settings = with_parent(settings, parent)
        require_postgresql(settings, "a worker of its own")
        asyncio.run(_work(options, settings, adapters))
    except StartError as error:
        give_up(error)


async def _work(options: WorkerOptions, settings: Settings, adapters: "Adapters | None") -> None:
    from huntaze_backend.app import assemble
    from huntaze_backend.core import logs
    from huntaze_backend.serve.chosen import chosen_by
    from huntaze_backend.serve.installation import open_installation

    logs.configure(settings.log_level)
    async with open_installation(settings, options.data) as installation:
        services = assemble(installation.database, installation.secrets, adapters=adapters or chosen_by(settings))
        services.own_url = settings.public_url
        try:
            await _run_until_end(services, watch_stdin=options.exit_with_stdin)
        finally:
            await services.close()


async def _run_until_end(services: "Services", *, watch_stdin: bool) -> None:
    """Work or stand by until a signal, or the end of stdin. Raises: StartError if the worker broke."""
    from huntaze_backend import worker

    stop, asked = asyncio.Event(), asyncio.Event()
    _end_with(stop, watch_stdin=watch_stdin)
    working = asyncio.create_task(worker.run_in_turn(services, stop, asked))
    ready, ending = asyncio.create_task(asked.wait()), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, ready}, return_when=asyncio.FIRST_COMPLETED)
        if ready.done():
            say_ready()
        await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
        async with asyncio.timeout(WORKER_GRACE_S):
            await working
    except TimeoutError:
        log.warning("worker.did_not_drain")  # what was under way is found and searched for by the next one
    except Exception as error:
        log.exception("the worker failed")
        raise StartError("WORKER_FAILED", "Sending and reading broke down; the log says why.") from error
    finally:
        ready.cancel()
        ending.cancel()
        await asyncio.gather(ready, ending, return_exceptions=True)


def _end_with(stop: asyncio.Event, *, watch_stdin: bool) -> None:
    """Set `stop` at SIGTERM, at SIGINT and, if asked, at the end of stdin."""
    loop = asyncio.get_running_loop()

    def leave(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)

    def watch() -> None:
        wait_for_stdin()
        with contextlib.suppress(RuntimeError):  # the loop ended first, by a signal
            loop.call_soon_threadsafe(stop.set)

    if watch_stdin:
        threading.Thread(target=watch, daemon=True, name="stdin").start()
