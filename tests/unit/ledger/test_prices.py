"""The arithmetic of prices is exact, and what has no price has no cost either: it is refused."""

import json
from datetime import UTC, date, datetime
from fractions import Fraction
from math import ceil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntaze_backend.engines.ledger.books import tidy
from huntaze_backend.engines.ledger.port import UnknownPriceError, Usage
from huntaze_backend.engines.ledger.prices import Price, PriceFileError, PriceTable, Rate, bound_of, cost_of
from tests.helpers.ledgers import price

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TOKENS = st.integers(0, 2_000_000)
PRICE = st.integers(0, 600_000_000)


@st.composite
def rates(draw: st.DrawFn) -> Rate:
    fresh = draw(PRICE)
    return Rate(fresh, draw(st.integers(0, fresh)), draw(PRICE))


@st.composite
def prices(draw: st.DrawFn) -> Price:
    rate, long = draw(rates()), draw(st.none() | rates())
    above = draw(st.integers(1, 300_000)) if long else 0
    return price("p", "m", rate.input, rate.cached, rate.output, long=long, long_above=above)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    sent, wrote = draw(TOKENS), draw(TOKENS)
    return Usage(sent, draw(st.integers(0, sent)), wrote, draw(st.integers(0, wrote)))


@given(prices(), usages())
def test_a_cost_is_the_fraction_rounded_up_to_the_nano_dollar(row: Price, usage: Usage) -> None:
    rate = row.long if row.long and usage.input_tokens > row.long_above else row.rate
    dollars_per_million = [Fraction(part, 10**6) for part in (rate.input, rate.cached, rate.output)]
    tokens = (usage.input_tokens - usage.cached_tokens, usage.cached_tokens, usage.output_tokens)
    dollars = sum(each * many / 10**6 for each, many in zip(dollars_per_million, tokens, strict=True))
    assert cost_of(row, usage) == ceil(dollars * 10**9)


@given(prices(), usages(), TOKENS, TOKENS)
def test_no_usage_within_the_bound_costs_more_than_the_bound(row: Price, usage: Usage, more: int, longer: int) -> None:
    bound = bound_of(row, usage.input_tokens + more, usage.output_tokens + longer)
    assert cost_of(row, usage) <= bound


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_count_that_contradicts_itself_is_never_read_as_less(
    sent: int, cached: int, wrote: int, thought: int
) -> None:
    told = Usage(sent, cached, wrote, thought)
    read = tidy(told)
    assert read.cached_tokens <= read.input_tokens == sent
    assert max(wrote, thought) <= read.output_tokens
    assert read.reasoning_tokens <= read.output_tokens
    assert read.estimated == (read != told)


def test_tokens_cannot_be_negative() -> None:
    with pytest.raises(ValueError, match="negative"):
        tidy(Usage(-1))
    with pytest.raises(ValueError, match="negative"):
        bound_of(price("p", "m", 1, 1, 1), 1, -1)


def test_the_price_of_the_day_is_taken_and_old_ones_stay() -> None:
    table = PriceTable([price("p", "m", 2, 1, 3), price("p", "m", 20, 10, 30, since="2026-11-22")])
    assert table.find("p", "m", NOW).rate.input == 2
    assert table.find("p", "m", datetime(2026, 11, 22, tzinfo=UTC)).rate.input == 20
    with pytest.raises(UnknownPriceError):
        table.find("p", "m", datetime(2019, 12, 31, tzinfo=UTC))


@pytest.mark.parametrize("name", [("p", "other"), ("other", "m")])
def test_an_unknown_price_is_refused(name: tuple[str, str]) -> None:
    with pytest.raises(UnknownPriceError):
        PriceTable([price("p", "m", 2, 1, 3)]).find(*name, NOW)


def test_one_day_cannot_have_two_prices() -> None:
    with pytest.raises(ValueError, match="two prices"):
        PriceTable([price("p", "m", 2, 1, 3), price("p", "m", 2, 1, 4)])


def test_the_version_is_what_the_prices_are_and_not_where_they_were_found() -> None:
    first = PriceTable([price("p", "m", 2, 1, 3), price("p", "n", 2, 1, 3)])
    again = PriceTable([price("p", "n", 2, 1, 3, source="elsewhere"), price("p", "m", 2, 1, 3)])
    dearer = PriceTable([price("p", "m", 2, 1, 4), price("p", "n", 2, 1, 3)])
    assert first.version == again.version != dearer.version


