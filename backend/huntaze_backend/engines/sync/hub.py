"""Wakes who waits for changes, and passes on what is worth nothing a minute later (budgets, presence, typing).

Nothing here is the truth: a subscriber that is told of a commit reads the change log itself, with its own rights.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from huntaze_backend.core.changes import CounterRow
from huntaze_backend.core.db import Committed, Database

__all__ = ["EVERY_CREATOR", "Hub", "Subscription"]

EVERY_CREATOR = "*"
"""What a frame is about that concerns all creators at once: it goes to those who may see all, not to chatters."""

_MOST_EPHEMERAL = 200  # per subscriber; an older one is dropped first: it says the least
_POLL_S = 1.0
log = structlog.get_logger(__name__)


class Subscription:
    """One waiting reader."""

    def __init__(self) -> None:
        self.woken = asyncio.Event()
        self.ephemeral: deque[tuple[str | None, Mapping[str, Any]]] = deque(maxlen=_MOST_EPHEMERAL)


class Hub:
    """Subscriptions by agency."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._subscriptions: dict[str, set[Subscription]] = defaultdict(set)
        self._seen: dict[str, int] = {}
        database.on_commit(self._committed)

    @contextmanager
    def subscribe(self, agency_id: str) -> Iterator[Subscription]:
        """Be woken by the agency's commits and ephemeral frames while the block runs."""
        subscription = Subscription()
        self._subscriptions[agency_id].add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions[agency_id].discard(subscription)
            if not self._subscriptions[agency_id]:
                del self._subscriptions[agency_id]

    def watched(self, agency_id: str) -> bool:
        """Whether anybody of the agency is subscribed in this process."""
        return agency_id in self._subscriptions

    def agencies(self) -> set[str]:
        """Those of which somebody listens here."""
        return set(self._subscriptions)

    def publish_ephemeral(self, agency_id: str, creator_id: str | None, frame: Mapping[str, Any]) -> None:
        """Pass a frame to every subscriber that may see the creator.

        Args:
            agency_id: whose subscribers.
            creator_id: which creator it is about; None is for the whole agency, `EVERY_CREATOR` for who sees all.
            frame: JSON-ready, with its `type`; `cs` is set for each subscriber.
        """
        for subscription in self._subscriptions.get(agency_id, ()):
            subscription.ephemeral.append((creator_id, frame))
            subscription.woken.set()

    async def watch(self) -> None:
        """Look for commits of other processes, for ever. The embedded database has none: then this ends at once."""
        while not self._database.embedded:
            await self._database.clock.sleep(_POLL_S)
            try:
                await self._look()
            except (OSError, SQLAlchemyError):
                log.warning("the change log cannot be read", exc_info=True)

    async def _look(self) -> None:
        watched = list(self._subscriptions)
        if not watched:
            return
        latest = await self._database.read(partial(_last_seqs, watched))
        for agency_id, seq in latest.items():
            if seq > self._seen.get(agency_id, 0):
                self._seen[agency_id] = seq
                self._wake(agency_id)

    def _committed(self, committed: Committed) -> None:
        for agency_id, (_, last) in committed.spans.items():
            self._seen[agency_id] = max(last, self._seen.get(agency_id, 0))
            self._wake(agency_id)

    def _wake(self, agency_id: str) -> None:
        for subscription in self._subscriptions.get(agency_id, ()):
            subscription.woken.set()


def _last_seqs(agency_ids: list[str], session: Session) -> dict[str, int]:
    query = select(CounterRow.agency_id, CounterRow.last_seq).where(CounterRow.agency_id.in_(agency_ids))
    return dict(session.execute(query).all())
