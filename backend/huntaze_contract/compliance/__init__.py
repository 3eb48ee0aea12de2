"""Compliance: what must not leave, as pure matching that both sides of the wire run.

The rules are data and are passed in (`Policy`, read by `loading`); `RuleSet.compile` turns them into automatons, and
`check(rules, text, price)` answers with findings that name their place in the text as it was written. Nothing here does
I/O but reading its own table of look-alikes. Standard library and ahocorasick-rs only; the latter when rules are
compiled, so that a plugin may name a finding without it.
"""

from huntaze_contract.compliance.loading import LoadError, policy_from_toml
from huntaze_contract.compliance.matching import RuleSet, check
from huntaze_contract.compliance.rules import (
    DEFAULT_PRICES,
    Category,
    Changes,
    Detector,
    Policy,
    Prices,
    Reason,
    Rule,
    Spread,
    Tier,
    layered,
)
from huntaze_contract.compliance.verdict import Finding, Verdict

__all__ = [
    "DEFAULT_PRICES",
    "Category",
    "Changes",
    "Detector",
    "Finding",
    "LoadError",
    "Policy",
    "Prices",
    "Reason",
    "Rule",
    "RuleSet",
    "Spread",
    "Tier",
    "Verdict",
    "check",
    "layered",
    "policy_from_toml",
]
