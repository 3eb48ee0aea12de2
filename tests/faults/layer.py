"""What a layer of the fault bench is: a function that plays one kind of trouble and says what it found.

`tests/faults/layers/<name>.py` has `run(plan) -> LayerResult`; `tests/faults/run.py` plays them all. A layer that finds
anything wrong says so in `violations`, in a sentence each; figures are what it did and reached.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

__all__ = ["LayerResult", "Plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """How to play: `short` is for the everyday tests (seconds), `full` for the bench (minutes)."""

    seed: int
    scale: Literal["short", "full"]
    folder: Path
    """Everything that a layer writes goes below it."""


@dataclass(slots=True)
class LayerResult:
    """What a layer found. Figures with the names of the report are summed up there, others are printed."""

    name: str
    figures: dict[str, Any] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    seconds: float = 0.0
