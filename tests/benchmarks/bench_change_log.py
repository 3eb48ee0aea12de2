"""What commit order costs: units of work with the agency's counter taken last, against the same on a plain sequence.

Both variants take turns within one run, so that a busy machine weighs on both; the ratio is what counts.
"""

import asyncio
import statistics
import time

from huntaze_backend.core.db import Database
from huntaze_contract.ids import new_id
from tests.benchmarks.figures import Figure
from tests.helpers.change_race import plain_sequence, prepare, unit_of_work

__all__ = ["run"]

WRITERS = 16
EACH = 40
ROUNDS = 9
PAUSE_S = 0.003
"""What else a unit does on the server; research/offline-and-sending.md measured with the same."""
GOAL = 0.75


def run(url: str, key: str | None, name: str) -> list[Figure]:
    """On a migrated database."""
    return asyncio.run(_run(url, key, name))


async def _run(url: str, key: str | None, name: str) -> list[Figure]:
    database = Database.open(url, key=key)
    try:
        agency_id, other_id = new_id(), new_id()  # two ways of counting would meet in one agency's log
        for each in (agency_id, other_id):
            await prepare(database, each)
        await _units_per_s(database, agency_id)  # connections, compiled statements
        ours: list[float] = []
        plain: list[float] = []
        for _ in range(ROUNDS):
            ours.append(await _units_per_s(database, agency_id))
            with plain_sequence(at_once=False):
                plain.append(await _units_per_s(database, other_id))
    finally:
        await database.close()
    ratio = statistics.median(mine / peer for mine, peer in zip(ours, plain, strict=True))
    return [
        Figure(f"change log, {WRITERS} writers, {name}", statistics.median(ours), "units/s"),
        Figure(
            f"change log against a plain sequence, {name}",
            ratio,
            "x",
            GOAL,
            peer=f"{statistics.median(plain):,.0f} units/s",
            more_is_better=True,
        ),
    ]


async def _units_per_s(database: Database, agency_id: str) -> float:
    async def writer() -> None:
        for _ in range(EACH):
            own = new_id()
            await database.write(lambda session, own=own: unit_of_work(session, agency_id, own, None, PAUSE_S))  # type: ignore[misc]

    began = time.perf_counter()
    await asyncio.gather(*(writer() for _ in range(WRITERS)))
    return WRITERS * EACH / (time.perf_counter() - began)
