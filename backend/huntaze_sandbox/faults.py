"""Faults that can be switched on: rules with a probability, drawn from a seeded source of their own, by file or admin.

A rule is drawn only where its kind can happen, so a fault seen by a client is one that a real platform can show.
"""

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Literal, get_args

from huntaze_sandbox.clock import Clock

Where = Literal["send", "list", "all"]

KINDS = (
    "latency",
    "http_429",
    "http_5xx_before",
    "http_5xx_after",
    "timeout_after_execution",
    "webhook_duplicate",
    "webhook_reorder",
    "webhook_drop",
    "listing_lag",
    "listing_error",
    "outage",
    "log_out",
    "refusal_200",
)
#: Where a rule without `on` is drawn; kinds that are not named here have one place only.
DEFAULT_PLACE: dict[str, Where] = {"latency": "all", "outage": "all", "log_out": "all"}
WITH_PLACE = frozenset({"latency", "http_429", "http_5xx_before", "http_5xx_after", "outage", "log_out"})


class FaultError(ValueError):
    """A rule that cannot be; the text says which and why."""


@dataclass(slots=True, kw_only=True)
class FaultRule:
    """One fault. `ms` and `seconds` are its length, `limit` how often it may happen, `account` None means all.

    `status` 0 (outage, http_5xx) closes the connection without an answer.
    """

    kind: str
    probability: float = 1.0
    account: str | None = None
    ms: int | None = None
    seconds: float | None = None
    retry_after: float | None = None
    status: int | None = None
    html: bool = False
    limit: int | None = None
    on: Where | None = None
    request_outcome: Literal["not_sent", "unknown"] | None = None
    hits: int = 0
    rng: Random = field(default_factory=Random, repr=False)
    until: float = field(default=math.inf, repr=False)

    @property
    def place(self) -> Where:
        return self.on or DEFAULT_PLACE.get(self.kind, "send")

    def public(self) -> dict[str, Any]:
        hidden = ("rng", "until")
        return {name: value for name, value in asdict(self).items() if name not in hidden and value is not None}


class FaultPlan:
    """The rules in force. Setting new ones replaces all and starts their random sources again."""

    def __init__(self, seed: int, clock: Clock) -> None:
        self._seed = seed
        self._clock = clock
        self.rules: list[FaultRule] = []

    def load(self, path: Path) -> None:
        """Take the rules of a JSON file: a list, or an object with the list under `rules`."""
        try:
            rows = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise FaultError(f"the fault file {path.name} cannot be read: {error}") from error
        self.set(rows.get("rules") if isinstance(rows, dict) else rows)

    def set(self, rows: Any) -> None:
        """Replace all rules. Raises FaultError and changes nothing when one of them is wrong."""
        if not isinstance(rows, list):
            raise FaultError("faults are a list of rules")
        rules = [_parse(place, row) for place, row in enumerate(rows)]
        now = self._clock.monotonic()
        for place, rule in enumerate(rules):
            rule.rng = Random(f"{self._seed}:{place}:{rule.kind}")
            if rule.kind == "outage" and rule.seconds is not None:
                rule.until = now + rule.seconds
        self.rules = rules

    def draw(self, kind: str, account: str | None = None, place: Where = "all") -> FaultRule | None:
        """Return the rule of this kind that strikes now, if one does."""
        for rule in self.rules:
            if rule.kind != kind or (rule.account is not None and rule.account != account):
                continue
            if kind in WITH_PLACE and rule.place not in ("all", place):
                continue
            if rule.limit is not None and rule.hits >= rule.limit:
                continue
            if rule.until <= self._clock.monotonic() or rule.rng.random() >= rule.probability:
                continue
            rule.hits += 1
            return rule
        return None


def _parse(place: int, row: Any) -> FaultRule:
    where = f"rule {place}"
    if not isinstance(row, dict):
        raise FaultError(f"{where} is not an object")
    kind = row.get("kind")
    if kind not in KINDS:
        raise FaultError(f"{where}: kind must be one of {', '.join(KINDS)}")
    known = {"kind", "probability", "account", "ms", "seconds", "retry_after", "status", "html", "limit", "on"}
    unknown = set(row) - known - {"request_outcome", "hits"}
    if unknown:
        raise FaultError(f"{where} ({kind}): unknown {', '.join(sorted(unknown))}")
    for name in ("probability", "ms", "seconds", "retry_after", "limit", "status"):
        value = row.get(name)
        if value is not None and (
            isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9
        ):
            raise FaultError(f"{where} ({kind}): {name} must be a number from 0")
    if row.get("probability", 1) > 1:
        raise FaultError(f"{where} ({kind}): probability is at most 1")
    if row.get("on") not in (None, *get_args(Where)):
        raise FaultError(f"{where} ({kind}): on is send, list or all")
    if row.get("request_outcome") not in (None, "not_sent", "unknown"):
        raise FaultError(f"{where} ({kind}): request_outcome is not_sent or unknown")
    if row.get("request_outcome") == "not_sent" and kind != "http_5xx_before":
        raise FaultError(f"{where} ({kind}): not_sent would be a lie after execution")
    if not isinstance(row.get("html", False), bool) or not isinstance(row.get("account"), str | None):
        raise FaultError(f"{where} ({kind}): html is true or false, account is an id")
    return FaultRule(**{name: value for name, value in row.items() if name != "hits"})
