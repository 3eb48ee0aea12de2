"""`huntaze audit ...`: whether the evidence is still what was written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The chain of evidence.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """The chain of evidence."""


@app.command()
def verify(
    file: Annotated[
        Path | None, typer.Argument(help="An export to check, by itself; without one the database is checked.")
    ] = None,
    database: Annotated[
        bool, typer.Option("--database", help="With a file: check the database too, and that it still has the export.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of the embedded database; DATABASE_URL in the environment names another one."),
    ] = None,
) -> None:
    """Find any record that was changed, removed, inserted or moved; exits 1 if there is one."""
    from huntaze_backend.serve.evidence import verify_evidence

    if file is not None and not file.is_file():
        raise typer.BadParameter(f"{file} is not a file", param_hint="FILE")
    done = verify_evidence(file, data, with_database=database or file is None)
    for fault in done.faults:
        typer.echo(fault, err=True)
    if done.faults:
        typer.echo("The evidence is NOT what was written.", err=True)
        raise typer.Exit(1)
    typer.echo(f"{done.records} records: each is what was written, in its place, and none is missing.")
