"""What a model costs: the price table, and the arithmetic of an attempt's bound and cost.

A price is a whole number of pico-USD per token, which is the same as micro-USD per million tokens, nano-USD per
thousand: every list price has at most six decimals per million tokens, so it is exact. An attempt costs whole nano-USD;
what is left over is rounded up, once per attempt. No float and no Decimal is involved.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from huntaze_backend.engines.ledger.port import UnknownPriceError, Usage

__all__ = ["ANY_MODEL", "Price", "PriceFileError", "PriceTable", "Rate", "bound_of", "cost_of"]

ANY_MODEL = "*"
"""As a row's model: every model of the provider that has no row of its own. For providers that cost nothing."""
_PICO_PER_NANO = 1000
_SHIPPED = "prices/prices.json"


class PriceFileError(ValueError):
    """A deployment's own prices cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Pico-USD per token."""

    input: int
    cached: int
    """Of the input: what the provider had in its prompt cache. At most `input`."""
    output: int

    def __post_init__(self) -> None:
        if min(self.input, self.cached, self.output) < 0 or self.cached > self.input:
            raise ValueError(f"no price is negative, and cached input is not dearer than input: {self}")


@dataclass(frozen=True, slots=True)
class Price:
    """One row of the table."""

    provider: str
    model: str
    tier: str
    """mini, large, reasoning, vision or local: what the figures are grouped by."""
    valid_from: date
    rate: Rate
    long: Rate | None
    """The whole attempt's rate when its input has more than `long_above` tokens."""
    long_above: int
    source: str
    checked_at: date

    @property
    def free(self) -> bool:
        return self.long is None and not (self.rate.input or self.rate.cached or self.rate.output)

    def rate_for(self, input_tokens: int) -> Rate:
        return self.long if self.long is not None and input_tokens > self.long_above else self.rate


def bound_of(price: Price, input_tokens: int, output_tokens: int) -> int:
    """The most that an attempt within these tokens can cost, in nano-USD: nothing of it cached."""
    if input_tokens < 0 or output_tokens < 0:
        raise ValueError("an attempt has no negative tokens")
    rates = [price.rate, price.rate_for(input_tokens)]  # a short one may be the dearer one
    return max(_nano(input_tokens * rate.input + output_tokens * rate.output) for rate in rates)


def cost_of(price: Price, usage: Usage) -> int:
    """What an attempt cost, in nano-USD."""
    if not (0 <= usage.cached_tokens <= usage.input_tokens and 0 <= usage.reasoning_tokens <= usage.output_tokens):
        raise ValueError(f"cached tokens are a part of the input, reasoning ones of the output: {usage}")
    rate = price.rate_for(usage.input_tokens)
    fresh = usage.input_tokens - usage.cached_tokens
    return _nano(fresh * rate.input + usage.cached_tokens * rate.cached + usage.output_tokens * rate.output)


def _nano(pico: int) -> int:
    return -(-pico // _PICO_PER_NANO)


class PriceTable:
    """All rows, those of the past included, and a version that is the hash of their content."""

    def __init__(self, rows: Iterable[Price]) -> None:
        found: dict[tuple[str, str], list[Price]] = defaultdict(list)
        for row in rows:
            found[row.provider, row.model].append(row)
        for prices in found.values():
            prices.sort(key=lambda price: price.valid_from, reverse=True)
            if len({price.valid_from for price in prices}) < len(prices):
                raise ValueError(f"two prices from one day: {prices[0].provider} {prices[0].model}")
        self._rows = dict(found)
        self.version = _hash([price for key in sorted(found) for price in found[key]])

    @classmethod
    def shipped(cls, own: Path | None = None) -> "PriceTable":
        """The table that was built with this version of the service.

        Args: own: a file of the same form; for a provider and model that it names, its rows replace all of ours.

        Raises: PriceFileError.
        """
        rows = _read(files("huntaze_resources").joinpath(_SHIPPED).read_text("utf-8"))
        if own is not None:
            replacing = _own(own)
            replaced = {(price.provider, price.model) for price in replacing}
            rows = [row for row in rows if (row.provider, row.model) not in replaced] + replacing
        return cls(rows)

    def find(self, provider: str, model: str, at: datetime) -> Price:
        """The price at a time. Raises: UnknownPriceError."""
        day = at.date()
        for price in self._of(provider, model):
            if price.valid_from <= day:
                return price
        raise UnknownPriceError(f"No price is known for {model} of {provider}.")

    def tier(self, provider: str, model: str) -> str:
        """Which tier a model belongs to, for figures; "other" for one that the table no longer knows."""
        rows = self._of(provider, model)
        return rows[0].tier if rows else "other"

    def __iter__(self) -> Iterator[Price]:
        return (price for prices in self._rows.values() for price in prices)

    def _of(self, provider: str, model: str) -> Sequence[Price]:
        """The latest first."""
        return self._rows.get((provider, model)) or self._rows.get((provider, ANY_MODEL)) or ()


def _own(path: Path) -> list[Price]:
    try:
        return _read(path.read_text("utf-8"))
    except OSError as error:
        raise PriceFileError(f"the price file cannot be read: {error.strerror}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise PriceFileError(f"the price file is not of the form that ships: {error!r}") from error


def _read(text: str) -> list[Price]:
    return [_row(entry) for entry in json.loads(text)["prices"]]


def _row(entry: dict[str, Any]) -> Price:
    long = entry.get("long")
    return Price(
        provider=entry["provider"],
        model=entry["model"],
        tier=entry["tier"],
        valid_from=date.fromisoformat(entry["valid_from"]),
        rate=_rate(entry),
        long=_rate(long) if long else None,
        long_above=int(long["above"]) if long else 0,
        source=entry["source"],
        checked_at=date.fromisoformat(entry["checked_at"]),
    )


def _rate(entry: dict[str, Any]) -> Rate:
    values = [entry[name] for name in ("input", "cached", "output")]
    if not all(type(value) is int for value in values):
        raise TypeError("a price is a whole number of pico-USD per token")
    return Rate(*values)


def _hash(rows: Sequence[Price]) -> str:
    # Where a price was found and when it was looked at does not change what an attempt costs.
    priced = [{k: v for k, v in asdict(row).items() if k not in {"source", "checked_at"}} for row in rows]
    return hashlib.sha256(json.dumps(priced, sort_keys=True, default=str).encode()).hexdigest()[:12]
