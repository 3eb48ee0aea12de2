"""The same on PostgreSQL, with workers as processes of their own that are killed while the service lives.

A worker dies in the middle of claims, sends, reports and searches; in the full form two take over from each other.
"""

import asyncio

from tests.faults.agency import Shift
from tests.faults.layer import LayerResult, Plan
from tests.faults.layers.killed import Scale, play
from tests.faults.stores import PostgresStore
from tests.plugins.databases import migrated
from tests.plugins.postgres import running_server

__all__ = ["run"]

FULL = Scale(
    Shift(accounts=40, conversations=5, sends=25, clients=2, pause_s=0.02),
    backend_kills=10,
    client_kills=4,
    sandbox_kills=2,
    worker_kills=60,
    workers=2,
    backend_lives_s=(10.0, 25.0),
    client_lives_s=(10.0, 40.0),
    sandbox_lives_s=(30.0, 70.0),
    # Long enough for a standby to take over (3 s) and to get something done.
    worker_lives_s=(4.0, 14.0),
    rests_within_s=1200.0,
)
SHORT = Scale(
    Shift(accounts=4, conversations=3, sends=10, clients=1, window_s=4.0, spacing_s=0.1, pause_s=0.02),
    backend_kills=0,
    client_kills=0,
    sandbox_kills=0,
    worker_kills=2,
    workers=1,
    backend_lives_s=(1.0, 3.0),
    client_lives_s=(1.0, 3.0),
    sandbox_lives_s=(1.0, 3.0),
    worker_lives_s=(0.8, 2.0),
    rests_within_s=300.0,
    no_more_kills=True,
    # One of 40 is 2.5 %.
    most_asked=0.05,
)


def run(plan: Plan) -> LayerResult:
    """1,000 sends over 40 accounts with two workers; short: 40 over 4 with one."""
    with running_server() as server:
        store = PostgresStore(server, server.create(server.template("huntaze", migrated)))
        return asyncio.run(play(plan, FULL if plan.scale == "full" else SHORT, "workers", store))
