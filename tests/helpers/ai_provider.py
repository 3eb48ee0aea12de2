"""A model provider of our own, over real HTTP: OpenAI's wire format in four companies' dialects, with its own books.

It imports nothing of ours, so that what it billed is evidence. Tokens are pieces of four bytes. What it does next is a
`Behaviour`: well by default, or slow, cut, silent, malformed, limited, filtered, as real ones are. As a process:
`python -m tests.helpers.ai_provider` prints its port and, when its stdin ends, its books.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sys
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import Any, Self
from urllib.parse import urlsplit

KEY = "sk-fake-provider-key"
WORDS = ("soon ", "here ", "warm ", "blue ", "kind ", "tell ", "more ", "nice ")
_BYTES = 4
_PER_MESSAGE = 4
_SMALLEST_CACHED, _CACHE_STEP = 64, 16


@dataclass(frozen=True)
class Behaviour:
    """What becomes of one call."""

    status: int = 200
    error: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    """Before the first byte."""
    tokens: int = 12
    """Of the answer; the request's limit cuts it."""
    reasoning: int = 0
    finish: str = "stop"
    hang_up: bool = False
    """Close the connection without a word."""
    cut_after: int | None = None
    """Close it after so many tokens of the answer; of a whole answer, in the middle of its body."""
    stall_after: int | None = None
    """Say nothing more after so many tokens, until the client leaves."""
    pace_s: float = 0.0
    """Between the tokens of a stream."""
    raw: bytes | None = None
    """The body instead of an answer, billed like one."""
    tells_usage: bool = True
    event: Mapping[str, Any] | None = None
    """An error inside the stream, after `cut_after` tokens."""


def refused(status: int, code: str, message: str = "", **headers: str) -> Behaviour:
    """An error as an answer: nothing is billed."""
    error = {"code": code, "type": code, "message": message or code.replace("_", " ")}
    return Behaviour(status, error=error, headers={name.replace("_", "-"): value for name, value in headers.items()})


@dataclass(frozen=True)
class Bill:
    """What one call cost its caller."""

    provider: str
    model: str
    input: int
    cached: int
    output: int
    how: str


@dataclass(frozen=True)
class Heard:
    """One call as it came in."""

    provider: str
    model: str
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    @property
    def stream(self) -> bool:
        return bool(self.body.get("stream"))


