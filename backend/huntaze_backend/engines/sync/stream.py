"""The event stream of one WebSocket: hello, then what changes, read by the same query as `/sync`.

Frames are hints. A frame's `prev` is the `seq` up to which this subscriber had been brought; a client whose cursor
differs pulls. A subscriber that falls far behind is not fed thousands of frames: it gets one whose `prev` cannot match.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from huntaze_backend.core.auth import Principal
from huntaze_backend.core.clock import now
from huntaze_backend.core.db import Database
from huntaze_backend.engines.sync import cursor
from huntaze_backend.engines.sync.cursor import Position
from huntaze_backend.engines.sync.hub import Subscription
from huntaze_backend.engines.sync.kinds import Scope, SyncRegistry
from huntaze_backend.engines.sync.reader import changes_after
from huntaze_contract.wire import API_VERSION, ChangesFrame, HelloFrame

__all__ = ["EventStream", "ScopeChangedError"]

_COALESCE_S = 0.02
_CHANGES_PER_FRAME = 200
_TOO_FAR = 2000  # changes behind; above it a pull is cheaper than frames


class ScopeChangedError(Exception):
    """The subscriber's rights are not those it began with: its cursor is void, and so is this stream."""


@dataclass(slots=True)
class EventStream:
    """Feeds one subscriber until its rights change or its token ends."""

    database: Database
    registry: SyncRegistry
    subscription: Subscription
    principal: Callable[[], Awaitable[Principal]]
    """Authenticates again: rights may have changed, the token may have ended."""
    send: Callable[[str], Awaitable[None]]
    _frames: int = 0

    async def run(self) -> None:
        """Raises: ScopeChangedError, UnauthenticatedError, or what `send` raises when the peer has gone."""
        scope = scope_of(await self.principal())
        hello, position = await self.database.read(partial(_hello, scope))
        await self.send(hello.model_dump_json())
        self._frames = hello.cs + 1
        while True:
            await self.subscription.woken.wait()
            await asyncio.sleep(_COALESCE_S)
            self.subscription.woken.clear()
            if scope_of(await self.principal()) != scope:
                raise ScopeChangedError
            await self._send_ephemeral(scope)
            position = await self._send_changes(scope, position)

    async def _send_changes(self, scope: Scope, position: Position) -> Position:
        end = await self.database.read(partial(cursor.here, scope=scope))
        if end.seq - position.seq > _TOO_FAR:
            await self._send_frame(ChangesFrame(cs=0, prev=end.seq, seq=end.seq, cursor=end.write(), changes=[]))
            return end
        while position.seq < end.seq:
            page, reached = await self.database.read(
                partial(changes_after, registry=self.registry, scope=scope, position=position, limit=_CHANGES_PER_FRAME)
            )
            frame = ChangesFrame(cs=0, prev=position.seq, seq=reached.seq, cursor=reached.write(), changes=page.changes)
            # Also without changes: the log went on with what this reader may not see, and the cursor follows.
            await self._send_frame(frame)
            position = reached
        return position

    async def _send_ephemeral(self, scope: Scope) -> None:
        while self.subscription.ephemeral:
            creator_id, frame = self.subscription.ephemeral.popleft()
            if creator_id is None or scope.creator_ids is None or creator_id in scope.creator_ids:
                await self.send(json.dumps({**frame, "cs": self._frames}))
                self._frames += 1

    async def _send_frame(self, frame: ChangesFrame) -> None:
        await self.send(frame.model_copy(update={"cs": self._frames}).model_dump_json())
        self._frames += 1


def scope_of(principal: Principal) -> Scope:
    return Scope(principal.agency_id, principal.creator_ids)


def _hello(scope: Scope, session: Session) -> tuple[HelloFrame, Position]:
    position = cursor.here(session, scope)
    return HelloFrame(cs=0, seq=position.seq, api=API_VERSION, server_time=now(session)), position
