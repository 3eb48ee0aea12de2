"""`huntaze backend ...`: the service, its database and what is generated from it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The service.", no_args_is_help=True)

Data = Annotated[
    Path | None,
    typer.Option(help="Folder of the embedded database; DATABASE_URL in the environment names another one."),
]
ExitWithStdin = Annotated[
    bool,
    typer.Option("--exit-with-stdin", help="Read secrets from one JSON line on stdin, and end when it closes."),
]


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 0,
    data: Data = None,
    exit_with_stdin: ExitWithStdin = False,
    worker: Annotated[
        bool, typer.Option(help="Be the worker as well, unless another process is; without it needs PostgreSQL.")
    ] = True,
) -> None:
    """Serve the API until SIGTERM; prints one JSON line with the port when it is ready."""
    from huntaze_backend.serve import ServeOptions, run

    run(ServeOptions(host=host, port=port, data=data, exit_with_stdin=exit_with_stdin, worker=worker))


@app.command("worker")
def work(
    data: Data = None,
    exit_with_stdin: ExitWithStdin = False,
) -> None:
    """Send, read and do jobs without serving, on PostgreSQL; stands by while another process does."""
    from huntaze_backend.serve import WorkerOptions, run_worker

    run_worker(WorkerOptions(data=data, exit_with_stdin=exit_with_stdin))


@app.command()
def migrate(data: Data = None) -> None:
    """Bring the database to this version's tables; `serve` does so by itself."""
    from huntaze_backend.serve.administration import migrate as bring_up_to_date

    bring_up_to_date(data)


@app.command("create-owner")
def create_owner(
    email: Annotated[str, typer.Option(prompt=True, help="What the owner signs in with.")],
    name: Annotated[str, typer.Option(prompt=True, help="The owner's name.")],
    agency: Annotated[str, typer.Option(prompt=True, help="The agency's name.")],
    password: Annotated[
        str,
        # Never from a flag in a script: the process list shows flags. A prompt or the environment it is.
        typer.Option(
            prompt=True,
            confirmation_prompt=True,
            hide_input=True,
            envvar="HUNTAZE_OWNER_PASSWORD",
            show_envvar=True,
            help="At least 10 characters; best left to the prompt or the environment.",
        ),
    ],
    data: Data = None,
) -> None:
    """Make the first owner of an installation that has no members yet."""
    from pydantic import ValidationError

    from huntaze_backend.serve.administration import create_owner as add_owner
    from huntaze_backend.serve.options import Owner

    try:
        owner = Owner.model_validate({"email": email, "name": name, "agency": agency, "password": password})
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise typer.BadParameter(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from None
    if not add_owner(owner, data):
        typer.echo("There is an owner already; nothing was changed.", err=True)
        raise typer.Exit(1)
    typer.echo(f"{name} owns {agency} and signs in as {email}.")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to make; one that is there is not written over.")],
    data: Data = None,
) -> None:
    """Copy the embedded database to a new file, with the same key, while the service may go on."""
    from huntaze_backend.serve.administration import back_up

    back_up(file, data)
    typer.echo(f"The database is in {file}, encrypted with the same key.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `backup` made.")],
    data: Data = None,
) -> None:
    """Put a backup in the place of the embedded database, which is kept aside. The service must not run."""
    from huntaze_backend.serve.administration import restore as put_back

    done = put_back(file, data)
    if done.kept is not None:
        typer.echo(f"What was there before is in {done.kept}.")
    typer.echo("The backup is in its place. Desktops take a new snapshot; their drafts and unsent messages stay.")
    typer.echo(f"Messages that waited, to be looked for on the platform: {done.looked_for}.")


@app.command("after-restore")
def after_restore(data: Data = None) -> None:
    """Make a PostgreSQL database that pg_restore put back fit to be served. Run it before the service."""
    from huntaze_backend.serve.administration import after_restore as begin_anew

    typer.echo(f"Messages that waited, to be looked for on the platform: {begin_anew(data)}.")


@app.command()
def openapi() -> None:
    """Print the API's description, as it is checked in under docs/api/."""
    import json

    from huntaze_backend.app import openapi as describe

    typer.echo(json.dumps(describe(), indent=2, sort_keys=True, ensure_ascii=False))


@app.command("env-example")
def env_example() -> None:
    """Print every setting with its meaning and default, as it is checked in as .env.example."""
    from huntaze_backend.settings import Settings
    from huntaze_cli.env_example import render

    typer.echo(render(Settings), nl=False)
