"""Reading answers leniently: a newer backend may send kinds of things that this desktop does not know yet.

One unknown row must not stop sync for ever. It is skipped and logged by its kind, never by its content.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, RootModel, TypeAdapter, ValidationError

from huntaze_contract import wire

log = logging.getLogger(__name__)

Answer = TypeVar("Answer", bound=BaseModel)

_CHANGE: TypeAdapter[wire.Change] = TypeAdapter(wire.Change)


class Drafts(RootModel[list[wire.Draft]]):
    """An answer that is a bare list."""


def read_answer(kind: type[Answer], content: bytes | str) -> Answer:
    """Parse an answer; raises ValueError for what is not one."""
    try:
        return kind.model_validate_json(content)
    except ValidationError:
        if not issubclass(kind, wire.SyncPage | wire.SnapshotPage | wire.ChangesFrame):
            raise
    found = json.loads(content)
    changes = found.get("changes") if isinstance(found, dict) else None
    known = list(_known(changes)) if isinstance(changes, list) else changes
    return kind.model_validate(found | {"changes": known} if isinstance(found, dict) else found)


def read_part(kind: type[Answer], found: object) -> Answer | None:
    """A part of a problem; None where there is none that this desktop understands."""
    if found is None:
        return None
    try:
        return kind.model_validate(found)
    except ValidationError:
        log.warning("skipped a %s that could not be read", kind.__name__)
        return None


def read_frame(content: bytes | str) -> wire.WireModel | None:
    """Parse a frame of the event stream; None for one that this desktop does not know."""
    try:
        return wire.FRAME.validate_json(content)
    except ValidationError:
        pass
    try:
        return read_answer(wire.ChangesFrame, content)
    except ValueError:
        log.warning("skipped a frame of the event stream that could not be read")
        return None


def _known(changes: Iterable[Any]) -> Iterable[wire.Change]:
    for change in changes:
        try:
            yield _CHANGE.validate_json(json.dumps(change))
        except ValidationError:
            kind = change.get("entity") if isinstance(change, Mapping) else None
            log.warning("skipped a change of an unknown kind: %s", kind if isinstance(kind, str) else "?")
