"""Health says what a role may know, and nothing that is secret."""

from collections.abc import AsyncIterator

import pytest

from huntaze_backend.app import Adapters
from huntaze_backend.core.db import Database
from huntaze_backend.settings import Settings
from tests.helpers.ai_house import asking
from tests.helpers.ai_provider import KEY, Behaviour, FakeProvider, refused
from tests.helpers.house import House, house_over

PATH = "/api/health/hybrid-orchestrator"


@pytest.fixture
async def fake() -> AsyncIterator[FakeProvider]:
    async with FakeProvider() as made:
        yield made


@pytest.fixture
async def house(sqlite: Database, fake: FakeProvider) -> AsyncIterator[House]:
    """The whole application, with the providers that the settings name."""
    adapters = Adapters.of(Settings.model_validate(fake.environment))
    async with house_over(sqlite, adapters=adapters) as made:
        yield made


async def test_an_owner_sees_providers_breakers_and_the_agency_s_use(house: House, fake: FakeProvider) -> None:
    fake.behave = lambda heard: refused(401, "invalid_api_key") if heard.provider == "openai" else Behaviour()
    for _ in range(3):
        await house.services.ai.complete(asking(agency_id=house.seed.agency_id, cacheable=True))

    answer = await house.client.get(PATH, headers=await house.headers())
    found = answer.json()
    assert found["status"] == "degraded"
    assert found["providers"] == ["azure_foundry", "azure_openai", "gemini", "local", "openai"]
    openai = next(each for each in found["endpoints"] if (each["provider"], each["model"]) == ("openai", "gpt-4o-mini"))
    assert (openai["state"], openai["needs_a_person"], openai["failed"]) == ("open", True, 1)
    assert found["use"]["decisions"] == 3
    assert found["use"]["cache_hit_rate"] == pytest.approx(2 / 3)
    assert found["use"]["share_in_range"]
    assert KEY not in answer.text
    assert fake.root not in answer.text


async def test_a_chatter_sees_whether_suggestions_can_be_had(house: House) -> None:
    found = (await house.client.get(PATH, headers=await house.headers("chatter"))).json()
    assert found == {
        "status": "ok", "hybrid": None, "table_version": None, "providers": [], "endpoints": [], "use": None
    }  # fmt: skip


async def test_a_stranger_sees_nothing(house: House) -> None:
    assert (await house.client.get(PATH)).status_code == 401


async def test_switched_off_one_provider_answers_without_a_restart(house: House, fake: FakeProvider) -> None:
    headers = await house.headers()
    await house.client.put("/api/admin/feature-flags/hybrid_orchestrator", json={"enabled": False}, headers=headers)
    ask = asking(agency_id=house.seed.agency_id, critical=True)
    answer = await house.services.ai.complete(ask)
    assert (answer.provider, answer.model) == ("openai", "gpt-4o-mini")
    assert "switched off" in answer.decision.reasons[0]

    await house.client.put("/api/admin/feature-flags/hybrid_orchestrator", json={"enabled": True}, headers=headers)
    assert (await house.services.ai.complete(ask)).model == "gpt-4o"


async def test_without_settings_there_is_the_local_one(sqlite: Database) -> None:
    async with house_over(sqlite) as bare:
        found = (await bare.client.get(PATH, headers=await bare.headers())).json()
    assert (found["status"], found["providers"], found["endpoints"]) == ("local_only", ["local"], [])
