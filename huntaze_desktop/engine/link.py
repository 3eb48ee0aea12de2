"""The one state machine that says whether there is a backend to talk to, and what the status bar shows of it.

Everything that talks to the backend waits for `ready()` and reports what happened; nobody else decides what "online"
means. Belongs to the engine's loop.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from huntaze_desktop.engine.clock import ServerClock
from huntaze_desktop.engine.errors import EngineError, SignedOutError, UnreachableError
from huntaze_desktop.engine.waiting import Bell
from huntaze_desktop.model.connection import Connection, ConnectionState

FAILURES_BESIDE_A_STREAM = 3
"""While the event stream lives, one request without an answer does not mean that the server is gone."""


class Link:
    """What is known of the way to the backend."""

    def __init__(self, clock: ServerClock, bell: Bell) -> None:
        self._clock = clock
        self._bell = bell
        self._listeners: list[Callable[[Connection], None]] = []
        self._ready = asyncio.Event()
        self._near = asyncio.Event()
        self._server = False
        self._accepted = False
        self._signed_in: bool | None = None
        self._reachable: bool | None = None
        self._been_reached = False
        """Since the start; before that, when the backend was lost is known only from the last sync."""
        self._lost_at: datetime | None = None
        self._stream = False
        self._failures_in_a_row = 0
        self._refused: str | None = None
        self._signed_out: str | None = None
        self._catching_up = False
        self._near.set()
        self.connection = Connection(ConnectionState.CONNECTING, since=clock.wall())

    def listen(self, listener: Callable[[Connection], None]) -> None:
        self._listeners.append(listener)

    async def ready(self) -> None:
        """Wait until there is a server of our major version and somebody signed in to it."""
        await self._ready.wait()

    async def reached(self) -> None:
        """Wait while the backend is known to be away; sync is what finds out that it is back.

        For what should not begin a request that will not leave: as long as none was begun, a person can change it.
        """
        await self._near.wait()

    # --- what the session reports ---------------------------------------------------------------------------------

    def server_changed(self, *, known: bool) -> None:
        self._server, self._accepted, self._refused = known, False, None
        self._reachable, self._failures_in_a_row = None, 0
        self._update()

    def accepted(self) -> None:
        self._accepted, self._refused = True, None
        self._update()

    def refuse(self, text: str) -> None:
        self._accepted, self._refused = False, text
        self._update()

    def signed_in(self) -> None:
        self._signed_in, self._signed_out = True, None
        self._update()

    def signed_out(self, text: str | None) -> None:
        self._signed_in, self._signed_out = False, text
        self._update()

    # --- what requests and the stream report ----------------------------------------------------------------------

    def outcome(self, error: EngineError | None) -> None:
        """How a request ended; wired to the api client."""
        match error:
            case None:
                self._reached()
            case SignedOutError():
                self.signed_out(error.text)
            case UnreachableError():
                self._failures_in_a_row += 1
                if not self._stream or self._failures_in_a_row >= FAILURES_BESIDE_A_STREAM:
                    self._reachable = False
                    self._lost_at = self._lost_at or self._clock.wall()
                self._update()

    def stream_up(self) -> None:
        self._stream = True
        self._reached()

    def stream_down(self) -> None:
        self._stream = False

    # --- what sync and the outbox report --------------------------------------------------------------------------

    def syncing(self, done: int, total: int) -> None:
        self._catching_up = True
        self._update(sync_done=done, sync_total=total)

    def synced(self, at: datetime | None) -> None:
        self._catching_up = False
        self._update(sync_done=0, sync_total=0, last_sync_at=at or self.connection.last_sync_at)

    def unsent(self, outbox: int, failures: int, changes: int) -> None:
        self._update(outbox=outbox, failures=failures, changes=changes)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _reached(self) -> None:
        was_away = self._reachable is False
        self._reachable, self._failures_in_a_row = True, 0
        self._been_reached, self._lost_at = True, None
        self._update()
        if was_away:
            self._bell.ring()  # whoever waits for its next try can try now

    def _state(self) -> tuple[ConnectionState, str | None]:
        if self._refused is not None:
            return ConnectionState.REFUSED, self._refused
        if self._signed_in is False:
            return ConnectionState.SIGNED_OUT, self._signed_out
        if self._reachable is False:
            return ConnectionState.OFFLINE, None
        if not (self._server and self._accepted and self._signed_in and self._reachable):
            return ConnectionState.CONNECTING, None
        return (ConnectionState.SYNCING if self._catching_up else ConnectionState.ONLINE), None

    def _offline_since(self, last_sync_at: datetime | None) -> datetime | None:
        """When the connection was lost, as far as known; a restart or another try meanwhile does not change that."""
        return self._lost_at if self._been_reached else last_sync_at or self._lost_at

    def _update(self, **changes: object) -> None:
        if self._server and self._accepted and self._signed_in:
            self._ready.set()
        else:
            self._ready.clear()
        if self._reachable is False:
            self._near.clear()
        else:
            self._near.set()
        state, detail = self._state()
        before = self.connection
        since = before.since if state is before.state else self._clock.wall()
        after = replace(
            before,
            state=state,
            since=since,
            detail=detail,
            clock_offset_s=round(self._clock.offset_s, 1),
            **changes,  # type: ignore[arg-type]  # fields of Connection, given by the methods above
        )
        if state is ConnectionState.OFFLINE:
            after = replace(after, since=self._offline_since(after.last_sync_at) or since)
        self.connection = after
        if self.connection != before:
            for listener in self._listeners:
                listener(self.connection)
