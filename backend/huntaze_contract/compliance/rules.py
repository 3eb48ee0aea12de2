"""Rules as data: what must not leave, how strictly, why, and where it is meant otherwise.

A rule says what to look for in one or more of three ways: `terms` (words and phrases), `patterns` (regular expressions
over the folded text, tried only where one of `triggers` occurs) and a `detector` (code, for what neither can say: phone
numbers, links, account numbers, prices). Plain data, so that a rule can be stored, sent and shown.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

__all__ = [
    "DEFAULT_PRICES",
    "Category",
    "Changes",
    "Detector",
    "Policy",
    "Prices",
    "Reason",
    "Rule",
    "Spread",
    "Tier",
    "layered",
]


class Tier(StrEnum):
    """How strictly a rule is meant. `block` and `replace` do not go out as they are; `warn` goes and is recorded."""

    WARN = "warn"
    REPLACE = "replace"
    BLOCK = "block"


class Category(StrEnum):
    OFF_PLATFORM_CONTACT = "off_platform_contact"
    OFF_PLATFORM_PAYMENT = "off_platform_payment"
    MINORS = "minors"
    LINK = "link"
    PRICE = "price"
    PLATFORM_WORD = "platform_word"
    HARASSMENT = "harassment"
    ILLEGAL = "illegal"


class Spread(StrEnum):
    """How far a term may be pulled apart and still be meant. More catches more tricks, and more innocent neighbours."""

    WORD = "word"
    """As a word, whatever its letters are written with: `p4yp@l`, look-alikes, accents, zero-width characters."""
    SPELLED = "spelled"
    """Also in pieces of one or two letters, or with signs between them: `p a y p a l`, `pay.pal`."""
    SPLIT = "split"
    """Also split by white space anywhere: `tele gram`. For words that no two ordinary words make."""
    INSIDE = "inside"
    """Also within a longer word: `mypaypal`. For words that no ordinary word contains."""


class Detector(StrEnum):
    PHONE = "phone"
    EMAIL = "email"
    LINK = "link"
    ACCOUNT = "account"
    """Bank accounts (IBAN), payment cards and crypto addresses, by their check digits and shapes."""
    PRICE = "price"
    """The message's price, not a price that its text speaks of."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, for the person who wrote it. `key` is stable; the sentences may be worded anew."""

    key: str
    en: str
    fr: str


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    category: Category
    tier: Tier
    reason: Reason
    language: str = "any"
    """ISO 639-1, or any. For whoever reads the list; every rule is tried on every text."""
    terms: tuple[str, ...] = ()
    """In lower case. A term that ends with `*` also matches longer words that begin so."""
    spread: Spread = Spread.SPELLED
    patterns: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    detector: Detector | None = None
    replacement: str | None = None
    """With the tier `replace`: what to write instead."""
    exceptions: tuple[str, ...] = ()
    """Phrases within which it is meant otherwise: "mixed signals"."""
    fixed: bool = False
    """No agency can switch it off or loosen it: minors, and what is illegal everywhere."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Bounds of a paid message in minor units, both allowed."""

    least: int
    most: int


DEFAULT_PRICES = Prices(300, 20_000)
"""$3 to $200, the platform's bounds of a paid message (PRODUCT.md, facts of the outside world)."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What an agency, or a creator within it, changes about the rules below. Absent means: as below."""

    add: tuple[Rule, ...] = ()
    disable: frozenset[str] = frozenset()
    tiers: Mapping[str, Tier] = field(default_factory=lambda: MappingProxyType({}))
    allow: tuple[str, ...] = ()
    """Phrases that no rule minds, but the fixed ones."""
    domains: tuple[str, ...] = ()
    """Domains that may be linked to, with all below them."""
    least_price: int | None = None
    most_price: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that a check goes by; compile it into a `RuleSet`."""

    rules: tuple[Rule, ...]
    allow: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    prices: Prices = DEFAULT_PRICES


def layered(base: Policy, layers: Iterable[Changes]) -> Policy:
    """The policy after the agency's and then the creator's changes. Fixed rules stay as they are."""
    rules = {rule.id: rule for rule in base.rules}
    allow, domains, prices = base.allow, base.domains, base.prices
    for layer in layers:
        for id_ in layer.disable:
            if id_ in rules and not rules[id_].fixed:
                del rules[id_]
        for id_, tier in layer.tiers.items():
            rule = rules.get(id_)
            # Without words to put instead there is nothing to replace with.
            if rule is not None and not rule.fixed and (tier is not Tier.REPLACE or rule.replacement is not None):
                rules[id_] = replace(rule, tier=tier)
        for added in layer.add:
            if added.id not in rules or not rules[added.id].fixed:
                rules[added.id] = replace(added, fixed=False)
        allow, domains = (*allow, *layer.allow), (*domains, *layer.domains)
        prices = Prices(
            prices.least if layer.least_price is None else layer.least_price,
            prices.most if layer.most_price is None else layer.most_price,
        )
    return Policy(tuple(rules.values()), allow, domains, prices)
