"""What the AI path costs: CPU per call and per chunk of a stream, against bare httpx2 and the SDK's typed call.

All of them take turns in one process, in short slices, and the least of each counts: a busy neighbour can only add. The
upstream is either none at all (a transport that answers by itself) or the fake provider as a process of its own, whose
CPU is not counted. The ledger remembers nothing here; `ledger` in a name means the real one.
"""

import asyncio
import contextlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2

from huntaze_backend.core.clock import SystemClock
from huntaze_backend.core.db import Database
from huntaze_backend.engines.ai.adapters.configured import providers_of, routing_of
from huntaze_backend.engines.ai.adapters.openai_wire import OpenAiWire
from huntaze_backend.engines.ai.orchestrator import HybridOrchestrator
from huntaze_backend.engines.ai.port import AiRequest, Part
from huntaze_backend.engines.ai.provider import Call, Chunk, Provider, Reply
from huntaze_backend.engines.ledger.adapters.sql_ledger import SqlLedger
from huntaze_backend.engines.ledger.port import Charge, Ledger, Reserved, Usage
from huntaze_backend.engines.ledger.prices import PriceTable
from huntaze_backend.settings import Settings
from tests.benchmarks.figures import Figure
from tests.helpers.ai_house import FixedFlags, asking
from tests.helpers.ai_provider import KEY

__all__ = ["run"]

ROOT = Path(__file__).resolve().parents[2]
ROUNDS, SLICE_S = 7, 0.25
CHUNKS = 200
GOAL_AT = {2: 0.75, 100: 0.10}
GOAL_CHUNK_US = 25.0
GOAL_GROWTH_MB = 8.0
MEMORY_CALLS = int(os.environ.get("BENCH_AI_MEMORY_CALLS", "200000"))
Ask = Callable[[], Awaitable[object]]

_ANSWER = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o-mini",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "soon here warm blue " * 20},
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 1100,
            "completion_tokens": 100,
            "total_tokens": 1200,
            "prompt_tokens_details": {"cached_tokens": 1024},
        },
    }
).encode()


def _event(delta: dict[str, Any], **more: Any) -> bytes:
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    choice = {"index": 0, "delta": delta, "finish_reason": None} | more
    return b"data: " + json.dumps(chunk | {"choices": [choice]}).encode() + b"\n\n"


_EVENTS = [_event({"content": "warm "})] * CHUNKS + [_event({}, finish_reason="stop"), b"data: [DONE]\n\n"]


