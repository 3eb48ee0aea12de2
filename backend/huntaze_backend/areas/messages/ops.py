"""Ops of the team: each decided once, for ever, in a unit of work of its own.

An op's row is claimed first and its answer written last, in one transaction: a repeat finds the answer, one that comes
at the same moment waits for it, and a crash leaves nothing half done. What cannot be done is refused with a code and is
an answer like any other: a client may drop the op and go on with those behind it.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from huntaze_backend.areas.fans import fields, notes
from huntaze_backend.areas.fans import service as fans
from huntaze_backend.areas.fans.verdicts import APPLIED, Verdict
from huntaze_backend.areas.messages import drafts, service, team
from huntaze_backend.areas.messages.team_tables import OpRow
from huntaze_backend.core import changes
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.bulk import insert_once
from huntaze_backend.core.clock import now
from huntaze_backend.core.db import Database
from huntaze_backend.core.errors import AppError
from huntaze_contract.wire import (
    AddNote,
    AddTag,
    Assign,
    DeleteNote,
    EditNote,
    MarkReadOp,
    MarkUnread,
    Op,
    OpResult,
    ProblemCode,
    RemoveTag,
    RestoreNote,
    SaveDraft,
    SetDone,
    SetField,
    Snooze,
)

__all__ = ["Malformed", "run"]

_PASSING = frozenset({ProblemCode.IN_PROGRESS, ProblemCode.UNAVAILABLE, ProblemCode.INTERNAL})
"""What a later try may cure: not an answer to keep, the whole request fails and is repeated."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """An op that cannot be understood, but has an id to answer to."""

    op_id: str
    detail: str
    body: object
    kind: str = "malformed"


async def run(db: Database, who: Principal, device_id: str, op: Op | Malformed) -> OpResult:
    """Decide one op, or tell how it was decided. Raises: AppError for what a later try may cure."""
    return await db.write(partial(_run, who=who, device_id=device_id, op=op))


def _run(session: Session, *, who: Principal, device_id: str, op: Op | Malformed) -> OpResult:
    claim = {
        "agency_id": who.agency_id,
        "op_id": op.op_id,
        "member_id": who.member_id,
        "device_id": device_id,
        "kind": op.kind,
        "fingerprint": _fingerprint(op),
        "result": {},
        "at": now(session),
    }
    first = insert_once(session, OpRow, claim)
    row = session.get_one(OpRow, (who.agency_id, op.op_id), populate_existing=True)
    if not first:
        return _repeat(row, who, claim["fingerprint"])
    result = _decide(session, who, device_id, op)
    row.result = result.model_dump(mode="json")
    return result


def _repeat(row: OpRow, who: Principal, fingerprint: object) -> OpResult:
    # Another member's answer may hold what this one may not see.
    if (row.member_id, row.fingerprint) != (who.member_id, fingerprint):
        return _refused(row.op_id, ProblemCode.KEY_REUSED, "This id belongs to another op.")
    return OpResult.model_validate(row.result).model_copy(update={"replayed": True})


def _decide(session: Session, who: Principal, device_id: str, op: Op | Malformed) -> OpResult:
    if isinstance(op, Malformed):
        return _refused(op.op_id, ProblemCode.VALIDATION, op.detail)
    try:
        with session.begin_nested():
            verdict = _apply(session, who, device_id, op)
    except AppError as error:
        if error.code in _PASSING:
            raise
        changes.forget(session)  # what the op touched before it was refused was rolled back with it
        return _refused(op.op_id, error.code, error.detail)
    return OpResult(
        op_id=op.op_id, outcome=verdict.outcome, by=verdict.by, theirs=verdict.theirs, detail=verdict.detail
    )


def _apply(session: Session, who: Principal, device_id: str, op: Op) -> Verdict:
    match op:
        case AddNote():
            notes.add_note(session, who, op.fan_id, op.note, device_id=device_id)
        case EditNote():
            return notes.edit_note(session, who, op.note_id, op.edit, device_id=device_id)
        case DeleteNote():
            notes.delete_note(session, who, op.note_id)
        case RestoreNote():
            return notes.restore_note(session, who, op.note_id)
        case AddTag():
            fans.add_tag(session, who, op.fan_id, op.tag.tag, device_id=device_id)
        case RemoveTag():
            return fans.remove_seen_tag(session, who, op.fan_id, op.tag.tag, base_ver=op.base_ver, device_id=device_id)
        case SetField():
            return fields.set_field(session, who, op, device_id=device_id)
        case MarkReadOp():
            service.mark_read(session, who, op.conversation_id, op.up_to)
        case MarkUnread():
            return team.mark_unread(session, who, op.conversation_id)
        case Snooze():
            return team.snooze(session, who, op)
        case SetDone():
            return team.set_done(session, who, op)
        case Assign():
            return team.assign(session, who, op)
        case SaveDraft():
            return drafts.save_draft(session, who, op)
    return APPLIED


def _refused(op_id: str, code: ProblemCode, detail: str) -> OpResult:
    return OpResult(op_id=op_id, outcome="refused", code=code.value, detail=detail)


def _fingerprint(op: Op | Malformed) -> str:
    """What two requests under one id must have in common, however a client writes out its defaults."""
    body: Any = op.body if isinstance(op, Malformed) else op.model_dump(mode="json", exclude_defaults=True)
    return hashlib.sha256(json.dumps([op.kind, body], sort_keys=True).encode()).hexdigest()
