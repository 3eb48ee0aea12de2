"""Rules as data: how lists are read, what an agency and a creator may change about them, what a verdict says."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path

import pytest

from huntaze_contract.compliance import (
    Category,
    Changes,
    Policy,
    Prices,
    Reason,
    Rule,
    Tier,
    layered,
)
from huntaze_contract.compliance.loading import LoadError, policy_from_toml
from huntaze_contract.compliance.matching import RuleSet

REASON = Reason("own", "Not here.", "Pas ici.")


def _own(id_: str = "own.word", **fields: object) -> Rule:
    given: dict[str, object] = {"terms": ("mango",), "tier": Tier.BLOCK, "category": Category.PLATFORM_WORD}
    return Rule(id=id_, reason=REASON, **(given | fields))  # type: ignore[arg-type]


def _set(*rules: Rule, **policy: object) -> RuleSet:
    return RuleSet.compile(Policy(tuple(rules), **policy))  # type: ignore[arg-type]


def test_a_finding_names_the_words_and_why() -> None:
    found = _set(_own()).check("one M a n g o please")

    (finding,) = found.findings
    assert (finding.start, finding.end, finding.matched) == (4, 13, "M a n g o")
    assert (finding.rule, finding.tier, finding.reason.fr) == ("own.word", Tier.BLOCK, "Pas ici.")
    assert found.blocked
    assert found.text == "one M a n g o please"


def test_spans_count_code_points_of_the_original() -> None:
    text = "💕 ﬁne — ｍａｎｇｏ 💕"
    (finding,) = _set(_own()).check(text).findings

    assert text[finding.start : finding.end] == "ｍａｎｇｏ"


def test_a_replacement_is_offered_and_never_rewrites_the_rest() -> None:
    rules = _set(_own(tier=Tier.REPLACE, replacement="peach"))
    verdict = rules.check("Mango  and m4ngo!")

    assert verdict.text == "Peach  and peach!"
    assert verdict.refused
    assert not verdict.blocked
    assert not rules.check(verdict.text).findings


def test_a_warning_goes_through() -> None:
    verdict = _set(_own(tier=Tier.WARN)).check("mango")

    assert verdict.findings
    assert not verdict.refused


def test_within_an_exception_it_is_meant_otherwise() -> None:
    rules = _set(_own(exceptions=("mango street",)))

    assert not rules.check("we lived on Mango   Street").findings
    assert rules.check("a mango on Mango Street").findings[0].start == 2


def test_a_star_stands_for_the_rest_of_the_word() -> None:
    (finding,) = _set(_own(terms=("mang*",))).check("three mangoes").findings

    assert finding.matched == "mangoes"


@pytest.mark.parametrize(
    ("price", "refused"), [(None, False), (0, False), (299, True), (300, False), (20_000, False), (20_001, True)]
)
def test_prices_have_bounds(rules: RuleSet, price: int | None, refused: bool) -> None:
    verdict = rules.check("a new set", price)

    assert verdict.refused is refused
    if refused:
        assert (verdict.findings[0].category, verdict.findings[0].start, verdict.findings[0].end) == ("price", 0, 0)


def test_an_agency_adds_disables_loosens_and_allows(policy: Policy) -> None:
    changes = Changes(
        add=(_own(),),
        disable=frozenset({"words.refund"}),
        tiers={"contact.messengers.short": Tier.WARN},
        allow=("the paypal hoodie",),
        domains=("jane.example.com",),
        least_price=500,
    )
    rules = RuleSet.compile(layered(policy, [changes]))

    assert rules.check("mango").blocked
    assert not rules.check("a refund").findings
    assert not rules.check("kik").refused
    assert rules.check("paypal").blocked
    assert not rules.check("my the PayPal hoodie").findings
    assert not rules.check("see https://shop.jane.example.com/x").findings
    assert rules.check("see example.com").blocked
    assert rules.check("x", 400).refused


def test_a_creator_changes_what_the_agency_left(policy: Policy) -> None:
    agency = Changes(add=(_own(),), least_price=500)
    creator = Changes(disable=frozenset({"own.word"}), most_price=5_000)
    after = layered(policy, [agency, creator])

    assert "own.word" not in {rule.id for rule in after.rules}
    assert after.prices == Prices(500, 5_000)


def test_nobody_loosens_what_is_fixed(policy: Policy) -> None:
    fixed = [rule for rule in policy.rules if rule.fixed]
    everything = Changes(
        add=tuple(dataclasses.replace(rule, terms=("zzzz",), patterns=(), triggers=()) for rule in fixed),
        disable=frozenset(rule.id for rule in fixed),
        tiers={rule.id: Tier.WARN for rule in fixed},
        allow=("I'm 17",),
    )
    rules = RuleSet.compile(layered(policy, [everything]))

    assert {rule.category for rule in fixed} >= {Category.MINORS, Category.HARASSMENT, Category.ILLEGAL}
    assert rules.check("I'm 17").blocked
    assert rules.check("underage").blocked


def test_only_a_rule_with_words_to_put_instead_can_replace(policy: Policy) -> None:
    after = layered(policy, [Changes(tiers={"contact.phone": Tier.REPLACE, "words.intoxication": Tier.WARN})])

    assert {rule.id: rule.tier for rule in after.rules}["contact.phone"] is Tier.BLOCK
    assert {rule.id: rule.tier for rule in after.rules}["words.intoxication"] is Tier.WARN


def test_every_default_rule_can_find_something_and_speaks_both_languages(policy: Policy) -> None:
    for rule in policy.rules:
        assert rule.terms or rule.patterns or rule.detector, rule.id
        assert rule.reason.en, rule.id
        assert rule.reason.fr, rule.id
        assert (rule.tier is Tier.REPLACE) == (rule.replacement is not None), rule.id


def test_no_replacement_is_itself_refused(rules: RuleSet, policy: Policy) -> None:
    for rule in policy.rules:
        if rule.replacement is not None:
            assert not rules.check(rule.replacement).findings, rule.id


def test_policies_are_plain_data(policy: Policy) -> None:
    assert pickle.loads(pickle.dumps(policy.rules)) == policy.rules


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ('[[rule]]\nid = "a"\ncategory = "link"\ntier = "block"\nreason = "none"', "a: "),
        ('[reasons.r]\nen = "x"\nfr = "y"\n[[rule]]\nid = "a"\ncategory = "odd"\ntier = "block"\nreason = "r"', "odd"),
    ],
)
def test_a_list_that_is_not_well_formed_says_where(source: str, says: str) -> None:
    with pytest.raises(LoadError, match=says):
        policy_from_toml([source])


def test_an_id_is_used_once(policy: Policy) -> None:
    source = (
        '[reasons.r]\nen = "x"\nfr = "y"\n' + '[[rule]]\nid = "a"\ncategory = "link"\ntier = "warn"\nreason = "r"\n' * 2
    )
    with pytest.raises(LoadError, match="a is there twice"):
        policy_from_toml([source])


def test_a_plugin_may_name_a_finding_without_the_automaton() -> None:
    import subprocess
    import sys

    backend = Path(__file__).parents[3] / "backend"
    code = "import sys; import huntaze_contract.compliance; sys.exit('ahocorasick_rs' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=backend, check=False).returncode == 0
