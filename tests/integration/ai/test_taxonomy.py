"""Each class of failure ends where the table says: who is asked next, what the breaker does, what is booked."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import httpx2
import pytest

from huntaze_backend.engines.ai.breaker import State
from huntaze_backend.engines.ai.failures import CONSEQUENCES, OnBreaker
from huntaze_backend.engines.ai.port import AiError, AiRequest, Delta, Failure, Final, Tier
from huntaze_backend.engines.ai.routing import Candidate
from huntaze_backend.engines.ledger.port import BudgetExceededError, Charge, Reserved, UnknownPriceError
from huntaze_contract.wire import ProblemCode
from tests.helpers.ai_house import AiHouse, ai_house, asking, until
from tests.helpers.ai_provider import Behaviour, Heard, refused
from tests.helpers.ledgers import NullLedger

FIRST, SECOND = "openai", "azure_openai"
"""The row for chats begins with these two, and both serve gpt-4o-mini."""


@dataclass(frozen=True)
class Case:
    failure: Failure
    behaviour: Behaviour
    billed: bool = False
    opens: bool = False


CASES = [
    Case(Failure.DISCONNECTED, Behaviour(hang_up=True)),
    Case(Failure.TIMEOUT, Behaviour(wait_s=30), billed=True),
    Case(Failure.REQUEST_TIMEOUT, refused(408, "timeout")),
    Case(Failure.LOCKED, refused(409, "conflict")),
    Case(Failure.RATE_LIMITED, refused(429, "rate_limit_exceeded", retry_after="20"), opens=True),
    Case(Failure.RATE_LIMITED, refused(429, "rate_limit_exceeded")),
    Case(Failure.QUOTA, refused(429, "insufficient_quota"), opens=True),
    Case(Failure.UNAUTHORIZED, refused(401, "invalid_api_key"), opens=True),
    Case(Failure.UNAUTHORIZED, refused(403, "forbidden"), opens=True),
    Case(Failure.NO_DEPLOYMENT, refused(404, "DeploymentNotFound"), opens=True),
    Case(Failure.OVERLOADED, refused(503, "overloaded", retry_after_ms="9000"), opens=True),
    Case(Failure.OVERLOADED, refused(529, "overloaded_error")),
    Case(Failure.SERVER, refused(500, "server_error")),
    Case(Failure.SERVER, refused(502, "bad_gateway")),
    Case(Failure.MALFORMED, Behaviour(raw=b'{"choices": ['), billed=True),
    Case(Failure.MALFORMED, Behaviour(raw=b"{}"), billed=True),
    Case(Failure.MALFORMED, Behaviour(raw=b'{"choices": [{"message": {"content": ""}}], "usage": null}'), billed=True),
    Case(Failure.MALFORMED, Behaviour(raw=b"<html>busy</html>", headers={"content-type": "text/html"}), billed=True),
    Case(Failure.SERVER, Behaviour(raw=b'{"error": {"message": "internal"}}')),
    Case(Failure.CUT, Behaviour(cut_after=4), billed=True),
]


def _name(case: Case) -> str:
    return f"{case.failure}-{case.behaviour.status}"


def _only_the_first(behaviour: Behaviour) -> Callable[[Heard], Behaviour]:
    return lambda heard: behaviour if heard.provider == FIRST else Behaviour()


def _breaker(house: AiHouse, provider: str, model: str = "gpt-4o-mini") -> State:
    return house.orchestrator.breakers.of(Candidate(provider=provider, model=model, why="-")).state


@pytest.mark.parametrize("case", CASES, ids=_name)
async def test_another_provider_answers_and_the_attempt_is_booked(house: AiHouse, case: Case) -> None:
    house.fake.behave = _only_the_first(case.behaviour)
    answer = await house.orchestrator.complete(asking(deadline_s=3.0))

    assert [seen.outcome for seen in answer.attempts] == [case.failure, "ok"]
    assert (answer.provider, answer.local) == (SECOND, False)
    first = answer.attempts[0].attempt_id
    if case.billed:
        usage, outcome = house.ledger.settled[first]
        assert (outcome, usage.estimated) == (case.failure, True) or usage.output_tokens == 0
    else:
        assert house.ledger.released[first] == case.failure
    assert _breaker(house, FIRST) is (State.OPEN if case.opens else State.CLOSED)
    assert _breaker(house, SECOND) is State.CLOSED


@pytest.mark.parametrize("case", [case for case in CASES if case.behaviour.raw is None], ids=_name)
async def test_before_its_first_words_a_stream_is_replaced_unseen(house: AiHouse, case: Case) -> None:
    behaviour = case.behaviour
    if case.failure is Failure.CUT:
        behaviour = Behaviour(cut_after=0)
    house.fake.behave = _only_the_first(behaviour)
    events = [event async for event in house.orchestrator.stream(asking(deadline_s=3.0))]

    assert all(isinstance(event, Delta) for event in events[:-1])
    final = events[-1]
    assert isinstance(final, Final)
    assert final.answer.text == "".join(event.text for event in events[:-1] if isinstance(event, Delta))
    assert [seen.outcome for seen in final.answer.attempts] == [case.failure, "ok"]
    assert final.answer.provider == SECOND


@pytest.mark.parametrize("raw", [b"data: {broken\n\n", b'data: {"choices": 7}\n\n', b"data: 5\n\n"])
async def test_a_malformed_stream_is_replaced_unseen(house: AiHouse, raw: bytes) -> None:
    house.fake.behave = _only_the_first(Behaviour(cut_after=0, raw=raw))
    events = [event async for event in house.orchestrator.stream(asking())]
    assert isinstance(events[-1], Final)
    assert [seen.outcome for seen in events[-1].answer.attempts] == [Failure.MALFORMED, "ok"]


async def test_nobody_listens_where_the_provider_should_be(house: AiHouse) -> None:
    async with ai_house(NullLedger(), fake=house.fake, changed={"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}) as other:
        answer = await other.orchestrator.complete(asking())
    assert [seen.outcome for seen in answer.attempts] == [Failure.CONNECT, "ok"]


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_bad_request_is_asked_once_and_nobody_else(house: AiHouse, status: int) -> None:
    house.fake.behave = lambda _: refused(status, "invalid_request_error")
    with pytest.raises(AiError) as raised:
        await house.orchestrator.complete(asking())
    assert (raised.value.failure, raised.value.status) == (Failure.BAD_REQUEST, 422)
    assert len(house.fake.heard) == 1
    assert house.local.asked == 0
    assert _breaker(house, FIRST) is State.CLOSED


@pytest.mark.parametrize(
    "behaviour", [refused(400, "content_filter"), Behaviour(finish="content_filter")], ids=["asked", "answered"]
)
async def test_a_filtered_conversation_is_shown_to_nobody_whom_the_policy_does_not_name(
    house: AiHouse, behaviour: Behaviour
) -> None:
    house.fake.behave = lambda _: behaviour
    for _ in range(8):
        answer = await house.orchestrator.complete(asking())
        assert answer.local
    assert {heard.provider for heard in house.fake.heard} == {FIRST}
    assert _breaker(house, FIRST) is State.CLOSED


async def test_a_filtered_conversation_without_a_floor_is_told(no_local: AiHouse) -> None:
    no_local.fake.behave = lambda _: refused(400, "content_filter")
    with pytest.raises(AiError) as raised:
        await no_local.orchestrator.complete(asking())
    assert (raised.value.status, raised.value.code) == (422, ProblemCode.AI_REFUSED)
    assert "content filter" in raised.value.detail


async def test_too_long_a_conversation_goes_to_a_larger_window_only(house: AiHouse) -> None:
    house.fake.behave = lambda heard: (
        Behaviour() if heard.provider == "gemini" else refused(400, "context_length_exceeded")
    )
    answer = await house.orchestrator.complete(asking())
    assert answer.provider == "gemini"
    assert [heard.provider for heard in house.fake.heard] == [FIRST, "gemini"]
    assert _breaker(house, FIRST) is State.CLOSED


@dataclass
class PoorLedger(NullLedger):
    """Has room for nothing that costs something, or for nothing on the large model."""

    refuse: Callable[[Charge], bool] = lambda charge: charge.provider != "local"
    error: type[Exception] = BudgetExceededError
    soft: bool = False

    async def reserve(self, charge: Charge, *, ttl_s: float) -> Reserved:
        if self.refuse(charge) and not self.soft:
            raise self.error
        found = await super().reserve(charge, ttl_s=ttl_s)
        return Reserved(found.attempt_id, found.bound_nano_usd, "v", soft_exceeded=self.soft)


async def test_a_spent_budget_reaches_no_provider_and_the_free_one_answers() -> None:
    async with ai_house(PoorLedger()) as house:
        answer = await house.orchestrator.complete(asking())
        assert (answer.local, answer.cost_nano_usd) == (True, house.ledger.cost)
        assert house.fake.heard == []


async def test_a_spent_budget_without_a_floor_is_told() -> None:
    async with ai_house(PoorLedger(), with_local=False) as house:
        with pytest.raises(AiError) as raised:
            await house.orchestrator.complete(asking())
        assert (raised.value.status, raised.value.code) == (402, ProblemCode.BUDGET_EXCEEDED)
        assert house.fake.heard == []


async def test_even_where_the_free_one_cannot_be_booked_it_answers() -> None:
    async with ai_house(PoorLedger(refuse=lambda _: True)) as house:
        assert (await house.orchestrator.complete(asking())).local


async def test_where_the_large_model_does_not_fit_the_small_one_answers() -> None:
    async with ai_house(PoorLedger(refuse=lambda charge: charge.model == "gpt-4o")) as house:
        answer = await house.orchestrator.complete(asking(critical=True))
        assert (answer.tier, answer.model, answer.local) == (Tier.MINI, "gpt-4o-mini", False)
        assert "budget" in answer.decision.reasons[0]


def _ordinary_but_large(house: AiHouse) -> AiRequest:
    calibration = house.orchestrator.planner._calibration
    for place in range(400):
        calibration.complexity("agency-1", 0.1, request_id=str(place))
    return asking("why? " * 100)


async def test_past_a_soft_budget_the_small_model_answers_what_is_not_critical() -> None:
    async with ai_house(PoorLedger(soft=True)) as house:
        answer = await house.orchestrator.complete(_ordinary_but_large(house))
        assert (answer.tier, answer.model) == (Tier.MINI, "gpt-4o-mini")
        assert "soft budget" in answer.decision.reasons[0]
        critical = await house.orchestrator.complete(asking(critical=True))
        assert (critical.tier, critical.model) == (Tier.LARGE, "gpt-4o")
        assert house.ledger.open == set()


async def test_what_has_no_price_is_not_bought() -> None:
    ledger = PoorLedger(refuse=lambda charge: charge.provider == FIRST, error=UnknownPriceError)
    async with ai_house(ledger) as house:
        assert (await house.orchestrator.complete(asking())).provider == SECOND
        assert FIRST not in {heard.provider for heard in house.fake.heard}


async def test_when_everybody_fails_the_local_one_answers_and_says_so(house: AiHouse) -> None:
    house.fake.behave = lambda _: refused(500, "server_error")
    answer = await house.orchestrator.complete(asking())
    assert answer.local
    assert answer.text == house.local.text
    assert answer.extra == {"template": "t1"}
    assert answer.attempts[-1].provider == "local"


async def test_when_everybody_fails_and_there_is_no_floor_the_member_is_told(no_local: AiHouse) -> None:
    no_local.fake.behave = lambda _: refused(500, "server_error")
    with pytest.raises(AiError) as raised:
        await no_local.orchestrator.complete(asking())
    assert raised.value.failure is Failure.SERVER
    assert raised.value.detail == CONSEQUENCES[Failure.SERVER].message
    assert "sk-" not in str(raised.value)
    # Each once, and at most two repeats.
    assert 4 <= len(no_local.fake.heard) <= 6


async def test_a_moment_s_fault_is_repeated_where_there_is_nobody_else() -> None:
    async with ai_house(NullLedger(), companies=(FIRST,), with_local=False) as house:
        house.fake.script.append(refused(500, "server_error"))
        answer = await house.orchestrator.complete(asking())
        assert [seen.outcome for seen in answer.attempts] == [Failure.SERVER, "ok"]


async def test_a_provider_that_is_down_is_asked_less_and_less() -> None:
    async with ai_house(NullLedger(), companies=(FIRST,), with_local=False) as house:
        house.fake.behave = lambda _: refused(500, "server_error")
        for _ in range(60):
            with pytest.raises(AiError):
                await house.orchestrator.complete(asking(deadline_s=2))
        # Five in a row open the breaker; from then on only last resorts, as many as the retry bucket holds.
        assert len(house.fake.heard) < 30


async def test_all_open_asks_the_one_nearest_to_its_end_once() -> None:
    async with ai_house(NullLedger(), companies=(FIRST, SECOND), with_local=False) as house:
        breakers = house.orchestrator.breakers
        for provider, times in ((FIRST, 6), (SECOND, 5)):
            breaker = breakers.of(Candidate(provider=provider, model="gpt-4o-mini", why="-"))
            for _ in range(times):
                breaker.force().failed(OnBreaker.COUNT)
            for _ in range(2 if provider == FIRST else 0):  # open for longer
                breaker.force().failed(OnBreaker.COUNT)
        answer = await house.orchestrator.complete(asking())
        assert [heard.provider for heard in house.fake.heard] == [SECOND]
        assert answer.provider == SECOND


async def test_a_short_time_that_the_only_provider_asks_for_is_waited_out() -> None:
    async with ai_house(NullLedger(), companies=(FIRST,)) as house:
        house.fake.script.append(refused(429, "rate_limit_exceeded", retry_after="1"))
        heard_at: list[float] = []
        house.fake.behave = lambda _: heard_at.append(asyncio.get_running_loop().time()) or Behaviour()
        began = asyncio.get_running_loop().time()
        answer = await house.orchestrator.complete(asking())
        assert not answer.local
        assert heard_at[0] - began >= 1.0


async def test_nobody_cuts_the_time_that_a_provider_asked_for() -> None:
    async with ai_house(NullLedger(), companies=(FIRST,)) as house:
        house.fake.script.append(refused(503, "overloaded", retry_after="30"))
        answers = [await house.orchestrator.complete(asking()) for _ in range(5)]
        assert all(answer.local for answer in answers)
        assert len(house.fake.heard) == 1


async def test_a_limit_without_a_time_is_repeated_after_a_second() -> None:
    async with ai_house(NullLedger(), companies=(FIRST,), with_local=False) as house:
        house.fake.script.append(refused(429, "rate_limit_exceeded"))
        began = asyncio.get_running_loop().time()
        assert (await house.orchestrator.complete(asking())).text
        assert asyncio.get_running_loop().time() - began >= 1.0


async def test_what_is_set_up_wrong_is_not_even_a_last_resort() -> None:
    async with ai_house(NullLedger(), companies=(FIRST,), with_local=False) as house:
        house.fake.behave = lambda _: refused(401, "invalid_api_key")
        for _ in range(3):
            with pytest.raises(AiError):
                await house.orchestrator.complete(asking())
        assert len(house.fake.heard) == 1


async def test_one_deadline_holds_for_all_attempts(house: AiHouse) -> None:
    house.fake.behave = lambda _: Behaviour(wait_s=60)
    began = asyncio.get_running_loop().time()
    answer = await house.orchestrator.complete(asking(deadline_s=2.0))
    assert answer.local
    assert asyncio.get_running_loop().time() - began < 3.5
    assert {seen.outcome for seen in answer.attempts[:-1]} <= {Failure.TIMEOUT, Failure.DEADLINE}


async def test_a_cancelled_call_is_booked_at_its_bound(house: AiHouse) -> None:
    house.fake.behave = lambda _: Behaviour(wait_s=30)
    task = asyncio.create_task(house.orchestrator.complete(asking()))
    await until(lambda: bool(house.fake.heard))
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    (usage, outcome), *others = house.ledger.settled.values()
    assert (outcome, usage.estimated, others) == ("cancelled", True, [])
    assert _breaker(house, FIRST) is State.CLOSED


async def test_a_call_cancelled_while_it_reserves_leaves_nothing_open() -> None:
    class SlowLedger(NullLedger):
        async def reserve(self, charge: Charge, *, ttl_s: float) -> Reserved:
            await asyncio.sleep(0.05)
            return await super().reserve(charge, ttl_s=ttl_s)

    async with ai_house(SlowLedger()) as house:
        task = asyncio.create_task(house.orchestrator.complete(asking()))
        await asyncio.sleep(0.01)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.1)
        assert len(house.ledger.reserved) == 1
        assert house.ledger.open == set()
        assert house.fake.heard == []


async def test_a_ledger_that_cannot_settle_does_not_cost_the_answer(house: AiHouse) -> None:
    async def broken(*_: object, **__: object) -> int:
        raise OSError("the disk is full")

    settle, house.ledger.settle = house.ledger.settle, broken
    answer = await house.orchestrator.complete(asking())
    assert answer.text
    assert answer.cost_nano_usd == house.ledger.bound
    house.ledger.settle = settle
    for attempt in house.ledger.open:
        house.ledger.released[attempt] = "its lease"


async def test_errors_and_logs_hold_no_key(house: AiHouse, caplog: pytest.LogCaptureFixture) -> None:
    # The provider repeats the key in its refusal.
    async with ai_house(
        NullLedger(), fake=house.fake, with_local=False, changed={"OPENAI_API_KEY": "sk-wrong-77"}
    ) as other:
        other.fake.behave = lambda _: refused(401, "invalid_api_key", "Incorrect API key provided: sk-wrong-77")
        with caplog.at_level("DEBUG"), pytest.raises(AiError) as raised:
            await other.orchestrator.complete(asking())
    told: list[BaseException | None] = [raised.value]
    while told[-1] is not None:
        told.append(told[-1].__cause__ or told[-1].__context__)
    assert all("sk-" not in repr(error) for error in told)
    assert "sk-" not in caplog.text
    assert not any(isinstance(error, httpx2.HTTPError) for error in told)
