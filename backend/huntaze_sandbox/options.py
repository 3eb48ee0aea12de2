"""What a run of the sandbox can be told: one frozen record, filled from the command line by whoever starts it."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

DEFAULT_KEY = "sandbox-key"

IdempotencyMode = Literal["journal", "replay"]


def default_key() -> str:
    """Return the bearer key of HUNTAZE_SANDBOX_KEY, or the well-known one of a sandbox that holds no real data."""
    return os.environ.get("HUNTAZE_SANDBOX_KEY") or DEFAULT_KEY


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """Settings of one sandbox process.

    `speed` moves the personas only. `rate_limit` is accepted sends per account in any 60 s; 0 switches it off.
    `port` 0 takes a free one. `arrivals_per_minute` is how many messages fans start by themselves on a Friday evening.
    """

    host: str = "127.0.0.1"
    port: int = 0
    seed: int = 7
    speed: float = 1.0
    journal: Path | None = None
    faults: Path | None = None
    state: Path | None = None
    fans: int = 2_000
    messages: int = 60_000
    rate_limit: int = 30
    idempotency: IdempotencyMode = "journal"
    key: str = field(default_factory=default_key, repr=False)
    exit_with_stdin: bool = False
    live: bool = True
    arrivals_per_minute: float = 24.0

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise ValueError("the port must be from 0 (any free one) to 65535")
        if self.fans < 0 or self.messages < 0:
            raise ValueError("fans and messages cannot be negative")
        if self.messages and not self.fans:
            raise ValueError("messages need fans: give --fans at least 1, or --messages 0")
        if self.rate_limit < 0:
            raise ValueError("the rate limit cannot be negative; 0 switches it off")
        if self.speed <= 0:
            raise ValueError("speed must be above 0; personas are stopped with live=False")
        if self.arrivals_per_minute < 0:
            raise ValueError("arrivals per minute cannot be negative")
        if self.idempotency not in {"journal", "replay"}:
            raise ValueError("idempotency is 'journal' or 'replay'")
        if not self.key:
            raise ValueError("the bearer key cannot be empty")
