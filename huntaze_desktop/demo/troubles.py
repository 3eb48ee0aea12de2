"""What befalls the house during a shift: one outage in the middle, or chaos.

Chaos is drawn from the seed before the shift begins: kills of the backend and of the platform's process, the long
outage among them, and a platform that times out or fails after it has sent, and cannot list for a while. It heals
before the end of the shift, so that what has not left then has no excuse.
"""

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from huntaze_desktop.demo.platform_log import refusals, set_faults

__all__ = ["Blow", "Chaos", "NoTrouble", "Outage", "Supervised", "Surroundings", "Troubles", "chaos_of"]

Name = Literal["backend", "sandbox"]
What = Literal["kill the backend", "take the backend away", "kill the platform", "no listings"]

OFFLINE_WITHIN_S = 30.0
BACK_WITHIN_S = 90.0
NO_LISTINGS_S = 12.0
APART_S = 4.0
"""Between the outage and a kill: one that hits a process which is not there is none."""

WEATHER: tuple[dict[str, Any], ...] = (
    {"kind": "latency", "probability": 0.2, "ms": 400, "on": "send"},
    {"kind": "timeout_after_execution", "probability": 0.04, "seconds": 20},
    {"kind": "http_5xx_after", "probability": 0.06, "status": 502, "html": True},
    {"kind": "http_5xx_before", "probability": 0.06, "status": 503, "request_outcome": "not_sent"},
)
"""How the platform treats sends during chaos; most of what goes wrong goes wrong after the message was sent."""
NO_LISTINGS: dict[str, Any] = {"kind": "listing_error", "probability": 1.0}


