"""Stores torn by a power cut: the end of the log is cut, zeroed or damaged at random, and the store opens again whole.

A store is filled commit by commit, and how long its write-ahead log was after each is noted. Copies of both files are
torn at a random place: exactly the commits before that place must be there, whatever came after must be gone as a
whole, and every check of SQLite, the cipher and the word indexes must be clean. Nothing that a chatter saw confirmed
before the tear is lost: the outbox row and its bubble are one commit.
"""

import asyncio
import shutil
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from huntaze_backend import migrations
from huntaze_backend.areas.accounts.tables import AgencyRow
from huntaze_backend.core import changes
from huntaze_backend.core.db import Database
from huntaze_contract.ids import new_id
from huntaze_desktop.cache import CacheKey, apply, open_cache, outbox
from tests.faults import evidence
from tests.faults.layer import LayerResult, Plan
from tests.helpers.agency import Agency, changed

__all__ = ["run"]

KEY = "5a" * 32
CASES = {"short": 40, "full": 1500}
COMMITS = 50
_HEADER = 32


@dataclass(frozen=True, slots=True)
class Filled:
    """A store that was filled: where its copy is, how long the log was after each commit, and how to count them."""

    name: str
    whole: Path
    ends: tuple[int, ...]
    numbers: str
    """Lists what the commits left, in their order: 1, 2, 3 …"""


def run(plan: Plan) -> LayerResult:
    """1,500 torn copies of each store; short: 40."""
    began = time.monotonic()
    result = LayerResult("torn", figures={"torn": 0, "survived": 0})
    for fill in (_client, _service):
        folder = plan.folder / fill.__name__.strip("_")
        folder.mkdir(parents=True, exist_ok=True)
        filled = fill(folder)
        if sorted(set(filled.ends)) != list(filled.ends):
            result.violations.append(f"{filled.name}: the log did not grow with every commit, so nothing was shown")
        tear(result, filled, Random(f"{plan.seed}:{filled.name}"), CASES[plan.scale])
    result.seconds = time.monotonic() - began
    return result


def tear(result: LayerResult, filled: Filled, chance: Random, cases: int) -> None:
    """Tear so many copies of a filled store and look at each."""
    log = _log_of(filled.whole).read_bytes()
    copy = filled.whole.with_name("torn.db")
    for _ in range(cases):
        place, how = chance.randrange(_HEADER, len(log)), chance.choice(("cut", "bit", "zeroes"))
        shutil.copy(filled.whole, copy)
        copy.with_name("torn.db-shm").unlink(missing_ok=True)
        _log_of(copy).write_bytes(_torn(log, place, how, chance))
        words = f"{filled.name} ({how} at {place} of {len(log)})"
        found = evidence.check_store(words, copy, KEY).findings
        result.figures["torn"] += 1
        if found:
            result.violations += [f"I11: {words}: {finding}" for finding in found]
            continue
        with closing(evidence.open_store(copy, KEY)) as store:
            there = [int(n) for (n,) in store.execute(filled.numbers).fetchall()]
        wanted = list(range(1, sum(end <= place for end in filled.ends) + 1))
        if there != wanted:
            result.violations.append(
                f"I1: {words}: the first {len(wanted)} commits came before it, {len(there)} are there"
            )
        result.figures["survived"] += len(there)


def _torn(log: bytes, place: int, how: str, chance: Random) -> bytes:
    if how == "cut":
        return log[:place]
    if how == "zeroes":
        # All zero already would be no damage; one byte more is.
        return log[:place] + bytes(len(log) - place) if any(log[place:]) else log[:place]
    return log[:place] + bytes([log[place] ^ (1 << chance.randrange(8))]) + log[place + 1 :]


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _empty_log(path: Path) -> None:
    """So that it holds the commits to come and nothing else."""
    with closing(evidence.open_store(path, KEY)) as store:
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _keep(source: Path, folder: Path) -> Path:
    """Copy a store that is still open, as a power cut leaves it."""
    whole = folder / "whole.db"
    shutil.copy(source, whole)
    shutil.copy(_log_of(source), _log_of(whole))
    return whole


def _client(folder: Path) -> Filled:
    """A chatter's cache: each commit is one press of Send beside one page of sync."""
    source, agency = folder / "source.db", Agency()
    cache = open_cache(source, CacheKey(KEY))
    try:
        fan = agency.fan()
        conversation = agency.conversation(fan)
        rows = [changed(row) for row in (agency.me, agency.creator, fan, conversation)]
        cache.write(lambda connection: apply.apply_changes(connection, rows))
        _empty_log(source)

        def commit(n: int) -> None:
            came = changed(agency.message(conversation, f"message {n}"))

            def work(connection: Connection) -> None:
                outbox.put(connection, conversation.id, f"answer {n}", datetime.now(UTC))
                apply.apply_changes(connection, [came])

            cache.write(work)

        ends = _commit_all(commit, source)
        whole = _keep(source, folder)
    finally:
        cache.close()
    return Filled("a chatter's cache", whole, ends, "SELECT substr(text, 8) FROM outbox ORDER BY device_seq")


def _service(folder: Path) -> Filled:
    """The service's database: each commit is a unit of work with its number in the change log."""
    return asyncio.run(_fill_service(folder))


async def _fill_service(folder: Path) -> Filled:
    source, agency_id = folder / "source.db", new_id()
    database = Database.open(f"sqlite:///{source}", key=KEY)
    try:
        await database.write(migrations.upgrade)

        def begin(session: Session) -> None:
            session.add(AgencyRow(id=agency_id, name="Northlight", created_at=datetime.now(UTC)))
            session.flush()
            changes.start(session, agency_id)

        await database.write(begin)
        _empty_log(source)
        ends = []
        for _ in range(COMMITS):
            await database.write(
                lambda session: changes.record(
                    session, agency_id=agency_id, entity="note", entity_id=new_id(), creator_id=None
                )
            )
            ends.append(_log_of(source).stat().st_size)
        whole = _keep(source, folder)
    finally:
        await database.close()
    return Filled("the service's database", whole, tuple(ends), "SELECT seq FROM change_log ORDER BY seq")


def _commit_all(commit: Callable[[int], None], source: Path) -> tuple[int, ...]:
    ends: list[int] = []
    for n in range(1, COMMITS + 1):
        commit(n)
        ends.append(_log_of(source).stat().st_size)
    return tuple(ends)
