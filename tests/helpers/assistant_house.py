"""The backend with an assistant, a platform whose messages are told by the test, and a reader of event streams."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from fastapi import FastAPI

from huntaze_backend.app import Adapters
from huntaze_backend.areas.assistant import knowledge
from huntaze_backend.areas.fans.intake import Source
from huntaze_backend.areas.messages.chats import conversation_id, put_chats
from huntaze_backend.areas.messages.intake import put_messages
from huntaze_backend.core.clock import now
from huntaze_backend.engines.ai.adapters.configured import providers_of
from huntaze_backend.engines.gateways.reading import PlatformChat, PlatformFan, PlatformMessage
from huntaze_backend.settings import Settings
from huntaze_contract.ids import new_id
from huntaze_contract.wire import SUGGESTION_FRAME, Suggestion, SuggestionDone
from tests.helpers.ai_provider import FakeProvider
from tests.helpers.house import House

Frames = list[Any]
_SIGNED: WeakKeyDictionary[FastAPI, dict[str, dict[str, str]]] = WeakKeyDictionary()


async def signed(house: House, who: str = "owner") -> dict[str, str]:
    """The headers of a member who signed in once: signing in often is slowed down."""
    kept = _SIGNED.setdefault(house.app, {})
    if who not in kept:
        kept[who] = await house.headers(who)
    return kept[who]


def with_models(fake: FakeProvider) -> Adapters:
    """A deployment with OpenAI only, which is the fake."""
    settings = Settings.model_validate(
        {"OPENAI_API_KEY": fake.environment["OPENAI_API_KEY"], "OPENAI_BASE_URL": fake.environment["OPENAI_BASE_URL"]}
    )
    return Adapters(ai_providers=dict(providers_of(settings)))


@dataclass
class Chat:
    """A conversation with a fan of one of the house's creators, filled by what the platform tells."""

    house: House
    source: Source
    fan: PlatformFan
    told: int = 0

    @property
    def id(self) -> str:
        return conversation_id(self.source, self.fan.id)

    async def say(self, text: str, *, ours: bool = False, **more: Any) -> str:
        """The platform tells of a message; each a second after the one before. Its platform id."""
        self.told += 1
        id_ = new_id()
        begun = await self.house.services.db.read(now) - timedelta(hours=1)
        at: datetime = begun.replace(microsecond=0) + timedelta(seconds=self.told)
        message = PlatformMessage(id_, self.fan.id, text, ours, at, **more)
        await self.house.services.db.write(partial(put_messages, source=self.source, told=[message]))
        return id_

    async def last_id(self, who: str = "owner") -> str:
        path = f"/api/v2/conversations/{self.id}"
        answer = await self.house.client.get(path, headers=await signed(self.house, who))
        return str(answer.json()["last"]["id"])


async def open_chat(house: House, name: str = "Daniel Reyes", *, creator: int = 0) -> Chat:
    """A new fan's conversation, empty."""
    source = Source(house.seed.creator_ids[creator], house.seed.agency_id, f"acct-{house.seed.creator_ids[creator]}")
    fan = PlatformFan(new_id(), name, f"{name.split(maxsplit=1)[0].lower()}_{new_id()[-6:]}", active=True)
    chat = PlatformChat(fan.id, fan, True, None, 0, None)
    await house.services.db.write(partial(put_chats, source=source, chats=[chat]))
    return Chat(house, source, fan)


async def ask(house: House, conversation: str, who: str = "owner", **request: Any) -> Frames:
    """The frames of a suggestions' stream."""
    path = f"/api/v2/conversations/{conversation}/suggestions"
    answer = await house.client.post(path, json=request, headers=await signed(house, who))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [event for event in answer.text.split("\n\n") if event]
    frames = [SUGGESTION_FRAME.validate_json(event.split("\ndata: ", 1)[1]) for event in events]
    names = [event.split("\n", 1)[0].removeprefix("event: ") for event in events]
    assert names == [frame.type for frame in frames]
    return frames


def done(frames: Frames) -> list[Suggestion]:
    """The complete cards, in their places."""
    found = {frame.index: frame.suggestion for frame in frames if isinstance(frame, SuggestionDone)}
    return [found[index] for index in sorted(found)]


async def use(house: House, suggestion: Suggestion, outcome: str, who: str = "owner", **more: Any) -> int:
    path = f"/api/v2/suggestions/{suggestion.id}/use"
    answer = await house.client.post(path, json={"outcome": outcome} | more, headers=await signed(house, who))
    return int(answer.status_code)


async def learn(house: House) -> None:
    """What the scheduled job does."""
    while await house.services.db.write(partial(knowledge.learn, agency_id=house.seed.agency_id)):
        pass
