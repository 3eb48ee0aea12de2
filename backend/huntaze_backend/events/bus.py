"""Tells listeners of events after the commit that caused them, each in a task of its own."""

import asyncio
import inspect
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog
from sqlalchemy.orm import Session

from huntaze_backend.core.db import Committed, Database, after_commit

__all__ = ["EventBus", "emit"]

E = TypeVar("E")
log = structlog.get_logger(__name__)


def emit(session: Session, event: object) -> None:
    """Announce `event` if this unit of work commits."""
    after_commit(session, event)


class EventBus:
    """Listeners by type of event. A listener that fails is logged; it harms neither the others nor the commit."""

    def __init__(self, database: Database) -> None:
        self._handlers: dict[type, list[Callable[[Any], Awaitable[None] | None]]] = defaultdict(list)
        self._tasks: set[asyncio.Task[None]] = set()
        database.on_commit(self._committed)

    def subscribe(self, kind: type[E], handler: Callable[[E], Awaitable[None] | None]) -> None:
        """Call `handler` with each event of exactly this type. A coroutine runs in a task of the bus."""
        self._handlers[kind].append(handler)

    async def close(self) -> None:
        """Stop the listeners that still run."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _committed(self, committed: Committed) -> None:
        for event in committed.events:
            for handler in self._handlers.get(type(event), ()):
                task = asyncio.get_running_loop().create_task(self._tell(handler, event))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _tell(self, handler: Callable[[Any], Awaitable[None] | None], event: object) -> None:
        try:
            outcome = handler(event)
            if inspect.isawaitable(outcome):
                await outcome
        except Exception:
            log.exception("an event's listener failed", event_type=type(event).__name__)
