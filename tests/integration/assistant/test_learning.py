"""The knowledge base: from a platform's messages to a suggestion, within one creator, without what is a fan's own."""

from datetime import timedelta
from functools import partial

from sqlalchemy import select

from huntaze_backend.areas.accounts.tables import AccessRow
from huntaze_backend.areas.assistant import knowledge
from huntaze_backend.areas.assistant.tables import KnowledgeItemRow, SuggestionRow
from huntaze_backend.engines.queue.port import claim
from tests.helpers.assistant_house import ask, done, learn, open_chat, use
from tests.helpers.house import House

PORTO = "Porto was magic, the bridge at sunset most of all!"


async def items(house: House) -> list[KnowledgeItemRow]:
    query = select(KnowledgeItemRow).order_by(KnowledgeItemRow.id)
    return await house.services.db.read(lambda session: list(session.scalars(query).all()))


async def exchange(house: House, asked: str, answered: str, reaction: str | None, **where: object) -> None:
    chat = await open_chat(house, **where)
    await chat.say(asked)
    await chat.say(answered, ours=True)
    if reaction is not None:
        await chat.say(reaction)


async def test_the_whole_way_from_a_message_to_what_was_learned(house):
    first = await open_chat(house, "Daniel Reyes")
    await first.say("How was your trip to Porto?")
    (suggestion,) = done(await ask(house, first.id, count=1))
    sent = await first.say(PORTO, ours=True)
    assert sent
    message_id = await first.last_id()
    assert await use(house, suggestion, "edited", message_id=message_id) == 204

    (item,) = await items(house)
    assert (item.source, item.input_text, item.output_text) == ("suggestion", "How was your trip to Porto?", PORTO)
    assert (item.origin_id, item.used, item.answered) == (message_id, 1, False)

    await first.say("That sounds lovely")
    await learn(house)
    (item,) = await items(house)
    assert item.answered, "the fan went on talking: the same item, not another"

    second = await open_chat(house, "Tom Adler")
    await second.say("tell me about the trip to Porto")
    (found, *_) = done(await ask(house, second.id))
    assert found.text == PORTO
    assert found.local
    assert found.confidence is not None
    assert found.confidence > 0.35, "surer than a template"
    assert found.reason[0] == "an earlier reply of hers: answered once, used once"

    assert await use(house, found, "inserted") == 204
    assert await use(house, found, "sent") == 204
    counted = {item.input_text: item.used for item in await items(house)}
    assert counted["How was your trip to Porto?"] == 2


async def test_only_replies_that_went_well_are_kept(house):
    await exchange(house, "How was Porto?", PORTO, "wonderful")
    await exchange(house, "How was Lisbon?", "Lisbon was quiet and warm", None)
    await learn(house)

    assert [item.output_text for item in await items(house)] == [PORTO]


async def test_learning_twice_changes_nothing(house):
    await exchange(house, "How was Porto?", PORTO, "wonderful")
    await learn(house)
    before = [(item.id, item.answered, item.used) for item in await items(house)]
    await house.services.db.write(lambda session: session.execute(knowledge.KnowledgeMarkRow.__table__.delete()))
    await learn(house)

    assert [(item.id, item.answered, item.used) for item in await items(house)] == before


async def test_what_a_fan_is_told_in_person_is_not_told_to_others(house):
    for answered in (
        "Call me at 555 0199 tonight",
        "See https://somewhere.example for it",
        "It is $20 only for you",
        "You are the best Mr Reyes ever",
        "Yes.",
    ):
        await exchange(house, "what about porto", answered, "ok", name="Daniel Reyes")
    await exchange(house, "what about porto", "Daniel, it was a dream and you know it", "ok", name="Daniel Reyes")
    await learn(house)

    assert [item.output_text for item in await items(house)] == ["{name}, it was a dream and you know it"]
    other = await open_chat(house, "Tom Adler")
    await other.say("what about porto")
    assert done(await ask(house, other.id))[0].text == "Tom, it was a dream and you know it"


async def test_nothing_is_found_across_creators_or_agencies(house):
    await exchange(house, "How was Porto?", PORTO, "wonderful", creator=0)
    await learn(house)
    find = partial(knowledge.recall, asked="How was Porto?", limit=5)
    mine, hers = house.seed.creator_ids

    async def recalled(agency: str, creator: str) -> int:
        return len(await house.services.db.read(partial(find, agency_id=agency, creator_id=creator)))

    assert await recalled(house.seed.agency_id, mine) == 1
    assert await recalled(house.seed.agency_id, hers) == 0
    assert await recalled(hers, mine) == 0


async def test_a_model_is_shown_what_went_well_as_data(rich_house, fake):
    await exchange(rich_house, "How was Porto?", PORTO, "wonderful")
    await learn(rich_house)
    chat = await open_chat(rich_house)
    await chat.say("and porto?")
    await ask(rich_house, chat.id, count=1)

    content = fake.heard[-1].body["messages"][-1]["content"]
    assert '{"creator":"' + PORTO + '","fan":"How was Porto?","kind":"worked"}' in content


async def test_more_evidence_is_worth_more_and_a_dismissal_less(house):
    await exchange(house, "How was Porto?", PORTO, "wonderful")
    await learn(house)

    async def score() -> float:
        find = partial(knowledge.recall, agency_id=house.seed.agency_id, creator_id=house.seed.creator_ids[0])
        (found,) = await house.services.db.read(partial(find, asked="How was Porto?", limit=5))
        return found.score

    one = await score()
    await exchange(house, "How was Porto?", PORTO, "great")
    await learn(house)
    two = await score()
    chat = await open_chat(house)
    await chat.say("How was Porto?")
    for _ in range(3):
        shown = done(await ask(house, chat.id, count=1, fresh=True))[0]
        if shown.text == PORTO:
            assert await use(house, shown, "dismissed") == 204

    assert one < two
    assert await score() < two


async def test_writing_ahead_follows_the_member_and_never_a_hidden_creator(house):
    for creator in (0, 0, 1):
        chat = await open_chat(house, creator=creator)
        await chat.say("hello")
    mine = await open_chat(house, creator=0)
    await mine.say("hi")
    await ask(house, mine.id, "chatter")
    await run_jobs(house)

    async def written() -> set[tuple[str, bool]]:
        query = select(SuggestionRow.creator_id, SuggestionRow.prefetched)
        return {(creator, ahead) for creator, ahead in await house.services.db.read(lambda s: s.execute(query).all())}

    own = house.seed.creator_ids[0]
    assert await written() == {(own, False), (own, True)}


async def test_who_lost_access_has_nothing_written_ahead(house):
    chat = await open_chat(house, creator=0)
    await chat.say("hello")
    mine = await open_chat(house, creator=0)
    await mine.say("hi")
    await ask(house, mine.id, "chatter")
    await house.services.db.write(lambda session: session.execute(AccessRow.__table__.delete()))
    await run_jobs(house)

    query = select(SuggestionRow.conversation_id).distinct()
    assert await house.services.db.read(lambda session: session.scalars(query).all()) == [mine.id]


async def run_jobs(house: House) -> None:
    """Do the prefetching that waits, as a worker would."""
    db = house.services.db
    for leased in await db.write(lambda session: claim(session, "test", 10, timedelta(seconds=30))):
        handler = house.services.jobs.of(leased.job.kind)
        assert handler is not None
        await handler(leased, db)
