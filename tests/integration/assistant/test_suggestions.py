"""Suggestions over HTTP: streamed, stored, paid once, and only for those who may see the conversation."""

import asyncio

import pytest
from sqlalchemy import func, select

from huntaze_backend.areas.assistant.rules import AssistantPolicy
from huntaze_backend.areas.assistant.tables import FlightRow, SuggestionRow, SuggestionUseRow
from huntaze_backend.engines.ledger.tables import AttemptRow
from huntaze_contract.ids import new_id
from huntaze_contract.wire import SuggestionDelta, SuggestionIncomplete, SuggestionProblem
from tests.helpers.ai_provider import Behaviour, refused
from tests.helpers.assistant_house import ask, done, open_chat, signed, use
from tests.helpers.house import House


async def costs(house: House) -> tuple[int, int]:
    """Attempts in the ledger, and what they cost."""
    await house.services.ledger.drain()
    query = select(func.count(), func.coalesce(func.sum(AttemptRow.cost), 0))
    found = await house.services.db.read(lambda session: session.execute(query).one())
    return int(found[0]), int(found[1])


async def post(house: House, path: str, body: dict[str, object], who: str = "owner"):
    return await house.client.post(f"/api/v2/{path}", json=body, headers=await signed(house, who))


async def test_without_a_model_there_are_local_suggestions_that_cost_nothing(house):
    chat = await open_chat(house)
    await chat.say("Thank you so much!")

    suggestions = done(await ask(house, chat.id))

    assert len({each.text for each in suggestions}) == 3
    for each in suggestions:
        assert each.local
        assert (each.tier, each.provider, each.cost_nano_usd) == ("local", "local", 0)
        assert each.confidence is not None
        assert each.reason[0].startswith("a template for")
        assert each.based_on == await chat.last_id()


async def test_a_model_writes_card_by_card_and_its_cost_is_shown(rich_house, fake):
    chat = await open_chat(rich_house)
    await chat.say("Did you get the Porto photos back yet?")

    frames = await ask(rich_house, chat.id)

    suggestions = done(frames)
    assert [each.tone for each in suggestions] == ["warm", "question", "offer"]
    for index, each in enumerate(suggestions):
        deltas = [frame.text for frame in frames if isinstance(frame, SuggestionDelta) and frame.index == index]
        assert "".join(deltas).strip() == each.text
        assert (each.provider, each.local, each.confidence) == ("openai", False, None)
        assert each.cost_nano_usd > 0
    assert await costs(rich_house) == (3, sum(each.cost_nano_usd for each in suggestions))
    heads = {heard.body["messages"][0]["content"] for heard in fake.heard}
    assert len(heads) == 1, "the head is the same for all cards"


async def test_the_same_last_message_is_paid_once(rich_house, fake):
    chat = await open_chat(rich_house)
    await chat.say("hello there")
    first = done(await ask(rich_house, chat.id))

    again = done(await ask(rich_house, chat.id, based_on=await chat.last_id()))

    assert again == first
    assert len(fake.heard) == 3
    assert len(done(await ask(rich_house, chat.id, count=5))) == 5
    assert len(fake.heard) == 5, "only the two that were missing"


async def test_those_who_ask_at_the_same_time_share_one_set(rich_house, fake):
    chat = await open_chat(rich_house)
    await chat.say("hello there")
    fake.behave = lambda _: Behaviour(pace_s=0.01)
    await signed(rich_house)

    sets = await asyncio.gather(*(ask(rich_house, chat.id) for _ in range(4)))

    assert all(done(frames) == done(sets[0]) for frames in sets)
    assert len(fake.heard) == 3
    rows = await rich_house.services.db.read(lambda session: session.scalars(select(FlightRow)).all())
    assert rows == [], "the claim is given back"


async def test_a_new_set_replaces_the_old_one_and_differs(house):
    chat = await open_chat(house)
    await chat.say("Thank you!")
    first = done(await ask(house, chat.id, count=2))

    second = done(await ask(house, chat.id, count=2, fresh=True))

    assert not {each.id for each in first} & {each.id for each in second}
    assert not {each.text for each in first} & {each.text for each in second}
    assert done(await ask(house, chat.id, count=2)) == second


async def test_a_newer_message_makes_a_new_set_and_an_old_base_a_conflict(house):
    chat = await open_chat(house)
    await chat.say("Thank you!")
    old = await chat.last_id()
    first = done(await ask(house, chat.id))
    await chat.say("And good night")

    answer = await post(house, f"conversations/{chat.id}/suggestions", {"based_on": old})

    assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
    assert {each.id for each in done(await ask(house, chat.id))}.isdisjoint(each.id for each in first)


async def test_a_chatter_gets_none_of_a_creator_that_is_not_theirs(house):
    hidden = await open_chat(house, creator=1)
    await hidden.say("hello")
    (suggestion,) = done(await ask(house, hidden.id, count=1))

    for path, body in (
        (f"conversations/{hidden.id}/suggestions", {}),
        (f"conversations/{hidden.id}/rewrite", {"text": "hi", "kind": "rewrite"}),
        (f"suggestions/{suggestion.id}/use", {"outcome": "sent"}),
        (f"suggestions/{new_id()}/use", {"outcome": "sent"}),
    ):
        answer = await post(house, path, body, "chatter")
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND"), path


