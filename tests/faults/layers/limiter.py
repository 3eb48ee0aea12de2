"""The limiter under search and under a hammer: the conformance suite at length, then eight processes on one account.

The everyday tests run the same suite for seconds (`tests/integration/limits`); here it runs for minutes, and the
workers are processes. Wrong limiters must be turned away by it, or the suite proves nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from huntaze_backend.engines.limits.adapters.sql_log import SqlRateGate
from huntaze_contract.ids import new_id
from tests.faults.layer import LayerResult, Plan
from tests.integration.limits import conformance, wrong_gates
from tests.integration.limits.grounds import Ground, postgres_ground, sqlite_ground
from tests.integration.limits.hammer import Order, Sent, most_at_once
from tests.integration.limits.wrong_gates import Approximate
from tests.plugins.databases import DATABASE_KEY, migrated
from tests.plugins.postgres import running_server

__all__ = ["run"]

ROOT = Path(__file__).parents[3]
WORKERS = 8
SIZES = {"short": (40, 4, 3.0), "full": (800, 20, 20.0)}
"""Examples of each search, simulated minutes of lagging sends, seconds of hammering."""
WRONG: dict[str, Callable[[], conformance.RateGate]] = {
    "gcra": partial(Approximate, wrong_gates.Gcra),
    "token_bucket": partial(Approximate, wrong_gates.Bucket),
    "fixed_window": partial(Approximate, wrong_gates.FixedWindow),
    "sliding_counter": partial(Approximate, wrong_gates.SlidingCounter),
    "permit_only_window": wrong_gates.FromThePermit,
}


def run(plan: Plan) -> LayerResult:
    """Both stores; the seed moves the hammers, the searches repeat."""
    began = time.perf_counter()
    result = LayerResult("limiter")
    sqlite_url = f"sqlite:///{plan.folder / 'limits.db'}"
    migrated(sqlite_url, DATABASE_KEY)
    with sqlite_ground(sqlite_url) as ground:
        _suite(plan, ground, "sqlite", result)
        _wrong_ones(ground, result)
    _hammer(plan, sqlite_url, DATABASE_KEY, "sqlite", result)
    with running_server() as server:
        url = server.url(server.create(server.template("huntaze", migrated)))
        with postgres_ground(server, url) as ground:
            _suite(plan, ground, "postgresql", result)
        # The hammer's time is the server's own, so it gets a database without the virtual one.
        _hammer(plan, server.url(server.create(server.template("huntaze", migrated))), None, "postgresql", result)
    result.seconds = time.perf_counter() - began
    return result


def _suite(plan: Plan, ground: Ground, store: str, result: LayerResult) -> None:
    examples, minutes, _ = SIZES[plan.scale]
    checks: dict[str, Callable[[], None]] = {
        check.__name__: partial(check, ground, SqlRateGate) for check in conformance.RULES
    }
    checks |= {
        "never_over_the_limit": partial(
            conformance.never_over_the_limit_in_any_window, ground, SqlRateGate, examples=examples
        ),
        "exactly_what_the_journal_says": partial(
            conformance.exactly_what_the_journal_says, ground, SqlRateGate, examples=examples
        ),
        "lagging_sends": partial(conformance.sends_that_lag_behind_their_permits, ground, SqlRateGate, minutes=minutes),
    }
    for name, check in checks.items():
        try:
            check()
        except AssertionError as failure:
            result.violations.append(f"the limiter on {store} breaks {name}: {failure}")
    result.figures[f"limiter_checks_{store}"] = len(checks)
    result.figures[f"limiter_examples_{store}"] = 2 * examples


def _wrong_ones(ground: Ground, result: LayerResult) -> None:
    caught = {}
    for name, gate in WRONG.items():
        try:
            conformance.sends_that_lag_behind_their_permits(ground, gate, minutes=4)
        except AssertionError as failure:
            caught[name] = str(failure).partition(" in one window")[0]
        else:
            result.violations.append(f"the suite does not see what {name} lets through")
    result.figures["limiter_wrong_ones_caught"] = caught


def _hammer(plan: Plan, url: str, key: str | None, store: str, result: LayerResult) -> None:
    seconds = SIZES[plan.scale][2]
    for name, wave_s in (("steady", 0.0), ("waves", 1.0)):
        order = Order(url, key, new_id(), limit=10, window_s=2.0, seconds=seconds, seed=plan.seed, wave_s=wave_s)
        sent = _by_processes(order)
        most = most_at_once(order, sent)
        for meter, (count, limit) in most.items():
            if count > limit:
                kind = meter.partition(":")[0]
                result.violations.append(f"{WORKERS} processes on {store}, {name}: {count} of {limit} for the {kind}")
        account = most[f"account:{order.account}"]
        if account[0] < order.limit:
            result.violations.append(f"{WORKERS} processes on {store}, {name}, never met the limit: {account[0]}")
        result.figures[f"limiter_hammer_{store}_{name}"] = {"sent": len(sent), "most_in_any_window": account[0]}


def _by_processes(order: Order) -> list[Sent]:
    begun = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.integration.limits.hammer", json.dumps(asdict(replace(order, seed=seed)))],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for seed in range(order.seed, order.seed + WORKERS)
    ]
    sent: list[Sent] = []
    try:
        for process in begun:
            output, _ = process.communicate(timeout=order.seconds + 60)
            if process.returncode:
                raise RuntimeError(f"a worker ended with {process.returncode}")
            sent += [Sent(one["at"], tuple(one["keys"])) for one in json.loads(output)]
    finally:
        for process in begun:
            if process.poll() is None:
                process.kill()
                process.wait()
    return sent
