"""What all prompts share: their texts, the creator in the head, and how other people's words are quoted.

Words of fans and colleagues go into the prompt as JSON, one object a line. A line break, a quote or a `<` in them is
escaped there, so no text can end the block, begin a line of its own or look like one of ours.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from huntaze_backend.engines.ai.port import Part

__all__ = ["Persona", "head_of", "plain_words", "quoted", "unquoted", "version_of"]

_BEGIN, _END = "<data>", "</data>"


@dataclass(frozen=True, slots=True)
class Persona:
    """Who speaks. Only what rarely changes: a change is a cold cache."""

    name: str
    username: str
    platform: str


def head_of(text: str, persona: Persona) -> tuple[Part, ...]:
    """The static head. One part, because not every provider takes two of the system's."""
    who = {"name": persona.name, "platform": persona.platform, "username": persona.username}
    return (Part("system", _text(text) + _line(who)),)


@cache
def version_of(text: str) -> str:
    """The text's number and a hash of its bytes, so that a change that forgot the number shows all the same."""
    return f"{text}-{hashlib.sha256(_text(text).encode()).hexdigest()[:8]}"


def quoted(lines: Iterable[Mapping[str, Any]]) -> str:
    """A block of data."""
    return "\n".join((_BEGIN, *(_line(line) for line in lines), _END))


def unquoted(text: str) -> Iterator[dict[str, Any]]:
    """The objects of the block in a text; none where there is no block."""
    _, begun, rest = text.partition(f"{_BEGIN}\n")
    block, ended, _ = rest.partition(f"\n{_END}")
    if begun and ended:
        yield from (json.loads(line) for line in block.splitlines())


def plain_words(text: str) -> str:
    """A few words for a task's line, of which nothing can begin a sentence of its own."""
    return "".join(char for char in text if char.isalnum() or char in " -")[:40]


def _line(values: Mapping[str, Any]) -> str:
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    # JSON leaves these as they are: the marks of our blocks, and line breaks that only `str.splitlines` knows.
    return text.translate(_ESCAPED)


_ESCAPED = {ord(char): f"\\u{ord(char):04x}" for char in "<>\x7f\x85\u2028\u2029"}


@cache
def _text(name: str) -> str:
    return files("huntaze_backend.engines.ai.prompts").joinpath(f"{name}.md").read_text("utf-8")
