"""What a benchmark found: figures with their goals, as a table for people and as JSON for whoever compares runs."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Figure", "load", "percentile", "table", "write"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. `goal` is an upper bound, or a lower one where more is better."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    peer: str | None = None
    """What it was measured beside, in the same run."""
    more_is_better: bool = False

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value >= self.goal if self.more_is_better else self.value <= self.goal

    def as_json(self) -> dict[str, object]:
        found = asdict(self)
        del found["more_is_better"]
        return {**found, "met": self.met}


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(figures: Sequence[Figure]) -> str:
    rows = [("figure", "value", "goal", "met")]
    for figure in figures:
        sign = ">=" if figure.more_is_better else "<="
        goal = "" if figure.goal is None else f"{sign} {figure.goal:g}"
        met = {None: "", True: "yes", False: "NO"}[figure.met]
        digits = 2 if figure.unit == "x" else 1  # a ratio's second digit decides
        rows.append((figure.name, f"{figure.value:,.{digits}f} {figure.unit}", goal, met))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), row[1].rjust(widths[1]), row[2].rjust(widths[2]), row[3]]) for row in rows
    ]
    lines.insert(1, "-" * len(lines[0]))
    return "\n".join(line.rstrip() for line in lines)


def write(figures: Sequence[Figure], path: Path) -> None:
    """The report: a list of {name, value, unit, goal, peer, met}."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([figure.as_json() for figure in figures], indent=2) + "\n", encoding="utf-8")


def load() -> str:
    """How busy the machine is: processes that ran or wanted to, over 1, 5 and 15 minutes."""
    return " ".join(f"{value:.1f}" for value in os.getloadavg())
