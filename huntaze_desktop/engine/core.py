"""The engine on its loop: builds every part once, wires them, runs them, and takes them down again.

Everything here belongs to the engine's loop; `facade.py` is the door from other threads.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import httpx2

from huntaze_contract import wire
from huntaze_contract.ids import Id
from huntaze_desktop.cache import Cache, Touched, people
from huntaze_desktop.cache.touched import EVERYTHING
from huntaze_desktop.engine.actions import Actions
from huntaze_desktop.engine.api import ApiClient
from huntaze_desktop.engine.approvals import Approvals, ApprovalsWatcher
from huntaze_desktop.engine.backend import Backend
from huntaze_desktop.engine.budgets import Budgets
from huntaze_desktop.engine.changes import Changes
from huntaze_desktop.engine.clock import ServerClock
from huntaze_desktop.engine.compliance import Compliance
from huntaze_desktop.engine.costs import CostsWatcher
from huntaze_desktop.engine.events import EventStream
from huntaze_desktop.engine.leases import Leases
from huntaze_desktop.engine.link import Link
from huntaze_desktop.engine.live import Watcher
from huntaze_desktop.engine.ops import OpsUploader
from huntaze_desktop.engine.outbox import Uploader
from huntaze_desktop.engine.presence import Presence
from huntaze_desktop.engine.session import Session
from huntaze_desktop.engine.store import Store
from huntaze_desktop.engine.suggestions import Suggestions
from huntaze_desktop.engine.sync import Syncer
from huntaze_desktop.engine.timing import Timing
from huntaze_desktop.engine.tokens import TokenStore
from huntaze_desktop.engine.views import BudgetWatcher, ListingWatcher, RowWatcher
from huntaze_desktop.engine.waiting import Bell
from huntaze_desktop.engine.window import WindowWatcher
from huntaze_desktop.model.approvals import ApprovalDecision, ApprovalResult
from huntaze_desktop.model.compliance import ComplianceRules
from huntaze_desktop.model.connection import Connection, ConnectionState
from huntaze_desktop.model.entities import Member

log = logging.getLogger(__name__)

T = TypeVar("T")


class Core:
    """All parts of the engine. Made and used on the engine's loop only."""

    def __init__(
        self,
        cache: Cache,
        tokens: TokenStore,
        clock: ServerClock,
        timing: Timing,
        on_connection: Callable[[Connection], None],
        transport: httpx2.AsyncBaseTransport | None = None,
        *,
        on_rules: Callable[[ComplianceRules], None] | None = None,
    ) -> None:
        """`on_rules` hears of the rules of compliance, compiled; where nobody does, nothing is compiled."""
        self.clock, self.timing = clock, timing
        self.bell = Bell()
        self.store = Store(cache)
        self.link = Link(clock, self.bell)
        self.api = ApiClient(tokens, clock, timing, transport)
        self.api.watch = self.link.outcome
        self.backend = Backend(self.api)
        self.session = Session(self.backend, self.store, self.link, timing, self.bell)
        self.syncer = Syncer(self.backend, self.store, self.link, timing, self.bell)
        self.uploader = Uploader(
            self.backend, self.store, self.link, timing, self.bell, clock, lambda: self.me.id, self.syncer.pull_soon
        )
        self.presence = Presence(self.backend, self.link, timing, lambda: self.me.id)
        self.leases = Leases(self.backend, self.store, self.link, timing, clock, lambda: self.me.id)
        self.budgets = Budgets(self.backend, self.link, timing)
        self.ops = OpsUploader(self.backend, self.store, self.link, timing, self.bell, clock, self.syncer)
        self.actions = Actions(self.backend, self.store, self.uploader, self.ops, self.leases, clock)
        self.suggestions = Suggestions(self.api)
        self.approvals = Approvals(self.api, self.store)
        self.changes = Changes(self.store, self.ops, self.leases, clock)
        self.compliance = None if on_rules is None else Compliance(self.store, timing, on_rules)
        self.stream = EventStream(
            self.api,
            self.link,
            timing,
            self.bell,
            self._on_frame,
            self.session.greet_again,
            self.syncer.pull_soon,
        )
        self._watchers: set[Watcher[Any]] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._recount = asyncio.Event()
        self._was_away = False
        self.store.listen(self._on_touched)
        self.link.listen(on_connection)
        self.link.listen(self._on_connection)
        self.presence.listen(self._on_presence)
        self.leases.listen(self._on_presence)
        self.budgets.listen(self._on_budget)

    @property
    def me(self) -> Member:
        return self.session.me

    def now(self) -> datetime:
        return self.clock.now()

    # --- life -----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        await self.session.load()
        self._recount.set()
        for name, work in (
            ("session", self.session.run),
            ("sync", self.syncer.run),
            ("events", self.stream.run),
            ("outbox", self.uploader.run),
            ("changes", self.ops.run),
            ("presence", self.presence.run),
            ("lease", self.leases.run),
            ("unsent", self._count_unsent),
        ):
            self._tasks.append(asyncio.create_task(self._guarded(name, work), name=name))
        if self.compliance is not None:
            compiling = self._guarded("compliance", self.compliance.run)
            self._tasks.append(asyncio.create_task(compiling, name="compliance"))

    async def stop(self) -> None:
        """End every task and view, then close the connections and the store."""
        for watcher in list(self._watchers):
            self.close_view(watcher)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.leases.let_go()
        await self.api.aclose()
        self.store.close()

    def nudge(self) -> None:
        """Something suggests that now is a good moment: the window got the focus, the network came up."""
        self.bell.ring()
        self.syncer.pull_soon()

    async def sign_in(self, email: str, password: str, device_name: str) -> Member:
        member = await self.session.sign_in(email, password, device_name)
        # What is marked as mine reads differently now.
        self.store.notify(EVERYTHING)
        self.uploader.wake()
        self.ops.wake()
        return member

    async def sign_out(self) -> None:
        await self.leases.let_go()
        await self.session.sign_out()

    def tell_viewing(self, conversation_id: Id, *, typing: bool) -> None:
        self.presence.set_mine(conversation_id, typing=typing)
        self.leases.set_mine(conversation_id, typing=typing)

    # --- views ----------------------------------------------------------------------------------------------------

    def open_view(self, watcher: Watcher[Any]) -> None:
        self._watchers.add(watcher)
        watcher.look()

    def close_view(self, watcher: Watcher[Any]) -> None:
        self._watchers.discard(watcher)
        watcher.close()

    async def decide(self, decisions: tuple[ApprovalDecision, ...]) -> tuple[ApprovalResult, ...]:
        """Decide, and show the queue as it is after that, however it ended."""
        try:
            return await self.approvals.decide(decisions)
        finally:
            for watcher in list(self._watchers):
                if isinstance(watcher, ApprovalsWatcher):
                    watcher.look()

    # --- wiring ---------------------------------------------------------------------------------------------------

    async def _on_frame(self, frame: wire.WireModel) -> None:
        match frame:
            case wire.HelloFrame():
                self.syncer.on_hello()
            case wire.ChangesFrame():
                await self.syncer.on_frame(frame)
            case wire.BudgetFrame():
                self.budgets.on_budget(frame.budget)
            case wire.PresenceFrame():
                self.presence.on_presence(frame)
            case wire.TypingFrame():
                self.presence.on_typing(frame)
            case wire.LeaseFrame():
                self.leases.on_lease(frame)
            case wire.CostsFrame():
                for watcher in list(self._watchers):
                    if isinstance(watcher, CostsWatcher):
                        watcher.on_costs(frame.costs)

    def _on_touched(self, touched: Touched) -> None:
        for watcher in list(self._watchers):
            watcher.on_touched(touched)
        if touched.outbox or touched.conversations or touched.changes or touched.everything:
            self._recount.set()
        if self.compliance is not None:
            self.compliance.on_touched(touched)
        if touched.changes:
            self.ops.wake()  # one that waited for another may go now

    def _on_connection(self, connection: Connection) -> None:
        away = connection.state is ConnectionState.OFFLINE
        if away and not self._was_away:
            self.presence.forget_others()
            self.leases.forget_others()
            # From now on it matters as of when things are: what was computed long ago says too early a time.
            for watcher in list(self._watchers):
                watcher.look()
            # What is to be uploaded waits until sync has found the way back, so sync has to look for it now.
            self.syncer.pull_soon()
        self._was_away = away

    def _on_presence(self, conversation_id: Id) -> None:
        for watcher in list(self._watchers):
            if isinstance(watcher, ListingWatcher):
                watcher.look()
            elif isinstance(watcher, WindowWatcher | RowWatcher):
                watcher.on_presence(conversation_id)

    def _on_budget(self, creator_id: Id) -> None:
        for watcher in list(self._watchers):
            if isinstance(watcher, BudgetWatcher):
                watcher.on_budget(creator_id)

    async def _count_unsent(self) -> None:
        while True:
            await self._recount.wait()
            self._recount.clear()
            self.link.unsent(*await self.store.read(partial(people.unsent, me=self.me.id)))
            await asyncio.sleep(self.timing.view)

    async def _guarded(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run one of the loops for ever: a fault in one round must not end it silently."""
        while True:
            try:
                await work()
                return
            except Exception:
                log.exception("the engine's %s failed; it begins anew", name)
                await self.bell.wait(self.timing.backoff_cap)
