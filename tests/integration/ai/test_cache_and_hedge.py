"""Answers that are kept, work that is done once, prompts that providers can cache, and second calls."""

import asyncio
import contextlib
from dataclasses import replace

import pytest

from huntaze_backend.engines.ai.port import AiError, Delta, Final, Part, RequestType
from tests.helpers.ai_house import AiHouse, ai_house, asking, until
from tests.helpers.ai_provider import Behaviour, Heard, refused
from tests.helpers.ledgers import NullLedger


async def test_the_same_work_is_paid_for_once(house: AiHouse) -> None:
    first = await house.orchestrator.complete(asking(cacheable=True))
    second = await house.orchestrator.complete(asking(cacheable=True))
    assert (first.cached, second.cached) == (False, True)
    assert (second.text, second.cost_nano_usd, second.attempts) == (first.text, 0, ())
    assert len(house.fake.heard) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"agency_id": "agency-2"},
        {"creator_id": "creator-2"},
        {"creator_id": None},
        {"text": "hi, how was your day"},
        {"head": (Part("system", "You answer as Mara, warm and short!"),)},
        {"history": (Part("user", "hello"),)},
        {"temperature": 0.0},
        {"max_output_tokens": 401},
        {"type": RequestType.CHATBOT},
    ],
)
async def test_what_differs_in_anything_is_other_work(house: AiHouse, changed: dict[str, object]) -> None:
    await house.orchestrator.complete(asking(cacheable=True))
    assert not (await house.orchestrator.complete(asking(cacheable=True, **changed))).cached


async def test_another_version_of_the_prompt_is_other_work(house: AiHouse) -> None:
    request = asking(cacheable=True)
    await house.orchestrator.complete(request)
    newer = replace(request, prompt=replace(request.prompt, version="v2"))
    assert not (await house.orchestrator.complete(newer)).cached


async def test_a_fan_s_chat_is_not_kept_by_default(house: AiHouse) -> None:
    await house.orchestrator.complete(asking())
    assert not (await house.orchestrator.complete(asking())).cached
    assert not (await house.orchestrator.complete(asking(cacheable=True))).cached


@pytest.mark.parametrize("behaviour", [Behaviour(tokens=500), Behaviour(finish="content_filter"), refused(500, "x")])
async def test_what_is_cut_filtered_or_local_is_never_kept(house: AiHouse, behaviour: Behaviour) -> None:
    house.fake.behave = lambda _: behaviour
    await house.orchestrator.complete(asking(cacheable=True, max_output_tokens=50))
    house.fake.behave = lambda _: Behaviour()
    assert not (await house.orchestrator.complete(asking(cacheable=True, max_output_tokens=50))).cached


async def test_an_hour_later_it_is_asked_again(house: AiHouse) -> None:
    await house.orchestrator.complete(asking(cacheable=True))
    cache = house.orchestrator._cache
    (key,) = cache._kept
    until_, answer = cache._kept[key]
    assert 0.9 * 3600 - 60 < until_ - cache._clock() <= 3600
    cache._kept[key] = (cache._clock() - 1, answer)
    assert not (await house.orchestrator.complete(asking(cacheable=True))).cached


async def test_who_asks_the_same_at_once_waits_for_one_call(house: AiHouse) -> None:
    house.fake.behave = lambda _: Behaviour(wait_s=0.2)
    answers = await asyncio.gather(*(house.orchestrator.complete(asking(cacheable=True)) for _ in range(20)))
    assert len(house.fake.heard) == 1
    assert sum(answer.cost_nano_usd for answer in answers) == house.ledger.cost
    assert sum(not answer.cached for answer in answers) == 1


async def test_the_first_of_them_may_leave_without_the_others(house: AiHouse) -> None:
    house.fake.behave = lambda _: Behaviour(wait_s=0.3)
    first = asyncio.create_task(house.orchestrator.complete(asking(cacheable=True)))
    await until(lambda: bool(house.fake.heard))
    second = asyncio.create_task(house.orchestrator.complete(asking(cacheable=True)))
    await asyncio.sleep(0.05)
    first.cancel()
    assert (await second).text
    with contextlib.suppress(asyncio.CancelledError):
        await first
    assert len(house.fake.heard) == 1


async def test_with_the_last_of_them_the_work_ends(house: AiHouse) -> None:
    house.fake.behave = lambda _: Behaviour(wait_s=30)
    task = asyncio.create_task(house.orchestrator.complete(asking(cacheable=True)))
    await until(lambda: bool(house.fake.heard))
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert [outcome for _, outcome in house.ledger.settled.values()] == ["cancelled"]


async def test_a_shared_failure_reaches_everybody(no_local: AiHouse) -> None:
    no_local.fake.behave = lambda _: refused(400, "invalid_request_error")
    asked = [no_local.orchestrator.complete(asking(cacheable=True)) for _ in range(3)]
    assert all(isinstance(found, AiError) for found in await asyncio.gather(*asked, return_exceptions=True))
    assert len(no_local.fake.heard) == 1


async def test_a_kept_answer_streams_in_one_piece(house: AiHouse) -> None:
    whole = [event async for event in house.orchestrator.stream(asking(cacheable=True))][-1]
    again = [event async for event in house.orchestrator.stream(asking(cacheable=True))]
    assert isinstance(whole, Final)
    assert again[0] == Delta(whole.answer.text)
    assert isinstance(again[1], Final)
    assert again[1].answer.cached
    assert len(house.fake.heard) == 1


