"""`make faults`: plays every layer of the fault bench, plants every bug, prints a table and writes fault-output/.

`make faults ARGS=--short` plays the short forms (minutes); `make faults BUG=name` plants one bug. Exit status: 0 when
nothing was violated and every planted bug was noticed, 1 otherwise; with BUG 1 when it was noticed, 3 when it was not.
"""

import argparse
import importlib
import json
import multiprocessing
import os
import secrets
import shutil
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from tests.faults import planted  # noqa: E402
from tests.faults.layer import LayerResult, Plan  # noqa: E402

VIRTUAL = ("machines", "simulated", "full_stack")
"""They have a time of their own, or none: no load can hurry them."""
REAL = ("limiter", "change_log", "jobs", "torn", "offline", "collisions", "workers", "killed")
"""They wait for windows, deadlines and processes. The quick ones first: what they find need not be looked for among
dead processes."""
LAYERS = (*VIRTUAL, *REAL)
NOT_NOTICED = 3
OUTPUT = ROOT / "fault-output"
SUMMED = (
    "lost",
    "doubled",
    "out_of_order",
    "needs_human",
    "failed",
    "sends",
    "simulated_sends",
    "simulated_lost",
    "simulated_doubled",
    "full_stack_sends",
)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--short", action="store_true", help="the short forms, and no planted bugs")
    parser.add_argument("--only", action="append", choices=LAYERS, help="this layer; may be repeated; no planted bugs")
    parser.add_argument("--bug", help="plant this bug (a name of tests/faults/bugs) and do nothing else")
    parser.add_argument("--bugs", action="store_true", help="plant every bug and do nothing else")
    parser.add_argument("--seed", type=int, help="play the same chances again; a fresh one is printed otherwise")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    asked = parser.parse_args(arguments)
    seed = asked.seed if asked.seed is not None else secrets.randbelow(1_000_000)
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"seed {seed}")
    if asked.bug:
        return _one_bug(console, asked.bug, seed)
    results = [] if asked.bugs else _layers(console, asked, seed)
    verdicts: list[planted.Verdict] = []
    if asked.bugs or not (asked.short or asked.only):
        verdicts = [_hunt(console, bug, seed) for bug in planted.bugs()]
    _write(asked.output, results, verdicts, seed)
    _print(console, results, verdicts)
    missed = [verdict for verdict in verdicts if verdict.caught_by is None]
    console.print(f"seed {seed}; report: {asked.output / 'report.json'}")
    return 1 if missed or any(result.violations for result in results) else 0


def _layers(console: Console, asked: argparse.Namespace, seed: int) -> list[LayerResult]:
    """Play the layers of real time one after the other, and those of virtual time in the time that they leave over."""
    scale = "short" if asked.short else "full"
    folder: Path = asked.output / "layers"
    shutil.rmtree(folder, ignore_errors=True)
    names: list[str] = asked.only or list(LAYERS)
    plans: dict[str, Plan] = {}
    for name in names:
        own = folder / name
        own.mkdir(parents=True)
        plans[name] = Plan(seed, scale, own)  # type: ignore[arg-type]
    results = []
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=os.nice, initargs=(10,)) as beside:
        virtual = [beside.submit(_play, name, plans[name]) for name in names if name in VIRTUAL]
        for name in names:
            if name in REAL:
                console.print(f"{name} ({scale}) …")
                results.append(_say(console, _play(name, plans[name]), plans[name]))
        for done in virtual:
            result = done.result()
            results.append(_say(console, result, plans[result.name]))
    return sorted(results, key=lambda result: names.index(result.name))


def _say(console: Console, result: LayerResult, plan: Plan) -> LayerResult:
    found = f"{len(result.violations)} violations" if result.violations else "nothing"
    console.print(f"{result.name}: {found} in {result.seconds:.0f} s")
    for violation in result.violations:
        console.print(f"  {violation}", style="red", markup=False)
    if result.violations:
        console.print(f"  kept: {plan.folder}", markup=False)
    else:
        shutil.rmtree(plan.folder)
    return result


