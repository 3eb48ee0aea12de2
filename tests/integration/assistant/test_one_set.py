"""One set for a last message, also with two processes; and what was suggested is known again when it is sent."""

import asyncio
from functools import partial

from huntaze_backend.areas.accounts.members import acting_as
from huntaze_backend.areas.assistant import store
from huntaze_backend.areas.assistant.rules import AssistantPolicy
from huntaze_backend.areas.assistant.service import Assistant
from huntaze_backend.areas.assistant.store import SuggestedTexts
from huntaze_contract.ids import new_id
from huntaze_contract.wire import SuggestionRequest
from tests.helpers.ai_provider import Behaviour
from tests.helpers.assistant_house import ask, done, open_chat
from tests.helpers.house import House


async def frames_of(house: House, assistant: Assistant, conversation: str) -> list[str]:
    who = await house.services.db.read(partial(acting_as, member_id=house.seed.owner_id))
    assert who is not None
    frames, _ = await assistant.suggest(who, conversation, SuggestionRequest(count=2))
    return [each.text for each in done([frame async for frame in frames])]


async def test_two_processes_pay_for_one_set(rich_house, fake):
    chat = await open_chat(rich_house)
    await chat.say("hello there")
    fake.behave = lambda _: Behaviour(pace_s=0.02)
    services = rich_house.services
    other = Assistant(services.db, services.ai, AssistantPolicy())

    mine, theirs = await asyncio.gather(
        frames_of(rich_house, services.assistant, chat.id), frames_of(rich_house, other, chat.id)
    )

    assert mine == theirs
    assert len(fake.heard) == 2


async def test_a_claim_is_one_processs_until_it_gives_it_back_or_dies(house):
    conversation, write = new_id(), house.services.db.write
    take = partial(store.claim, conversation_id=conversation)

    assert await write(partial(take, token="one", for_s=30))
    assert not await write(partial(take, token="two", for_s=30))
    await write(partial(store.release, conversation_id=conversation, token="two"))
    assert not await write(partial(take, token="two", for_s=30))
    await write(partial(store.release, conversation_id=conversation, token="one"))
    assert await write(partial(take, token="two", for_s=-1))
    assert await write(partial(take, token="three", for_s=30)), "it died, and its time is over"


async def test_a_run_goes_on_when_its_reader_leaves(rich_house, fake):
    chat = await open_chat(rich_house)
    await chat.say("hello there")
    who = await rich_house.services.db.read(partial(acting_as, member_id=rich_house.seed.owner_id))
    frames, written = await rich_house.services.assistant.suggest(who, chat.id, SuggestionRequest(count=1))
    await anext(frames)
    await frames.aclose()

    assert written
    assert len(done(await ask(rich_house, chat.id, count=1))) == 1
    assert len(fake.heard) == 1


async def test_the_door_knows_what_the_assistant_wrote(house):
    chat = await open_chat(house)
    await chat.say("Thank you!")
    suggestions = done(await ask(house, chat.id))
    texts, creator = SuggestedTexts(), house.seed.creator_ids[0]
    name = partial(texts.named, suggestion_id=suggestions[0].id)

    found = await house.services.db.read(partial(name, creator_id=creator))
    recent = await house.services.db.read(partial(texts.recent, creator_id=creator, conversation_id=chat.id))

    assert found is not None
    assert (found.text, found.suggestion_id, found.provider) == (suggestions[0].text, suggestions[0].id, "local")
    assert {each.suggestion_id for each in recent} == {each.id for each in suggestions}
    assert await house.services.db.read(partial(name, creator_id=house.seed.creator_ids[1])) is None
