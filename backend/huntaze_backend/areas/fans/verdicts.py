"""What became of a change that met a colleague's: who wins, and what the one who lost should know."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["APPLIED", "Verdict"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Fields as in `wire.OpResult`. A change that cannot be done at all is an `AppError`, not a verdict."""

    outcome: Literal["applied", "merged", "superseded"] = "applied"
    by: str | None = None
    """Name of the colleague whose change stands or was merged."""
    theirs: str | None = None
    """What stands now, where it is a text."""
    detail: str = ""


APPLIED = Verdict()