async def test_a_stream_that_breaks_is_incomplete_and_is_not_stored(rich_house, fake):
    chat = await open_chat(rich_house)
    await chat.say("hello there")
    fake.script.append(Behaviour(cut_after=3))

    frames = await ask(rich_house, chat.id, count=1)

    assert isinstance(frames[-1], SuggestionIncomplete)
    assert frames[-1].reason
    assert done(frames) == []
    assert len(done(await ask(rich_house, chat.id, count=1))) == 1


async def test_when_the_models_refuse_the_local_ones_come_instead(rich_house, fake):
    chat = await open_chat(rich_house)
    await chat.say("hello there")
    fake.behave = lambda _: refused(429, "rate_limit_exceeded")

    suggestions = done(await ask(rich_house, chat.id))

    assert [each.local for each in suggestions] == [True] * 3


async def test_a_rewrite_is_a_models_work(rich_house, fake):
    chat = rich_house.seed.conversation_ids[0]

    answer = await post(rich_house, f"conversations/{chat}/rewrite", {"text": "helo u", "kind": "tone", "tone": "warm"})

    assert answer.status_code == 200, answer.text
    assert (answer.json()["local"], answer.json()["cost_nano_usd"] > 0) == (False, True)
    assert '{"text":"helo u"}' in fake.heard[0].body["messages"][-1]["content"]
    row = await rich_house.services.db.read(lambda session: session.get_one(SuggestionRow, answer.json()["id"]))
    assert (row.kind, row.asked) == ("tone", "helo u")


async def test_a_rewrite_without_a_model_says_so(house):
    chat = house.seed.conversation_ids[0]

    answer = await post(house, f"conversations/{chat}/rewrite", {"text": "helo u", "kind": "rewrite"})

    assert (answer.status_code, answer.json()["code"]) == (424, "AI_UNAVAILABLE")


@pytest.mark.parametrize("form", [{"kind": "tone"}, {"kind": "translate"}, {"kind": "translate", "language": "F"}])
async def test_a_rewrite_says_how(house, form):
    chat = house.seed.conversation_ids[0]
    answer = await post(house, f"conversations/{chat}/rewrite", {"text": "hi"} | form)

    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION")


async def test_what_became_of_a_suggestion_is_recorded_and_only_grows(house):
    chat = await open_chat(house)
    await chat.say("Thank you!")
    (suggestion,) = done(await ask(house, chat.id, count=1))

    assert await use(house, suggestion, "inserted") == 204
    assert await use(house, suggestion, "edited", final_text=suggestion.text + " Yes") == 204
    assert await use(house, suggestion, "dismissed") == 204
    assert await use(house, suggestion, "edited", message_id=new_id()) == 422

    row = await house.services.db.read(lambda session: session.get_one(SuggestionUseRow, suggestion.id))
    assert (row.outcome, row.final_text) == ("edited", suggestion.text + " Yes")
    assert 0.9 < row.similarity < 1


async def test_what_the_team_kept_becomes_the_confidence_of_the_next(rich_house):
    for index in range(10):
        chat = await open_chat(rich_house)
        await chat.say(f"hello {index}")
        (suggestion,) = done(await ask(rich_house, chat.id, count=1))
        assert suggestion.confidence is None
        assert await use(rich_house, suggestion, "inserted" if index < 9 else "dismissed") == 204

    chat = await open_chat(rich_house)
    await chat.say("hello again")
    (suggestion,) = done(await ask(rich_house, chat.id, count=1))

    assert suggestion.confidence == 0.9
    assert suggestion.reason[0] == "the team kept 90% of the last 10 of this kind"


async def test_a_prefetch_stops_at_its_budget_and_stored_ones_are_shown_all_the_same(rich_house, fake):
    rich_house.services.assistant.policy = AssistantPolicy(prefetch_nano_usd_a_day=1)
    first, second = await open_chat(rich_house), await open_chat(rich_house)
    for chat in (first, second):
        await chat.say("hello there")
    written = done(await ask(rich_house, first.id, count=1, prefetch=True))

    refused_one = await post(rich_house, f"conversations/{second.id}/suggestions", {"prefetch": True})

    assert (refused_one.status_code, refused_one.json()["code"]) == (429, "BUDGET_EXCEEDED")
    assert done(await ask(rich_house, first.id, count=1, prefetch=True)) == written
    assert len(done(await ask(rich_house, second.id, count=1))) == 1, "who asks gets them"
    assert len(fake.heard) == 2


async def test_a_fault_of_ours_is_a_problem_in_the_stream(house, monkeypatch):
    async def broken(*_args: object, **_more: object) -> None:
        raise TimeoutError

    chat = await open_chat(house)
    await chat.say("hello")
    monkeypatch.setattr(house.services.assistant, "_write", broken)

    frames = await ask(house, chat.id)

    assert [type(frame) for frame in frames] == [SuggestionProblem]
    assert frames[0].problem.code == "INTERNAL"
    rows = await house.services.db.read(lambda session: session.scalars(select(SuggestionRow)).all())
    assert rows == []
