"""Finding plugins: the entry-point group `huntaze.plugins`, read without importing any of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from huntaze_desktop.plugin_host.manifest import Manifest, ManifestError, accepts_api, read_manifest
from huntaze_desktop.sdk import API_VERSION

__all__ = ["ENTRY_POINTS", "Discovered", "discover", "in_order"]

ENTRY_POINTS = "huntaze.plugins"


@dataclass(frozen=True, slots=True)
class Discovered:
    """A plugin that was found: with its manifest, or with the reason why it cannot be used."""

    module: str
    manifest: Manifest | None = None
    error: str | None = None


def discover(entry_points: Iterable[metadata.EntryPoint] | None = None) -> list[Discovered]:
    """All installed plugins, sorted by module name. A bad one is reported, never raised."""
    points = metadata.entry_points(group=ENTRY_POINTS) if entry_points is None else entry_points
    modules = sorted({point.value for point in points})
    return [_look(module) for module in modules]


def _look(module: str) -> Discovered:
    folder = _folder(module)
    if folder is None:
        return Discovered(module, error=f"{module} is not installed as a package")
    try:
        manifest = read_manifest(folder)
    except ManifestError as error:
        return Discovered(module, error=str(error))
    if not accepts_api(manifest, API_VERSION):
        return Discovered(
            module, manifest, error=f"{manifest.name} needs plugin API {manifest.api}; this desktop has {API_VERSION}"
        )
    return Discovered(module, manifest)


def _folder(module: str) -> Path | None:
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        return None
    locations = list(spec.submodule_search_locations or ()) if spec is not None else []
    return Path(locations[0]) if locations else None


def in_order(found: Iterable[Discovered]) -> list[Discovered]:
    """Usable plugins so that each comes after those it requires; the rest comes back with the reason as error."""
    by_id = {item.manifest.id: item for item in found if item.manifest is not None and item.error is None}
    done: dict[str, Discovered] = {}

    def visit(plugin_id: str, path: tuple[str, ...]) -> str | None:
        if plugin_id in path:
            return f"plugins require each other: {' → '.join((*path, plugin_id))}"
        item = by_id.get(plugin_id)
        if item is None or item.manifest is None:
            return f"requires {plugin_id}, which is not there"
        if plugin_id in done:
            return done[plugin_id].error
        after = [need for need in item.manifest.optional if need in by_id and need not in (*path, plugin_id)]
        error = None
        for need in (*item.manifest.requires, *after):
            reason = visit(need, (*path, plugin_id))
            if reason is not None and need in item.manifest.requires:
                error = reason
        done[plugin_id] = Discovered(item.module, item.manifest, error)
        return error

    for plugin_id in sorted(by_id):
        visit(plugin_id, ())
    return list(done.values())
