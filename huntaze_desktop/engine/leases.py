"""The reply lease: who answers a conversation at this moment, taken while one types and given back afterwards.

It is a courtesy. What makes a double answer impossible is the check at the server's door; the epoch of a lease that
was held travels with a message, so that one written under a lease that somebody took over is not sent unseen. Without
a network there is no lease.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass

from huntaze_contract import wire
from huntaze_contract.ids import Id
from huntaze_desktop.cache import outbox
from huntaze_desktop.engine.backend import Backend
from huntaze_desktop.engine.clock import ServerClock
from huntaze_desktop.engine.errors import ApiError, EngineError
from huntaze_desktop.engine.link import Link
from huntaze_desktop.engine.store import Store
from huntaze_desktop.engine.timing import GOODBYE, Timing
from huntaze_desktop.model.connection import ConnectionState

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """A lease and the time of the loop's clock at which it is forgotten."""

    lease: wire.Lease
    until: float


class Leases:
    """What is known of leases at this moment. Belongs to the engine's loop."""

    def __init__(
        self, backend: Backend, store: Store, link: Link, timing: Timing, clock: ServerClock, me: Callable[[], Id]
    ) -> None:
        self._backend, self._store, self._link, self._timing = backend, store, link, timing
        self._clock, self._me = clock, me
        self._mine: Held | None = None
        self._asked: Id | None = None
        """Asked for, and not answered yet: the server may have given it."""
        self._theirs: dict[Id, Held] = {}
        self._wanted: Id | None = None
        self._typing = False
        self._typed_until = 0.0
        self._changed = asyncio.Event()
        self._listeners: list[Callable[[Id], None]] = []

    def listen(self, listener: Callable[[Id], None]) -> None:
        """Be told the conversation about which something changed."""
        self._listeners.append(listener)

    # --- others ---------------------------------------------------------------------------------------------------

    def on_lease(self, frame: wire.LeaseFrame) -> None:
        if frame.lease is not None and frame.lease.member_id != self._me():
            self._note_theirs(frame.lease)
        elif self._theirs.pop(frame.conversation_id, None) is not None:
            self._tell(frame.conversation_id)

    def forget_others(self) -> None:
        """The connection is lost: whether a colleague still answers cannot be known, so nobody is said to."""
        gone = list(self._theirs)
        self._theirs.clear()
        for conversation_id in gone:
            self._tell(conversation_id)

    def replying(self) -> dict[Id, str]:
        """All conversations that a colleague answers, with the colleague's name."""
        now = self._time()
        return {of: held.lease.member_name for of, held in self._theirs.items() if held.until > now}

    # --- ourselves ------------------------------------------------------------------------------------------------

    def set_mine(self, conversation_id: Id, *, typing: bool) -> None:
        """What we do: typing takes the lease; leaving gives it back at once, pausing after a while."""
        started = typing and not self._typing
        left = self._wanted is not None and self._wanted != conversation_id
        if self._typing and not typing:
            self._typed_until = self._time() + self._timing.lease_linger
        if typing or left:
            self._wanted = conversation_id if typing else None
        self._typing = typing
        if started or left:
            self._changed.set()

    def epoch(self, conversation_id: Id) -> int | None:
        """The epoch of our lease on a conversation, if we hold it."""
        mine = self._mine
        if mine is None or mine.lease.conversation_id != conversation_id or mine.until <= self._time():
            return None
        return mine.lease.epoch

    async def take_over(self, conversation_id: Id) -> None:
        """Take the lease although a colleague holds it; raises EngineError."""
        await self._take(conversation_id, take_over=True)
        self._wanted, self._typed_until = conversation_id, self._time() + self._timing.lease_linger
        self._changed.set()

    async def let_go(self) -> None:
        """The app closes or signs out: colleagues need not wait for the lease's end. It never takes long.

        Call it when `run` has ended, or when nobody types any more.
        """
        held, self._mine = self._mine, None
        given = held.lease.conversation_id if held is not None and held.until > self._time() else self._asked
        self._wanted, self._asked, self._typing = None, None, False
        if given is None or self._link.connection.state is ConnectionState.OFFLINE:
            return
        with contextlib.suppress(EngineError, TimeoutError):  # it ends by itself
            async with asyncio.timeout(GOODBYE):
                await self._backend.give_back_lease(given)

    async def run(self) -> None:
        """Take, renew and give back, as what we do asks for it."""
        while True:
            await self._link.ready()
            self._changed.clear()
            wanted = self._wanted
            mine = self._mine.lease.conversation_id if self._mine is not None else None
            if mine is not None and mine != wanted:
                self._mine = None
                with contextlib.suppress(EngineError):  # it ends by itself
                    await self._backend.give_back_lease(mine)
            if wanted is None:
                await self._changed.wait()
                continue
            with contextlib.suppress(EngineError):  # no network, no lease
                await self._take(wanted, take_over=False)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._timing.lease_renew):
                    await self._changed.wait()
            if self._wanted == wanted and not self._typing and self._time() >= self._typed_until:
                self._wanted = None

    # --- inside ---------------------------------------------------------------------------------------------------

    async def _take(self, conversation_id: Id, *, take_over: bool) -> None:
        device_id = await self._store.write(outbox.device_id)
        self._asked = conversation_id
        try:
            lease = await self._backend.take_lease(conversation_id, device_id, take_over=take_over)
        except ApiError as error:
            if self._mine is not None and self._mine.lease.conversation_id == conversation_id:
                self._mine = None
            if error.lease is not None:
                self._note_theirs(error.lease)
            self._asked = None
            raise
        self._asked = None
        self._mine = Held(lease, self._time() + self._lasts(lease))
        if self._theirs.pop(conversation_id, None) is not None:
            self._tell(conversation_id)

    def _note_theirs(self, lease: wire.Lease) -> None:
        lasts = self._lasts(lease)
        self._theirs[lease.conversation_id] = Held(lease, self._time() + lasts)
        mine = self._mine
        if mine is not None and mine.lease.conversation_id == lease.conversation_id and mine.lease.epoch < lease.epoch:
            self._mine = None
        self._tell(lease.conversation_id)
        asyncio.get_running_loop().call_later(lasts + 0.01, self._forget, lease.conversation_id)

    def _forget(self, conversation_id: Id) -> None:
        held = self._theirs.get(conversation_id)
        if held is not None and held.until <= self._time():
            del self._theirs[conversation_id]
            self._tell(conversation_id)

    def _lasts(self, lease: wire.Lease) -> float:
        return max(0.0, (lease.expires_at - self._clock.now()).total_seconds())

    def _time(self) -> float:
        return asyncio.get_running_loop().time()

    def _tell(self, conversation_id: Id) -> None:
        for listener in self._listeners:
            listener(conversation_id)
