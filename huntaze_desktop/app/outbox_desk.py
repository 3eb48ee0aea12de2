"""The outbox popover over the engine: opened from the status bar and the offline banner, filled while it is open."""

from collections.abc import Coroutine
from typing import Any

from huntaze_desktop.app.shell import Shell
from huntaze_desktop.engine import Engine
from huntaze_desktop.model.connection import ConnectionState
from huntaze_desktop.sdk import SdkError
from huntaze_desktop.ui.bridge import Tasks
from huntaze_desktop.ui.outbox import OutboxPopover
from huntaze_desktop.ui.window import MainWindow

__all__ = ["OutboxDesk"]

_ONLINE = (ConnectionState.ONLINE, ConnectionState.SYNCING)


class OutboxDesk:
    """Belongs to the GUI thread. `close` lets go of everything; the popover goes with it."""

    def __init__(self, window: MainWindow, shell: Shell, engine: Engine, tasks: Tasks) -> None:
        self._window, self._shell, self._engine, self._tasks = window, shell, engine, tasks
        self._items = engine.outbox()
        self._changes = engine.waiting_changes()
        self._creators = engine.creators()
        self.popover = OutboxPopover(shell.theme)
        self.popover.edit_wanted.connect(lambda id_, text: self._do(engine.edit(id_, text)))
        self.popover.delete_wanted.connect(lambda id_: self._do(engine.cancel(id_)))
        self._ends = [
            self._items.subscribe(self._show),
            self._changes.subscribe(self._show),
            self._creators.subscribe(self._show),
            engine.connection.subscribe(self._show),
        ]
        window.outbox_requested.connect(self.open)
        window.set_outbox_opens(True)

    def open(self) -> None:
        """Open it over the status bar, filled."""
        if not self.popover.is_open:
            self._show()
            self.popover.open_at(self._window.status.state, above=True, gap=8)

    def close(self) -> None:
        """Let go of the engine's views, and of the window."""
        self._window.outbox_requested.disconnect(self.open)
        self._window.set_outbox_opens(False)
        for end in self._ends:
            end()
        for view in (self._items, self._changes, self._creators):
            view.close()
        self.popover.dismiss()
        self.popover.deleteLater()

    def _show(self, _value: object = None) -> None:
        self.popover.show_outbox(
            self._items.value,
            self._changes.value,
            self._creators.value,
            online=self._engine.connection.value.state in _ONLINE,
            now=self._engine.now(),
        )

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        async def carry_out() -> None:
            try:
                await work
            except (SdkError, ValueError) as error:
                self._shell.toast(error.text if isinstance(error, SdkError) else str(error))

        self._tasks.spawn(carry_out())
