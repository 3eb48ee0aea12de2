"""What AI calls cost today, as the status bar shows it to owners and managers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AiCosts:
    """Whole nano-USD. `limit` is the agency's own budget of the day: the hard one, else the soft one."""

    today: int
    month: int
    limit: int | None = None
    soft_exceeded: bool = False
    month_limit: int | None = None
