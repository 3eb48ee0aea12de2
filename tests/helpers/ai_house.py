"""An orchestrator over the fake provider, with what stands around it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from huntaze_backend.core.clock import Clock, SystemClock
from huntaze_backend.engines.ai.adapters.configured import providers_of, routing_of
from huntaze_backend.engines.ai.orchestrator import HybridOrchestrator
from huntaze_backend.engines.ai.port import AiRequest, Part, Prompt, RequestType
from huntaze_backend.engines.ai.provider import Call, Chunk, Provider, Reply
from huntaze_backend.engines.ai.routing import RoutingTable
from huntaze_backend.engines.ledger.port import Ledger
from huntaze_backend.settings import Settings
from huntaze_contract.ids import new_id
from tests.helpers.ai_provider import FakeProvider

ALL_COMPANIES = ("openai", "gemini", "azure_openai", "azure_foundry")


class FixedFlags:
    """Every flag is on, or off."""

    def __init__(self, *, on: bool = True) -> None:
        self.on = on

    async def is_on(self, agency_id: str, name: str, subject: str) -> bool:
        return self.on


@dataclass
class TemplateProvider:
    """A local provider that says one thing."""

    text: str = "Thank you, talk soon!"
    asked: int = 0

    def serves(self, model: str, region: str) -> bool:
        return True

    async def complete(self, call: Call) -> Reply:
        self.asked += 1
        return Reply(self.text, "stop", None, {"template": "t1"})

    async def stream(self, call: Call) -> AsyncIterator[Chunk]:
        self.asked += 1
        yield Chunk(self.text)
        yield Chunk(finish="stop")

    async def warm(self) -> None: ...

    async def close(self) -> None: ...


@dataclass
class AiHouse:
    orchestrator: HybridOrchestrator
    fake: FakeProvider
    ledger: Any
    local: TemplateProvider
    flags: FixedFlags
    providers: Mapping[str, Provider] = field(default_factory=dict)


@contextlib.asynccontextmanager
async def ai_house(
    ledger: Ledger,
    *,
    companies: tuple[str, ...] = ALL_COMPANIES,
    with_local: bool = True,
    table: RoutingTable | None = None,
    clock: Clock | None = None,
    fake: FakeProvider | None = None,
    changed: Mapping[str, str] | None = None,
) -> AsyncIterator[AiHouse]:
    """Args: companies: who is configured; changed: settings other than the fake's."""
    async with contextlib.AsyncExitStack() as stack:
        used = fake or await stack.enter_async_context(FakeProvider())
        settings = Settings.model_validate(used.environment | dict(changed or {}))
        providers: dict[str, Any] = {name: made for name, made in providers_of(settings).items() if name in companies}
        local = TemplateProvider()
        if with_local:
            providers["local"] = local
        flags = FixedFlags()
        orchestrator = HybridOrchestrator(
            table or routing_of(settings), providers, ledger, flags, clock or SystemClock()
        )
        await orchestrator.warm()  # the import alone can take longer than an attempt has, on a loaded machine
        yield AiHouse(orchestrator, used, ledger, local, flags, providers)
        await orchestrator.close()


def asking(text: str = "hi, how was your day?", **changed: Any) -> AiRequest:
    """A chat request that is ordinary in every way that `changed` does not change."""
    head = changed.pop("head", (Part("system", "You answer as Mara, warm and short."),))
    history = changed.pop("history", ())
    values: dict[str, Any] = {
        "request_id": new_id(),
        "type": RequestType.CHAT_RESPONSE,
        "agency_id": "agency-1",
        "creator_id": "creator-1",
        "member_id": "member-1",
        "prompt": Prompt(tuple(head), (*history, Part("user", text)), "v1"),
        "deadline_s": 10.0,
    }
    return AiRequest(**values | changed)


async def until(true: Callable[[], bool], *, within_s: float = 10) -> None:
    """Wait for something that another task does. Raises: TimeoutError."""
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110  (what is waited for is a state of others, who have no event for it)
            await asyncio.sleep(0.005)
