"""The event stream: a WebSocket whose frames are hints. The pull is the truth; this only makes it quick.

The stream keeps itself connected, says hello, and hands each frame to the one who knows what it means.
"""

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from huntaze_contract import wire
from huntaze_desktop.engine.api import ApiClient, is_loopback
from huntaze_desktop.engine.errors import ApiError, EngineError, OtherMajorError
from huntaze_desktop.engine.link import Link
from huntaze_desktop.engine.parsing import read_frame
from huntaze_desktop.engine.session import check_major
from huntaze_desktop.engine.timing import Timing
from huntaze_desktop.engine.waiting import Backoff, Bell

log = logging.getLogger(__name__)

TOKEN_ENDED = 4401
SCOPE_CHANGED = 4410
"""Close codes of the backend: take a new token; pull, because the cursor is no longer good."""

MAX_FRAME = 16 * 2**20
PING_S = 20.0

Handler = Callable[[wire.WireModel], Coroutine[Any, Any, None]]


class EventStream:
    """Keeps one WebSocket open while the link is ready. Belongs to the engine's loop."""

    def __init__(
        self,
        api: ApiClient,
        link: Link,
        timing: Timing,
        bell: Bell,
        handler: Handler,
        doubt: Callable[[], None],
        pull_soon: Callable[[], None],
    ) -> None:
        self._api, self._link, self._timing, self._bell = api, link, timing, bell
        self._handler = handler
        self._doubt = doubt
        self._pull_soon = pull_soon

    async def run(self) -> None:
        backoff = Backoff(self._timing)
        token: str | None = None
        stale: str | None = None
        while True:
            await self._link.ready()
            try:
                token = await self._api.access_token(instead_of=stale)
                stale = None
                await self._follow(token, backoff)
            except InvalidStatus as error:
                stale = token if error.response.status_code in (401, 403) else None
            except ConnectionClosed as error:
                code = error.rcvd.code if error.rcvd else None
                log.info("the event stream was closed: %s", code)
                stale = token if code == TOKEN_ENDED else None  # the next try takes a new one
                if code == SCOPE_CHANGED:
                    self._pull_soon()
            except OtherMajorError:
                self._doubt()
            except ApiError as error:
                log.info("the event stream waits: %s", error.code)
            except EngineError as error:
                self._link.outcome(error)
            except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
                log.info("the event stream ended: %s", type(error).__name__)
            await self._bell.wait(backoff.next_delay())

    async def _follow(self, token: str, backoff: Backoff) -> None:
        base_url = self._api.base_url
        if base_url is None:
            return
        url = base_url.rstrip("/").replace("http", "ws", 1) + "/api/v2/events"
        async with connect(
            url,
            additional_headers={"Authorization": f"Bearer {token}"},
            proxy=None if is_loopback(base_url) else True,
            open_timeout=self._timing.connect,
            ping_interval=PING_S,
            ping_timeout=PING_S,
            close_timeout=1.0,
            max_size=MAX_FRAME,
        ) as socket:
            try:
                await self._listen(socket, base_url, backoff)
            finally:
                self._link.stream_down()

    async def _listen(self, socket: ClientConnection, base_url: str, backoff: Backoff) -> None:
        async for content in socket:
            if self._api.base_url != base_url:
                return
            frame = read_frame(content)
            if frame is None:
                continue
            if isinstance(frame, wire.HelloFrame):
                check_major(frame.api)
                backoff.reset()
                self._link.stream_up()
            await self._handler(frame)
