"""`huntaze sandbox serve`: the simulated platform as a process of its own."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The simulated platform, for the demo and for tests.", no_args_is_help=True)


class Idempotency(StrEnum):
    """What the platform does with an Idempotency-Key: note it, or answer a repeat without executing it again."""

    JOURNAL = "journal"
    REPLAY = "replay"


@app.callback()
def group() -> None:
    """The simulated platform, for the demo and for tests."""


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 0,
    seed: Annotated[int, typer.Option(help="Same seed, same history and same choices of each fan.")] = 7,
    speed: Annotated[float, typer.Option(help="How fast personas live; never the rate limit.")] = 1.0,
    journal: Annotated[Path | None, typer.Option(help="Append every accepted message here as JSON lines.")] = None,
    faults: Annotated[Path | None, typer.Option(help="JSON file of faults to inject.")] = None,
    state: Annotated[Path | None, typer.Option(help="Keep the platform's state here between runs.")] = None,
    fans: Annotated[int, typer.Option(min=0, help="How many fans.")] = 2_000,
    messages: Annotated[int, typer.Option(min=0, help="How many messages of history.")] = 60_000,
    rate_limit: Annotated[int, typer.Option(min=0, help="Sends per account in 60 s; 0 is no limit.")] = 30,
    idempotency: Annotated[
        Idempotency, typer.Option(help="Only note an Idempotency-Key, or honour it.")
    ] = Idempotency.JOURNAL,
    key: Annotated[
        str | None, typer.Option(envvar="HUNTAZE_SANDBOX_KEY", show_envvar=True, help="Bearer key of the API.")
    ] = None,
    exit_with_stdin: Annotated[
        bool, typer.Option("--exit-with-stdin", help="End when stdin closes, as a child process should.")
    ] = False,
    live: Annotated[bool, typer.Option("--live/--quiet", help="Whether fans write by themselves.")] = True,
    arrivals_per_minute: Annotated[float, typer.Option(min=0, help="Messages that fans begin per minute.")] = 24.0,
) -> None:
    """Serve the platform until SIGTERM; prints one JSON line with the port when it is ready."""
    from huntaze_sandbox.options import SandboxOptions, default_key

    try:
        options = SandboxOptions(
            host=host,
            port=port,
            seed=seed,
            speed=speed,
            journal=journal,
            faults=faults,
            state=state,
            fans=fans,
            messages=messages,
            rate_limit=rate_limit,
            idempotency=idempotency.value,
            key=key or default_key(),
            exit_with_stdin=exit_with_stdin,
            live=live,
            arrivals_per_minute=arrivals_per_minute,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    from huntaze_sandbox.serve import run

    run(options)
