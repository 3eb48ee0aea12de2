"""Who does which kind of job. Areas register their handlers; a runner looks them up."""

from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy.orm import Session

from huntaze_backend.core.db import Database
from huntaze_backend.engines.queue.jobs import Acked, Job, Leased, Outcome
from huntaze_backend.engines.queue.store import OnDeath, complete

__all__ = ["Handler", "Registry", "in_one_unit"]

log = structlog.get_logger(__name__)

Handler = Callable[[Leased, Database], Awaitable[Outcome]]
"""Does one job, or does it again: its worker may die at any point, so it must be idempotent. It is cancelled when its
lease is lost or the process ends."""


class Registry:
    """Handlers by kind."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}
        self._on_death: dict[str, OnDeath] = {}

    def handle(self, kind: str, handler: Handler, *, on_death: OnDeath | None = None) -> None:
        """Let `handler` do the jobs of this kind. Raises: ValueError if somebody does them already.

        Args: on_death: told in the unit of work in which one of them dies, whatever it died of.
        """
        if kind in self._handlers:
            raise ValueError(f"jobs of kind {kind} have a handler already")
        self._handlers[kind] = handler
        if on_death is not None:
            self._on_death[kind] = on_death

    def buried(self, session: Session, job: Job) -> None:
        """A job died in this unit of work. One that cannot be mourned must not keep the others from being done."""
        on_death = self._on_death.get(job.kind)
        if on_death is None:
            return
        try:
            with session.begin_nested():
                on_death(session, job)
        except Exception:
            log.exception("queue.death_not_told", kind=job.kind)

    def of(self, kind: str) -> Handler | None:
        """The handler of a kind; None for one that this version does not know."""
        return self._handlers.get(kind)


def in_one_unit(work: Callable[[Session, Leased], object]) -> Handler:
    """A handler for work on the database alone: it commits together with its ack, so it takes effect exactly once."""

    async def handler(leased: Leased, db: Database) -> Outcome:
        def unit(session: Session) -> None:
            work(session, leased)
            complete(session, leased.token)

        await db.write(unit)
        return Acked()

    return handler
