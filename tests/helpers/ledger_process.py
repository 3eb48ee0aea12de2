"""A process that reserves attempts, settles some of them, says so, and then waits to be killed.

`python -m tests.helpers.ledger_process DATABASE_URL CALLS TTL_S`: a line of JSON for each attempt with its bound, and
its cost once it is settled.
"""

import asyncio
import json
import sys

from huntaze_backend.core.db import Database
from huntaze_backend.engines.ledger.adapters.sql_ledger import SqlLedger
from huntaze_backend.engines.ledger.port import Usage
from tests.helpers.ledgers import PRICES, charge
from tests.plugins.databases import DATABASE_KEY


async def main(url: str, calls: int, ttl_s: float) -> None:
    db = Database.open(url, key=DATABASE_KEY if url.startswith("sqlite") else None)
    ledger = SqlLedger(db, PRICES)
    for number in range(calls):
        reserved = await ledger.reserve(charge(), ttl_s=ttl_s)
        cost = None
        if number % 2:
            # The last of them is answered, and perhaps not committed when the kill comes.
            cost = await ledger.settle(reserved.attempt_id, Usage(10), outcome="ok", latency_ms=1, ttft_ms=None)
        print(json.dumps([reserved.attempt_id, reserved.bound_nano_usd, cost]), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
