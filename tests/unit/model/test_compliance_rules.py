"""Which rules a text is checked against on this computer."""

from huntaze_contract.compliance import Verdict
from huntaze_desktop.model.compliance import ComplianceRules


def says(name: str):
    return lambda text, price: Verdict((), f"{name}: {text} at {price}")


def test_a_creator_without_rules_of_her_own_has_the_agencys():
    rules = ComplianceRules(says("agency"), {"mara": says("mara")})

    assert rules.check("hi", "mara", 5).text == "mara: hi at 5"
    assert rules.check("hi", "nora").text == "agency: hi at None"
    assert rules.check("hi").text == "agency: hi at None"


def test_before_the_rules_are_read_nothing_is_found():
    rules = ComplianceRules()

    assert not rules.ready
    assert rules.check("paypal", "mara") == Verdict((), "paypal")
