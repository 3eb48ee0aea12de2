"""The AI path as a process of its own, to be killed: the real ledger, and a provider somewhere else.

`python -m tests.helpers.ai_process DATABASE_URL CALLS`, with the provider in the environment: says "ready", and when a
line comes asks so many things at once, half of them as streams.
"""

import asyncio
import sys

import structlog

from huntaze_backend.core.clock import SystemClock
from huntaze_backend.core.db import Database
from huntaze_backend.engines.ai.adapters.configured import providers_of, routing_of
from huntaze_backend.engines.ai.orchestrator import HybridOrchestrator
from huntaze_backend.engines.ledger.adapters.sql_ledger import SqlLedger
from huntaze_backend.engines.ledger.prices import PriceTable
from huntaze_backend.settings import Settings
from tests.helpers.ai_house import FixedFlags, asking
from tests.helpers.ledgers import AGENCY
from tests.plugins.databases import DATABASE_KEY


async def main(url: str, calls: int) -> None:
    database = Database.open(url, key=DATABASE_KEY if url.startswith("sqlite") else None)
    settings = Settings()
    ledger = SqlLedger(database, PriceTable.shipped())
    ai = HybridOrchestrator(routing_of(settings), providers_of(settings), ledger, FixedFlags(), SystemClock())
    await ai.warm()

    async def whole() -> None:
        await ai.complete(asking(agency_id=AGENCY))

    async def stream() -> None:
        async for _ in ai.stream(asking(agency_id=AGENCY)):
            pass

    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await asyncio.gather(*((whole, stream)[place % 2]() for place in range(calls)))


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
