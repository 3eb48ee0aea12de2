"""The running total of AI costs, pushed to the owners and managers who are connected.

It is worth nothing a minute later, so it travels as an ephemeral frame; who connects asks `/costs/live` first. Calls
come in bursts, so a total is read and sent at most once a second and agency, and only where somebody listens. What
other processes booked is noticed by looking every few seconds; the embedded database has no other processes.
"""

import asyncio
import contextlib
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from huntaze_backend.areas.costs.service import live
from huntaze_backend.core.db import Database
from huntaze_backend.engines.sync.hub import EVERY_CREATOR, Hub
from huntaze_backend.events import CostsChanged, EventBus
from huntaze_contract.wire import CostsFrame

__all__ = ["LiveTotals"]

_PAUSE_S = 1.0
_LOOK_S = 5.0
log = structlog.get_logger(__name__)


class LiveTotals:
    """Sends the totals of agencies whose costs changed, for as long as it runs."""

    def __init__(self, db: Database, hub: Hub, bus: EventBus, *, pause_s: float = _PAUSE_S) -> None:
        self._db = db
        self._hub = hub
        self._pause_s = pause_s
        self._changed: set[str] = set()
        self._woken = asyncio.Event()
        self._sent: dict[str, tuple[object, ...]] = {}
        bus.subscribe(CostsChanged, self._on_change)

    async def run(self) -> None:
        """For ever."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if self._db.embedded else _LOOK_S):
                    await self._woken.wait()
            self._woken.clear()
            listened = self._hub.agencies()
            due = self._changed & listened if self._db.embedded else listened
            self._changed.clear()
            self._sent = {agency_id: sent for agency_id, sent in self._sent.items() if agency_id in listened}
            for agency_id in due:
                await self._send(agency_id)
            await self._db.clock.sleep(self._pause_s)

    def _on_change(self, event: CostsChanged) -> None:
        self._changed.add(event.agency_id)
        self._woken.set()

    async def _send(self, agency_id: str) -> None:
        try:
            costs = await self._db.read(partial(live, agency_id=agency_id))
        except (OSError, SQLAlchemyError):
            log.warning("costs.total_not_read", exc_info=True)
            return
        said = (costs.today_nano_usd, costs.month_nano_usd, tuple(costs.budgets))
        if self._sent.get(agency_id) != said:
            self._sent[agency_id] = said
            frame = CostsFrame(cs=0, costs=costs).model_dump(mode="json")
            self._hub.publish_ephemeral(agency_id, EVERY_CREATOR, frame)
