"""A timeline's window over the store: reads pages as the reader scrolls and reads again what is shown when it changed.

All reads of one window happen one after the other, in the order: jump, refresh, older, newer. The rules of the window
itself are `model/window.py`.
"""

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Connection

from huntaze_contract import wire
from huntaze_contract.ids import Id
from huntaze_desktop.cache import Touched, timeline
from huntaze_desktop.cache.timeline import TimelinePage, key_of
from huntaze_desktop.engine.link import Link
from huntaze_desktop.engine.live import Live, Watcher
from huntaze_desktop.engine.presence import Presence
from huntaze_desktop.engine.store import Store
from huntaze_desktop.model.entities import Member, Message
from huntaze_desktop.model.window import MAX_ROWS, PAGE, MessageWindow


class WindowWatcher(Watcher[MessageWindow]):
    def __init__(
        self,
        live: Live[MessageWindow],
        interval: float,
        store: Store,
        presence: Presence,
        link: Link,
        conversation_id: Id,
        me: Callable[[], Member],
    ) -> None:
        super().__init__(live, interval)
        self._link = link
        self._store, self._presence, self._id, self._me = store, presence, conversation_id, me
        self._window = MessageWindow(conversation_id)
        self._jump = self._changed = self._older = self._newer = False

    # --- wishes ---------------------------------------------------------------------------------------------------

    def load_older(self) -> None:
        if not self._window.has_oldest and self._window.rows:
            self._older = True
            self.look()

    def load_newer(self) -> None:
        if not self._window.has_newest:
            self._newer = True
            self.look()

    def jump_to_newest(self) -> None:
        self._jump = True
        self.look()

    def concerned(self, touched: Touched) -> bool:
        return self._id in touched.conversations or self._id in touched.timelines

    def on_touched(self, touched: Touched) -> None:
        if touched.everything or self.concerned(touched):
            self._changed = True
            self.look()

    def on_presence(self, conversation_id: Id) -> None:
        if conversation_id == self._id:
            self.look()

    # --- reading --------------------------------------------------------------------------------------------------

    async def compute(self) -> MessageWindow:
        if self._jump or self._window.loading:
            self._jump = self._changed = False
            self._window = self._window.reset()
            await self._read_newest(PAGE)
        elif self._changed:
            self._changed = False
            await self._refresh()
        if self._older:
            self._older = False
            await self._read_older()
        if self._newer:
            self._newer = False
            await self._read_newer()
        fan_types = self._presence.fan_types(self._id)
        self._window = replace(self._window, fan_types=fan_types, as_of=self._link.connection.last_sync_at)
        return self._window

    async def _read_newest(self, limit: int) -> None:
        window, me = self._window, self._me()
        page = await self._store.timeline(lambda c: timeline.newest(c, self._id, me, limit))
        error = None if page.exists else wire.ProblemCode.NOT_FOUND.value
        window = window.with_newest(window.generation, page.rows, has_oldest=not page.more)
        self._window = replace(window, error=error)

    async def _refresh(self) -> None:
        """Read again the part that is shown, and what has come at the newest end if that is shown."""
        window, me = self._window, self._me()
        first = _first_of(window.rows)
        if first is None:
            await self._read_newest(PAGE)
            return
        key = key_of(first)
        limit = MAX_ROWS if window.has_newest else len(window.rows)

        def read(connection: Connection) -> tuple[TimelinePage, bool]:
            page = timeline.from_key(connection, self._id, me, key, limit)
            start = _first_of(page.rows)
            more_before = start is not None and timeline.has_older(connection, self._id, key_of(start))
            return page, more_before

        page, more_before = await self._store.timeline(read)
        if _first_of(page.rows) is None:
            await self._read_newest(PAGE)
            return
        if page.more and window.has_newest:
            await self._read_newest(MAX_ROWS)  # more has come than a window holds: the oldest rows go
            return
        self._window = window.refreshed(
            window.generation, page.rows, has_oldest=not more_before, has_newest=not page.more
        )

    async def _read_older(self) -> None:
        window, me = self._window, self._me()
        first = _first_of(window.rows)
        if first is None or window.has_oldest:
            return
        page = await self._store.timeline(lambda c: timeline.older(c, self._id, me, key_of(first), PAGE))
        self._window = window.with_older(window.generation, page.rows, has_oldest=not page.more)

    async def _read_newer(self) -> None:
        window, me = self._window, self._me()
        last = next((row for row in reversed(window.rows) if not row.local), None)
        if last is None or window.has_newest:
            return
        page = await self._store.timeline(lambda c: timeline.newer(c, self._id, me, key_of(last), PAGE))
        self._window = window.with_newer(window.generation, page.rows, has_newest=not page.more)


def _first_of(rows: tuple[Message, ...]) -> Message | None:
    return next((row for row in rows if not row.local), None)