SHIPPED = [
    ("openai", "gpt-4o-mini", 150_000, 75_000, 600_000),
    ("openai", "gpt-4o", 2_500_000, 1_250_000, 10_000_000),
    ("azure_openai", "gpt-4o-mini", 150_000, 75_000, 600_000),
    ("azure_openai", "gpt-4o-mini@datazone", 165_000, 83_000, 660_000),
    ("gemini", "gemini-2.5-flash", 300_000, 30_000, 2_500_000),
    # Azure's price, which is 2.46 times DeepSeek's own.
    ("azure_foundry", "DeepSeek-R1", 1_350_000, 1_350_000, 5_400_000),
    ("azure_foundry", "DeepSeek-V3", 1_140_000, 1_140_000, 4_560_000),
    ("azure_foundry", "Phi-4-multimodal-instruct", 80_000, 80_000, 320_000),
    ("local", "templates", 0, 0, 0),
]


@pytest.mark.parametrize(("provider", "model", "fresh", "cached", "output"), SHIPPED)
def test_what_ships_has_the_published_prices(provider: str, model: str, fresh: int, cached: int, output: int) -> None:
    assert PriceTable.shipped().find(provider, model, NOW).rate == Rate(fresh, cached, output)


def test_what_ships_prices_a_long_prompt_wholly_at_the_long_rate() -> None:
    row = PriceTable.shipped().find("gemini", "gemini-2.5-pro", NOW)
    assert cost_of(row, Usage(200_000, 0, 1000)) == 200_000 * 1250 + 1000 * 10_000
    assert cost_of(row, Usage(200_001, 100_000, 1000)) == 100_001 * 2500 + 100_000 * 250 + 1000 * 15_000


def test_what_ships_knows_a_price_that_was_announced() -> None:
    table = PriceTable.shipped()
    later = datetime(2027, 1, 1, tzinfo=UTC)
    now, then = (table.find("gemini", "gemini-3.8-flash", at).rate.input for at in (NOW, later))
    assert (now, then) == (750_000, 1_500_000)


def test_every_row_says_where_it_is_from_and_when_it_was_checked() -> None:
    for row in PriceTable.shipped():
        assert row.source
        assert date(2026, 1, 1) <= row.checked_at
        assert row.tier in {"mini", "large", "reasoning", "vision", "local"}


def test_an_operators_own_prices_replace_those_that_ship(tmp_path: Path) -> None:
    row = {"provider": "openai", "model": "gpt-4o-mini", "tier": "mini", "input": 7, "cached": 7, "output": 9}
    row |= {"valid_from": "2026-01-01", "source": "our contract", "checked_at": "2026-11-21"}
    own = tmp_path / "prices.json"
    own.write_text(json.dumps({"prices": [row, row | {"provider": "azure_foundry", "model": "Llama"}]}))
    table = PriceTable.shipped(own)
    assert table.find("openai", "gpt-4o-mini", NOW).rate == Rate(7, 7, 9)
    assert table.find("azure_foundry", "Llama", NOW).rate.output == 9
    assert table.find("openai", "gpt-4o", NOW).rate.output == 10_000_000
    assert table.version != PriceTable.shipped().version


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"prices": [{}]}', '{"prices": [{"provider": "p"}]}'])
def test_an_operators_file_that_is_none_is_told(tmp_path: Path, text: str) -> None:
    own = tmp_path / "prices.json"
    with pytest.raises(PriceFileError, match="cannot be read"):
        PriceTable.shipped(own)
    own.write_text(text)
    with pytest.raises(PriceFileError, match="not of the form"):
        PriceTable.shipped(own)


def test_a_price_is_a_whole_number(tmp_path: Path) -> None:
    row = {"provider": "p", "model": "m", "tier": "mini", "input": 0.15, "cached": 1, "output": 1}
    row |= {"valid_from": "2026-01-01", "source": "our contract", "checked_at": "2026-11-21"}
    own = tmp_path / "prices.json"
    own.write_text(json.dumps({"prices": [row]}))
    with pytest.raises(PriceFileError, match="whole number"):
        PriceTable.shipped(own)


def test_the_tier_of_a_model_is_the_tables_word() -> None:
    table = PriceTable.shipped()
    assert [table.tier("openai", "gpt-4o"), table.tier("local", "x"), table.tier("openai", "gone")] == [
        "large",
        "local",
        "other",
    ]
