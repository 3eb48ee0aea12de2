"""The routing table is refused unless it is whole."""

from datetime import UTC, datetime
from importlib.resources import files

import pytest

from huntaze_backend.engines.ai.adapters.configured import ProviderSettingsError, providers_of, routing_of
from huntaze_backend.engines.ai.agents import ASSIGNMENTS
from huntaze_backend.engines.ai.port import Tier
from huntaze_backend.engines.ai.routing import Chosen, RoutingTable, RoutingTableError
from huntaze_backend.engines.ledger.prices import PriceTable
from huntaze_backend.settings import Settings

TEXT = files("huntaze_resources").joinpath("ai", "routing.toml").read_text("utf-8")


def test_the_shipped_table_answers_every_task_in_every_tier() -> None:
    table = RoutingTable.shipped()
    for task in {work.task for work in ASSIGNMENTS.values()}:
        for tier in Tier:
            row = table.row(task, tier)
            assert row
            assert (row[-1].provider == "local") == (tier is not Tier.VISION)
            assert all(table.model(candidate).window > 0 and candidate.why for candidate in row)


def test_whoever_is_in_the_shipped_table_has_a_price() -> None:
    prices, table = PriceTable.shipped(), RoutingTable.shipped()
    for candidate in (*table.candidates(), *table.single):
        assert prices.find(candidate.provider, candidate.priced_as, datetime(2026, 11, 21, tzinfo=UTC))


def test_the_version_changes_with_the_content() -> None:
    first, second = RoutingTable.parse(TEXT), RoutingTable.parse(TEXT + "\n# a word\n")
    assert first.version != second.version
    assert first.version.startswith("2026-11-21-")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            'provider = "local", model = "local", why = "needs nobody"',
            'provider = "openai", model = "gpt-4o", why = "x"',
            "ends in `local`",
        ),
        ('task = "chat"', 'task = "knitting"', "no such task"),
        ('tier = "vision"', 'tier = "mini"', "two rows"),
        ("image_tokens = 4000", "image_tokens = 0", "cannot see"),
        ('model = "DeepSeek-R1", why', 'model = "DeepSeek-R2", why', "no model of that name"),
        ("window = 128000", "window = -1", "greater than 0"),
        ('why = "needs nobody"', 'because = "needs nobody"', "Extra inputs"),
        ('version = "2026-11-21"', "", "version"),
        ("[policy]", "[policy", "line"),
    ],
)
def test_a_table_that_is_not_whole_is_refused_with_the_reason(old: str, new: str, says: str) -> None:
    assert old in TEXT
    with pytest.raises(RoutingTableError, match=says):
        RoutingTable.parse(TEXT.replace(old, new))


def test_a_setting_chooses_gemini_s_model() -> None:
    table = RoutingTable.shipped(Chosen(names={"gemini-default": "gemini-2.0-flash-exp"}))
    assert table.row("caption", Tier.MINI)[0].model == "gemini-2.0-flash-exp"
    assert table.model(table.row("caption", Tier.MINI)[0]).timeout_s > 0


def _settings(**values: str) -> Settings:
    return Settings.model_validate(values)


def test_nothing_is_configured_without_a_key() -> None:
    assert providers_of(_settings()) == {}


def test_a_key_sets_its_provider_up() -> None:
    made = providers_of(_settings(OPENAI_API_KEY="k-1", GEMINI_API_KEY="k-2", AZURE_AI_CHAT_KEY="k-3"))
    assert set(made) == {"openai", "gemini"}  # Foundry has no endpoint
    assert "k-1" not in repr(made)


AZURE = {"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com"}


@pytest.mark.parametrize(
    ("deployment", "served"),
    [
        ("gpt-4o=big,gpt-4o-mini=small", {("gpt-4o", ""), ("gpt-4o-mini", "")}),
        ("prod-gpt-4o-mini-2", {("gpt-4o-mini", "")}),
        ("gpt-4o", {("gpt-4o", "")}),
        ("gpt-4o@datazone=big", {("gpt-4o", "datazone")}),
        ("", set()),
    ],
)
def test_azure_serves_what_was_deployed(deployment: str, served: set[tuple[str, str]]) -> None:
    azure = providers_of(_settings(**AZURE, AZURE_OPENAI_DEPLOYMENT=deployment))["azure_openai"]
    asked = {(model, region) for model in ("gpt-4o", "gpt-4o-mini") for region in ("", "datazone")}
    assert {pair for pair in asked if azure.serves(*pair)} == served


def test_a_data_zone_is_priced_as_one() -> None:
    table = routing_of(_settings(**AZURE, AZURE_OPENAI_DEPLOYMENT="gpt-4o@datazone=big"))
    azure = next(each for each in table.row("chat", Tier.LARGE) if each.provider == "azure_openai")
    assert azure.priced_as == "gpt-4o@datazone"


def test_a_deployment_that_names_no_model_is_refused() -> None:
    with pytest.raises(ProviderSettingsError, match="AZURE_OPENAI_DEPLOYMENT"):
        providers_of(_settings(**AZURE, AZURE_OPENAI_DEPLOYMENT="production"))


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("https://x.services.ai.azure.com", "https://x.services.ai.azure.com/models"),
        (
            "https://x.services.ai.azure.com/models/chat/completions?api-version=1",
            "https://x.services.ai.azure.com/models",
        ),
        ("https://r1.eastus.models.ai.azure.com/", "https://r1.eastus.models.ai.azure.com"),
    ],
)
def test_foundry_s_addresses_may_be_copied_as_they_are(given: str, base: str) -> None:
    foundry = providers_of(_settings(AZURE_AI_CHAT_KEY="k", AZURE_AI_CHAT_ENDPOINT=given))["azure_foundry"]
    assert [endpoint.base_url for endpoint in foundry.endpoints.values()] == [base]
