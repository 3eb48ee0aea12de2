"""The worker: sends, searches for lost answers, reads the platforms, does jobs, and fires the ticks of cron.

On SQLite it runs inside the serving process. On PostgreSQL several processes may offer to be the worker, and one is:
two would take each other's open sends for crashed ones, and read every account twice. The others stand by.
"""

import asyncio
import contextlib
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from huntaze_backend import jobs
from huntaze_backend.app import WORKER_LOCK, Services
from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.messages.dispatch import Dispatches
from huntaze_backend.areas.messages.outbound import Outbound
from huntaze_backend.core.errors import NotFoundError
from huntaze_backend.core.exclusive import NOTICED_WITHIN_S, Exclusive
from huntaze_backend.engines.gateways.factory import PlatformAccess
from huntaze_backend.engines.queue.cron import Ticker
from huntaze_backend.engines.queue.runner import Runner
from huntaze_backend.engines.sync.hub import Hub
from huntaze_contract.wire import BudgetFrame, SendBudget

__all__ = ["run", "run_in_turn"]

log = structlog.get_logger(__name__)

_ASK_AGAIN_S = 0.5


@dataclass(frozen=True, slots=True)
class _Board:
    """Shows budgets to the desktops whose event streams end in this process."""

    hub: Hub

    def watched(self, agency_id: str) -> bool:
        return self.hub.watched(agency_id)

    def show(self, agency_id: str, budget: SendBudget) -> None:
        frame = BudgetFrame(cs=0, budget=budget).model_dump(mode="json")
        self.hub.publish_ephemeral(agency_id, budget.creator_id, frame)


async def run_in_turn(services: Services, stop: asyncio.Event, asked: asyncio.Event) -> None:
    """Run whenever no other process is the worker, and stand by otherwise, until `stop`.

    Args:
        services: what to run.
        stop: ends it.
        asked: set here, when it is known whether this process works or stands by.
    """
    if services.db.embedded:
        asked.set()
        await run(services, stop)
        return
    turn = services.db.exclusive(WORKER_LOCK)
    stands_by = False
    while not stop.is_set():
        try:
            mine = await turn.try_take()
        except (OSError, SQLAlchemyError):
            log.warning("worker.no_database", exc_info=True)
            mine = False
        if mine:
            if stands_by:
                # Whoever had it may be alive, and has not noticed yet that its session is gone.
                await _rest(stop, NOTICED_WITHIN_S)
            log.info("worker.works")
            await _run_while_mine(services, stop, asked, turn)
            stands_by = False
            continue
        asked.set()
        if not stands_by:
            log.info("worker.stands_by")
            stands_by = True
        await _rest(stop, _ASK_AGAIN_S)


async def _rest(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def _run_while_mine(services: Services, stop: asyncio.Event, asked: asyncio.Event, turn: Exclusive) -> None:
    """Run until `stop`, or until the lock may be another process's; give it back when everything has ended."""
    ended = asyncio.Event()
    running = asyncio.create_task(run(services, ended))
    asked.set()
    others = {asyncio.create_task(turn.lost()), asyncio.create_task(stop.wait())}
    try:
        await asyncio.wait({running, *others}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        ended.set()
        for task in others:
            task.cancel()
        try:
            await running
        finally:
            await asyncio.gather(*others, return_exceptions=True)
            await turn.give_back()


async def run(services: Services, stop: asyncio.Event) -> None:
    """Run every loop until `stop`, then let them end in order: the senders first, the readers they use last."""

    def access(session: Session, connection_id: str) -> PlatformAccess | None:
        try:
            return accounts.platform_access(accounts.connection(session, connection_id), services.box)
        except NotFoundError:
            return None

    board = _Board(services.hub)
    dispatches = Dispatches(
        services.db, services.rate_gate, services.policy, services.compliance, services.gateways, board
    )
    outbound = Outbound(services.db, services.bus, services.readers, dispatches, access)
    sent_last = asyncio.Event()
    reading = asyncio.create_task(services.feed.run(sent_last))
    # What ends at `stop`, together; the reading that they use ends after them.
    working = {
        asyncio.create_task(outbound.run(stop)),
        asyncio.create_task(Runner(services.db, services.jobs).run(stop)),
        asyncio.create_task(Ticker(services.db, jobs.SCHEDULES).run(stop)),
    }
    services.worker_runs = True
    try:
        # A loop that ends by itself has broken; the others must not go on as if nothing were.
        await asyncio.wait({reading, *working}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        services.worker_runs = False
        stop.set()
        await asyncio.wait(working)
        sent_last.set()
        await asyncio.wait({reading})
    for task in (*working, reading):
        task.result()
