"""The verbs of the `huntaze` command. Each imports what it runs inside its function, so that `--help` and every other
verb start without it; nobody imports this package.
"""

from __future__ import annotations

from typing import Annotated

import typer

from huntaze_cli import audit, backend, desktop, plugin, sandbox

app = typer.Typer(
    name="huntaze",
    help="A desktop workplace for agencies that run creators' accounts on subscription platforms.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # importing rich for the help alone would double its time
    pretty_exceptions_enable=False,  # its frames print local variables, and a local may be a secret
)
app.command()(desktop.desktop)
app.command()(desktop.demo)
app.add_typer(backend.app, name="backend")
app.add_typer(sandbox.app, name="sandbox")
app.add_typer(plugin.app, name="plugin")
app.add_typer(audit.app, name="audit")


@app.command()
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    typer.echo(installed("huntaze"))


@app.command()
def doctor(
    server: Annotated[str | None, typer.Option(help="Address of the backend that the desktop is to use.")] = None,
) -> None:
    """Check that this computer has what Huntaze needs; exits 1 when something is broken."""
    from huntaze_cli.doctor import report

    raise typer.Exit(report(server))
