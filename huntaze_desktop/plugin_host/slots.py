"""Slots: places that one plugin offers and others fill, without either importing the other."""

import logging
from collections.abc import Callable
from typing import Any

from huntaze_desktop.plugin_host.guard import Guard

__all__ = ["Slots", "SlotsDoor"]

log = logging.getLogger(__name__)


class Slots:
    """All slots of the desktop. A contribution may come before its slot is declared; nothing depends on order."""

    def __init__(self) -> None:
        self._owners: dict[str, tuple[Guard, Callable[[tuple[Any, ...]], None]]] = {}
        self._items: dict[str, list[tuple[str, object]]] = {}

    def declare(self, guard: Guard, slot: str, listener: Callable[[tuple[Any, ...]], None]) -> None:
        if slot in self._owners:
            raise ValueError(f"slot {slot} belongs to {self._owners[slot][0].plugin_id} already")
        self._owners[slot] = (guard, listener)
        self._tell(slot)

    def contribute(self, guard: Guard, slot: str, item: object) -> None:
        self._items.setdefault(slot, []).append((guard.plugin_id, item))
        self._tell(slot)

    def remove(self, plugin_id: str) -> None:
        """Take out everything that a plugin declared or contributed."""
        for slot in [name for name, (guard, _) in self._owners.items() if guard.plugin_id == plugin_id]:
            del self._owners[slot]
        for slot, items in self._items.items():
            kept = [item for item in items if item[0] != plugin_id]
            if len(kept) != len(items):
                self._items[slot] = kept
                self._tell(slot)

    def _tell(self, slot: str) -> None:
        owner = self._owners.get(slot)
        if owner is None:
            return
        guard, listener = owner
        items = tuple(item for _, item in self._items.get(slot, ()))
        guard.call(f"slot {slot}", lambda: listener(items))


class SlotsDoor:
    """One plugin's view of the slots."""

    def __init__(self, slots: Slots, guard: Guard) -> None:
        self._slots = slots
        self._guard = guard

    def declare(self, slot: str, listener: Callable[[tuple[Any, ...]], None]) -> None:
        self._slots.declare(self._guard, slot, listener)

    def contribute(self, slot: str, item: object) -> None:
        self._slots.contribute(self._guard, slot, item)
