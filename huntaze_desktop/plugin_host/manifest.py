"""The manifest of a plugin, `huntaze-plugin.toml`: parsed, never trusted, readable without importing the plugin."""

import re
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

__all__ = ["MANIFEST_NAME", "Contributes", "Manifest", "ManifestError", "Permission", "accepts_api", "read_manifest"]

MANIFEST_NAME = "huntaze-plugin.toml"

_CLAUSE = re.compile(r"^(>=|<=|==|>|<)\s*(\d+)(?:\.(\d+))?(?:\.(\d+))?$")


class ManifestError(Exception):
    """The manifest is missing or wrong; the text says what and where."""


class Permission(StrEnum):
    """What a plugin asks to reach. Shown to a person before it is enabled; the host hands out no more than this."""

    READ_CONVERSATIONS = "conversations:read"
    WRITE_CONVERSATIONS = "conversations:write"
    SEND_MESSAGES = "messages:send"
    READ_FANS = "fans:read"
    WRITE_FANS = "fans:write"
    ASSISTANT = "ai:use"
    DECIDE_APPROVALS = "approvals:decide"
    SHELL = "shell"


class Contributes(BaseModel):
    """What the plugin adds to the window, as names; they are resolved when first used."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pages: tuple[str, ...] = ()
    slots: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()


class Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
    name: Annotated[str, Field(min_length=1, max_length=60)]
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    api: Annotated[str, Field(min_length=1, max_length=60)]
    description: Annotated[str, Field(max_length=300)] = ""
    requires: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    activation: Annotated[str, Field(pattern=r"^(start|page)$")] = "start"
    permissions: tuple[Permission, ...] = ()
    contributes: Contributes = Contributes()


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest in a plugin's folder; raises ManifestError."""
    path = folder / MANIFEST_NAME
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ManifestError(f"{folder.name} has no {MANIFEST_NAME}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ManifestError(f"{MANIFEST_NAME} of {folder.name} cannot be read: {error}") from error
    try:
        manifest = Manifest.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ManifestError(f"{MANIFEST_NAME} of {folder.name}: {where}: {first['msg']}") from error
    _clauses(manifest.api)
    return manifest


def accepts_api(manifest: Manifest, version: str) -> bool:
    """Whether the range in `api` (`>=1.0,<2`) holds for the host's API version."""
    have = tuple(int(part) for part in version.split("."))
    return all(_holds(operator, have, want) for operator, want in _clauses(manifest.api))


def _clauses(text: str) -> list[tuple[str, tuple[int, int, int]]]:
    found = []
    for clause in text.split(","):
        match = _CLAUSE.match(clause.strip())
        if match is None:
            raise ManifestError(f"api: {clause.strip()!r} is not a range such as '>=1.0,<2'")
        operator, major, minor, patch = match.groups(default="0")
        found.append((operator, (int(major), int(minor), int(patch))))
    return found


def _holds(operator: str, have: tuple[int, ...], want: tuple[int, ...]) -> bool:
    match operator:
        case ">=":
            return have >= want
        case "<=":
            return have <= want
        case ">":
            return have > want
        case "<":
            return have < want
        case _:
            return have == want
