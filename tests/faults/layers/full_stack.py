"""The whole product in virtual time: engines, backend, worker, a platform without idempotency; everything breaks.

The world is `tests/faults/sim/stack.py`. One seed is repeated with `python -m tests.faults.layers.full_stack SEED`. Ids
and hashes of sets are not the seed's, so that a repetition meets the same troubles, not always in the same microsecond.
"""

import contextlib
import logging
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import structlog

from tests.faults.layer import LayerResult, Plan
from tests.faults.sim.stack import Stack, StackShape
from tests.faults.sim.virtual_time import play_in_virtual_time

__all__ = ["Played", "play", "run"]

_SHORT = StackShape()
_FULL = replace(_SHORT, sends=2_500, clients=10, accounts_each=5)
_WORLDS = 20
_PROCESSES = 2
_IN_MEMORY = Path("/dev/shm")
_MOST_NEEDED_A_PERSON = 0.01


@dataclass(frozen=True, slots=True)
class Played:
    """What one seed came to; plain values, so that it may cross processes."""

    seed: int
    sends: int
    verdicts: dict[str, Any]
    complaints: list[str]
    asked: int
    reviews: int
    most_in_a_minute: int
    kills: dict[str, int]
    virtual_s: float
    cpu_s: float

    def __str__(self) -> str:
        found = self.verdicts
        return (
            f"seed {self.seed}: {self.sends} sends in {self.virtual_s:.0f} s of virtual time, {self.kills['backend']} "
            f"kills of the backend and {self.kills['client']} of clients; {found['lost']} lost, {found['doubled']} "
            f"doubled, {found['reordered']} out of order, {found['unsettled']} unsettled, {self.asked} asked a person, "
            f"at most {self.most_in_a_minute} in 60 s; {1000 * self.cpu_s / self.sends:.0f} ms CPU a send"
        )


def play(seed: int, shape: StackShape, folder: Path) -> Played:
    """Play one world to its end. Its databases are in memory where there is a place for it: no disk can be slow."""
    began = time.process_time()
    state = random.getstate()
    random.seed(seed)  # the engine's back-off and the worker's jitter draw from here
    try:
        with (
            tempfile.TemporaryDirectory(dir=_IN_MEMORY if _IN_MEMORY.is_dir() else folder) as files,
            _errors_of_the_programs() as errors,
        ):
            stack = Stack(seed, shape, Path(files))
            play_in_virtual_time(stack.play)
    finally:
        random.setstate(state)
    complaints = stack.complaints + [f"logged {count} times as an error: {what}" for what, count in errors.items()]
    return Played(
        seed,
        sum(len(talk.written) for talk in stack.talks),
        asdict(stack.verdicts),
        complaints,
        stack.asked,
        stack.reviews,
        stack.most_in_a_minute,
        {"backend": stack.backend.kills, "client": sum(client.kills for client in stack.clients)},
        stack.ended_at,
        time.process_time() - began,
    )


def run(plan: Plan) -> LayerResult:
    """Play one small world, or many larger ones on both cores."""
    began = time.monotonic()
    result = LayerResult("full_stack")
    if plan.scale == "short":
        played = [play(plan.seed, _SHORT, plan.folder)]
    else:
        chance = Random(plan.seed)
        worlds = [(chance.randrange(2**32), _FULL, plan.folder) for _ in range(_WORLDS)]
        with multiprocessing.get_context("spawn").Pool(_PROCESSES, maxtasksperchild=1) as pool:
            played = []
            for one in pool.imap_unordered(_play, worlds):
                print(f"full stack: {one}", flush=True)
                played.append(one)
    sends = sum(one.sends for one in played)
    for one in played:
        again = (
            f"(repeat: python -m tests.faults.layers.full_stack {one.seed}{'' if plan.scale == 'short' else ' full'})"
        )
        result.violations += [f"{what} {again}" for what in [*one.verdicts["findings"], *one.complaints]]
    needed = sum(one.asked for one in played)
    # Of few sends one is already more than a hundredth.
    if needed > max(_MOST_NEEDED_A_PERSON * sends, 6):
        result.violations.append(f"{needed} of {sends} sends needed a person (plan's seed {plan.seed})")
    result.figures = {
        "full_stack_sends": sends,
        "full_stack_lost": sum(one.verdicts["lost"] for one in played),
        "full_stack_doubled": sum(one.verdicts["doubled"] for one in played),
        "full_stack_out_of_order": sum(one.verdicts["reordered"] for one in played),
        "full_stack_needs_human": needed,
        "full_stack_max_in_any_60s": max(one.most_in_a_minute for one in played),
        "full_stack_kills": dict(sum((Counter(one.kills) for one in played), Counter())),
        "full_stack_cpu_ms_per_send": round(1000 * sum(one.cpu_s for one in played) / sends, 1),
    }
    result.seconds = time.monotonic() - began
    return result


def _play(world: tuple[int, StackShape, Path]) -> Played:
    return play(*world)


@contextlib.contextmanager
def _errors_of_the_programs() -> Iterator[Counter[str]]:
    """Count what the programs log as an error; nothing they log is printed."""
    counted: Counter[str] = Counter()

    def count(_logger: Any, method: str, entry: structlog.typing.EventDict) -> structlog.typing.EventDict:
        if method in ("error", "exception", "critical"):
            counted[f"{entry['event']}: {sys.exc_info()[1]!r}"] += 1
        raise structlog.DropEvent

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            counted[f"{record.getMessage()}: {record.exc_info[1] if record.exc_info else None!r}"] += 1

    before = structlog.get_config()
    handler, engine = Handler(logging.ERROR), logging.getLogger("huntaze_desktop")
    propagates = engine.propagate
    structlog.configure(processors=[count])
    engine.addHandler(handler)
    engine.propagate = False
    try:
        yield counted
    finally:
        engine.propagate = propagates
        engine.removeHandler(handler)
        structlog.configure(**before)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        again = play(int(sys.argv[1]), _FULL if "full" in sys.argv[2:] else _SHORT, Path(temporary))
    print(again)
    for sentence in [*again.verdicts["findings"], *again.complaints]:
        print(" ", sentence)