HEAD = (Part("system", "You answer as Mara. " * 80),)


async def test_the_head_of_a_prompt_is_billed_as_cached_from_the_second_call_on(house: AiHouse) -> None:
    for text in ("hello", "how are you?"):
        answer = await house.orchestrator.complete(asking(text, head=HEAD))
    assert answer.usage.cached_tokens >= 0.9 * answer.usage.input_tokens
    first, second = (heard.body for heard in house.fake.heard)
    assert first["messages"][0] == second["messages"][0]


async def test_calls_that_share_a_head_say_so_without_saying_whose_it_is(house: AiHouse) -> None:
    for creator in ("creator-1", "creator-1", "creator-2"):
        await house.orchestrator.complete(asking(creator_id=creator))
    keys = [heard.body["prompt_cache_key"] for heard in house.fake.heard]
    assert keys[0] == keys[1] != keys[2]
    assert "creator" not in keys[0]


def _warm(house: AiHouse) -> None:
    """As if it had answered quickly often enough to know its p95."""
    for _ in range(25):
        house.orchestrator._latencies.note("openai/gpt-4o-mini", 0.02)


def _first_is_slow(heard: Heard) -> Behaviour:
    return Behaviour(wait_s=3) if heard.provider == "openai" else Behaviour()


async def test_a_slow_first_is_overtaken_by_a_second_and_both_are_booked(house: AiHouse) -> None:
    _warm(house)
    house.fake.behave = _first_is_slow
    answer = await house.orchestrator.complete(asking(latency_critical=True))
    assert answer.provider == "azure_openai"
    assert {heard.provider for heard in house.fake.heard} == {"openai", "azure_openai"}
    outcomes = sorted(outcome for _, outcome in house.ledger.settled.values())
    assert outcomes == ["hedge_lost", "ok"]
    lost = next(usage for usage, outcome in house.ledger.settled.values() if outcome == "hedge_lost")
    assert lost.estimated
    assert answer.cost_nano_usd == 2 * house.ledger.cost


async def test_nobody_hedges_who_did_not_ask_for_it(house: AiHouse) -> None:
    _warm(house)
    house.fake.behave = lambda heard: Behaviour(wait_s=0.5)
    await house.orchestrator.complete(asking())
    assert len(house.fake.heard) == 1


async def test_hedges_are_few(house: AiHouse) -> None:
    _warm(house)
    house.fake.behave = lambda heard: Behaviour(wait_s=0.3 if heard.provider == "openai" else 0)
    for _ in range(12):
        await house.orchestrator.complete(asking(latency_critical=True))
    assert 1 <= len(house.fake.heard) - 12 <= 6  # five in the bucket, and a twentieth of what went well


async def test_a_cancelled_hedge_books_both(house: AiHouse) -> None:
    _warm(house)
    house.fake.behave = lambda _: Behaviour(wait_s=30)
    task = asyncio.create_task(house.orchestrator.complete(asking(latency_critical=True)))
    await until(lambda: len(house.fake.heard) == 2)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert [outcome for _, outcome in house.ledger.settled.values()] == ["cancelled", "cancelled"]
    assert house.ledger.open == set()


async def test_when_the_first_of_two_fails_the_second_still_counts(house: AiHouse) -> None:
    _warm(house)
    house.fake.behave = lambda heard: (
        replace(refused(500, "server_error"), wait_s=0.4) if heard.provider == "openai" else Behaviour(wait_s=0.8)
    )
    answer = await house.orchestrator.complete(asking(latency_critical=True))
    assert answer.provider == "azure_openai"
    assert [seen.outcome for seen in answer.attempts] == ["server", "ok"]


async def test_pictures_go_to_a_model_that_sees(house: AiHouse) -> None:
    answer = await house.orchestrator.complete(asking(images=("https://pictures.example/1.jpg",)))
    assert (answer.tier, answer.provider) == ("vision", "gemini")
    shown = house.fake.heard[0].body["messages"][-1]["content"]
    assert [part["type"] for part in shown] == ["text", "image_url"]


async def test_pictures_have_no_floor() -> None:
    async with ai_house(NullLedger(), companies=()) as house:
        with pytest.raises(AiError) as raised:
            await house.orchestrator.complete(asking(images=("https://pictures.example/1.jpg",)))
    assert raised.value.failure == "no_provider"


async def test_every_company_is_spoken_to_in_its_dialect(house: AiHouse) -> None:
    for company in ("openai", "gemini", "azure_openai", "azure_foundry"):
        async with ai_house(NullLedger(), companies=(company,), fake=house.fake) as one:
            house.fake.behave = lambda heard: Behaviour(reasoning=7)
            answer = await one.orchestrator.complete(asking(head=HEAD))
            again = await one.orchestrator.complete(asking(head=HEAD))
        bills = house.fake.bills[-2:]
        for told, bill in zip((answer, again), bills, strict=True):
            assert (told.usage.input_tokens, told.usage.cached_tokens, told.usage.output_tokens) == (
                bill.input,
                bill.cached,
                bill.output,
            )
        assert bills[1].cached > 0
    paths = {heard.provider: heard.path for heard in house.fake.heard}
    assert paths == {
        "openai": "/v1/chat/completions",
        "gemini": "/v1beta/openai/chat/completions",
        "azure_openai": "/openai/deployments/mini-east/chat/completions?api-version=2024-10-21",
        "azure_foundry": "/models/chat/completions?api-version=2024-05-01-preview",
    }
