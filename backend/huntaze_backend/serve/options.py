"""What a start of the service is given: by the command line, by the environment, and by a parent on stdin."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from huntaze_backend.serve.failures import StartError
from huntaze_backend.settings import Settings

__all__ = [
    "Owner",
    "Parent",
    "ServeOptions",
    "WorkerOptions",
    "load_settings",
    "read_parent",
    "require_postgresql",
    "with_parent",
]

_LONGEST_LINE = 65_536


class Owner(BaseModel):
    """The first owner of an installation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    email: str = Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
    password: SecretStr = Field(min_length=10, max_length=1024)
    name: str = Field(min_length=1, max_length=200)
    agency: str = Field(min_length=1, max_length=200)


class Parent(BaseModel):
    """What a parent process says on stdin, in one line of JSON: secrets belong in no argument and no environment."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    database_key: SecretStr | None = None
    jwt_secret: SecretStr | None = None
    token_encryption_key: SecretStr | None = None
    owner: Owner | None = None


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """The command line's part."""

    host: str = "127.0.0.1"
    port: int = 0
    """0 takes a free one."""
    data: Path | None = None
    """Folder of the embedded database."""
    exit_with_stdin: bool = False
    """Read a `Parent` from stdin first, and end when stdin ends."""
    worker: bool = True
    """Offer to be the installation's worker as well."""


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """The command line's part for a worker of its own."""

    data: Path | None = None
    """Folder of an embedded database: there is no worker of its own for it."""
    exit_with_stdin: bool = False
    """Read a `Parent` from stdin first, and end when stdin ends."""


def load_settings() -> Settings:
    """The environment's settings. Raises: StartError that names the settings, not their values."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = ", ".join(sorted({str(item["loc"][0]) for item in error.errors()}))
        raise StartError("BAD_SETTINGS", f"These settings are not valid: {wrong}.") from error


def read_parent() -> Parent:
    """Raises: StartError if the line is not what it should be. The line itself is never repeated."""
    # On the bare descriptor, byte by byte: what follows the line is the watcher's.
    line = bytearray()
    while len(line) < _LONGEST_LINE and not line.endswith(b"\n"):
        part = os.read(sys.stdin.fileno(), 1)
        if not part:
            break
        line += part
    try:
        return Parent.model_validate(json.loads(line or b"{}"))
    except (ValueError, ValidationError) as error:
        raise StartError("BAD_STDIN", "The line on stdin is not the JSON object that was expected.") from error


def with_parent(settings: Settings, parent: Parent) -> Settings:
    """The settings with what the parent gave; the parent wins."""
    given = {
        name: value
        for name in ("database_key", "jwt_secret", "token_encryption_key")
        if (value := getattr(parent, name)) is not None
    }
    return settings.model_copy(update=given)


def require_postgresql(settings: Settings, what: str) -> None:
    """Raises: StartError where the data is in an embedded database, whose only process is the worker as well."""
    if settings.database_url is None:
        raise StartError(
            "NEEDS_POSTGRESQL",
            f"{what[0].upper()}{what[1:]} needs PostgreSQL (DATABASE_URL). With the embedded database, "
            "`huntaze backend serve` is the worker as well.",
        )
