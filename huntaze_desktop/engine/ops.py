"""Bringing small changes to the backend: one uploader, in the order of doing, in batches, for as long as it takes.

Each op travels under its own id for ever, so a batch whose answer was lost is sent again as it is. The server answers
for every op; one that it refuses does not hold up those behind it. What it has answered stays in sight until the next
pull brings the rows (`sync.py`).
"""

import asyncio
import logging
from functools import partial

from sqlalchemy import Connection

from huntaze_contract import wire
from huntaze_desktop.cache import Touched, notices, ops, outbox
from huntaze_desktop.cache.ops import PendingOp
from huntaze_desktop.engine.backend import Backend
from huntaze_desktop.engine.clock import ServerClock
from huntaze_desktop.engine.errors import ApiError, EngineError, UnreachableError
from huntaze_desktop.engine.link import Link
from huntaze_desktop.engine.store import Store
from huntaze_desktop.engine.sync import Syncer
from huntaze_desktop.engine.timing import OPS, Timing
from huntaze_desktop.engine.waiting import Backoff, Bell

log = logging.getLogger(__name__)

MALFORMED = (400, 413, 422)
"""Answers to a whole batch that repeating cannot change; the ops are then tried one by one."""


class OpsUploader:
    """Belongs to the engine's loop."""

    def __init__(
        self, backend: Backend, store: Store, link: Link, timing: Timing, bell: Bell, clock: ServerClock, syncer: Syncer
    ) -> None:
        self._backend, self._store, self._link, self._timing, self._bell = backend, store, link, timing, bell
        self._clock, self._syncer = clock, syncer
        self._work = asyncio.Event()
        self._at_a_time = OPS

    def wake(self) -> None:
        """There may be something to bring."""
        self._work.set()

    async def run(self) -> None:
        backoff = Backoff(self._timing)
        while True:
            await self._link.ready()
            await self._link.reached()
            self._work.clear()
            await self._let_drafts_rest()
            batch = await self._store.write(lambda connection: ops.begin(connection, self._at_a_time))
            if not batch:
                await self._work.wait()
                continue
            try:
                whole = await self._bring(batch)
            except EngineError as error:
                if isinstance(error, UnreachableError) and not error.left:
                    await self._store.write(partial(ops.never_left, batch=batch))
                if isinstance(error, ApiError):
                    log.warning("changes wait: %s", error.code)
                await self._bell.wait(backoff.next_delay(getattr(error, "retry_after", None)))
                continue
            if whole:
                backoff.reset()
            else:
                await self._bell.wait(backoff.next_delay())

    # --- inside ---------------------------------------------------------------------------------------------------

    async def _let_drafts_rest(self) -> None:
        """Where nothing but a draft waits, wait a little for what else is typed."""
        if not await self._store.read(ops.anything_waits):
            return
        loop = asyncio.get_running_loop()
        end = loop.time() + self._timing.draft_rest
        while loop.time() < end and not await self._store.read(lambda c: ops.anything_waits(c, but_drafts=True)):
            self._work.clear()
            try:
                async with asyncio.timeout_at(end):
                    await self._work.wait()
            except TimeoutError:
                return

    async def _bring(self, batch: list[PendingOp]) -> bool:
        """Send a batch and take in its answers; False where something of it has to be sent again."""
        device_id = await self._store.write(outbox.device_id)
        try:
            answer = await self._backend.ops(device_id, [op.body for op in batch])
        except ApiError as error:
            if error.status not in MALFORMED:
                raise
            if len(batch) > 1:
                self._at_a_time = 1
                return True
            log.warning("the server cannot read a change of the kind %s: %s", batch[0].kind, error.code)
            results = [
                wire.OpResult(op_id=batch[0].op_id, outcome="refused", code=error.code, detail=error.text),
            ]
        else:
            results = answer.results
        # Up again step by step: after a batch that was too large nothing is refused, and one at a time would stay.
        self._at_a_time = min(OPS, 2 * self._at_a_time)
        await self._settle(batch, results)
        return {op.op_id for op in batch} <= {result.op_id for result in results}

    async def _settle(self, batch: list[PendingOp], results: list[wire.OpResult]) -> None:
        by_id = {result.op_id: result for result in results}
        at = self._clock.now()

        def settle(connection: Connection) -> Touched:
            return Touched.all_of(
                notices.settle(connection, op, by_id[op.op_id], at) for op in batch if op.op_id in by_id
            )

        await self._store.change(settle)
        # The rows come with a pull that begins now; until it is stored, what was answered stays laid over the old ones.
        self._syncer.pull_soon()
