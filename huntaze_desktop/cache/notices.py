"""What became of changes otherwise than their author expected, until a person has seen it.

A notice keeps the op that it is about, so that what was superseded can be made to stand after all: as a new change, on
top of what stands now.
"""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from huntaze_contract import wire
from huntaze_contract.ids import Id
from huntaze_desktop.cache import changes, ops
from huntaze_desktop.cache.ops import PendingOp
from huntaze_desktop.cache.times import from_us, to_us
from huntaze_desktop.cache.touched import Touched
from huntaze_desktop.model.entities import ChangeNotice

SILENT = ("mark_read", "mark_unread", "save_draft")
"""Kinds of which nobody needs to hear that a later one won."""

RESTORABLE = ("set_field", "edit_note", "assign")

SUPERSEDED = "superseded"


def settle(connection: Connection, op: PendingOp, result: wire.OpResult, at: datetime) -> Touched:
    """Take in what the server said of an op: leave it in sight, or let it fall away with a notice."""
    if result.outcome == "applied":
        return ops.answer(connection, op.op_id)
    touched = ops.answer(connection, op.op_id) if result.outcome == "merged" else ops.drop(connection, [op.op_id])
    if op.kind in SILENT:
        return touched
    connection.execute(
        text(
            "INSERT INTO notices (id, kind, outcome, code, conversation_id, fan_id, body, mine, theirs, by, at)"
            " VALUES (:id, :kind, :outcome, :code, :conversation, :fan, :body, :mine, :theirs, :by, :at)"
            " ON CONFLICT (id) DO NOTHING"
        ),
        {
            "id": op.op_id,
            "kind": op.kind,
            "outcome": result.outcome,
            "code": result.code,
            "conversation": op.conversation_id,
            "fan": op.fan_id,
            "body": json.dumps(op.body),
            "mine": ops.what(op.kind, op.body),
            "theirs": result.theirs,
            "by": result.by,
            "at": to_us(at),
        },
    )
    return touched | Touched(changes=True)


def listed(connection: Connection) -> tuple[ChangeNotice, ...]:
    """The notices that nobody has dismissed, newest first."""
    found = connection.execute(
        text(
            "SELECT n.*, ifnull(f.name, '') AS fan_name FROM notices AS n"
            " LEFT JOIN conversations AS c ON c.id = n.conversation_id"
            " LEFT JOIN fans AS f ON f.id = ifnull(n.fan_id, c.fan_id) ORDER BY n.at DESC, n.id"
        )
    )
    return tuple(_notice(row) for row in found)


def dismiss(connection: Connection, notice_id: Id) -> Touched:
    gone = connection.execute(text("DELETE FROM notices WHERE id = :id RETURNING id"), {"id": notice_id}).scalar()
    return Touched(changes=True) if gone is not None else Touched()


def restore(connection: Connection, notice_id: Id, at: datetime) -> Touched:
    """Do again what was superseded, on top of what stands now; without effect where that cannot be done."""
    row = connection.execute(text("SELECT * FROM notices WHERE id = :id"), {"id": notice_id}).one_or_none()
    if row is None or not _can_restore(row):
        return Touched()
    body = json.loads(row.body)
    match row.kind:
        case "set_field":
            done = changes.set_field(connection, row.fan_id, body["name"], body["value"], at)
        case "edit_note":
            ver = connection.execute(text("SELECT ver FROM notes WHERE id = :id"), {"id": body["note_id"]}).scalar()
            done = changes.edit_note(connection, body["note_id"], body["edit"]["text"], ver or 0, at)
        case _:
            done = changes.assign(connection, row.conversation_id, body["member_id"], body["note"], at)
    return done | dismiss(connection, notice_id)


# --- inside -------------------------------------------------------------------------------------------------------


def _can_restore(row: Any) -> bool:
    return row.outcome == SUPERSEDED and row.kind in RESTORABLE


def _notice(row: Any) -> ChangeNotice:
    return ChangeNotice(
        id=row.id,
        kind=row.kind,
        outcome=row.outcome,
        code=row.code,
        fan_name=row.fan_name,
        mine=row.mine,
        theirs=row.theirs,
        by=row.by,
        at=from_us(row.at),
        can_restore=_can_restore(row),
    )
