"""Renders `.env.example` from a settings class, so that the list of settings cannot differ from what is read."""

from __future__ import annotations

import textwrap
from typing import Any

from pydantic import AliasChoices, AliasPath, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

HEADER = """\
# Settings of the backend, read from the environment. Generated from the settings class by `make generate`.
# A line that is commented out shows the default. Keep a filled copy out of version control.
"""


def render(settings: type[BaseSettings]) -> str:
    """The file's text: each setting with its meaning and its default, in the order of the class."""
    prefix = str(settings.model_config.get("env_prefix") or "")
    blocks = [_block(prefix, name, field) for name, field in settings.model_fields.items()]
    return "\n".join([HEADER, *blocks])


def _block(prefix: str, name: str, field: FieldInfo) -> str:
    lines = [f"# {line}" for line in textwrap.wrap(field.description or "", width=110)]
    first, *others = _names(prefix, name, field)
    if others:
        lines.append(f"# Also read as: {', '.join(others)}")
    default = field.get_default(call_default_factory=False)
    lines.append(f"{first}=" if field.is_required() else f"# {first}={_shown(default)}")
    return "\n".join([*lines, ""])


def _names(prefix: str, name: str, field: FieldInfo) -> list[str]:
    alias = field.validation_alias
    if alias is None:
        return [f"{prefix}{name}".upper()]
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    return [str(choice.path[0]) if isinstance(choice, AliasPath) else choice for choice in choices]


def _shown(default: Any) -> str:
    """A default as the environment would give it; a secret's is never shown, a computed one is left out."""
    if default is None or default is PydanticUndefined or isinstance(default, SecretStr):
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    text = str(default)
    return f'"{text}"' if " " in text else text