class _Events(httpx2.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        for event in _EVENTS:
            yield event


class _Nobody(httpx2.AsyncBaseTransport):
    """Answers at once, without a network."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if b'"stream":true' in request.content:
            return httpx2.Response(200, headers={"content-type": "text/event-stream"}, stream=_Events())
        return httpx2.Response(200, headers={"content-type": "application/json"}, content=_ANSWER)


class _Silent:
    """A provider without even an SDK: what remains is the orchestrator."""

    def serves(self, model: str, region: str) -> bool:
        return True

    async def complete(self, call: Call) -> Reply:
        return Reply("soon here warm blue", "stop", Usage(1100, 1024, 100))

    async def stream(self, call: Call) -> AsyncIterator[Chunk]:
        for _ in range(CHUNKS):
            yield Chunk("warm ")
        yield Chunk(finish="stop", usage=Usage(1100, 1024, 100))

    async def warm(self) -> None: ...

    async def close(self) -> None: ...


class _NoLedger:
    async def reserve(self, charge: Charge, *, ttl_s: float) -> Reserved:
        return Reserved(charge.attempt_id, 1000, "v", soft_exceeded=False)

    async def settle(self, attempt_id: str, usage: Usage, *, outcome: str, latency_ms: int, ttft_ms: int | None) -> int:
        return 400

    async def release(self, attempt_id: str, *, outcome: str) -> None: ...


def run(url: str, key: str | None) -> list[Figure]:
    """Args: url, key: a migrated database for the real ledger."""
    figures: list[Figure] = []
    for messages in (2, 20, 100):
        figures += asyncio.run(_calls("no upstream", messages, 1, None))
    with _provider() as base_url:
        for messages, at_once in ((2, 1), (2, 16), (2, 64), (20, 16), (100, 16)):
            figures += asyncio.run(_calls("local HTTP", messages, at_once, base_url))
    figures += asyncio.run(_streams())
    figures += asyncio.run(_alone(url, key))
    figures += asyncio.run(_growth())
    return figures


@contextlib.contextmanager
def _provider() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.helpers.ai_provider"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["OPENAI_BASE_URL"]
        process.communicate()


def _request(messages: int, **changed: Any) -> AiRequest:
    text = "I really enjoyed the pictures from the lake, where was that? "
    history = tuple(Part("user" if place % 2 else "assistant", text) for place in range(messages - 2))
    return asking(text, history=history, deadline_s=60.0, **changed)


def _orchestrator(providers: dict[str, Provider], ledger: Ledger) -> HybridOrchestrator:
    return HybridOrchestrator(routing_of(Settings()), providers, ledger, FixedFlags(), SystemClock())


def _wire(base_url: str | None) -> OpenAiWire:
    settings = Settings.model_validate({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": base_url or "http://nobody/v1"})
    wire = providers_of(settings)["openai"]
    if base_url is None:
        wire._http = httpx2.AsyncClient(transport=_Nobody())
    return wire


def _plain(base_url: str | None) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        base_url=base_url or "http://nobody/v1",
        transport=_Nobody() if base_url is None else None,
        headers={"authorization": f"Bearer {KEY}"},
        limits=httpx2.Limits(max_connections=256, max_keepalive_connections=64),
        timeout=60,
    )


async def _calls(upstream: str, messages: int, at_once: int, base_url: str | None) -> list[Figure]:
    import openai

    request = _request(messages)
    said: list[Any] = [{"role": part.role, "content": part.text} for part in request.prompt.parts]
    body = {"model": "gpt-4o-mini", "messages": said, "max_completion_tokens": 400, "temperature": 0.7}
    ours = _orchestrator({"openai": _wire(base_url)}, _NoLedger())
    plain, under_sdk = _plain(base_url), _plain(base_url)
    sdk = openai.AsyncOpenAI(base_url=str(plain.base_url), api_key=KEY, max_retries=0, http_client=under_sdk)
    paths: dict[str, Ask] = {
        "ours": lambda: ours.complete(request),
        "httpx2": lambda: _posted(plain, body),
        "typed": lambda: sdk.chat.completions.create(**body),
    }
    cost = await _interleaved(paths, at_once)
    await ours.close()
    await plain.aclose()
    await under_sdk.aclose()
    where = f"{upstream}, {messages} messages, c={at_once}"
    goal = GOAL_AT.get(messages) if base_url is None else None
    return [
        *(Figure(f"AI call, {name}, {where}: CPU", cost[name] * 1e6, "us") for name in paths),
        Figure(
            f"AI call, ours against the SDK's typed one, {where}", cost["ours"] / cost["typed"], "x", goal, "openai"
        ),
    ]


async def _posted(client: httpx2.AsyncClient, body: dict[str, Any]) -> object:
    return (await client.post("/chat/completions", json=body)).json()


async def _streams() -> list[Figure]:
    import openai

    request = _request(2)
    said: list[Any] = [{"role": part.role, "content": part.text} for part in request.prompt.parts]
    body: dict[str, Any] = {"model": "gpt-4o-mini", "messages": said, "stream": True}
    ours, plain = _orchestrator({"openai": _wire(None)}, _NoLedger()), _plain(None)
    sdk = openai.AsyncOpenAI(base_url="http://nobody/v1", api_key=KEY, max_retries=0, http_client=plain)

    async def through_us() -> None:
        async for _ in ours.stream(request):
            pass

    async def bare_sdk() -> None:
        cls = openai.AsyncStream[object]
        source: Any = await sdk.post("/chat/completions", body=body, cast_to=object, stream=True, stream_cls=cls)
        async for _ in source:
            pass

    async def typed() -> None:
        async for _ in await sdk.chat.completions.create(**body):
            pass

    cost = await _interleaved({"ours": through_us, "the SDK's untyped": bare_sdk, "typed": typed}, 1)
    await ours.close()
    await plain.aclose()
    per_chunk = {name: seconds / CHUNKS * 1e6 for name, seconds in cost.items()}
    goals = {"ours": GOAL_CHUNK_US}
    return [
        *(
            Figure(f"AI stream, {name}, per chunk: CPU", value, "us", goals.get(name))
            for name, value in per_chunk.items()
        ),
        Figure("AI stream, ours against the SDK's typed one", cost["ours"] / cost["typed"], "x", None, "openai"),
    ]


async def _alone(url: str, key: str | None) -> list[Figure]:
    """What is the orchestrator's own: the decision, the loop, the booking."""
    silent = {"openai": _Silent()}
    database = Database.open(url, key=key)
    ledger = SqlLedger(database, PriceTable.shipped())
    alone, booked = _orchestrator(silent, _NoLedger()), _orchestrator(silent, ledger)
    request, long, kept = _request(2), _request(100), _request(2, cacheable=True)
    await alone.complete(kept)
    paths: dict[str, Ask] = {
        "2 messages": lambda: alone.complete(request),
        "100 messages": lambda: alone.complete(long),
        "from the cache": lambda: alone.complete(kept),
        "the decision alone": lambda: alone.planner.plan(request),
    }
    cost = await _interleaved(paths, 1)
    with_ledger = await _interleaved({"2 messages, real ledger": lambda: booked.complete(request)}, 16)
    await ledger.drain()
    await database.close()
    return [Figure(f"the orchestrator itself, {name}: CPU", s * 1e6, "us") for name, s in (cost | with_ledger).items()]


async def _growth() -> list[Figure]:
    """Memory after many different calls, beside what it was when caches and pools had filled."""
    ai = _orchestrator({"openai": _Silent()}, _NoLedger())

    async def some(first: int, count: int) -> None:
        for place in range(first, first + count):
            text = f"what about number {place}? " + "more " * (place % 50)
            await ai.complete(asking(text, agency_id=f"agency {place % 300}", cacheable=place % 5 == 0))

    begin = MEMORY_CALLS // 2
    await some(0, begin)
    before = _resident_mb()
    await some(begin, MEMORY_CALLS - begin)
    grown = _resident_mb() - before
    per_million = grown / (MEMORY_CALLS - begin) * 1e6
    return [
        Figure(f"AI path, memory grown in the second half of {MEMORY_CALLS:,} calls", grown, "MB", GOAL_GROWTH_MB),
        Figure("the same, as if a million", per_million, "MB"),
    ]


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


async def _interleaved(paths: dict[str, Ask], at_once: int) -> dict[str, float]:
    """The least CPU seconds per call of each path, over slices that take turns."""
    for ask in paths.values():
        await _slice(ask, at_once, 0.05)
    found = {name: [] for name in paths}  # type: dict[str, list[float]]
    for _ in range(ROUNDS):
        for name, ask in paths.items():
            found[name].append(await _slice(ask, at_once, SLICE_S))
    return {name: min(values) for name, values in found.items()}


async def _slice(ask: Ask, at_once: int, seconds: float) -> float:
    calls, end = 0, time.monotonic() + seconds

    async def line() -> None:
        nonlocal calls
        while time.monotonic() < end:
            await ask()
            calls += 1

    began = time.process_time()
    await asyncio.gather(*(line() for _ in range(at_once)))
    return (time.process_time() - began) / calls