def _play(name: str, plan: Plan) -> LayerResult:
    began = time.monotonic()
    try:
        result: LayerResult = importlib.import_module(f"tests.faults.layers.{name}").run(plan)
    except Exception as error:  # noqa: BLE001
        # A layer that breaks has shown nothing; the others can still be played.
        (plan.folder / "error.txt").write_text(traceback.format_exc(), encoding="utf-8")
        result = LayerResult(name, violations=[f"the layer broke: {type(error).__name__}: {error}"])
    result.seconds = result.seconds or time.monotonic() - began
    return result


def _one_bug(console: Console, name: str, seed: int) -> int:
    bug = next((bug for bug in planted.bugs() if bug.name == name), None)
    if bug is None:
        known = ", ".join(bug.name for bug in planted.bugs())
        console.print(f"There is no planted bug {name}. There are: {known}", markup=False)
        return 2
    return NOT_NOTICED if _hunt(console, bug, seed).caught_by is None else 1


def _hunt(console: Console, bug: planted.PlantedBug, seed: int) -> planted.Verdict:
    console.print(f"planting {bug.name}: {bug.breaks}", markup=False)
    verdict = planted.hunt(bug, seed=seed)
    if verdict.caught_by is None:
        console.print(f"  NOT CAUGHT by {bug.catcher} ({verdict.seconds:.0f} s)", style="red", markup=False)
    else:
        console.print(f"  caught by {verdict.caught_by} ({verdict.seconds:.0f} s)", markup=False)
        for line in verdict.words[:3]:
            console.print(f"    {line}", markup=False)
    return verdict


def report(results: list[LayerResult], verdicts: list[planted.Verdict], seed: int) -> dict[str, Any]:
    """The figures that are promised, and no others."""
    found: dict[str, Any] = dict.fromkeys(SUMMED, 0)
    found["max_in_any_60s"] = 0
    found["kills"] = dict.fromkeys(("backend", "worker", "client", "sandbox"), 0)
    for result in results:
        for name in SUMMED:
            found[name] += result.figures.get(name, 0)
        found["max_in_any_60s"] = max(found["max_in_any_60s"], result.figures.get("max_in_any_60s", 0))
        for name, count in result.figures.get("kills", {}).items():
            found["kills"][name] += count
    found["planted_bugs"] = {verdict.bug.name: verdict.caught_by for verdict in verdicts}
    found["seed"] = seed
    return found


def _write(output: Path, results: list[LayerResult], verdicts: list[planted.Verdict], seed: int) -> None:
    output.mkdir(parents=True, exist_ok=True)
    files = {
        "report.json": report(results, verdicts, seed),
        "layers.json": {result.name: result.figures | {"seconds": round(result.seconds, 1)} for result in results},
        "violations.json": {result.name: result.violations for result in results},
    }
    for name, content in files.items():
        (output / name).write_text(json.dumps(content, indent=2, default=str) + "\n", encoding="utf-8")


def _print(console: Console, results: list[LayerResult], verdicts: list[planted.Verdict]) -> None:
    if results:
        table = Table("layer", "seconds", "violations", "figures")
        for result in results:
            plain = {name: value for name, value in result.figures.items() if not isinstance(value, dict)}
            figures = "  ".join(f"{name} {value}" for name, value in plain.items())
            table.add_row(result.name, f"{result.seconds:.0f}", str(len(result.violations)), figures)
        console.print(table)
    if verdicts:
        table = Table("planted bug", "seconds", "caught by")
        for verdict in verdicts:
            table.add_row(verdict.bug.name, f"{verdict.seconds:.0f}", verdict.caught_by or "NOBODY")
        console.print(table)


if __name__ == "__main__":
    sys.exit(main())
