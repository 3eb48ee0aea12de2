"""Compiles resources/huntaze_resources/prices/prices.json: what AI models cost, checked between public sources.

Run by hand, in an environment of its own (none of the sources is a dependency of ours):

    python -m venv /tmp/prices && /tmp/prices/bin/pip install genai-prices azure-genai-prices
    /tmp/prices/bin/python tools/prices.py --litellm model_prices_and_context_window.json [--write]

LiteLLM's map is a file of its repository and of its wheel (litellm/model_prices_and_context_window_backup.json): take
the file, do not install the package. What is compiled, and the rules by which a difference is settled or refused, stand
in tools/prices_wanted.toml. Every difference is printed. A price that changed gets a new row from the day of the check;
the old row stays, so that an old attempt can be priced again.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WANTED = ROOT / "tools" / "prices_wanted.toml"
TABLE = ROOT / "resources" / "huntaze_resources" / "prices" / "prices.json"
BEGINNING = date(2026, 1, 1)
"""No attempt is older than the product, so what was in force then is priced from here on."""
PICO_PER_TOKEN = 1_000_000
"""One USD per million tokens is a million pico-USD per token."""
ZONES_OF_US_AND_EU = ("eastus2", "swedencentral")


@dataclass(frozen=True)
class Rate:
    """USD per million tokens; None: the source does not say."""

    input: Decimal
    cached: Decimal | None
    output: Decimal


@dataclass(frozen=True)
class Quote:
    """What one source says of one model."""

    valid_from: date
    rate: Rate
    long: Rate | None = None
    long_above: int = 0


class RefusalError(Exception):
    """This row cannot be compiled."""


def from_genai(name: str) -> list[Quote]:
    """All prices of a model, those that begin later included."""
    from genai_prices.data_snapshot import get_snapshot  # type: ignore[import-not-found]

    provider_id, _, model_id = name.partition("/")
    provider = next(found for found in get_snapshot().providers if found.id == provider_id)
    model = next((found for found in provider.models if found.id == model_id), None)
    if model is None:
        raise RefusalError(f"genai-prices has no {name}")
    if not isinstance(model.prices, list):
        return [_of_genai(model.prices, BEGINNING)]
    quotes = {}
    for conditional in model.prices:
        start = getattr(conditional.constraint, "start_date", None)
        if conditional.constraint is not None and start is None:
            raise RefusalError(f"genai-prices prices {name} by the time of day")
        quote = _of_genai(conditional.prices, max(start or BEGINNING, BEGINNING))
        quotes[quote.valid_from] = quote  # of several from before the beginning, the latest is in force
    return list(quotes.values())


def _of_genai(prices: Any, start: date) -> Quote:
    values = prices.__dict__
    if values.get("cache_write_mtok") is not None:
        raise RefusalError("it bills what is written into the cache (rule 5)")
    found = [values.get(key) for key in ("input_mtok", "cache_read_mtok", "output_mtok")]
    tiered = [value for value in found if hasattr(value, "tiers")]
    base = Rate(*(getattr(value, "base", value) for value in found))
    if not tiered:
        return Quote(start, base)
    above = {tier.start for value in tiered for tier in value.tiers}
    if len(above) != 1:
        raise RefusalError("genai-prices has several tiers")
    dear = Rate(*(value.tiers[0].price if hasattr(value, "tiers") else value for value in found))
    return Quote(start, base, dear, above.pop())


def from_litellm(name: str, prices: Mapping[str, Any]) -> Quote:
    entry = prices.get(name)
    if entry is None:
        raise RefusalError(f"LiteLLM has no {name}")
    # Some rows have the price of reading there, rounded: what costs less than fresh input is no surcharge.
    if entry.get("cache_creation_input_token_cost", 0) > entry["input_cost_per_token"]:
        raise RefusalError("it bills what is written into the cache (rule 5)")
    above = {int(key.rsplit("_above_", 1)[1].removesuffix("k_tokens")) for key in entry if key.endswith("k_tokens")}
    if len(above) > 1:
        raise RefusalError(f"LiteLLM has several tiers for {name}")
    if not above:
        return Quote(BEGINNING, _of_litellm(entry, ""))
    start = above.pop()
    return Quote(BEGINNING, _of_litellm(entry, ""), _of_litellm(entry, f"_above_{start}k_tokens"), start * 1000)


def _of_litellm(entry: Mapping[str, Any], suffix: str) -> Rate:
    keys = ("input_cost_per_token", "cache_read_input_token_cost", "output_cost_per_token")
    # Their numbers are floats of USD per token; twelve digits are more than a price has.
    found = [entry.get(key + suffix) for key in keys]
    values = [None if value is None else Decimal(f"{value:.12g}") * 1_000_000 for value in found]
    return Rate(*values)  # type: ignore[arg-type]  # a model without input or output price fails in `pico`


def from_azure(name: str) -> Quote:
    import azure_genai_prices as azure  # type: ignore[import-not-found]

    model, _, deployment = name.partition("/")
    kind = deployment.removesuffix("-other")
    found: dict[str, Decimal] = {}
    for meter in azure.get_meters(model):
        key = meter.key
        if (key.deployment.value, key.mode.value, key.context.value) != (kind, "standard", "short"):
            continue
        if key.kind.value == "cache_write":
            raise RefusalError("it bills what is written into the cache (rule 5)")
        found[key.kind.value] = _of_regions(meter.region_prices, deployment) * 1_000_000
    if not {"input", "output"} <= found.keys():
        raise RefusalError(f"Azure has no {name}")
    return Quote(BEGINNING, Rate(found["input"], found.get("cache_read"), found["output"]))


def _of_regions(prices: Mapping[str, Decimal], deployment: str) -> Decimal:
    if deployment == "data_zone" and any(region in prices for region in ZONES_OF_US_AND_EU):
        zones = {prices[region] for region in ZONES_OF_US_AND_EU if region in prices}
        if len(zones) != 1:
            raise RefusalError("the data zones of the US and the EU differ (rule 6)")
        return zones.pop()
    if deployment == "global" and len(set(prices.values())) != 1:
        raise RefusalError("a global deployment has several prices")
    return max(prices.values())


def compiled(wanted: Mapping[str, Any], litellm: Mapping[str, Any], today: date) -> list[dict[str, Any]]:
    """The rows of one model."""
    head = {name: wanted[name] for name in ("provider", "model", "tier")}
    if "free" in wanted:
        return [head | _priced(Quote(BEGINNING, Rate(Decimal(0), Decimal(0), Decimal(0))), "ours", today)]
    quotes: dict[str, Quote] = {}
    later: list[Quote] = []
    if "genai" in wanted:
        known = sorted(from_genai(wanted["genai"]), key=lambda quote: quote.valid_from)
        quotes["genai"] = [quote for quote in known if quote.valid_from <= today][-1]
        later = [quote for quote in known if quote.valid_from > today]
    if "litellm" in wanted:
        quotes["litellm"] = from_litellm(wanted["litellm"], litellm)
    if "azure" in wanted:
        quotes["azure"] = from_azure(wanted["azure"])
    agreed = replace(_agreed(wanted, quotes), valid_from=BEGINNING)
    source = wanted["trust"] if "trust" in wanted else "+".join(quotes)
    return [head | _priced(agreed, source, today), *(head | _priced(quote, "genai", today) for quote in later)]


def _agreed(wanted: Mapping[str, Any], quotes: Mapping[str, Quote]) -> Quote:
    differences = list(_differences(quotes))
    for difference in differences:
        print(f"differs  {wanted['provider']} {wanted['model']}: {difference}")
    if "trust" in wanted:
        print(f"trusted  {wanted['provider']} {wanted['model']}: {wanted['trust']}, because {wanted['why']}")
        return quotes[wanted["trust"]]
    if differences:
        raise RefusalError("the sources differ, and no rule settles it")
    if len(quotes) == 1 and "alone" not in wanted:
        raise RefusalError("one source alone")
    return next((quote for quote in quotes.values() if quote.rate.cached is not None), next(iter(quotes.values())))


def _differences(quotes: Mapping[str, Quote]) -> Iterator[str]:
    names = list(quotes)
    for name in names[1:]:
        first, other = quotes[names[0]], quotes[name]
        if (first.long is None) != (other.long is None) or first.long_above != other.long_above:
            yield f"{names[0]} and {name} have other tiers"
        pairs = [("", first.rate, other.rate)]
        if first.long is not None and other.long is not None:
            pairs.append(("long ", first.long, other.long))
        for label, mine, theirs in pairs:
            for part in ("input", "cached", "output"):
                values = getattr(mine, part), getattr(theirs, part)
                if None not in values and values[0] != values[1]:
                    yield f"{label}{part} {names[0]} {values[0].normalize():f}, {name} {values[1].normalize():f}"


def _priced(quote: Quote, source: str, today: date) -> dict[str, Any]:
    row: dict[str, Any] = _pico_rate(quote.rate)
    if quote.long is not None:
        row["long"] = {"above": quote.long_above} | _pico_rate(quote.long)
    return row | {"valid_from": quote.valid_from.isoformat(), "source": source, "checked_at": today.isoformat()}


def _pico_rate(rate: Rate) -> dict[str, int]:
    cached = rate.input if rate.cached is None else rate.cached  # rule 4
    return {"input": pico(rate.input), "cached": pico(cached), "output": pico(rate.output)}


def pico(usd_per_million: Decimal) -> int:
    """Exact, or refused."""
    value = usd_per_million * PICO_PER_TOKEN
    if value != value.to_integral_value() or value < 0:
        raise RefusalError(f"{usd_per_million} has more than six decimals")
    return int(value)


def merged(old: list[dict[str, Any]], new: list[dict[str, Any]], today: date) -> list[dict[str, Any]]:
    """The new rows, and every old one that says something else: it was in force until today."""
    rows = {(row["provider"], row["model"], row["valid_from"]): row for row in old}
    for row in new:
        key = (row["provider"], row["model"])
        before = [found for found in old if (found["provider"], found["model"]) == key]
        in_force = [found for found in before if found["valid_from"] <= max(row["valid_from"], today.isoformat())]
        last = max(in_force, key=lambda found: str(found["valid_from"]), default=None)
        if last is None or (row["valid_from"] > today.isoformat() and last["valid_from"] < row["valid_from"]):
            start = row["valid_from"]
        elif _said(last) == _said(row):
            start = last["valid_from"]
        else:
            start = max(row["valid_from"], today.isoformat())
            print(f"changed  {key[0]} {key[1]}: from {start} on")
        rows[*key, start] = row | {"valid_from": start}
    return [rows[key] for key in sorted(rows)]


def _said(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row.get(name) for name in ("tier", "input", "cached", "output", "long")}


def main() -> int:
    """0 if the table is as the sources say, or was written."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--litellm", type=Path, required=True, help="LiteLLM's price map")
    options.add_argument("--write", action="store_true", help="write the table; otherwise only compare")
    given = options.parse_args()
    logging.disable()  # azure-genai-prices reports every meter it cannot read
    import azure_genai_prices as azure

    azure.load_bundled_snapshot()
    today = datetime.now(UTC).date()
    litellm = json.loads(given.litellm.read_text("utf-8"))
    new: list[dict[str, Any]] = []
    refused = 0
    for wanted in tomllib.loads(WANTED.read_text("utf-8"))["price"]:
        try:
            new += compiled(wanted, litellm, today)
        except RefusalError as refusal:
            refused += 1
            print(f"REFUSED  {wanted['provider']} {wanted['model']}: {refusal}")
    old = json.loads(TABLE.read_text("utf-8"))["prices"] if TABLE.exists() else []
    rows = merged(old, new, today)
    sources = {name: version(name) for name in ("genai-prices", "azure-genai-prices")}
    sources["litellm"] = f"{len(litellm)} entries"
    if given.write and not refused:
        TABLE.parent.mkdir(parents=True, exist_ok=True)
        lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
        unit = "pico-USD per token (micro-USD per million tokens)"
        TABLE.write_text(
            f'{{"unit": {json.dumps(unit)},\n "sources": {json.dumps(sources)},\n "prices": [\n{lines}\n]}}\n', "utf-8"
        )
    print(f"{len(new)} rows compiled, {refused} refused, {len(rows)} in the table")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
