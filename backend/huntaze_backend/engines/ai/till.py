"""The till: every attempt is reserved before it is made and ended exactly once, whatever becomes of the caller.

The ledger's work is done by tasks of the till's own. A caller that is cancelled leaves at once; what it reserved is
still settled or released. If the process dies instead, the reservation's lease ends in the ledger.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from huntaze_backend.engines.ledger.port import Charge, Ledger, Usage

__all__ = ["Booking", "Till"]

log = structlog.get_logger(__name__)
T = TypeVar("T")

_GRACE_S = 30.0
"""How much longer than the attempt its lease lives."""


class Till:
    """Reserves."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._running: set[asyncio.Task[Any]] = set()

    async def reserve(self, charge: Charge, *, lasts_s: float) -> "Booking":
        """Raises: BudgetExceededError, UnknownPriceError."""
        task = self._start(self._ledger.reserve(charge, ttl_s=lasts_s + _GRACE_S))
        try:
            reserved = await asyncio.shield(task)
        except asyncio.CancelledError:
            self._start(self._give_back(task, charge.attempt_id))
            raise
        return Booking(self, charge, reserved.bound_nano_usd, reserved.soft_exceeded)

    async def close(self) -> None:
        """Finish what runs."""
        while self._running:
            await asyncio.wait(self._running)

    async def _settle(
        self, booking: "Booking", usage: Usage, outcome: str, latency_ms: int, ttft_ms: int | None
    ) -> int:
        settling = self._ledger.settle(
            booking.charge.attempt_id, usage, outcome=outcome, latency_ms=latency_ms, ttft_ms=ttft_ms
        )
        try:
            return await asyncio.shield(self._start(settling))
        except Exception:
            # The answer is there and is worth more than its entry: the lease books the bound when it ends.
            log.exception("ai.not_settled", attempt_id=booking.charge.attempt_id)
            return booking.bound_nano_usd

    async def _release(self, booking: "Booking", outcome: str) -> None:
        try:
            await asyncio.shield(self._start(self._ledger.release(booking.charge.attempt_id, outcome=outcome)))
        except Exception:
            log.exception("ai.not_released", attempt_id=booking.charge.attempt_id)

    async def _give_back(self, reserving: "asyncio.Task[Any]", attempt_id: str) -> None:
        try:
            await reserving
        except Exception:  # noqa: BLE001  (nothing was reserved, and nobody waits to hear why)
            return
        await self._ledger.release(attempt_id, outcome="cancelled")

    def _start(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # told to whoever waited, if anybody did


@dataclass(slots=True)
class Booking:
    """One attempt's reservation."""

    _till: Till
    charge: Charge
    bound_nano_usd: int
    soft_exceeded: bool

    async def settle(self, usage: Usage, *, outcome: str, latency_ms: int, ttft_ms: int | None = None) -> int:
        """Book what was used. Returns nano-USD."""
        return await self._till._settle(self, usage, outcome, latency_ms, ttft_ms)  # noqa: SLF001

    async def settle_bound(self, *, outcome: str, latency_ms: int) -> int:
        """Book the most it can have cost: it may have been answered, and nobody knows how long. Returns nano-USD."""
        most = Usage(self.charge.input_tokens, output_tokens=self.charge.max_output_tokens, estimated=True)
        return await self.settle(most, outcome=outcome, latency_ms=latency_ms)

    async def release(self, *, outcome: str) -> None:
        """Nothing was billed."""
        await self._till._release(self, outcome)  # noqa: SLF001