class FakeProvider:
    """A server on a free port of this computer. Use it as an async context manager."""

    def __init__(self) -> None:
        self.port = 0
        self.heard: list[Heard] = []
        self.bills: list[Bill] = []
        self.behave: Callable[[Heard], Behaviour] = lambda _: Behaviour()
        """Asked when `script` is empty."""
        self.script: deque[Behaviour] = deque()
        self.open = 0
        self.most_open = 0
        self.gate = asyncio.Event()
        """While it is not set, calls are heard and not answered."""
        self.gate.set()
        self.deployments = {"mini-east": "gpt-4o-mini", "large-east": "gpt-4o"}
        self._server: asyncio.Server | None = None
        self._heads: set[str] = set()
        self._running: set[asyncio.Task[None]] = set()

    # --- where it is -------------------------------------------------------------------------------------------------

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Settings that make all four of its companies known."""
        return {
            "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": f"{self.root}/v1",
            "GEMINI_API_KEY": KEY,
            "GEMINI_BASE_URL": f"{self.root}/v1beta/openai",
            "AZURE_OPENAI_API_KEY": KEY,
            "AZURE_OPENAI_ENDPOINT": self.root,
            "AZURE_OPENAI_DEPLOYMENT": "gpt-4o-mini=mini-east,gpt-4o=large-east",
            "AZURE_AI_CHAT_ENDPOINT": f"{self.root}/models",
            "AZURE_DEEPSEEK_R1_ENDPOINT": f"{self.root}/models",
            "AZURE_PHI4_MULTIMODAL_ENDPOINT": f"{self.root}/models",
            "AZURE_AI_CHAT_KEY": KEY,
        }

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._server.wait_closed()

    # --- its books ---------------------------------------------------------------------------------------------------

    def owed(self, prices: Callable[[str, str], tuple[Fraction, Fraction, Fraction]]) -> int:
        """Nano-USD of all bills, each rounded up. Args: prices: nano-USD per token of input, cached input, output."""
        total = 0
        for bill in self.bills:
            fresh, cached, output = prices(bill.provider, bill.model)
            exact = (bill.input - bill.cached) * fresh + bill.cached * cached + bill.output * output
            total += -(-exact.numerator // exact.denominator)
        return total

    # --- how it answers ----------------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; whether the connection goes on."""
        head = await reader.readuntil(b"\r\n\r\n")
        line, *rest = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (entry.partition(":") for entry in rest if entry)}
        body = json.loads(await reader.readexactly(int(headers.get("content-length", 0))) or b"{}")
        heard, problem = self._understand(line.split(" ")[1], headers, body)
        self.heard.append(heard)
        behaviour = problem or (self.script.popleft() if self.script else self.behave(heard))
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            await self.gate.wait()
            if behaviour.wait_s:
                await asyncio.sleep(behaviour.wait_s)
            if behaviour.hang_up:
                return False
            if behaviour.error is not None and behaviour.event is None:
                return await _send(writer, behaviour.status, {"error": behaviour.error}, behaviour.headers)
            return await self._answer(heard, behaviour, reader, writer)
        finally:
            self.open -= 1

    def _understand(self, target: str, headers: dict[str, str], body: dict[str, Any]) -> tuple[Heard, Behaviour | None]:
        path, model = urlsplit(target).path, str(body.get("model", ""))
        key = headers.get("api-key") or headers.get("authorization", "").removeprefix("Bearer ")
        provider, problem = "", None
        if path.startswith("/openai/deployments/"):
            provider, deployment = "azure_openai", path.split("/")[3]
            model = self.deployments.get(deployment, "")
            if "api-version=" not in target:
                problem = refused(400, "missing_api_version")
            elif not model:
                problem = refused(404, "DeploymentNotFound", "The API deployment for this resource does not exist.")
        elif path.startswith("/v1beta/openai/"):
            provider = "gemini"
        elif path.startswith("/models/"):
            provider = "azure_foundry"
        elif path.startswith("/v1/"):
            provider = "openai"
        heard = Heard(provider, model, target, headers, body)
        if not provider or not path.endswith("/chat/completions"):
            return heard, refused(404, "not_found")
        if key != KEY:
            return heard, refused(401, "invalid_api_key", f"Incorrect API key provided: {key}")
        return heard, problem

    async def _answer(
        self, heard: Heard, behaviour: Behaviour, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        sent, cached = self._count(heard)
        limit = int(heard.body.get("max_tokens") or heard.body.get("max_completion_tokens") or 10**6)
        count = min(behaviour.tokens, limit)
        finish = "length" if count < behaviour.tokens else behaviour.finish
        usage = _usage(heard.provider, sent, cached, count, behaviour.reasoning)

        def bill(output: int, how: str) -> None:
            self.bills.append(Bill(heard.provider, heard.model, sent, cached, output, how))

        if heard.stream:
            return await self._stream(behaviour, count, finish, usage, bill, reader, writer)
        text = "".join(WORDS[place % len(WORDS)] for place in range(count))
        text = text[: count * _BYTES]
        answer: dict[str, Any] = {
            "id": f"chatcmpl-{len(self.heard)}",
            "object": "chat.completion",
            "model": heard.model,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}],
        }
        if behaviour.tells_usage:
            answer["usage"] = usage
        bill(count + behaviour.reasoning, "whole" if behaviour.cut_after is None else "cut")
        if behaviour.raw is not None:
            return await _send(writer, behaviour.status, behaviour.raw, behaviour.headers)
        if behaviour.cut_after is not None:
            raw = json.dumps(answer).encode()
            writer.write(_head(200, {"content-length": str(len(raw))}) + raw[: len(raw) // 2])
            await writer.drain()
            return False
        return await _send(writer, behaviour.status, answer, behaviour.headers)

    async def _stream(
        self,
        behaviour: Behaviour,
        count: int,
        finish: str,
        usage: dict[str, Any],
        bill: Callable[[int, str], None],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        writer.write(_head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"}))
        _event(writer, {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]})
        for place in range(count):
            if place == behaviour.cut_after:
                bill(place, "cut")
                if behaviour.raw is not None:
                    _chunk(writer, behaviour.raw)
                if behaviour.event is not None:
                    _event(writer, {"error": behaviour.event})
                await writer.drain()
                return False
            if place == behaviour.stall_after:
                await writer.drain()
                bill(place, "stalled")
                await reader.read()  # until the client leaves
                return False
            # Exactly four bytes, so that a piece is a token whichever way one counts.
            _event(writer, {"choices": [{"index": 0, "delta": {"content": WORDS[place % len(WORDS)][:_BYTES]}}]})
            if behaviour.pace_s:
                await writer.drain()
                await asyncio.sleep(behaviour.pace_s)
        _event(writer, {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        if behaviour.tells_usage:
            _event(writer, {"choices": [], "usage": usage})
        bill(count + behaviour.reasoning, "streamed")
        _chunk(writer, b"data: [DONE]\n\n")
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    def _count(self, heard: Heard) -> tuple[int, int]:
        """Tokens sent, and how many of them it had seen before: the longest known beginning, in steps."""
        sent = cached = 0
        beginning = f"{heard.provider} {heard.model}"
        known = True
        for message in heard.body.get("messages", []):
            content = message["content"]
            text = content if isinstance(content, str) else content[0]["text"]
            sent += -(-len(text.encode()) // _BYTES) + _PER_MESSAGE
            beginning += f"\0{message['role']}\0{text}"
            known = known and beginning in self._heads
            if known:
                cached = sent
            self._heads.add(beginning)
        cached -= cached % _CACHE_STEP
        return sent, cached if cached >= _SMALLEST_CACHED else 0


def _usage(provider: str, sent: int, cached: int, count: int, reasoning: int) -> dict[str, Any]:
    """In each company's own shape."""
    told: dict[str, Any] = {"prompt_tokens": sent, "total_tokens": sent + count + reasoning}
    if provider == "gemini":  # thoughts are in the total alone
        return told | {"completion_tokens": count, "prompt_tokens_details": {"cached_tokens": cached}}
    told["completion_tokens"] = count + reasoning
    if provider == "azure_foundry":  # DeepSeek's
        return told | {"prompt_cache_hit_tokens": cached, "prompt_cache_miss_tokens": sent - cached}
    told["prompt_tokens_details"] = {"cached_tokens": cached}
    return told | {"completion_tokens_details": {"reasoning_tokens": reasoning}}


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} Said\r\n{lines}\r\n".encode()


async def _send(writer: asyncio.StreamWriter, status: int, body: object, headers: Mapping[str, str]) -> bool:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = {"content-type": "application/json", "content-length": str(len(raw))}
    writer.write(_head(status, kind | dict(headers)) + raw)
    await writer.drain()
    return True


def _chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"%x\r\n%b\r\n" % (len(data), data))


def _event(writer: asyncio.StreamWriter, event: Mapping[str, Any]) -> None:
    _chunk(writer, b"data: " + json.dumps(event).encode() + b"\n\n")


def troubled(seed: int, *, share: float = 0.3) -> Callable[[Heard], Behaviour]:
    """A provider with trouble in so many of its calls, of every kind that it bills in a way that can be known."""
    chance = random.Random(seed)

    def behave(heard: Heard) -> Behaviour:
        tokens = chance.randint(4, 40)
        if chance.random() > share:
            return Behaviour(tokens=tokens)
        trouble = [
            refused(429, "rate_limit_exceeded"),
            refused(500, "server_error"),
            refused(503, "overloaded"),
            refused(400, "content_filter"),
            Behaviour(hang_up=True),
            Behaviour(tokens=tokens, finish="content_filter"),
        ]
        if heard.stream:
            trouble += [
                Behaviour(tokens=tokens, cut_after=chance.randint(1, 3)),
                Behaviour(tokens=tokens, cut_after=2, event={"message": "internal", "type": "server_error"}),
            ]
        return chance.choice(trouble)

    return behave


async def _main() -> None:
    async with FakeProvider() as provider:
        print(json.dumps(provider.environment | {"port": provider.port}), flush=True)
        await asyncio.to_thread(sys.stdin.read)
        print(json.dumps([asdict(bill) for bill in provider.bills]), flush=True)


if __name__ == "__main__":
    asyncio.run(_main())
