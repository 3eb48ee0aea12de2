"""What owners and managers see of costs, what others do not, and budgets as they are decided about."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from huntaze_backend.core.audit import AuditRow
from huntaze_backend.core.db import Database
from huntaze_backend.engines.ledger.port import BudgetExceededError, Usage
from huntaze_contract.ids import new_id
from huntaze_contract.wire import CostBreakdown, CostBudget, CostStats, LiveCosts
from tests.helpers.house import House, house_over
from tests.helpers.ledgers import charge

MINI = {"provider": "openai", "model": "gpt-4o-mini"}
LARGE = {"provider": "openai", "model": "gpt-4o"}


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    async with house_over(database) as made:
        yield made
        await made.services.close()


async def spend(house: House, usage: Usage, *, outcome: str = "ok", **more: Any) -> int:
    made = charge(**({"agency_id": house.seed.agency_id, "input_tokens": 5000} | more))
    await house.services.ledger.reserve(made, ttl_s=30)
    cost = await house.services.ledger.settle(made.attempt_id, usage, outcome=outcome, latency_ms=1, ttft_ms=None)
    await house.services.ledger.drain()
    return cost


async def get(house: House, path: str, who: str = "owner", **query: Any) -> Any:
    answer = await house.client.get(f"/api/v2/{path}", params=query, headers=await house.headers(who))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_stats_say_what_today_and_the_month_cost(house: House) -> None:
    mini = await spend(house, Usage(1000, 600, 100, 20), **MINI)
    large = await spend(house, Usage(1000, 0, 100), outcome="incomplete", **LARGE)
    await spend(house, Usage(10, 0, 10), provider="local", model="templates")
    await spend(house, Usage(0), provider="local", model="response-cache")
    assert (mini, large) == (400 * 150 + 600 * 75 + 100 * 600, 1000 * 2500 + 100 * 10_000)

    stats = CostStats.model_validate(await get(house, "costs/stats"))

    totals = stats.today.totals
    assert (totals.calls, totals.cost_nano_usd, totals.errors, totals.estimated) == (3, mini + large, 1, 0)
    assert totals.cached_share == 600 / 2010
    assert totals.error_rate == pytest.approx(1 / 3)
    assert stats.today.cache_hits == 1
    assert [(found.tier, found.totals.cost_nano_usd) for found in stats.today.by_tier] == [
        ("large", large),
        ("mini", mini),
        ("local", 0),
    ]
    assert stats.month.totals == totals
    assert stats.timezone == "UTC"
    assert stats.today.end - stats.today.start == timedelta(days=1)


async def test_the_reader_chooses_whose_days(house: House) -> None:
    stats = CostStats.model_validate(await get(house, "costs/stats", timezone="Asia/Kathmandu"))
    assert stats.timezone == "Asia/Kathmandu"
    assert (stats.today.start.hour, stats.today.start.minute) == (18, 15)


@pytest.mark.parametrize("by", ["provider", "model", "agent", "creator", "member", "day"])
async def test_every_breakdown_adds_up(house: House, by: str) -> None:
    creator, member = house.seed.creator_ids[0], house.seed.chatter_id
    first = await spend(house, Usage(1000, 0, 10), creator_id=creator, member_id=member, **MINI)
    second = await spend(house, Usage(1000, 0, 10), agent="marketing", **LARGE)

    found = CostBreakdown.model_validate(await get(house, "costs/breakdown", by=by))

    assert found.totals.cost_nano_usd == first + second
    today = datetime.now(UTC).date().isoformat()
    assert [(part.provider, part.key, part.totals.cost_nano_usd) for part in found.slices] == {
        "provider": [(None, "openai", first + second)],
        "model": [("openai", "gpt-4o", second), ("openai", "gpt-4o-mini", first)],
        "agent": [(None, "marketing", second), (None, "chat", first)],
        "creator": [(None, None, second), (None, creator, first)],
        "member": [(None, None, second), (None, member, first)],
        "day": [(None, today, first + second)],
    }[by]


async def test_a_creators_costs_can_be_seen_alone(house: House) -> None:
    creator, other = house.seed.creator_ids
    first = await spend(house, Usage(1000), creator_id=creator, **MINI)
    await spend(house, Usage(1000), creator_id=other, **MINI)
    stats = CostStats.model_validate(await get(house, "costs/stats", creator_id=creator))
    assert stats.month.totals.cost_nano_usd == first
    found = CostBreakdown.model_validate(await get(house, "costs/breakdown", by="day", creator_id=creator))
    assert found.totals.cost_nano_usd == first


async def test_another_agencys_costs_are_not_there(house: House) -> None:
    await spend(house, Usage(1000), agency_id=new_id(), **MINI)
    assert CostStats.model_validate(await get(house, "costs/stats")).month.totals.calls == 0
    answer = await house.client.get(
        "/api/v2/costs/stats", params={"creator_id": new_id()}, headers=await house.headers()
    )
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-11-02", "to": "2026-11-01"},
        {"from": "0001-01-01"},
        {"to": "9999-12-31"},
        {"from": "2025-01-01", "to": "2026-11-01"},
        {"timezone": "Middle/Earth"},
        {"timezone": "Europe"},
        {"by": "colour"},
    ],
)
async def test_what_cannot_be_answered_is_refused(house: House, query: dict[str, str]) -> None:
    answer = await house.client.get(
        "/api/v2/costs/breakdown", params={"by": "day"} | query, headers=await house.headers()
    )
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("path", ["costs/stats", "costs/breakdown?by=day", "costs/live", "budgets"])
async def test_a_chatter_sees_no_costs(house: House, path: str) -> None:
    answer = await house.client.get(f"/api/v2/{path}", headers=await house.headers("chatter"))
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


async def test_a_budget_is_made_changed_and_removed_and_each_is_audited(house: House, database: Database) -> None:
    headers = await house.headers()
    form = {"period": "month", "timezone": "Europe/Stockholm", "soft_nano_usd": 10, "hard_nano_usd": 20}
    answer = await house.client.post("/api/v2/budgets", json=form, headers=headers)
    assert answer.status_code == 201, answer.text
    made = CostBudget.model_validate(answer.json())
    assert (made.creator_id, made.soft_nano_usd, made.hard_nano_usd, made.spent_nano_usd) == (None, 10, 20, 0)
    again = await house.client.post("/api/v2/budgets", json=form, headers=headers)
    assert again.status_code == 409

    change = {"timezone": "UTC", "hard_nano_usd": 30}
    changed = await house.client.put(f"/api/v2/budgets/{made.id}", json=change, headers=headers)
    assert CostBudget.model_validate(changed.json()).hard_nano_usd == 30
    assert [found["id"] for found in (await get(house, "budgets"))["items"]] == [made.id]
    assert (await get(house, f"budgets/{made.id}"))["soft_nano_usd"] is None

    removed = await house.client.delete(f"/api/v2/budgets/{made.id}", headers=headers)
    assert removed.status_code == 204
    assert (await house.client.get(f"/api/v2/budgets/{made.id}", headers=headers)).status_code == 404

    rows = await database.read(
        lambda session: session.scalars(select(AuditRow).where(AuditRow.subject == made.id).order_by(AuditRow.id)).all()
    )
    assert [row.action for row in rows] == ["budget_created", "budget_changed", "budget_deleted"]
    assert rows[1].detail["before"]["hard_nano_usd"] == 20
    assert rows[1].detail["after"]["hard_nano_usd"] == 30


@pytest.mark.parametrize(
    "form",
    [
        {"period": "month"},
        {"period": "week", "hard_nano_usd": 1},
        {"period": "day", "hard_nano_usd": -1},
        {"period": "day", "hard_nano_usd": 2**53},
        {"period": "day", "hard_nano_usd": 1, "soft_nano_usd": 2},
        {"period": "day", "hard_nano_usd": 1, "timezone": "Nowhere/Else"},
    ],
)
async def test_a_budget_that_makes_no_sense_is_refused(house: House, form: dict[str, Any]) -> None:
    answer = await house.client.post("/api/v2/budgets", json=form, headers=await house.headers())
    assert answer.status_code == 422


async def test_a_budget_is_of_a_creator_of_the_agency(house: House) -> None:
    form = {"period": "day", "hard_nano_usd": 1, "creator_id": new_id()}
    assert (await house.client.post("/api/v2/budgets", json=form, headers=await house.headers())).status_code == 404


async def test_a_budget_that_is_set_holds_from_the_next_call_on(house: House) -> None:
    form = {"period": "day", "hard_nano_usd": 1, "creator_id": house.seed.creator_ids[0]}
    await house.client.post("/api/v2/budgets", json=form, headers=await house.headers())
    await spend(house, Usage(100), creator_id=house.seed.creator_ids[1], **MINI)
    with pytest.raises(BudgetExceededError):
        await spend(house, Usage(100), creator_id=house.seed.creator_ids[0], **MINI)


async def test_the_running_total_is_there_to_begin_with(house: House) -> None:
    form = {"period": "month", "timezone": "Asia/Kolkata", "hard_nano_usd": 10**12}
    await house.client.post("/api/v2/budgets", json=form, headers=await house.headers())
    cost = await spend(house, Usage(1000), **MINI)
    found = LiveCosts.model_validate(await get(house, "costs/live"))
    assert (found.timezone, found.today_nano_usd, found.month_nano_usd) == ("Asia/Kolkata", cost, cost)
    assert [budget.spent_nano_usd for budget in found.budgets] == [cost]
