"""Reads rules from TOML: the default lists that ship, and the lists of tests."""

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from huntaze_contract.compliance.rules import DEFAULT_PRICES, Category, Detector, Policy, Reason, Rule, Spread, Tier

__all__ = ["LoadError", "policy_from_toml"]


class LoadError(ValueError):
    """A list that is not well formed; says where."""


def policy_from_toml(sources: Iterable[str]) -> Policy:
    """The rules of several files as one policy, in the files' order.

    Raises:
        LoadError: a rule that lacks something, an unknown word, or an id used twice.
    """
    rules: list[Rule] = []
    domains: list[str] = []
    seen: set[str] = set()
    for source in sources:
        data = tomllib.loads(source)
        reasons = data.get("reasons", {})
        domains += data.get("domains", [])
        for raw in data.get("rule", []):
            rule = _rule(raw, reasons)
            if rule.id in seen:
                raise LoadError(f"the rule {rule.id} is there twice")
            seen.add(rule.id)
            rules.append(rule)
    return Policy(tuple(rules), domains=tuple(domains), prices=DEFAULT_PRICES)


def _rule(raw: Mapping[str, Any], reasons: Mapping[str, Mapping[str, str]]) -> Rule:
    name = str(raw.get("id", "a rule without an id"))
    try:
        reason = reasons[raw["reason"]]
        return Rule(
            id=raw["id"],
            category=Category(raw["category"]),
            tier=Tier(raw["tier"]),
            reason=Reason(raw["reason"], reason["en"], reason["fr"]),
            language=raw.get("language", "any"),
            terms=tuple(raw.get("terms", ())),
            spread=Spread(raw.get("spread", Spread.SPELLED)),
            patterns=tuple("".join(pattern.split("\n")) for pattern in raw.get("patterns", ())),
            triggers=tuple(raw.get("triggers", ())),
            detector=Detector(raw["detector"]) if "detector" in raw else None,
            replacement=raw.get("replacement"),
            exceptions=tuple(raw.get("exceptions", ())),
            fixed=raw.get("fixed", False),
        )
    except (KeyError, ValueError) as error:
        raise LoadError(f"{name}: {error}") from error
