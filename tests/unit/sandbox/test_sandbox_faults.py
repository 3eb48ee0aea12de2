"""Fault rules: drawn by chance of their own, as often as allowed, where they belong, and refused when senseless."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntaze_sandbox.faults import KINDS, FaultError, FaultPlan


class StillClock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def now_ms(self) -> int:
        return round(self.seconds * 1000)

    def monotonic(self) -> float:
        return self.seconds


def plan_of(*rules: dict[str, Any], seed: int = 7) -> FaultPlan:
    plan = FaultPlan(seed, StillClock())
    plan.set(list(rules))
    return plan


@given(st.integers(0, 2**32), st.floats(0, 1))
def test_the_same_seed_draws_the_same_faults(seed: int, probability: float) -> None:
    def draws() -> list[bool]:
        plan = plan_of({"kind": "refusal_200", "probability": probability}, seed=seed)
        return [plan.draw("refusal_200", "a", "send") is not None for _ in range(50)]

    assert draws() == draws()


def test_the_probability_is_kept() -> None:
    plan = plan_of({"kind": "refusal_200", "probability": 0.3})
    hits = sum(plan.draw("refusal_200", "a", "send") is not None for _ in range(2_000))
    assert 520 < hits < 680


def test_a_limit_ends_a_rule() -> None:
    plan = plan_of({"kind": "http_429", "limit": 2})
    assert [plan.draw("http_429", "a", "send") is not None for _ in range(4)] == [True, True, False, False]
    assert plan.rules[0].public() == {"kind": "http_429", "probability": 1.0, "html": False, "limit": 2, "hits": 2}


def test_a_rule_for_one_account_spares_the_others() -> None:
    plan = plan_of({"kind": "http_429", "account": "a"})
    assert plan.draw("http_429", "a", "send")
    assert not plan.draw("http_429", "b", "send")


@pytest.mark.parametrize(
    ("rule", "place", "strikes"),
    [
        ({"kind": "http_5xx_before"}, "send", True),
        ({"kind": "http_5xx_before"}, "list", False),
        ({"kind": "http_5xx_before", "on": "list"}, "list", True),
        ({"kind": "latency"}, "list", True),
        ({"kind": "latency", "on": "send"}, "list", False),
    ],
)
def test_a_rule_strikes_where_it_belongs(rule: dict[str, Any], place: Any, strikes: bool) -> None:
    assert (plan_of(rule).draw(rule["kind"], "a", place) is not None) is strikes


def test_an_outage_is_over_after_its_time() -> None:
    clock = StillClock()
    plan = FaultPlan(7, clock)
    plan.set([{"kind": "outage", "seconds": 10}])
    assert plan.draw("outage", "a")
    clock.seconds = 10.0
    assert not plan.draw("outage", "a")


@pytest.mark.parametrize(
    "rule",
    [
        "outage",
        {},
        {"kind": "earthquake"},
        {"kind": "latency", "probability": 1.5},
        {"kind": "latency", "ms": -1},
        {"kind": "latency", "ms": "5"},
        {"kind": "latency", "ms": True},
        {"kind": "latency", "on": "everything"},
        {"kind": "latency", "delay": 5},
        {"kind": "http_5xx_after", "request_outcome": "not_sent"},
        {"kind": "http_5xx_before", "html": "yes"},
        {"kind": "http_5xx_before", "account": 5},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_and_changes_nothing(rule: Any) -> None:
    plan = plan_of({"kind": "http_429"})
    with pytest.raises(FaultError, match="rule 1"):
        plan.set([{"kind": "latency", "ms": 1}, rule])
    assert [kept.kind for kept in plan.rules] == ["http_429"]


@pytest.mark.parametrize("wrap", [lambda rules: rules, lambda rules: {"rules": rules}])
def test_rules_come_from_a_file(tmp_path: Path, wrap: Callable[[Any], Any]) -> None:
    path = tmp_path / "faults.json"
    path.write_text(json.dumps(wrap([{"kind": kind} for kind in KINDS])))
    plan = FaultPlan(7, StillClock())
    plan.load(path)
    assert tuple(rule.kind for rule in plan.rules) == KINDS


@pytest.mark.parametrize("content", ["{", "5", '{"rule": []}'])
def test_a_broken_file_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "faults.json"
    path.write_text(content)
    with pytest.raises(FaultError):
        FaultPlan(7, StillClock()).load(path)
