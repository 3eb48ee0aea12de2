"""Cursors of sync: opaque to clients, checked against the reader's agency, rights and database on every use.

A cursor says up to which `seq` its reader has seen everything. It does not survive what would make that untrue: a
restored backup (another epoch), purged tombstones, changed rights (another scope), or a change of the cursor itself.
"""

import base64
import binascii
import hashlib
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from huntaze_backend.core.changes import CounterRow
from huntaze_backend.core.errors import CursorExpiredError, UnavailableError, ValidationProblem
from huntaze_backend.engines.sync.kinds import Scope

__all__ = ["Position", "SnapshotPosition", "check", "here", "scope_mark"]

_SCHEMA = 1
_LONGEST = 1000
Count = Annotated[int, Field(ge=0, le=2**62)]


class _Opaque(BaseModel):
    """Fields as base64 of JSON. Not signed: whatever it says, the reader gets what the reader may see."""

    model_config = ConfigDict(frozen=True, strict=True)

    def write(self) -> str:
        return base64.urlsafe_b64encode(self.model_dump_json().encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises: ValidationProblem for what this server did not write."""
        try:
            if len(text) > _LONGEST:
                raise ValueError("too long")
            return cls.model_validate_json(
                base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            )
        except (ValidationError, ValueError, binascii.Error) as error:
            raise ValidationProblem("This cursor was not given out by this server.", field="cursor") from error


class Position(_Opaque):
    """A place in an agency's change log, for one set of rights."""

    agency: str
    epoch: str
    seq: Count
    scope: str
    schema_no: int = _SCHEMA


class SnapshotPosition(_Opaque):
    """Where a snapshot goes on, and the place in the log from which its reader syncs afterwards."""

    start: Position
    stage: Count
    after: Annotated[str, Field(pattern=r"^[^\x00]*$")] | None
    done: Count
    total: Count


def scope_mark(scope: Scope) -> str:
    """A short mark of the rights: another set of creators gives another mark."""
    if scope.creator_ids is None:
        return "all"
    return hashlib.sha256(",".join(sorted(scope.creator_ids)).encode()).hexdigest()[:16]


def here(session: Session, scope: Scope) -> Position:
    """The end of the agency's log as this snapshot sees it."""
    counter = _counter(session, scope)
    return Position(agency=scope.agency_id, epoch=counter.epoch, seq=counter.last_seq, scope=scope_mark(scope))


def check(session: Session, scope: Scope, position: Position) -> int:
    """The `last_seq` of the log that `position` is still good for. Raises: CursorExpiredError."""
    counter = _counter(session, scope)
    good = (
        position.schema_no == _SCHEMA
        and position.agency == scope.agency_id
        and position.epoch == counter.epoch
        and position.scope == scope_mark(scope)
        and counter.min_seq <= position.seq <= counter.last_seq
    )
    if not good:
        raise CursorExpiredError
    return counter.last_seq


def _counter(session: Session, scope: Scope) -> CounterRow:
    counter = session.scalars(select(CounterRow).where(CounterRow.agency_id == scope.agency_id)).one_or_none()
    if counter is None:
        raise UnavailableError("The agency has no change log.")
    return counter
