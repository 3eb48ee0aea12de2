"""The player's hands and eyes: clicks, keys, and what stands on the screen. Nothing here reaches behind the widgets."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QWidget

__all__ = ["Hands", "NotThereError"]

Kind = TypeVar("Kind", bound=QWidget)

LOOK_EVERY_S = 0.02


class NotThereError(Exception):
    """What the player waited for did not appear on the screen in time."""


class Hands:
    """Plays one window. Coroutines run on the GUI thread's loop; no nested Qt loop is ever entered."""

    def __init__(self, window: QWidget, screenshots: Path | None) -> None:
        self.window = window
        self._folder = screenshots
        self.taken: list[str] = []
        if screenshots is not None:
            screenshots.mkdir(parents=True, exist_ok=True)

    def find(self, kind: type[Kind], name: str) -> Kind | None:
        """A visible widget by its object name."""
        for widget in self.window.findChildren(kind, name):
            if widget.isVisible():
                return widget
        return None

    async def wait_for(self, kind: type[Kind], name: str, seconds: float = 15.0) -> Kind:
        await self.until(lambda: self.find(kind, name) is not None, seconds, f"{name} on the screen")
        found = self.find(kind, name)
        if found is None:
            raise NotThereError(name)
        return found

    async def until(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait, looking every 20 ms; raises NotThereError after `seconds`."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise NotThereError(f"{what}: not within {seconds:.0f} s")
            await asyncio.sleep(LOOK_EVERY_S)

    async def click(self, widget: QWidget, at: QPoint | None = None) -> None:
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at or QPoint())
        await asyncio.sleep(0)

    async def click_row(self, view: QAbstractItemView, index: QModelIndex) -> None:
        """Click a row of a list, scrolling to it as a wheel would."""
        view.scrollTo(index)
        await asyncio.sleep(0)
        spot = view.visualRect(index).center()
        await self.click(view.viewport(), spot)

    async def type(self, widget: QWidget, text: str) -> None:
        """Type a text key by key; a pause after each ten keys lets the window live as it would under a person."""
        widget.setFocus()
        for start in range(0, len(text), 10):
            QTest.keyClicks(widget, text[start : start + 10])
            await asyncio.sleep(0.005)

    async def press(
        self,
        widget: QWidget,
        key: Qt.Key,
        modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
    ) -> None:
        QTest.keyClick(widget, key, modifiers)
        await asyncio.sleep(0)

    async def clear(self, widget: QWidget) -> None:
        await self.press(widget, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        await self.press(widget, Qt.Key.Key_Delete)

    def screenshot(self, name: str) -> None:
        """Save what the window shows; the name goes into the report."""
        if self._folder is None:
            return
        path = self._folder / f"{len(self.taken) + 1:02d}-{name}.png"
        if self.window.grab().save(str(path)):
            self.taken.append(path.name)
