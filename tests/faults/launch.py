"""Becomes one process of the bench: the product's own entry, with one failpoint armed and the bench's pace.

`main` is told `role`, `armed` (or null) and `options`. What is set here and not by an option of the product: the send
policy and the poller's pace (both are parts that tests may pass), and a sandbox with more creators than the four it
ships.
"""

import os
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.faults.failpoints import Armed, install

if TYPE_CHECKING:
    from huntaze_backend.app import Adapters

__all__ = ["main"]


def main(spec: dict[str, Any]) -> None:
    """Become that process; returns when it ended by itself."""
    if spec["armed"] is not None:
        armed = spec["armed"]
        install(spec["role"], Armed(armed["name"], armed["nth"], armed["after_s"], Path(armed["hits"])))
    options: dict[str, Any] = spec["options"]
    match spec["role"]:
        case "backend":
            _backend(options)
        case "worker":
            _worker(options)
        case "sandbox":
            _sandbox(options)
        case "client":
            from tests.faults import client

            client.main(options)
        case other:
            raise ValueError(f"there is no role {other}")


def _backend(options: dict[str, Any]) -> None:
    from huntaze_backend.serve import ServeOptions, run

    data = None if options["data"] is None else Path(options["data"])
    adapters = _paced(options)
    run(ServeOptions(data=data, exit_with_stdin=True, worker=options["worker"]), adapters=adapters)


def _worker(options: dict[str, Any]) -> None:
    from huntaze_backend.serve import WorkerOptions, run_worker

    run_worker(WorkerOptions(exit_with_stdin=True), adapters=_paced(options))


def _paced(options: dict[str, Any]) -> "Adapters":
    """The product's own parts at the bench's pace, and the settings that only the environment gives."""
    from huntaze_backend.app import Adapters
    from huntaze_backend.areas.messages import poller
    from huntaze_backend.areas.messages.rules import SendPolicy
    from huntaze_backend.engines.gateways.adapters.vendor_http import VendorGateways
    from huntaze_contract.outgoing import Timing

    pace = options["pace"]
    os.environ["HUNTAZE_PUBLIC_URL"] = options["public_url"]
    if options["database_url"] is not None:
        os.environ["DATABASE_URL"] = options["database_url"]
    timing = Timing(**{name: timedelta(seconds=value) for name, value in pace["timing"].items()})
    policy = SendPolicy(
        timing=timing,
        parallel=pace["parallel"],
        retry_base=timedelta(seconds=pace["retry_base"]),
        retry_max=timedelta(seconds=pace["retry_max"]),
    )
    poller.PollPace = partial(poller.PollPace, every_s=pace["poll_every_s"])  # type: ignore[assignment, misc]
    gateways = VendorGateways(call_timeout_s=timing.call_timeout.total_seconds(), wait_s=0.25)
    return Adapters(gateways=gateways, policy=policy)


def _sandbox(options: dict[str, Any]) -> None:
    from huntaze_sandbox import accounts
    from huntaze_sandbox.__main__ import parse
    from huntaze_sandbox.serve import run

    shipped = accounts.read_data

    def many(name: str) -> Any:
        data = shipped(name)
        if name != "accounts.toml":
            return data
        rows = data["account"]
        count = options["accounts"]
        return {
            "account": [
                rows[n % len(rows)] | {"username": f"creator{n}", "name": f"Creator {n}", "share": 1}
                for n in range(count)
            ]
        }

    accounts.read_data = many
    run(parse(options["arguments"]))
