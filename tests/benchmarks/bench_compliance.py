"""What a check of a text costs: ordinary chat as it is typed, the worst texts of 10,000 characters, and compiling.

On the CPU's clock, because the check runs on the GUI thread at every key press and others must not be counted. The chat
is the simulated platform's (five languages), so that nothing in it was written for the matcher.
"""

import random
import string
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from huntaze_contract.compliance.loading import policy_from_toml
from huntaze_contract.compliance.matching import RuleSet
from huntaze_contract.outgoing import MAX_TEXT
from huntaze_resources import compliance_lists
from tests.benchmarks.figures import Figure, percentile

__all__ = ["run"]

LINES = Path(__file__).resolve().parents[2] / "backend" / "huntaze_sandbox" / "data"
ROUNDS = 5
MESSAGE_US, WORST_MS = 100, 50
ORDINARY = "hey babe, how was your day? I was thinking about you all morning 💕 tell me everything, the new set is $25"
_CHANCE = random.Random(5)
WORST = {
    "one letter": "a",
    "digits apart": "1 ",
    "terms": "paypal ",
    "terms in leetspeak": "p4yp@l ",
    "terms spelled out": "p a y p a l ",
    "look-alikes": "раураl ",
    "links": "a.com ",
    "numbers in words": "zero six ",
    "signs that are letters": "1!|",
    "account numbers that are none": "1a",
    "patterns that nearly match": "selling you me u some any your pretend like as im you re to be ",
    "zero-width": "a\u0336\u200b",
    "signs by chance": "".join(_CHANCE.choice(string.printable) for _ in range(MAX_TEXT)),
    "code points by chance": "".join(chr(_CHANCE.randrange(0x20, 0xD800)) for _ in range(MAX_TEXT)),
}


def run() -> list[Figure]:
    began = time.process_time()
    rules = RuleSet.compile(policy_from_toml(compliance_lists()))
    compiled = time.process_time() - began
    chat = [
        text for path in sorted(LINES.glob("lines.*.toml")) for text in _said(tomllib.loads(path.read_text("utf-8")))
    ]
    each = [_cost(rules, text) for text in chat]
    worst = {name: _cost(rules, (unit * MAX_TEXT)[:MAX_TEXT]) for name, unit in WORST.items()}
    name = max(worst, key=lambda kind: worst[kind])
    return [
        Figure("compliance: read and compile the default rules, CPU", compiled * 1e3, "ms"),
        Figure(
            f"compliance: check an ordinary message of {len(ORDINARY)} characters, CPU",
            _cost(rules, ORDINARY) * 1e6,
            "us",
            MESSAGE_US,
        ),
        Figure(
            f"compliance: check a line of chat, p95 of {len(chat)}, CPU", percentile(each, 0.95) * 1e6, "us", MESSAGE_US
        ),
        Figure(
            f"compliance: check the worst of {MAX_TEXT} characters ({name}), CPU", worst[name] * 1e3, "ms", WORST_MS
        ),
    ]


def _cost(rules: RuleSet, text: str) -> float:
    """CPU seconds of one check, the best of some rounds: another process in the caches is not the matcher's doing."""
    best = float("inf")
    times = max(1, 2_000 // max(1, len(text)))
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(times):
            rules.check(text)
        best = min(best, (time.process_time() - began) / times)
    return best


def _said(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list):
        for part in data.values() if isinstance(data, dict) else data:
            yield from _said(part)
