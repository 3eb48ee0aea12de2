"""Real processes of the bench: started, killed by SIGKILL at a failpoint or at random, and started again.

A process that ends in any other way than by the bench's own kill is a violation. What each kill hit is counted.
"""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from tests.faults.failpoints import POINTS, Armed, Role
from tests.faults.nursery import Born, bear

__all__ = ["BrokenProcessError", "Killer", "Process", "Spec", "hits_of"]

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN_S = 60.0
END_WITHIN_S = 20.0
QUICK_START_S = 0.5
"""What a start takes on a quiet machine; where it takes longer, lives are longer too, or nothing would get done."""
MOST_CALLS = 3
"""A failpoint strikes at one of its first so many calls."""


class BrokenProcessError(Exception):
    """A process of the product ended although nobody killed it."""


@dataclass(slots=True)
class Spec:
    """How to start a process again and again."""

    name: str
    role: Role
    options: dict[str, Any]
    log: Path
    stdin_line: dict[str, Any] | None = None


class Process:
    """One process, alive or dead."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self._child: Born | None = None
        self.port = 0
        self.started_in_s = 0.0

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.returncode is None

    async def start(self, armed: Armed | None = None) -> bool:
        """Start it; False if it died before it was ready, which only an armed one may."""
        spec, began = self.spec, time.monotonic()
        given = {"role": spec.role, "armed": armed and armed.as_json(), "options": spec.options}
        first = b"" if spec.stdin_line is None else json.dumps(spec.stdin_line).encode() + b"\n"
        child = self._child = await bear(given, first, spec.log, environment())
        try:
            line = await asyncio.wait_for(child.stdout.readline(), READY_WITHIN_S)
        except TimeoutError:
            await self.kill()
            raise RuntimeError(f"{spec.name} did not become ready within {READY_WITHIN_S:g} s") from None
        if not line:
            await child.wait()
            return False
        self.port = int(json.loads(line).get("port", 0))  # a worker listens nowhere
        self.started_in_s = time.monotonic() - began
        return True

    async def died_within(self, seconds: float) -> bool:
        assert self._child is not None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._child.wait(), seconds)
        return not self.alive

    async def kill(self) -> None:
        if self._child is not None and self.alive:
            self._child.send_signal(signal.SIGKILL)
            await self._child.wait()

    def pause(self) -> None:
        """Stop it where it stands, as a laptop's lid does."""
        assert self._child is not None
        self._child.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._child is not None
        self._child.send_signal(signal.SIGCONT)

    @property
    def status(self) -> int | None:
        return None if self._child is None else self._child.returncode

    async def end(self) -> int | None:
        """Ask it to end by closing its stdin; its exit status. One that does not is killed."""
        child = self._child
        if child is None or not self.alive:
            return self.status
        child.close_stdin()
        if not await self.died_within(END_WITHIN_S):
            await self.kill()
        return self.status


def environment() -> dict[str, str]:
    """Of a child: this tree first, so that a copy of it runs its own code, and nobody's server settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HUNTAZE_") and name not in ("DATABASE_URL", "JWT_SECRET", "TOKEN_ENCRYPTION_KEY")
    }
    paths = [str(ROOT / part) for part in ("", "backend", "plugins", "resources")]
    return kept | {"PYTHONPATH": os.pathsep.join(paths), "QT_QPA_PLATFORM": "offscreen"}


@dataclass(slots=True)
class Killer:
    """Kills one process again and again until told to stop, then leaves it running and whole."""

    process: Process
    chance: Random
    lives_s: tuple[float, float]
    """How long it may live on a quiet machine, at least and at most, before it is killed at random."""
    hits: Path
    on_ready: Callable[[], None] = lambda: None
    check: Callable[[], Awaitable[None]] | None = None
    """Called between a death and the next start, when nobody has the files open."""
    kills: int = 0
    at_random: int = 0

    async def run(self, stop: asyncio.Event, *, least: int, most: int | None = None) -> None:
        """Until `stop`, but for at least so many kills and at most so many. Raises: BrokenProcessError."""
        points = self._points()
        lives = self._life()
        while self.kills < least or not (stop.is_set() or (most is not None and self.kills >= most)):
            ended = asyncio.ensure_future(stop.wait())
            # A failpoint strikes from the middle of a life on; what it does not get dies at the end of it.
            dead = asyncio.ensure_future(self.process.died_within(lives))
            waits = {dead} if self.kills < least else {dead, ended}
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for task in (dead, ended):
                task.cancel()
            await asyncio.gather(dead, ended, return_exceptions=True)
            if stop.is_set() and self.process.alive and self.kills >= least:
                break
            if self.process.alive:
                await self.process.kill()
                self.at_random += 1
            self._count()
            lives = self._life()
            await self._start_again(Armed(next(points), self.chance.randint(1, MOST_CALLS), lives / 2, self.hits))
        # The one that runs now may have a failpoint armed that was not met: the last one has none.
        if self.process.alive:
            await self.process.kill()
            self._count()
        await self._start_again(None)

    def _life(self) -> float:
        return self.chance.uniform(*self.lives_s) * max(1.0, self.process.started_in_s / QUICK_START_S)

    async def _start_again(self, armed: Armed | None) -> None:
        for chance in range(3):
            if self.check is not None:
                await self.check()
            # One that died on its way up gets its chance without a failpoint.
            if await self.process.start(armed if chance == 0 else None):
                self.on_ready()
                return
            self._count()
        raise BrokenProcessError(f"{self.process.spec.name} does not start any more: see its log")

    def _count(self) -> None:
        self.kills += 1
        if self.process.status != -signal.SIGKILL:
            spec = self.process.spec
            status = self.process.status
            raise BrokenProcessError(f"{spec.name} ended by itself with status {status}: see {spec.log.name}")

    def _points(self) -> Any:
        names = [point.name for point in POINTS[self.process.spec.role]]
        self.chance.shuffle(names)
        return itertools.cycle(names)


def hits_of(files: Sequence[Path]) -> Counter[str]:
    """How often each failpoint killed its process."""
    found: Counter[str] = Counter()
    for path in files:
        if path.exists():
            found.update(json.loads(line)["point"] for line in path.read_text().splitlines())
    return found
