"""A worker of jobs as a process of its own, to be killed: a real runner, handlers that write down what they do.

Every act is a row of the `witness` table, which is the bench's own. One point may be armed: the process then kills
itself with SIGKILL the n-th time it comes by.
"""

import asyncio
import os
import signal
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

import structlog
from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, insert
from sqlalchemy.orm import Session

from huntaze_backend.core.clock import now
from huntaze_backend.core.db import Database
from huntaze_backend.core.schema import UtcMicros
from huntaze_backend.engines.queue import handlers, store
from huntaze_backend.engines.queue.handlers import Registry, in_one_unit
from huntaze_backend.engines.queue.jobs import Deferred, Leased, Outcome
from huntaze_backend.engines.queue.runner import Pace, Runner

__all__ = ["POINTS", "WITNESS", "Spec", "main"]

POINTS = ("before_claim", "in_claim", "mid_job", "after_effect", "in_ack", "after_ack")
"""Where to die: before a claim, in its transaction, in a job, between its effect's commit and the ack, in the ack's
transaction, and after its commit."""

WITNESS = Table(
    "witness",
    MetaData(),
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    Column("lane", String(40)),
    Column("n", Integer()),
    Column("job", String(36)),
    Column("token", String(80)),
    Column("act", String(10)),  # began, effect, ended
    Column("at", UtcMicros()),
    Column("lease_until", UtcMicros()),
)


@dataclass(frozen=True, slots=True)
class Spec:
    """What one process is to be."""

    name: str
    url: str
    key: str | None
    lease_s: float
    armed: tuple[str, int] | None
    """The point at which it dies, and the how many-th time."""


class _Points:
    def __init__(self, armed: tuple[str, int] | None) -> None:
        self._name, self._left = armed or ("", 0)

    def pass_by(self, name: str) -> None:
        if name == self._name:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def main(spec: Spec) -> None:
    """Work until killed."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    asyncio.run(_work(spec))


async def _work(spec: Spec) -> None:
    points = _Points(spec.armed)
    _arm(points)
    db = Database.open(spec.url, key=spec.key)
    registry = Registry()
    registry.handle("bench.effect", partial(_effect, points))
    registry.handle("bench.unit", in_one_unit(_unit))
    pace = Pace(
        at_once=4,
        lease=timedelta(seconds=spec.lease_s),
        poll_s=0.05,
        backoff=timedelta(milliseconds=20),
        longest_backoff=timedelta(milliseconds=100),
    )
    await Runner(db, registry, pace=pace, name=spec.name).run(asyncio.Event())


def _arm(points: _Points) -> None:
    """Put the points of the queue's own functions around them; the product knows nothing of this."""
    claim, complete, write = store.claim, store.complete, Database.write

    def armed_claim(session: Session, *arguments: Any, **more: Any) -> list[Leased]:
        points.pass_by("before_claim")
        found = claim(session, *arguments, **more)
        if found:
            points.pass_by("in_claim")
        return found

    def armed_complete(session: Session, token: str) -> None:
        complete(session, token)
        session.info["bench.acked"] = True
        points.pass_by("in_ack")

    async def armed_write(self: Database, fn: Any) -> Any:
        acked = False

        def unit(session: Session) -> Any:
            nonlocal acked
            result = fn(session)
            acked = bool(session.info.pop("bench.acked", False))
            return result

        result = await write(self, unit)
        if acked:
            points.pass_by("after_ack")
        return result

    store.claim, store.complete = armed_claim, armed_complete
    handlers.complete = armed_complete  # type: ignore[attr-defined]
    Database.write = armed_write  # type: ignore[method-assign]


async def _effect(points: _Points, leased: Leased, db: Database) -> Outcome:
    """A job with an effect outside of its ack: it may happen again, never out of order and never beside another."""
    chance = Random(leased.token)
    await db.write(lambda session: _note(session, leased, "began"))
    await asyncio.sleep(chance.uniform(0, 0.01))
    points.pass_by("mid_job")
    trouble = chance.random()
    if trouble < 0.2:
        await db.write(lambda session: _note(session, leased, "ended"))
        if trouble < 0.1:
            raise OSError("the world is down")
        return Deferred(await db.read(now))
    await db.write(lambda session: _note(session, leased, "effect"))
    points.pass_by("after_effect")
    return None


def _unit(session: Session, leased: Leased) -> None:
    """A job whose effect commits with its ack: it happens exactly once."""
    _note(session, leased, "effect")


def _note(session: Session, leased: Leased, act: str) -> None:
    values = {
        "lane": leased.job.lane,
        "n": leased.job.payload["n"],
        "job": leased.id,
        "token": leased.token,
        "act": act,
        "at": now(session),
        "lease_until": leased.lease_until,
    }
    session.execute(insert(WITNESS).values(**values))
