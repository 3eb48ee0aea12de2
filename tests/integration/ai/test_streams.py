"""Streams: nothing before the first words, nothing of another model's after them, and billed however they end."""

import asyncio
import contextlib

import pytest

from huntaze_backend.engines.ai.breaker import State
from huntaze_backend.engines.ai.port import AiError, Delta, Failure, Final, Incomplete, RequestType
from huntaze_backend.engines.ai.routing import Candidate
from tests.helpers.ai_house import AiHouse, asking, until
from tests.helpers.ai_provider import Behaviour, refused


async def test_a_stream_ends_with_the_whole_answer_and_its_usage(house: AiHouse) -> None:
    house.fake.script.append(Behaviour(tokens=30))
    events = [event async for event in house.orchestrator.stream(asking())]
    final = events[-1]
    assert isinstance(final, Final)
    assert len(events) == 31
    assert (final.answer.usage.output_tokens, final.answer.usage.estimated) == (30, False)
    assert house.ledger.settled[final.answer.attempts[0].attempt_id][1] == "ok"
    assert house.fake.heard[0].body["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    ("behaviour", "failure"),
    [
        (Behaviour(cut_after=3), Failure.CUT),
        (Behaviour(cut_after=3, raw=b"data: {broken\n\n"), Failure.MALFORMED),
        (Behaviour(cut_after=3, event={"message": "overloaded", "type": "overloaded_error"}), Failure.OVERLOADED),
        (Behaviour(tokens=3, finish="content_filter"), Failure.CONTENT_FILTER),
    ],
)
async def test_after_its_first_words_a_broken_stream_says_that_it_is_incomplete(
    house: AiHouse, behaviour: Behaviour, failure: Failure
) -> None:
    house.fake.script.append(behaviour)
    events = [event async for event in house.orchestrator.stream(asking())]
    last = events[-1]
    assert isinstance(last, Incomplete)
    assert last.failure is failure
    assert last.text == "".join(event.text for event in events[:-1] if isinstance(event, Delta)) == "soonherewarm"
    assert len(house.fake.heard) == 1
    usage, outcome = house.ledger.settled[last.attempts[0].attempt_id]
    assert outcome == "incomplete"
    assert (usage.input_tokens, usage.output_tokens) == (house.fake.bills[0].input, 3)
    assert usage.estimated == (failure is not Failure.CONTENT_FILTER)


async def test_a_stream_that_goes_silent_is_given_up(house: AiHouse) -> None:
    table = house.orchestrator.planner.table
    for key, model in dict(table._models).items():
        table._models[key] = model.model_copy(update={"stall_s": 0.2})  # type: ignore[index]
    house.fake.script.append(Behaviour(stall_after=2))
    events = [event async for event in house.orchestrator.stream(asking())]
    assert isinstance(events[-1], Incomplete)
    assert events[-1].failure is Failure.STALLED


async def test_a_stream_has_the_same_one_deadline(house: AiHouse) -> None:
    house.fake.behave = lambda _: Behaviour(tokens=1000, pace_s=0.05)
    began = asyncio.get_running_loop().time()
    events = [event async for event in house.orchestrator.stream(asking(deadline_s=1.0, max_output_tokens=2000))]
    assert isinstance(events[-1], Incomplete)
    assert events[-1].failure is Failure.DEADLINE
    assert asyncio.get_running_loop().time() - began < 2.5


async def test_whoever_leaves_in_the_middle_is_billed_for_what_was_counted(house: AiHouse) -> None:
    house.fake.script.append(Behaviour(stall_after=5))
    async with contextlib.aclosing(house.orchestrator.stream(asking())) as events:
        read = [await anext(events) for _ in range(5)]
    assert all(isinstance(event, Delta) for event in read)
    ((usage, outcome),) = house.ledger.settled.values()
    assert (outcome, usage.output_tokens, usage.estimated) == ("cancelled", 5, True)
    first = Candidate(provider="openai", model="gpt-4o-mini", why="-")
    assert house.orchestrator.breakers.of(first).state is State.CLOSED


async def test_a_cancelled_reader_closes_the_connection_and_is_billed(house: AiHouse) -> None:
    house.fake.script.append(Behaviour(stall_after=2))
    read = 0

    async def reading() -> None:
        nonlocal read
        async for _ in house.orchestrator.stream(asking()):
            read += 1

    task = asyncio.create_task(reading())
    await until(lambda: read == 2)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await until(lambda: not house.fake.open and not house.ledger.open)
    ((usage, outcome),) = house.ledger.settled.values()
    assert (outcome, usage.output_tokens) == ("cancelled", 2)


async def test_without_usage_the_pieces_are_counted(house: AiHouse) -> None:
    house.fake.script.append(Behaviour(tokens=9, tells_usage=False))
    events = [event async for event in house.orchestrator.stream(asking())]
    assert isinstance(events[-1], Final)
    assert (events[-1].answer.usage.output_tokens, events[-1].answer.usage.estimated) == (9, True)


async def test_nobody_at_all_is_an_error_before_the_first_event(no_local: AiHouse) -> None:
    no_local.fake.behave = lambda _: refused(500, "server_error")
    with pytest.raises(AiError):
        await anext(no_local.orchestrator.stream(asking()))


async def test_the_local_one_streams_as_well(house: AiHouse) -> None:
    house.fake.behave = lambda _: refused(500, "server_error")
    events = [event async for event in house.orchestrator.stream(asking())]
    assert isinstance(events[-1], Final)
    assert events[-1].answer.local


async def test_thoughts_are_billed_and_not_shown(house: AiHouse) -> None:
    house.fake.behave = lambda heard: Behaviour(tokens=6, reasoning=20)
    request = asking(type=RequestType.PATTERN_ANALYSIS)
    events = [event async for event in house.orchestrator.stream(request)]
    assert isinstance(events[-1], Final)
    answer = events[-1].answer
    assert answer.model == "DeepSeek-R1"
    assert (answer.usage.output_tokens, answer.usage.reasoning_tokens) == (26, 0)
    assert "temperature" not in house.fake.heard[0].body
