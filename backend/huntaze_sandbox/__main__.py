"""`python -m huntaze_sandbox`: the sandbox by itself, with the same options as `huntaze sandbox serve`."""

import argparse
from pathlib import Path

from huntaze_sandbox.options import SandboxOptions, default_key
from huntaze_sandbox.serve import run


def parse(arguments: list[str] | None = None) -> SandboxOptions:
    """Read the command line into options; argparse ends the process with a message when it cannot."""
    parser = argparse.ArgumentParser(prog="huntaze_sandbox", description="A simulated subscription platform.")
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=0, help="0 takes a free port; the ready line on stdout names it")
    add("--seed", type=int, default=7, help="same seed: same history, same choices of each fan")
    add("--speed", type=float, default=1.0, help="how fast the personas live; limits and timestamps stay real")
    add("--journal", type=Path, help="append each message accepted while running, as JSON lines")
    add("--faults", type=Path, help="JSON file with fault rules")
    add("--state", type=Path, help="keep what happens in this file and go on from it next time")
    add("--fans", type=int, default=2_000)
    add("--messages", type=int, default=60_000, help="messages of history in all")
    add("--rate-limit", type=int, default=30, help="accepted sends per account in any 60 s; 0 is off")
    add("--idempotency", choices=["journal", "replay"], default="journal")
    add("--key", default=None, help="the bearer key; default: HUNTAZE_SANDBOX_KEY, else sandbox-key")
    add("--exit-with-stdin", action="store_true", help="end when stdin ends")
    add("--live", action="store_true", default=True, help="let the personas live from the start (as they do)")
    add("--quiet", dest="live", action="store_false", help="let the personas wait until they are told to live")
    add("--arrivals-per-minute", type=float, default=24.0, help="messages that fans begin, on a Friday evening")
    given = parser.parse_args(arguments)
    settings = vars(given) | {"key": given.key if given.key is not None else default_key()}
    try:
        return SandboxOptions(**settings)
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    run(parse())
