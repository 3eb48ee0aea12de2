"""The ledger in SQL, whose callers share transactions.

While one transaction runs, whoever comes waits for the next one (group commit): under load a call costs a part of a
transaction. A reservation is committed before it is answered. A settlement is answered at once and committed within
`_LINGER_S`, together with the next reservation if one comes: if the process dies in between, the attempt is still
reserved, and is booked at its bound when the lease ends. So a kill can only book too much, never nothing.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from huntaze_backend.core.db import Database
from huntaze_backend.engines.ledger import books
from huntaze_backend.engines.ledger.batches import Answer, Ending, Opening, Work, apply
from huntaze_backend.engines.ledger.books import Attempt
from huntaze_backend.engines.ledger.port import Charge, Reserved, Usage
from huntaze_backend.engines.ledger.prices import Price, PriceTable, bound_of, cost_of

__all__ = ["SqlLedger"]

log = structlog.get_logger(__name__)

_LINGER_S = 0.02
_MOST_PER_UNIT = 500
_MOST_WAITING = 5_000
"""Settlements that wait for a database which does not answer; more have to wait themselves."""
_AFTER_FAILURE_S = 1.0
_LONGEST_NAME = 40
_LONGEST_MODEL = 120
_LONGEST_OUTCOME = 40


@dataclass(frozen=True, slots=True)
class _Begun:
    """An attempt that this process reserved and has not ended."""

    price: Price
    free: Attempt | None
    until: float
    """When its lease ends, on the monotonic clock."""


@dataclass(slots=True)
class _Waiting:
    """A piece of work, and who waits for its answer; None: nobody does."""

    work: Work
    answer: asyncio.Future[Answer] | None = None


class SqlLedger:
    """Implements `Ledger`."""

    def __init__(self, db: Database, prices: PriceTable) -> None:
        self._db = db
        self._prices = prices
        self._begun: dict[str, _Begun] = {}
        """In the order of their beginning."""
        self._waiting: list[_Waiting] = []
        self._asked = asyncio.Event()
        """Somebody waits for an answer: no lingering."""
        self._drained = asyncio.Event()
        self._drained.set()
        self._task: asyncio.Task[None] | None = None

    @property
    def prices(self) -> PriceTable:
        return self._prices

    async def reserve(self, charge: Charge, *, ttl_s: float) -> Reserved:
        _check(charge, ttl_s)
        if charge.attempt_id in self._begun:
            raise ValueError(f"the attempt {charge.attempt_id} is reserved already")
        price = self._prices.find(charge.provider, charge.model, self._db.clock.now())
        version = self._prices.version
        if price.free:
            # Nothing can be lost of it, so it is stored when it ends; no budget keeps a local answer from anyone.
            at = self._db.clock.now()
            self._begin(charge, price, ttl_s, books.opened(charge, bound=0, price_version=version, at=at, ttl_s=ttl_s))
            return Reserved(charge.attempt_id, 0, version, soft_exceeded=False)
        bound = bound_of(price, charge.input_tokens, charge.max_output_tokens)
        answer = self._ask(Opening(charge, bound, version, ttl_s))
        try:
            reserved = cast("Reserved", _given(await asyncio.shield(answer)))
        except asyncio.CancelledError:
            # The caller has gone and will not make the attempt, though it may be committed this moment.
            answer.add_done_callback(partial(self._give_back, charge.attempt_id))
            raise
        self._begin(charge, price, ttl_s)
        return reserved

    async def settle(self, attempt_id: str, usage: Usage, *, outcome: str, latency_ms: int, ttft_ms: int | None) -> int:
        usage = books.tidy(usage)
        begun = self._begun.pop(attempt_id, None)
        ending = Ending(attempt_id, usage, outcome[:_LONGEST_OUTCOME], latency_ms, ttft_ms)
        if begun is None:  # ended already, or begun by another process: the database knows
            return cast("int", _given(await self._ask(ending)))
        await self._tell(replace(ending, price=begun.price, free=begun.free))
        return cost_of(begun.price, usage)

    async def release(self, attempt_id: str, *, outcome: str) -> None:
        begun = self._begun.pop(attempt_id, None)
        ending = Ending(attempt_id, None, outcome[:_LONGEST_OUTCOME], free=begun.free if begun else None)
        if begun is None:
            _given(await self._ask(ending))
        else:
            await self._tell(ending)

    async def drain(self) -> None:
        """Wait until all that was told is committed. To be called before the database is closed."""
        while self._task is not None:
            self._asked.set()
            await asyncio.shield(self._task)

    def _begin(self, charge: Charge, price: Price, ttl_s: float, free: Attempt | None = None) -> None:
        at = self._db.clock.monotonic()
        # What was never ended is forgotten with its lease: the database knows it, and books it.
        while self._begun and (oldest := next(iter(self._begun.items())))[1].until < at:
            del self._begun[oldest[0]]
        self._begun[charge.attempt_id] = _Begun(price, free, at + ttl_s)

    # --- the transactions that callers share ------------------------------------------------------------------------

    def _ask(self, work: Work) -> asyncio.Future[Answer]:
        """Have the work done; the answer comes when it is committed."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._put(_Waiting(work, answer))
        self._asked.set()
        return answer

    async def _tell(self, work: Work) -> None:
        """Have the work done some time soon."""
        self._put(_Waiting(work))
        if len(self._waiting) > _MOST_WAITING:
            self._drained.clear()
            await self._drained.wait()

    def _put(self, waiting: _Waiting) -> None:
        self._waiting.append(waiting)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        """Run transactions until nothing waits."""
        try:
            while self._waiting:
                if not any(waiting.answer for waiting in self._waiting):
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_LINGER_S):
                            await self._asked.wait()
                self._asked.clear()
                batch, self._waiting = self._waiting[:_MOST_PER_UNIT], self._waiting[_MOST_PER_UNIT:]
                await self._commit(batch)
                if len(self._waiting) <= _MOST_WAITING:
                    self._drained.set()
        finally:
            self._task = None

    async def _commit(self, batch: Sequence[_Waiting]) -> None:
        works = [waiting.work for waiting in batch]
        try:
            answers = await self._db.write(lambda session: apply(session, works, self._prices))
        except Exception as error:  # noqa: BLE001  (of one caller's work; the others go on)
            if _passing(error):
                log.warning("ledger.no_database", waiting=len(batch), error=type(error).__name__)
                _tell_all(batch, [error] * len(batch))
                self._waiting += [waiting for waiting in batch if waiting.answer is None]
                # A commit whose answer was lost may have reserved what its caller was just refused.
                refused = [work.charge.attempt_id for work in works if isinstance(work, Opening)]
                self._waiting += [_Waiting(Ending(attempt_id, None, "cancelled")) for attempt_id in refused]
                await self._db.clock.sleep(_AFTER_FAILURE_S)
            elif len(batch) > 1:  # one of them is at fault; the others must not suffer for it
                for waiting in batch:
                    await self._commit([waiting])
            else:
                # Who waits is told all; if it was a settlement that nobody waits for, its lease books the bound.
                log.warning("ledger.refused", work=type(works[0]).__name__, error=type(error).__name__)
                _tell_all(batch, [error])
        else:
            _tell_all(batch, answers)

    def _give_back(self, attempt_id: str, answer: asyncio.Future[Answer]) -> None:
        if not answer.cancelled() and isinstance(answer.result(), Reserved):
            self._put(_Waiting(Ending(attempt_id, None, "cancelled")))


def _tell_all(batch: Sequence[_Waiting], answers: Sequence[Answer]) -> None:
    for waiting, answer in zip(batch, answers, strict=True):
        if waiting.answer is not None and not waiting.answer.done():
            waiting.answer.set_result(answer)


def _given(answer: Answer) -> Reserved | int:
    if isinstance(answer, Exception):
        raise answer
    return answer


def _passing(error: Exception) -> bool:
    """Whether the database cannot be had at the moment."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return isinstance(error, OSError)


def _check(charge: Charge, ttl_s: float) -> None:
    names = {"agent": charge.agent, "task": charge.task, "provider": charge.provider}
    for name, value in names.items():
        if not 0 < len(value) <= _LONGEST_NAME:
            raise ValueError(f"{name} has 1 to {_LONGEST_NAME} characters: {value!r}")
    if not 0 < len(charge.model) <= _LONGEST_MODEL:
        raise ValueError(f"model has 1 to {_LONGEST_MODEL} characters: {charge.model!r}")
    if ttl_s <= 0:
        raise ValueError("a lease that has ended holds nothing")