class Supervised(Protocol):
    """A process that is started again when it dies; `app.children.Child` fits."""

    @property
    def pid(self) -> int | None: ...
    @property
    def restarts(self) -> int: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What troubles can reach."""

    backend: Supervised
    sandbox: Supervised
    sandbox_port: int
    sandbox_key: str = field(repr=False)
    online: Callable[[], bool]
    """Whether the window shows that it is connected."""
    until: Callable[[Callable[[], bool], float, str], Awaitable[None]]
    """Waits, and raises `NotThereError` after so many seconds."""
    picture: Callable[[str], None]
    say: Callable[[str], None]


class Troubles(Protocol):
    """Runs beside the shift and ends before everything has to have left."""

    kills: dict[str, int]
    refused: int
    """How often the platform said 429 in lives that were ended here."""

    async def run(self) -> None: ...


@dataclass(slots=True)
class NoTrouble:
    """A quiet shift."""

    kills: dict[str, int] = field(default_factory=lambda: {"backend": 0, "sandbox": 0})
    refused: int = 0

    async def run(self) -> None:
        """Nothing happens."""


class Outage:
    """The backend is killed in the middle of the shift and stays away for a while."""

    def __init__(self, around: Surroundings, length_s: float, away_s: float) -> None:
        self._around, self._length_s, self._away_s = around, length_s, away_s
        self.kills: dict[str, int] = {"backend": 0, "sandbox": 0}
        self.refused = 0

    async def run(self) -> None:
        await asyncio.sleep(self._length_s / 2)
        await _take_away(self._around, self.kills, self._away_s)


@dataclass(frozen=True, slots=True)
class Blow:
    """Something that happens `at_s` seconds into the shift."""

    at_s: float
    what: What


def chaos_of(seed: int, length_s: float, outage_s: float) -> list[Blow]:
    """The blows of a shift, in their order: at least six kills of the backend in five minutes, the outage one of them.

    Each of the processes is killed at least once, however short the shift.
    """
    chance = random.Random(f"chaos:{seed}")
    away_at = 0.4 * length_s if outage_s > 0 else length_s
    first, last = 0.08 * length_s, 0.92 * length_s
    kills = max(3, round(length_s / 45)) - (outage_s > 0)
    spans = [(first, min(away_at - APART_S, last)), (away_at + outage_s + APART_S, last)]
    open_spans = [span for span in spans if span[1] > span[0]] or [(0.0, away_at)]
    blows = [Blow(chance.uniform(*open_spans[n % len(open_spans)]), "kill the backend") for n in range(kills)]
    if outage_s > 0:
        blows.append(Blow(away_at, "take the backend away"))
    blows += [Blow(chance.uniform(first, last), "kill the platform") for _ in range(max(1, round(length_s / 100)))]
    blows += [Blow(chance.uniform(first, last), "no listings") for _ in range(max(1, round(length_s / 150)))]
    return sorted(blows, key=lambda blow: blow.at_s)


class Chaos:
    """Carries out the blows of `chaos_of`, with the platform's weather over all of the shift."""

    def __init__(self, around: Surroundings, seed: int, length_s: float, outage_s: float) -> None:
        self._around, self._outage_s = around, outage_s
        self._blows = chaos_of(seed, length_s, outage_s)
        self.kills: dict[str, int] = {"backend": 0, "sandbox": 0}
        self.refused = 0
        self._deaf = 0
        """How many spells without listings are under way."""

    async def run(self) -> None:
        await self._set_weather()
        try:
            async with asyncio.TaskGroup() as blows:
                for blow in self._blows:
                    blows.create_task(self._strike(blow))
        finally:
            await set_faults(self._around.sandbox_port, self._around.sandbox_key, [])
        self._around.say("the troubles are over")

    async def _strike(self, blow: Blow) -> None:
        await asyncio.sleep(blow.at_s)
        match blow.what:
            case "kill the backend":
                await _kill(self._around, self._around.backend, "backend", self.kills)
            case "take the backend away":
                await _take_away(self._around, self.kills, self._outage_s)
            case "kill the platform":
                await self._kill_the_platform()
            case "no listings":
                self._around.say("the platform cannot list")
                self._deaf += 1
                await self._set_weather()
                await asyncio.sleep(NO_LISTINGS_S)
                self._deaf -= 1
                await self._set_weather()

    async def _kill_the_platform(self) -> None:
        around = self._around
        # What it counted dies with it.
        self.refused += await refusals(around.sandbox_port, around.sandbox_key)
        lives = around.sandbox.restarts
        await _kill(around, around.sandbox, "sandbox", self.kills)
        await around.until(lambda: around.sandbox.restarts > lives, BACK_WITHIN_S, "the platform again")
        await self._set_weather()

    async def _set_weather(self) -> None:
        rules = [*WEATHER, *([NO_LISTINGS] if self._deaf else [])]
        await set_faults(self._around.sandbox_port, self._around.sandbox_key, rules)


async def _kill(around: Surroundings, child: Supervised, name: Name, kills: dict[str, int]) -> None:
    await around.until(lambda: child.pid is not None, BACK_WITHIN_S, f"a {name} to kill")
    pid = child.pid
    if pid is None:
        raise ProcessLookupError(f"the {name} is gone")
    around.say(f"the {'platform' if name == 'sandbox' else name} is killed")
    os.kill(pid, signal.SIGKILL)
    kills[name] += 1


async def _take_away(around: Surroundings, kills: dict[str, int], away_s: float) -> None:
    """Kill the backend and keep it from coming back for so long."""
    around.backend.pause()
    try:
        await _kill(around, around.backend, "backend", kills)
        around.say(f"it comes back in {away_s:.0f} s")
        away = asyncio.ensure_future(asyncio.sleep(away_s))
        await around.until(lambda: not around.online(), OFFLINE_WITHIN_S, "offline mode")
        await asyncio.sleep(min(away_s / 3, 15))
        around.picture("offline")
        await away
    finally:
        around.backend.resume()
    await around.until(around.online, BACK_WITHIN_S, "online again")
    around.say("the backend is back")
    around.picture("online-again")
