"""The worker: sends, searches for lost answers, reads the platforms, does jobs, and fires the ticks of cron.

On SQLite it runs inside the serving process.
"""

import asyncio

from sqlalchemy.orm import Session

from huntaze_backend import jobs
from huntaze_backend.app import Services
from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.messages.dispatch import Dispatches
from huntaze_backend.areas.messages.outbound import Outbound
from huntaze_backend.core.errors import NotFoundError
from huntaze_backend.engines.gateways.factory import PlatformAccess
from huntaze_backend.engines.queue.cron import Ticker
from huntaze_backend.engines.queue.runner import Runner
from huntaze_contract.wire import BudgetFrame, SendBudget

__all__ = ["run"]


async def run(services: Services, stop: asyncio.Event) -> None:
    """Run every loop until `stop`, then let them end in order: the senders first, the readers they use last."""

    def on_budget(agency_id: str, budget: SendBudget) -> None:
        frame = BudgetFrame(cs=0, budget=budget).model_dump(mode="json")
        services.hub.publish_ephemeral(agency_id, budget.creator_id, frame)

    def access(session: Session, connection_id: str) -> PlatformAccess | None:
        try:
            return accounts.platform_access(accounts.connection(session, connection_id), services.box)
        except NotFoundError:
            return None

    dispatches = Dispatches(services.db, services.rate_gate, services.policy, services.gateways, on_budget)
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
