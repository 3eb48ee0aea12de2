"""A backend in memory behind the engine's HTTP transport, for machines that play thousands of steps.

It accepts once per key, refuses what a colleague overtook, takes ops once, and answers pulls and snapshots. The line to
it can be down, lose a request on its way there, or lose the answer on its way back.
"""

import asyncio
from collections import Counter, deque
from typing import Literal

import httpx2

from tests.helpers.peer import Peer

Fault = Literal["down", "request", "answer"]


class ModelBackend(httpx2.AsyncBaseTransport):
    """The scripted peer without a network; `faults` are the fates of the next POSTs."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.online = True
        self.faults: deque[Fault] = deque()
        self.executed: Counter[str] = Counter()
        """How often the model took each message; more than once is a double send."""
        self._app = httpx2.ASGITransport(app=peer.app())

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(0)
        if not self.online:
            raise httpx2.ConnectError("no network", request=request)
        counts = request.method == "POST" and "/auth/" not in str(request.url)
        fault = self.faults.popleft() if self.faults and counts else None
        if fault == "down":
            raise httpx2.ConnectError("no way out", request=request)
        if fault == "request":
            raise httpx2.ReadError("lost on the way there", request=request)
        before = set(self.peer.accepted)
        response = await self._app.handle_async_request(request)
        self.executed.update(set(self.peer.accepted) - before)
        if fault == "answer":
            raise httpx2.ReadError("lost on the way back", request=request)
        return response
