"""A provider that others wrote judges our client: faults at random, and a verdict on how they were taken."""

import asyncio
import json
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from huntaze_backend.engines.ai.port import AiError, Final, Incomplete
from tests.helpers.ai_house import ai_house, asking
from tests.helpers.ledgers import NullLedger

LLMOCK = Path(sys.executable).parent / "llmock"
CALLS = 16


@asynccontextmanager
async def llmock(*faults: str) -> AsyncIterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *(str(LLMOCK), "serve", "--port", str(port), *faults), stdout=quiet, stderr=quiet
    )
    root = f"http://127.0.0.1:{port}"
    try:
        async with httpx2.AsyncClient(trust_env=False) as client, asyncio.timeout(30):
            while True:
                try:
                    await client.get(f"{root}/health")
                    break
                except httpx2.TransportError:
                    await asyncio.sleep(0.05)
        yield root
    finally:
        process.terminate()
        await process.wait()


async def verdict(root: str) -> list[str]:
    """The errors that the judge found; what it warns of are choices (an answer from our own templates is one).

    That a stream which broke off was not asked for again is one too: its reader is told, which the judge cannot see.
    """
    process = await asyncio.create_subprocess_exec(
        *(str(LLMOCK), "report", "--json", "--url", root), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    found = json.loads(said)
    assert found["faults_injected"] > 0
    errors = {finding["code"] for finding in found["findings"] if finding["severity"] == "error"}
    return sorted(errors - {"truncated_stream_accepted"})


@pytest.mark.e2e
@pytest.mark.parametrize(
    "fault",
    [
        ("--error-rate", "503=0.2", "--error-rate", "429=0.2", "--error-rate", "500=0.1"),
        tuple(f"--stream-fault={kind}=0.3" for kind in ("disconnect", "truncate", "malformed")),
    ],
    ids=["refusals", "streams"],
)
async def test_the_judge_finds_no_error_in_how_faults_are_taken(fault: tuple[str, ...]) -> None:
    ended: Counter[str] = Counter()
    async with llmock(*fault) as root:
        settings = {"OPENAI_BASE_URL": f"{root}/v1"}
        async with ai_house(NullLedger(), companies=("openai",), changed=settings) as house:
            for place in range(CALLS):
                request = asking(f"how was number {place}?", deadline_s=8.0)
                try:
                    if place % 2:
                        last = [event async for event in house.orchestrator.stream(request)][-1]
                        assert isinstance(last, Final | Incomplete)
                        ended[type(last).__name__] += 1
                    else:
                        assert (await house.orchestrator.complete(request)).text
                        ended["answer"] += 1
                except AiError as error:
                    ended[error.failure] += 1
            assert house.ledger.open == set()
        assert await verdict(root) == []
    assert ended["answer"] == CALLS / 2
    assert ended["Final"] + ended["Incomplete"] == CALLS / 2
