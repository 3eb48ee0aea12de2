"""What each account may still send in the current window: told by the backend, asked for when it is shown."""

import asyncio
import contextlib
from collections.abc import Callable

from huntaze_contract import wire
from huntaze_contract.ids import Id
from huntaze_desktop.engine.backend import Backend
from huntaze_desktop.engine.errors import EngineError
from huntaze_desktop.engine.link import Link
from huntaze_desktop.engine.timing import Timing
from huntaze_desktop.engine.waiting import Bell
from huntaze_desktop.model.entities import SendBudget


class Budgets:
    """The latest budgets. Belongs to the engine's loop."""

    def __init__(self, backend: Backend, link: Link, timing: Timing) -> None:
        self._backend, self._link, self._timing = backend, link, timing
        self._known: dict[Id, SendBudget] = {}
        self._listeners: list[Callable[[Id], None]] = []
        self._told = Bell()

    def listen(self, listener: Callable[[Id], None]) -> None:
        self._listeners.append(listener)

    def get(self, creator_id: Id) -> SendBudget | None:
        return self._known.get(creator_id)

    def on_budget(self, budget: wire.SendBudget) -> None:
        self._known[budget.creator_id] = SendBudget(
            budget.creator_id,
            budget.limit,
            budget.remaining,
            next_at=budget.next_at,
            waiting=budget.waiting,
            empty_at=budget.empty_at,
        )
        self._told.ring()
        for listener in self._listeners:
            listener(budget.creator_id)

    async def watch(self, creator_id: Id) -> None:
        """Keep a budget fresh while somebody looks at it; run as a task, ended by cancelling.

        The backend tells when something is sent, not when the window has moved on: that is asked for.
        """
        while True:
            await self._link.ready()
            with contextlib.suppress(EngineError):
                self.on_budget(await self._backend.send_budget(creator_id))
            known = self._known.get(creator_id)
            if known is not None and known.remaining >= known.limit:
                await self._told.wait(self._timing.pull_every)
            await asyncio.sleep(self._timing.budget_again)
