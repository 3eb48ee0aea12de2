"""A sandbox without a process: a clock that is moved by hand, and personas that live through minutes in no time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from huntaze_sandbox.events import Announcement
from huntaze_sandbox.options import SandboxOptions
from huntaze_sandbox.platform import Platform, build

NOON_MS = 1_790_000_000_000


class HandClock:
    """Time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now_ms(self) -> int:
        return NOON_MS + round(self.seconds * 1000)

    def monotonic(self) -> float:
        return self.seconds


class Evening:
    """A platform, its clock, and everything that was announced with the second it happened in."""

    def __init__(self, platform: Platform, clock: HandClock) -> None:
        self.platform = platform
        self.world = platform.world
        self.clock = clock
        self.heard: list[tuple[float, Announcement]] = []
        self.world.listeners.append(lambda event: self.heard.append((clock.seconds, event)))

    def live(self, seconds: float, on_event: Callable[[Announcement], None] | None = None) -> None:
        """Let the personas live for so many real seconds; `on_event` sees each event soon after it happened."""
        director, end = self.platform.director, self.clock.seconds + seconds
        director.begin()
        seen = len(self.heard)
        while (due := director.next_due()) is not None:
            wait = director.personas.real_seconds_until(due)
            if self.clock.seconds + wait > end:
                break
            self.clock.seconds += wait + 1e-6
            director.step()
            while seen < len(self.heard):
                seen += 1
                if on_event:
                    on_event(self.heard[seen - 1][1])
        self.clock.seconds = end


@pytest.fixture
def evening(request: pytest.FixtureRequest) -> Callable[..., Evening]:
    """Make a platform with few fans; options as of the command line."""

    def make(clock: HandClock | None = None, **options: Any) -> Evening:
        clock = clock or HandClock()
        platform = build(SandboxOptions(**({"fans": 40, "messages": 600} | options)), clock)
        request.addfinalizer(platform.recorder.close)
        return Evening(platform, clock)

    return make


@pytest.fixture
def hand_clock() -> HandClock:
    return HandClock()


@pytest.fixture
def state_file(tmp_path: Path) -> Path:
    return tmp_path / "state.jsonl"
