"""The `ctx` that a plugin is activated with: the engine's APIs behind its doors, and the window around it."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from huntaze_desktop.plugin_host.doors import (
    AiDoor,
    ApprovalsDoor,
    ChangesDoor,
    ComplianceDoor,
    ConversationsDoor,
    Doorkeeper,
    EnginePort,
    FansDoor,
    MessagesDoor,
    TeamDoor,
)
from huntaze_desktop.plugin_host.guard import Guard
from huntaze_desktop.plugin_host.manifest import Manifest
from huntaze_desktop.plugin_host.slots import Slots, SlotsDoor
from huntaze_desktop.sdk import (
    AiApi,
    ApprovalsApi,
    ChangesApi,
    ComplianceApi,
    Connection,
    ConversationsApi,
    FansApi,
    LiveView,
    MessagesApi,
    Page,
    ShellApi,
    TeamApi,
)

__all__ = ["PageSink", "PluginContext", "Spawn"]

Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]
"""Runs a coroutine on the GUI thread's loop."""


class PageSink(Protocol):
    """Where pages go: the window's rail."""

    def add_page(self, plugin_id: str, page: Page) -> None: ...
    def remove_pages(self, plugin_id: str) -> None: ...
    def set_badge(self, page_id: str, count: int) -> None: ...


class _Pages:
    def __init__(self, sink: PageSink, guard: Guard) -> None:
        self._sink = sink
        self._guard = guard

    def add(self, page: Page) -> None:
        self._sink.add_page(self._guard.plugin_id, page)

    def set_badge(self, page_id: str, count: int) -> None:
        self._sink.set_badge(page_id, count)


class PluginContext:
    """Implements `sdk.Context` for one plugin and remembers all that it registered."""

    def __init__(
        self,
        manifest: Manifest,
        guard: Guard,
        engine: EnginePort,
        shell: ShellApi,
        sink: PageSink,
        slots: Slots,
        spawn: Spawn,
    ) -> None:
        self._manifest = manifest
        self._guard = guard
        self._keeper = Doorkeeper(manifest.id, frozenset(manifest.permissions))
        self._engine = engine
        self._sink = sink
        self._all_slots = slots
        self._spawn = spawn
        self._tasks: set[asyncio.Task[None]] = set()
        self._conversations = ConversationsDoor(engine, self._keeper)
        self._messages = MessagesDoor(engine, self._keeper)
        self._fans = FansDoor(engine, self._keeper)
        self._changes = ChangesDoor(engine, self._keeper)
        self._ai = AiDoor(engine, self._keeper)
        self._approvals = ApprovalsDoor(engine, self._keeper)
        self._team = TeamDoor(engine, self._keeper)
        self._compliance = ComplianceDoor(engine, self._keeper)
        self._pages = _Pages(sink, guard)
        self._slots = SlotsDoor(slots, guard)
        self._shell = shell

    @property
    def plugin_id(self) -> str:
        return self._manifest.id

    @property
    def conversations(self) -> ConversationsApi:
        return self._conversations

    @property
    def messages(self) -> MessagesApi:
        return self._messages

    @property
    def fans(self) -> FansApi:
        return self._fans

    @property
    def changes(self) -> ChangesApi:
        return self._changes

    @property
    def ai(self) -> AiApi:
        return self._ai

    @property
    def approvals(self) -> ApprovalsApi:
        return self._approvals

    @property
    def team(self) -> TeamApi:
        return self._team

    @property
    def compliance(self) -> ComplianceApi:
        return self._compliance

    @property
    def connection(self) -> LiveView[Connection]:
        return self._engine.connection

    @property
    def pages(self) -> _Pages:
        return self._pages

    @property
    def slots(self) -> SlotsDoor:
        return self._slots

    @property
    def shell(self) -> ShellApi:
        return self._shell

    def spawn(self, work: Coroutine[Any, Any, None], *, on_error: Callable[[Exception], None] | None = None) -> None:
        task = self._spawn(self._guarded(work, on_error))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def now(self) -> datetime:
        return self._engine.now()

    async def finish(self, seconds: float) -> None:
        """Let work that the plugin began come to its end, such as saving a draft, but not for longer than that."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    def dispose(self) -> None:
        """Take back everything that was registered, whatever the plugin did or failed to do."""
        for task in list(self._tasks):
            task.cancel()
        self._keeper.close_all()
        self._all_slots.remove(self.plugin_id)
        self._sink.remove_pages(self.plugin_id)

    async def _guarded(self, work: Coroutine[Any, Any, None], on_error: Callable[[Exception], None] | None) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises stays with it
            if on_error is not None:
                self._guard.call("on_error", partial(on_error, error))
            else:
                self._guard.fault("background work", error)
