"""A million sends through the pure state machine in virtual time, judged by a platform that knows the truth.

The world is `tests/faults/sim/pipeline.py`: lossy gateway without idempotency, crashes, failing and lagging listings,
repeated texts. Pipelines with one thing done wrong go through the same world first: each must be seen to lose, double
or reorder, or the judge is blind. One seed is repeated with `python -m tests.faults.layers.simulated SEED [MUTANT]`.
"""

import sys
import time
from dataclasses import dataclass
from random import Random

from tests.faults.layer import LayerResult, Plan
from tests.faults.sim.pipeline import Mutant, Shape, World

__all__ = ["Played", "play", "run"]

_SEEDS = {"short": 1, "full": 50}
_SENDS = 20_000  # of each seed
_MUTANT_SENDS = 2_000
_MOST_NEEDED_A_PERSON = 0.01


@dataclass(frozen=True, slots=True)
class Played:
    """What one seed came to."""

    seed: int
    world: World
    cpu_s: float

    def __str__(self) -> str:
        world, found = self.world, self.world.verdicts
        return (
            f"seed {self.seed}: {len(world.rows)} sends, {world.attempts} attempts, {world.unclear} unclear, "
            f"{world.asked} asked a person; {found.lost} lost, {found.doubled} doubled, {found.reordered} out of "
            f"order, {found.unsettled} unsettled, {found.false_failures} wrongly failed, at most "
            f"{world.most_in_a_minute} in 60 s; {self.cpu_s:.1f} s CPU"
        )


def play(seed: int, sends: int = _SENDS, mutant: Mutant | None = None) -> Played:
    """Play one seed to its end."""
    began = time.process_time()
    world = World(seed, Shape(sends=sends), mutant)
    world.run()
    return Played(seed, world, time.process_time() - began)


def run(plan: Plan) -> LayerResult:
    """Play the mutants, then as many seeds as the scale asks for."""
    began = time.monotonic()
    result = LayerResult("simulated")
    chance = Random(plan.seed)
    caught: dict[str, int] = {}
    if plan.scale == "full":
        for mutant in Mutant:
            played = play(chance.randrange(2**32), _MUTANT_SENDS, mutant)
            caught[mutant.value] = played.world.verdicts.total
            if not played.world.verdicts.total:
                result.violations.append(f"nobody noticed the mutant '{mutant}' (seed {played.seed})")
    totals = dict.fromkeys(("simulated_sends", "simulated_lost", "simulated_doubled", "simulated_out_of_order"), 0)
    asked = most = attempts = unclear = 0
    for _ in range(_SEEDS[plan.scale]):
        played = play(chance.randrange(2**32))
        print(f"simulated: {played}", flush=True)
        world, found = played.world, played.world.verdicts
        totals["simulated_sends"] += len(world.rows)
        totals["simulated_lost"] += found.lost
        totals["simulated_doubled"] += found.doubled
        totals["simulated_out_of_order"] += found.reordered
        asked, most = asked + world.asked, max(most, world.most_in_a_minute)
        attempts, unclear = attempts + world.attempts, unclear + world.unclear
        result.violations += [
            f"{finding} (repeat: python -m tests.faults.layers.simulated {played.seed})" for finding in found.findings
        ]
    needed = asked / totals["simulated_sends"]
    if needed > _MOST_NEEDED_A_PERSON:
        result.violations.append(f"{needed:.2%} of the sends needed a person (plan's seed {plan.seed})")
    result.figures = {
        **totals,
        "simulated_attempts": attempts,
        "simulated_unclear": unclear,
        "simulated_needs_human": round(needed, 5),
        "simulated_max_in_any_60s": most,
        "simulated_mutants": caught,
    }
    result.seconds = time.monotonic() - began
    return result


if __name__ == "__main__":
    wrong = Mutant(sys.argv[2]) if len(sys.argv) > 2 else None
    again = play(int(sys.argv[1]), _MUTANT_SENDS if wrong else _SENDS, wrong)
    print(again)
    for sentence in again.world.verdicts.findings:
        print(" ", sentence)
