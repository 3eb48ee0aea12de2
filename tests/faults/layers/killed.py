"""Processes killed at any moment over lines that lose a third: every message arrives once, in order, within the limit.

The platform knows no idempotency. The service, the chatters and the platform die by SIGKILL at failpoints and at random
and come back; a scripted person decides where only a person can. At the end the lines are healed, everything must come
to rest, and the checker judges what was written down.
"""

import asyncio
import shutil
import time
from dataclasses import dataclass
from random import Random

from tests.faults.agency import Agency, Shift, scripts
from tests.faults.checker import counts, judge
from tests.faults.layer import LayerResult, Plan
from tests.faults.processes import BrokenProcessError, hits_of
from tests.faults.proxy import Line
from tests.faults.stores import PostgresStore

__all__ = ["BAD", "Scale", "play", "run"]

BAD = Line(drop_request=0.15, drop_answer=0.15, captive=0.01, duplicate=0.02, slow=0.2, sliced=0.1, silence_s=1.2)
"""30 % loss, half requests and half answers, and a little of everything else."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How large and how deadly a run is."""

    shift: Shift
    backend_kills: int
    client_kills: int
    """Of all clients together, at least."""
    sandbox_kills: int
    backend_lives_s: tuple[float, float]
    client_lives_s: tuple[float, float]
    sandbox_lives_s: tuple[float, float]
    rests_within_s: float
    most_asked: float = 0.01
    workers: int = 0
    """As processes of their own, beside a service that has none."""
    worker_kills: int = 0
    """Of all of them together, at least."""
    worker_lives_s: tuple[float, float] = (2.0, 9.0)
    no_more_kills: bool = False
    """Stop killing when every process had its number: on a busy machine nothing would get done in between."""


FULL = Scale(
    # 50 messages of an account that may send 10 a minute take five minutes at the least.
    Shift(accounts=200, conversations=5, sends=50, clients=4, pause_s=0.02),
    backend_kills=100,
    client_kills=100,
    sandbox_kills=10,
    backend_lives_s=(4.0, 14.0),
    client_lives_s=(4.0, 25.0),
    sandbox_lives_s=(30.0, 70.0),
    rests_within_s=2400.0,
)
SHORT = Scale(
    # A window of 4 s in place of 60, so that the limit is met in a run of half a minute.
    Shift(accounts=10, conversations=4, sends=12, clients=2, window_s=4.0, spacing_s=0.1, pause_s=0.02),
    backend_kills=3,
    client_kills=2,
    sandbox_kills=1,
    backend_lives_s=(1.0, 3.0),
    client_lives_s=(1.0, 3.0),
    sandbox_lives_s=(3.0, 5.0),
    rests_within_s=300.0,
    no_more_kills=True,
    # One message of 120 is 0.8 %: what is rare shows its share in the full run only.
    most_asked=0.05,
)


def run(plan: Plan) -> LayerResult:
    """10,000 sends over 200 accounts; short: 120 over 10."""
    return asyncio.run(play(plan, FULL if plan.scale == "full" else SHORT))


async def play(plan: Plan, scale: Scale, name: str = "killed", postgres: PostgresStore | None = None) -> LayerResult:
    """Args: postgres: where the service keeps its data; None is the embedded database."""
    began = time.monotonic()
    result = LayerResult(name)
    shutil.rmtree(plan.folder / name, ignore_errors=True)
    agency = Agency(plan.folder / name, plan.seed, scale.shift, postgres=postgres, worker_count=scale.workers)
    try:
        await agency.open()
        await agency.hire(scripts(await agency.conversations(), scale.shift, Random(plan.seed)))
        rested = await _shift(agency, scale, result)
        result.violations += await agency.close()
        _judge(agency, scale, result, rested=rested)
    finally:
        await agency.close()
    result.seconds = time.monotonic() - began
    return result


async def _shift(agency: Agency, scale: Scale, result: LayerResult) -> bool:
    stop, over = asyncio.Event(), asyncio.Event()
    deaths = [
        (agency.killer(agency.backend, scale.backend_lives_s), scale.backend_kills),
        (agency.killer(agency.sandbox, scale.sandbox_lives_s), scale.sandbox_kills),
        *(
            (agency.killer(client, scale.client_lives_s), -(-scale.client_kills // len(agency.clients)))
            for client in agency.clients.values()
        ),
        *(
            (agency.killer(worker, scale.worker_lives_s), -(-scale.worker_kills // scale.workers))
            for worker in agency.workers
        ),
    ]
    agency.lose(BAD)
    deciding = asyncio.create_task(agency.person.run(over))
    killing = [
        asyncio.create_task(killer.run(stop, least=least, most=least if scale.no_more_kills else None))
        for killer, least in deaths
        if least
    ]
    # The kills go on until most is through; what is left then must come to rest in peace.
    sending = asyncio.create_task(_mostly_sent(agency, scale, stop))
    rested = False
    try:
        await asyncio.gather(sending, *killing)
        agency.heal()
        rested = await agency.at_rest(scale.rests_within_s)
    except BrokenProcessError as error:
        result.violations.append(str(error))
    finally:
        over.set()
        for task in (*killing, sending):
            task.cancel()
        await asyncio.gather(*killing, sending, deciding, return_exceptions=True)
    return rested


async def _mostly_sent(agency: Agency, scale: Scale, stop: asyncio.Event) -> None:
    wanted = 0.9 * scale.shift.accounts * scale.shift.sends
    deadline = time.monotonic() + scale.rests_within_s
    while time.monotonic() < deadline:
        made = agency.journal.read_bytes().count(b'"out"') if agency.journal.exists() else 0
        if made >= wanted:
            break
        await asyncio.sleep(0.5)
    stop.set()


def _judge(agency: Agency, scale: Scale, result: LayerResult, *, rested: bool) -> None:
    evidence = agency.evidence()
    result.violations += judge(evidence)
    if not rested:
        result.violations.append(f"I14: not everything came to rest within {scale.rests_within_s:g} s of healing")
    figures = counts(evidence)
    asked = len(agency.person.asked)
    result.figures = {
        **figures,
        "needs_human": asked,
        "kills": agency.kills(),
        "killed_at_failpoints": dict(sorted(hits_of([killer.hits for killer in agency.killers]).items())),
        "lines": {
            name: dict(sorted(line.counts.items()))
            for name, line in (("to_service", agency.to_service), ("to_platform", agency.to_platform))
        },
    }
    for name, count in (("needed a person", asked), ("failed", figures["failed"])):
        if count > scale.most_asked * figures["sends"]:
            result.violations.append(f"{count} of {figures['sends']} messages {name}; {scale.most_asked:.0%} may")
