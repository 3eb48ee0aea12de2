"""State machines driven by hypothesis: one conversation's messages, and sync between a server and several caches.

A failure prints the shortest sequence of steps that hypothesis found, as a program that repeats it.
"""

import time
from random import Random

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.faults.layer import LayerResult, Plan
from tests.faults.sim.sending_machine import SendingMachine
from tests.faults.sim.sync_machine import SyncMachine

__all__ = ["EXAMPLES", "drive", "run"]

EXAMPLES: dict[type[RuleBasedStateMachine], dict[str, tuple[int, int]]] = {
    SendingMachine: {"short": (40, 40), "full": (1_500, 100)},
    SyncMachine: {"short": (25, 30), "full": (800, 60)},
}
"""By machine and scale: how many examples, of how many steps."""


def drive(
    machine: type[RuleBasedStateMachine], examples: int, steps: int, by: int | None, *, shortest: bool = True
) -> None:
    """Drive a machine; raises what it finds.

    Args:
        machine: which.
        examples: how many lives.
        steps: of each.
        by: a seed; None plays the same examples each time.
        shortest: look for the shortest life that shows it.
    """
    profile = settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=by is None,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink) if shortest else (Phase.generate,),
        print_blob=True,
        report_multiple_bugs=shortest,
    )
    driven: type[RuleBasedStateMachine] = type(machine.__name__, (machine,), {})
    if by is not None:
        seed(by)(driven)
    run_state_machine_as_test(driven, settings=profile)


def run(plan: Plan) -> LayerResult:
    """Drive every machine; what one finds does not keep the others from being driven."""
    began = time.monotonic()
    result = LayerResult("machines")
    chance = Random(plan.seed)
    for machine, scales in EXAMPLES.items():
        examples, steps = scales[plan.scale]
        by = chance.randrange(2**32) if plan.scale == "full" else None
        name = machine.__name__
        try:
            drive(machine, examples, steps, by)
        except Exception as error:  # noqa: BLE001  (whatever a machine raises is what it found)
            notes = "\n".join(getattr(error, "__notes__", ()))
            result.violations.append(f"{name} (seed {by}): {type(error).__name__}: {error}\n{notes}")
        result.figures[f"{name}_steps"] = examples * steps
    result.seconds = time.monotonic() - began
    return result
