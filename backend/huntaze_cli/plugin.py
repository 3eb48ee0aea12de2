"""`huntaze plugin ...`: what is installed, and whether a folder's manifest would be accepted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Look at plugins.", no_args_is_help=True)


@app.command("list")
def list_plugins() -> None:
    """List the installed plugins without importing any; exits 1 when one of them cannot be used."""
    from huntaze_desktop.plugin_host.discovery import discover, in_order

    found = discover()
    checked = {item.module: item for item in in_order(found)}
    unusable = 0
    for item in (checked.get(item.module, item) for item in found):
        name = f"{item.manifest.id} {item.manifest.version} ({item.manifest.name})" if item.manifest else item.module
        unusable += item.error is not None
        typer.echo(f"{name}: {item.error}" if item.error else name)
    if not found:
        typer.echo("No plugins are installed.")
    raise typer.Exit(1 if unusable else 0)


@app.command()
def check(folder: Annotated[Path, typer.Argument(help="The plugin's package folder, with its manifest.")]) -> None:
    """Check a plugin's manifest as the desktop does at start."""
    from huntaze_desktop.plugin_host.manifest import ManifestError, accepts_api, read_manifest
    from huntaze_desktop.sdk import API_VERSION

    try:
        manifest = read_manifest(folder)
    except ManifestError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if not accepts_api(manifest, API_VERSION):
        typer.echo(f"{manifest.name} needs plugin API {manifest.api}; this desktop has {API_VERSION}.", err=True)
        raise typer.Exit(1)
    asks = ", ".join(manifest.permissions) or "nothing"
    typer.echo(f"{manifest.name} {manifest.version} fits plugin API {API_VERSION}; it asks for: {asks}.")
