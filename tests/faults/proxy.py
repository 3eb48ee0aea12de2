"""A bad line: an HTTP proxy between two processes that loses, delays, repeats, cuts and invents, by a seeded source.

It reads whole requests and whole answers, because the case that matters is an answer that is lost after the request was
carried out. An upgraded connection (the event stream) is passed through and only cut. Standard library only.
"""

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Literal

__all__ = ["Line", "Proxy"]

CAPTIVE = b"<html><head><title>Hotel</title></head><body><form action='/login'>Room number?</form></body></html>"
_HEAD = 65_536
_Fate = Literal["pass", "drop_request", "drop_answer", "reset", "captive", "duplicate"]


@dataclass(frozen=True, slots=True)
class Line:
    """How bad the line is; each share is of requests, from 0 to 1, and one request has one fate."""

    drop_request: float = 0.0
    """Lost on the way there: nothing arrives."""
    drop_answer: float = 0.0
    """Carried out, then the answer is lost."""
    reset: float = 0.0
    """The connection is reset in the middle of the answer."""
    captive: float = 0.0
    """A login page of somebody else, with status 200."""
    duplicate: float = 0.0
    """Carried out twice; only for requests that name themselves (`Idempotency-Key`) or read."""
    slow: float = 0.0
    """Delayed by up to `most_delay_s`, beside its fate."""
    most_delay_s: float = 0.2
    sliced: float = 0.0
    """The answer comes in small pieces, beside its fate."""
    silence_s: float = 1.5
    """Half of what is lost just hangs, this long at most; the other half is cut at once."""


class Proxy:
    """Listens on a free port and passes on to `target`, which may change; `line` may change at any time."""

    def __init__(self, seed: int, line: Line | None = None) -> None:
        self.line = line or Line()
        self.target: int | None = None
        """The port of who answers; None: nobody, connections are refused."""
        self.port = 0
        self.counts: Counter[str] = Counter()
        self._chance = Random(seed)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._whole = asyncio.Event()
        self._whole.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=_HEAD)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        await self.cut()

    async def cut(self) -> None:
        """Cut every connection there is."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def partition(self, seconds: float) -> None:
        """For so long nothing passes in either direction; connections stay open and silent."""
        self.counts["partition"] += 1
        self._whole.clear()
        try:
            await asyncio.sleep(seconds)
        finally:
            self._whole.set()

    # --- a connection -------------------------------------------------------------------------------------------------

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        near = _End(reader, writer)
        far: _End | None = None
        try:
            while (request := await near.message()) is not None:
                await self._whole.wait()
                if far is None or far.gone:
                    far = await self._reach(far)
                if not await self._exchange(near, far, request):
                    return
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass  # the other side went; so do we
        except asyncio.CancelledError:
            near.abort()
        finally:
            for end in (near, far):
                if end is not None:
                    end.close()

    async def _reach(self, old: "_End | None") -> "_End":
        if old is not None:
            old.close()
        if self.target is None:
            raise ConnectionRefusedError
        return _End(*await asyncio.open_connection("127.0.0.1", self.target, limit=_HEAD))

    async def _exchange(self, near: "_End", far: "_End", request: bytes) -> bool:
        """One request and its answer; whether the connection can go on."""
        if _upgrades(request):
            far.writer.write(request)
            await self._tunnel(near, far)
            return False
        fate = self._fate(request)
        self.counts[fate] += 1
        if self._chance.random() < self.line.slow:
            self.counts["slow"] += 1
            await asyncio.sleep(self._chance.random() * self.line.most_delay_s)
        if fate == "captive":
            near.writer.write(_page(CAPTIVE))
            await near.writer.drain()
            return True
        if fate == "drop_request":
            await self._lose(near)
            return False
        answer = await self._ask(far, request)
        if fate == "duplicate":
            answer = await self._ask(far, request)
        await self._whole.wait()
        if answer is None or fate == "drop_answer":
            if answer is not None:
                await self._lose(near)
            return False
        if fate == "reset":
            near.writer.write(answer[: len(answer) // 2])
            near.abort()
            return False
        await self._answer(near, answer)
        return not far.gone

    async def _ask(self, far: "_End", request: bytes) -> bytes | None:
        far.writer.write(request)
        await far.writer.drain()
        return await far.message(answers=request.split(b" ", 1)[0])

    async def _answer(self, near: "_End", answer: bytes) -> None:
        if self._chance.random() >= self.line.sliced:
            near.writer.write(answer)
            await near.writer.drain()
            return
        self.counts["sliced"] += 1
        step = max(1, len(answer) // 7)
        for start in range(0, len(answer), step):
            near.writer.write(answer[start : start + step])
            await near.writer.drain()
            await asyncio.sleep(0)

    async def _lose(self, near: "_End") -> None:
        """Half of what is lost is only silence, until who waits has had enough."""
        if self._chance.random() < 0.5:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(near.reader.read(1), self.line.silence_s)
        near.abort()

    def _fate(self, request: bytes) -> _Fate:
        line, drawn = self.line, self._chance.random()
        repeatable = request.startswith(b"GET ") or b"idempotency-key:" in request.split(b"\r\n\r\n", 1)[0].lower()
        shares: tuple[tuple[_Fate, float], ...] = (
            ("drop_request", line.drop_request),
            ("drop_answer", line.drop_answer),
            ("reset", line.reset),
            ("captive", line.captive),
            ("duplicate", line.duplicate if repeatable else 0.0),
        )
        for fate, share in shares:
            if drawn < share:
                return fate
            drawn -= share
        return "pass"

    async def _tunnel(self, near: "_End", far: "_End") -> None:
        ways = [asyncio.ensure_future(self._pump(near, far)), asyncio.ensure_future(self._pump(far, near))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _pump(self, source: "_End", sink: "_End") -> None:
        while data := await source.reader.read(65_536):
            await self._whole.wait()
            sink.writer.write(data)
            await sink.writer.drain()


@dataclass(slots=True)
class _End:
    """One side of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def gone(self) -> bool:
        return self.writer.is_closing() or self.reader.at_eof()

    def abort(self) -> None:
        self.writer.transport.abort()

    def close(self) -> None:
        self.writer.close()

    async def message(self, answers: bytes | None = None) -> bytes | None:
        """A whole request, or the whole answer to that method; None at a clean end."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            if error.partial:
                raise
            return None
        fields = _fields(head)
        if answers is not None:
            status = int(head.split(b" ", 2)[1])
            if answers == b"HEAD" or status in (204, 304) or status < 200:
                return head
        if fields.get(b"transfer-encoding") == b"chunked":
            return head + await self._chunks()
        if b"content-length" in fields:
            return head + await self.reader.readexactly(int(fields[b"content-length"]))
        return head if answers is None else head + await self.reader.read()

    async def _chunks(self) -> bytes:
        found = b""
        while True:
            line = await self.reader.readuntil(b"\r\n")
            size = int(line.split(b";", 1)[0], 16)
            found += line + await self.reader.readexactly(size + 2)
            if size == 0:
                return found


def _fields(head: bytes) -> dict[bytes, bytes]:
    lines = head.split(b"\r\n")[1:]
    pairs = (line.partition(b":") for line in lines if line)
    return {name.strip().lower(): value.strip().lower() for name, _, value in pairs}


def _upgrades(request: bytes) -> bool:
    return _fields(request.split(b"\r\n\r\n", 1)[0]).get(b"upgrade") == b"websocket"


def _page(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
