"""The host: takes plugins through their life, from discovered to active, and back without leaving anything."""

import importlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from huntaze_desktop.plugin_host.context import PageSink, PluginContext, Spawn
from huntaze_desktop.plugin_host.discovery import Discovered, discover, in_order
from huntaze_desktop.plugin_host.doors import EnginePort
from huntaze_desktop.plugin_host.guard import Fault, Guard
from huntaze_desktop.plugin_host.slots import Slots
from huntaze_desktop.sdk import ShellApi

__all__ = ["Host", "PluginState", "PluginStatus"]

log = logging.getLogger(__name__)

LAST_WORK_S = 1.0
"""How long a plugin's last work, such as saving what is typed, may take at the end."""


class PluginState(StrEnum):
    VALIDATED = "validated"
    ACTIVE = "active"
    FAILED = "failed"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class PluginStatus:
    module: str
    id: str | None
    name: str | None
    version: str | None
    state: PluginState
    error: str | None = None


class _Running:
    def __init__(self, item: Discovered, context: PluginContext, module: Any) -> None:
        self.item = item
        self.context = context
        self.module = module


class Host:
    """Activates plugins in the order of their needs. Lives on the GUI thread."""

    def __init__(
        self,
        engine: EnginePort,
        shell: ShellApi,
        sink: PageSink,
        spawn: Spawn,
        on_disabled: Callable[[tuple[Fault, ...]], None],
    ) -> None:
        self._engine = engine
        self._shell = shell
        self._sink = sink
        self._spawn = spawn
        self._on_disabled = on_disabled
        self._slots = Slots()
        self._running: dict[str, _Running] = {}
        self._status: dict[str, PluginStatus] = {}

    def start(self, found: Iterable[Discovered] | None = None) -> list[PluginStatus]:
        """Activate all usable plugins; what cannot be used is reported with its reason and hurts nobody else."""
        all_found = list(found) if found is not None else discover()
        for item in all_found:
            self._note(item, PluginState.FAILED if item.error else PluginState.VALIDATED, item.error)
        for item in in_order(all_found):
            if item.error is None:
                self._activate(item)
            else:
                self._note(item, PluginState.FAILED, item.error)
        return self.status()

    def status(self) -> list[PluginStatus]:
        return list(self._status.values())

    async def stop(self) -> None:
        """Deactivate everything, last activated first; what a plugin still saves has a second to be saved."""
        for plugin_id in reversed(list(self._running)):
            running = self._running.pop(plugin_id)
            self._call_deactivate(running)
            await running.context.finish(LAST_WORK_S)
            running.context.dispose()
            self._note(running.item, PluginState.INACTIVE, None)

    def _activate(self, item: Discovered) -> None:
        manifest = item.manifest
        if manifest is None:
            return
        guard = Guard(manifest.id, lambda faults: self._disable(manifest.id, faults))
        context = PluginContext(manifest, guard, self._engine, self._shell, self._sink, self._slots, self._spawn)
        try:
            module = importlib.import_module(item.module)
            module.activate(context)
        except Exception as error:
            log.exception("plugin %s could not be activated", manifest.id)
            context.dispose()
            self._note(item, PluginState.FAILED, f"{type(error).__name__}: {error}")
            return
        self._running[manifest.id] = _Running(item, context, module)
        self._note(item, PluginState.ACTIVE, None)

    def _disable(self, plugin_id: str, faults: tuple[Fault, ...]) -> None:
        last = faults[-1]
        self._deactivate(plugin_id, PluginState.FAILED, f"disabled after {len(faults)} faults, last {last.error}")
        self._on_disabled(faults)

    def _deactivate(self, plugin_id: str, state: PluginState, error: str | None) -> None:
        running = self._running.pop(plugin_id, None)
        if running is None:
            return
        self._call_deactivate(running)
        running.context.dispose()
        self._note(running.item, state, error)

    @staticmethod
    def _call_deactivate(running: _Running) -> None:
        deactivate = getattr(running.module, "deactivate", None)
        try:
            if deactivate is not None:
                deactivate()
        except Exception:
            log.exception("plugin %s failed to deactivate", running.context.plugin_id)

    def _note(self, item: Discovered, state: PluginState, error: str | None) -> None:
        manifest = item.manifest
        self._status[item.module] = PluginStatus(
            module=item.module,
            id=manifest.id if manifest else None,
            name=manifest.name if manifest else None,
            version=manifest.version if manifest else None,
            state=state,
            error=error,
        )
