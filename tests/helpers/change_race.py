"""Sixteen writers against one follower of the change log, and the plain sequence that loses.

`race` runs units of work through `Database.write` and a follower that is restarted in the middle of its pages; what it
missed is found from what the writers know they committed. `plain_sequence` puts a sequence where the counter row
belongs: the loser for the tests, and the peer for the benchmark.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from huntaze_backend.core import changes
from huntaze_backend.core.changes import ChangeRow, Span
from huntaze_backend.core.clock import now
from huntaze_backend.core.db import Committed, Database, after_commit
from huntaze_contract.ids import new_id

__all__ = ["Commit", "Found", "plain_sequence", "prepare", "race", "unit_of_work"]

HOT = 40
"""Entities that all writers change; every unit also makes one of its own."""
PAGE = 50
_SPANS = "race.spans"
_record_many = changes.record_many


@dataclass(frozen=True, slots=True)
class Commit:
    """One unit of work: its entities in the order in which they were touched, its places, and its time."""

    entities: tuple[str, ...]
    span: Span
    began: float
    ended: float


@dataclass(slots=True)
class Found:
    """What a race ended with."""

    commits: list[Commit] = field(default_factory=list)
    seen: list[tuple[int, str]] = field(default_factory=list)
    """(seq, entity id) in the order in which the follower took them in."""
    log: dict[str, int] = field(default_factory=dict)
    """Entity id → seq, as the table holds it at the end."""
    restarts: int = 0
    seconds: float = 0.0

    @property
    def lost(self) -> int:
        """Entities whose latest change the follower never saw."""
        seen = set(self.seen)
        return sum((seq, entity) not in seen for entity, seq in self.log.items())

    def violations(self) -> list[str]:
        """What the log promises and this race broke, in a sentence each."""
        wrong = []
        if self.lost:
            wrong.append(f"{self.lost} changes were never seen by the reader that followed the log")
        seqs = [seq for seq, _ in self.seen]
        if seqs != sorted(set(seqs)):
            wrong.append("the reader saw a change twice, or went back")
        places = sorted(place for commit in self.commits for place in range(commit.span[0], commit.span[1] + 1))
        if places != list(range(1, len(places) + 1)):
            wrong.append("the places in the log have gaps, or two commits share one")
        if any(commit.span[1] - commit.span[0] + 1 != len(commit.entities) for commit in self.commits):
            wrong.append("the places of one commit do not follow each other")
            return wrong
        latest: dict[str, int] = {}
        for commit in sorted(self.commits, key=lambda one: one.span):
            latest.update(zip(commit.entities, range(commit.span[0], commit.span[1] + 1), strict=True))
        if latest != self.log:
            wrong.append("the log does not hold each entity at its latest place")
        if self._out_of_order():
            wrong.append("a commit that was over before another began stands after it in the log")
        return wrong

    def _out_of_order(self) -> bool:
        earliest_end = float("inf")
        for commit in sorted(self.commits, key=lambda one: one.span, reverse=True):
            if earliest_end < commit.began:
                return True
            earliest_end = min(earliest_end, commit.ended)
        return False


async def prepare(database: Database, agency_id: str) -> None:
    """An agency with a counter, a table for the writers' work, and the sequence of the plain variant."""

    def work(session: Session) -> None:
        changes.start(session, agency_id)
        session.execute(text("CREATE TABLE IF NOT EXISTS race_work (id varchar(36) PRIMARY KEY, body text)"))
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("CREATE SEQUENCE IF NOT EXISTS race_seq"))
        else:
            session.execute(
                text("CREATE TABLE IF NOT EXISTS race_seq (n integer PRIMARY KEY AUTOINCREMENT, one integer)")
            )

    await database.write(work)


def unit_of_work(session: Session, agency_id: str, own: str, shared: str | None, pause_s: float) -> None:
    """A row, the change of one entity or two, and on PostgreSQL some time in which other statements would run."""
    session.execute(text("INSERT INTO race_work (id, body) VALUES (:id, 'a message')"), {"id": own})
    changes.record(session, agency_id=agency_id, entity="message", entity_id=own, creator_id=None)
    if shared is not None:
        changes.record(session, agency_id=agency_id, entity="conversation", entity_id=shared, creator_id=None)
    if pause_s and session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_sleep(:pause)"), {"pause": pause_s})


async def race(
    writing: Sequence[Database], reading: Database, agency_id: str, *, writers: int, each: int, seed: int
) -> Found:
    """Run the writers, spread over these databases, and a follower beside them."""
    found = Found()
    done = asyncio.Event()
    for database in writing:
        database.on_commit(_note_places)
    following = asyncio.get_running_loop().create_task(_follow(reading, agency_id, found, done, random.Random(seed)))
    began = time.monotonic()

    async def writer(number: int) -> None:
        chance = random.Random(seed * 1000 + number)
        database = writing[number % len(writing)]
        for _ in range(each):
            own, shared = new_id(), f"hot-{chance.randrange(HOT)}" if chance.random() < 0.5 else None
            told = _Told()
            unit_began = time.monotonic()
            await database.write(_telling(told, agency_id, own, shared, chance.uniform(0, 0.003)))
            entities = (own,) if shared is None else (own, shared)
            found.commits.append(Commit(entities, told.spans[agency_id], unit_began, time.monotonic()))

    await asyncio.gather(*(writer(number) for number in range(writers)))
    found.seconds = time.monotonic() - began
    done.set()
    await following
    return found


