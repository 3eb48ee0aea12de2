"""Does jobs: claims lanes that are due, runs their handlers, keeps their leases alive, and acks.

Each process that works has one runner; they need not know of each other. The database is asked once a second, and at
once after a commit of this process that made work (`wake`, which a transport between processes may call as well).
"""

import asyncio
import contextlib
import os
import random
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from huntaze_backend.core.clock import now
from huntaze_backend.core.db import Committed, Database
from huntaze_backend.engines.queue import rules, store
from huntaze_backend.engines.queue.handlers import Registry
from huntaze_backend.engines.queue.jobs import (
    Acked,
    Deferred,
    JobsReady,
    Leased,
    LeaseLostError,
    Outcome,
    Rejected,
)

__all__ = ["Pace", "Runner"]

log = structlog.get_logger(__name__)

_AFTER_NOTHING_S = 0.05
"""What was due is locked by somebody: how long until the next look."""
_GIVE_BACK_S = 1.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How a runner works."""

    at_once: int = 8
    lease: timedelta = timedelta(seconds=30)
    """For how long a job is its own without a sign of life; it gives one three times as often."""
    poll_s: float = 1.0
    drain_s: float = 3.5
    """How long jobs may go on at the end; with giving back the others, the process ends within 5 s."""
    backoff: timedelta = timedelta(seconds=2)
    longest_backoff: timedelta = timedelta(minutes=10)
    unknown_kind: timedelta = timedelta(seconds=30)
    """For how long a job is left to workers of another version."""


@dataclass(frozen=True, slots=True)
class _Unknown:
    """This version has no handler; a worker of another one may."""


@dataclass(frozen=True, slots=True)
class _Failed:
    """The handler raised."""

    error: Exception


class Runner:
    """The part of a process that does jobs."""

    def __init__(
        self,
        db: Database,
        registry: Registry,
        *,
        pace: Pace | None = None,
        name: str | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Args: name: what leases say of who holds them; chance: the jitter's, from 0 to 1."""
        self._db = db
        self._registry = registry
        self._pace = pace or Pace()
        self._name = name or f"{socket.gethostname()[:40]}:{os.getpid()}"
        self._chance = chance
        self._woken = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._leases: dict[str, asyncio.Timeout] = {}
        """By token, what cancels the handler when its lease has run out."""
        db.on_commit(self._committed)

    def wake(self) -> None:
        """There may be work: look now."""
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; then jobs under way may end for a moment, and the others are given back unharmed."""
        stopping = asyncio.create_task(self._wake_at(stop))
        beating = asyncio.create_task(self._beat())
        try:
            while not stop.is_set():
                self._woken.clear()
                pause_s = await self._fill()
                try:
                    async with asyncio.timeout(pause_s):
                        await self._woken.wait()
                except TimeoutError:
                    continue
        finally:
            stopping.cancel()
            await self._drain()
            beating.cancel()
            await asyncio.gather(stopping, beating, return_exceptions=True)

    # --- taking ---------------------------------------------------------------------------------------------------

    async def _fill(self) -> float:
        """Begin as many due jobs as there is room for. Returns for how long there is nothing to look for."""
        room = self._pace.at_once - len(self._tasks)
        if room <= 0:
            return self._pace.poll_s
        try:
            at, due = await self._db.read(store.next_due)
            if due is None or due > at:
                return self._pace.poll_s if due is None else min(self._pace.poll_s, (due - at).total_seconds())
            asked_at = asyncio.get_running_loop().time()
            claim = partial(
                store.claim, worker=self._name, n=room, lease=self._pace.lease, on_death=self._registry.buried
            )
            leases = await self._db.write(claim)
        except (OSError, SQLAlchemyError):
            log.warning("queue.no_database", exc_info=True)
            return self._pace.poll_s
        for leased in leases:
            self._tasks[leased.token] = asyncio.create_task(self._do(leased, asked_at))
        return 0.0 if leases else _AFTER_NOTHING_S

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._woken.set()

    def _committed(self, committed: Committed) -> None:
        if any(isinstance(event, JobsReady) for event in committed.events):
            self._woken.set()

    # --- doing ----------------------------------------------------------------------------------------------------

    async def _do(self, leased: Leased, asked_at: float) -> None:
        # Counted from before the lease was asked for: it never looks longer than it is.
        until = asked_at + self._pace.lease.total_seconds()
        try:
            try:
                async with asyncio.timeout_at(until) as lease:
                    self._leases[leased.token] = lease
                    outcome = await self._attempt(leased)
            except TimeoutError:
                log.warning("queue.lease_lost", job_id=leased.id, kind=leased.job.kind)
                return
            finally:
                self._leases.pop(leased.token, None)
            await self._settle(leased, outcome)
        finally:
            del self._tasks[leased.token]
            self._woken.set()

    async def _attempt(self, leased: Leased) -> Outcome | _Unknown | _Failed:
        handler = self._registry.of(leased.job.kind)
        if handler is None:
            log.warning("queue.unknown_kind", job_id=leased.id, kind=leased.job.kind)
            return _Unknown()
        try:
            return await handler(leased, self._db)
        except LeaseLostError:
            log.warning("queue.lease_lost", job_id=leased.id, kind=leased.job.kind)
            return Acked()  # by whoever has it
        except Exception as error:
            log.warning(
                "queue.attempt_failed", job_id=leased.id, kind=leased.job.kind, attempt=leased.attempt, exc_info=True
            )
            return _Failed(error)

    async def _settle(self, leased: Leased, outcome: Outcome | _Unknown | _Failed) -> None:
        if isinstance(outcome, Acked):
            return
        try:
            await self._db.write(partial(self._ack, leased, outcome))
        except LeaseLostError:
            log.warning("queue.lease_lost", job_id=leased.id, kind=leased.job.kind)
        except (OSError, SQLAlchemyError):
            # The lease runs out, and the job is done again.
            log.warning("queue.not_acked", job_id=leased.id, kind=leased.job.kind, exc_info=True)

    def _ack(self, leased: Leased, outcome: Deferred | Rejected | _Unknown | _Failed | None, session: Session) -> None:
        token, most = leased.token, leased.job.max_attempts
        match outcome:
            case None:
                store.complete(session, token)
            case Deferred(at):
                store.retry(session, token, at, count=False)
            case _Unknown():
                store.retry(session, token, now(session) + self._pace.unknown_kind, count=False)
            case Rejected(reason):
                store.dead(session, token, reason, on_death=self._registry.buried)
            case _Failed(error):
                # The kind of error only: its words may hold what is nobody's business. The log has the rest.
                reason = f"{type(error).__name__} in attempt {leased.attempt} of {most}."
                if leased.attempt >= most:
                    log.error("queue.dead", job_id=leased.id, kind=leased.job.kind, reason=reason)
                    store.dead(session, token, reason, on_death=self._registry.buried)
                else:
                    store.retry(session, token, now(session) + self._backoff(leased.attempt), count=True, reason=reason)

    def _backoff(self, attempt: int) -> timedelta:
        return rules.backoff(attempt, base=self._pace.backoff, cap=self._pace.longest_backoff, chance=self._chance)

    # --- holding, and letting go ----------------------------------------------------------------------------------

    async def _beat(self) -> None:
        """Prolong the leases of what runs. One that cannot be prolonged cancels its handler when it has run out."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._pace.lease.total_seconds() / 3)
            tokens = list(self._leases)
            if not tokens:
                continue
            asked_at = loop.time()
            try:
                held = await self._db.write(partial(store.extend, tokens=tokens, lease=self._pace.lease))
            except (OSError, SQLAlchemyError):
                log.warning("queue.no_database", exc_info=True)
                continue
            for token in tokens:
                lease = self._leases.get(token)
                if lease is not None and not lease.expired():
                    lease.reschedule(asked_at + self._pace.lease.total_seconds() if token in held else loop.time())

    async def _drain(self) -> None:
        tasks = dict(self._tasks)
        if not tasks:
            return
        _, late = await asyncio.wait(tasks.values(), timeout=self._pace.drain_s)
        if not late:
            return
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        tokens = [token for token, task in tasks.items() if task in late]
        log.info("queue.given_back", jobs=len(tokens))
        try:
            async with asyncio.timeout(_GIVE_BACK_S):
                await self._db.write(partial(_give_back, tokens=tokens))
        except (TimeoutError, OSError, SQLAlchemyError):
            log.warning("queue.not_given_back", exc_info=True)  # the leases run out


def _give_back(session: Session, tokens: Sequence[str]) -> None:
    for token in tokens:
        # One that a handler acked in its last moment is not there any more.
        with contextlib.suppress(LeaseLostError):
            store.retry(session, token, now(session), count=False)
