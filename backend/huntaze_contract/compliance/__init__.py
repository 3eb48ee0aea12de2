"""Compliance: what must not leave, as pure matching that both sides of the wire run.

Rules are data and are passed in. `loading` reads them, `matching.RuleSet.compile` turns them into automatons, and
`RuleSet.check(text, price)` answers with findings that name their place in the text as it was written. Nothing in here
does I/O but reading its own table of look-alikes; standard library and ahocorasick-rs only. The names below are data
alone: whoever only shows a finding (a plugin, before the first paint) compiles no expression and loads no automaton.
"""

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
    "Policy",
    "Prices",
    "Reason",
    "Rule",
    "Spread",
    "Tier",
    "Verdict",
    "layered",
]