class _Told:
    """Carries a unit's places from its commit's announcement to its writer."""

    def __init__(self) -> None:
        self.spans: dict[str, Span] = {}


def _telling(told: _Told, agency_id: str, own: str, shared: str | None, pause_s: float) -> Callable[[Session], None]:
    def work(session: Session) -> None:
        unit_of_work(session, agency_id, own, shared, pause_s)
        after_commit(session, told)

    return work


def _note_places(committed: Committed) -> None:
    for event in committed.events:
        if isinstance(event, _Told):
            event.spans = committed.spans


async def _follow(database: Database, agency_id: str, found: Found, done: asyncio.Event, chance: random.Random) -> None:
    """Read page after page; now and then die between a page and keeping it, which must not matter."""
    cursor = 0
    while True:
        over = done.is_set()
        page = await database.read(lambda session, after=cursor: _page(session, agency_id, after))  # type: ignore[misc]
        if chance.random() < 0.1:
            found.restarts += 1
            continue
        found.seen += page
        cursor = page[-1][0] if page else cursor
        if over and not page:
            break
        await asyncio.sleep(0 if page else 0.002)
    found.log = await database.read(lambda session: _log(session, agency_id))


def _page(session: Session, agency_id: str, after: int) -> list[tuple[int, str]]:
    query = (
        select(ChangeRow.seq, ChangeRow.entity_id)
        .where(ChangeRow.agency_id == agency_id, ChangeRow.seq > after)
        .order_by(ChangeRow.seq)
        .limit(PAGE)
    )
    return [(seq, entity) for seq, entity in session.execute(query)]


def _log(session: Session, agency_id: str) -> dict[str, int]:
    query = select(ChangeRow.entity_id, ChangeRow.seq).where(ChangeRow.agency_id == agency_id)
    return dict(session.execute(query).all())


@contextlib.contextmanager
def plain_sequence(*, at_once: bool) -> Iterator[None]:
    """In this process a change's place comes from a sequence; all else stays as it is.

    Args:
        at_once: the change is written when it is recorded, as in most change feeds, and the transaction goes on;
            otherwise with the last statements, where the counter row is taken, for a fair comparison of their cost.
    """
    with contextlib.ExitStack() as patched:
        if at_once:
            patched.enter_context(patch.object(changes, "record_many", _record_at_once))
        patched.enter_context(patch.object(changes, "take", _spans_so_far if at_once else _take_from_sequence))
        yield


def _record_at_once(session: Session, **what: Any) -> None:
    _record_many(session, **what)
    for agency_id, (first, last) in _take_from_sequence(session).items():
        spans: dict[str, Span] = session.info.setdefault(_SPANS, {})
        spans[agency_id] = (spans.get(agency_id, (first, last))[0], last)


def _spans_so_far(session: Session) -> dict[str, Span]:
    spans: dict[str, Span] = session.info.pop(_SPANS, {})
    return spans


def _take_from_sequence(session: Session) -> dict[str, Span]:
    collected: Any = session.info.pop(changes._COLLECTED, None)
    if collected is None:
        return {}
    log = _by_nextval if session.get_bind().dialect.name == "postgresql" else _by_autoincrement
    spans: dict[str, Span] = {}
    for agency_id in sorted({key[0] for key in collected.entries}):
        entries = [(key, value) for key, value in collected.entries.items() if key[0] == agency_id]
        spans[agency_id] = log(session, agency_id, entries)
    return spans


def _by_nextval(session: Session, agency_id: str, entries: Sequence[changes._Entry]) -> Span:
    """As many statements as the product's: one."""
    first, last = session.connection().execute(_SEQUENCED, changes._as_arrays(agency_id, entries)).one()
    return first, last


def _by_autoincrement(session: Session, agency_id: str, entries: Sequence[changes._Entry]) -> Span:
    values = ", ".join("(1)" for _ in entries)
    seqs = list(session.execute(text(f"INSERT INTO race_seq (one) VALUES {values} RETURNING n")).scalars())
    session.connection().execute(changes._UPSERT_ROWS, changes._as_rows(agency_id, entries, seqs, now(session)))
    return seqs[0], seqs[-1]


_SEQUENCED_ROWS = (
    changes._upsert_touched(changes._TOUCHED, func.nextval("race_seq")).returning(ChangeRow.seq).cte("logged")
)
_SEQUENCED = select(func.min(_SEQUENCED_ROWS.c.seq), func.max(_SEQUENCED_ROWS.c.seq))
