"""The queue of small changes: notes, tags, fields, reads, snoozes, assignments, drafts, in the order of doing.

A row is an op of the wire with its id for ever. It enters in the transaction in which a person did it, is `answered`
once the server has said what became of it, and leaves when a pull that began after that answer has been stored: until
then views lay it over the server's rows, so that nothing flickers back. What an op means for views is `overlay.py`;
what a person can do is `changes.py`.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, text

from huntaze_contract import wire
from huntaze_contract.ids import Id
from huntaze_desktop.cache.times import from_us, to_us
from huntaze_desktop.cache.touched import Touched
from huntaze_desktop.model.entities import PendingChange

WAITING = "waiting"
ANSWERED = "answered"

QUIET = ("mark_read", "save_draft")
"""Kinds that happen by themselves while a person works: brought like all others, but not listed as theirs."""

SQL_QUIET = "(" + ", ".join(f"'{kind}'" for kind in QUIET) + ")"


@dataclass(frozen=True, slots=True)
class PendingOp:
    """A row of the queue."""

    seq: int
    op_id: Id
    kind: str
    target: str
    """What it is about, such as a note, or a fan and a tag: of some kinds only the newest of a target waits."""
    conversation_id: Id | None
    fan_id: Id | None
    body: dict[str, Any]
    """The op as the wire writes it."""
    at: datetime
    attempts: int
    state: str
    waits_for: Id | None
    """An earlier op of this computer on the same thing: the version to build on is known once that is through."""
    shown: dict[str, Any] | None
    """What views need beyond the op, such as the text of a note that is being restored."""

    @property
    def waiting(self) -> bool:
        return self.state == WAITING


def enqueue(
    connection: Connection,
    op: wire.WireModel,
    target: str,
    *,
    conversation_id: Id | None = None,
    fan_id: Id | None = None,
    waits_for: Id | None = None,
    shown: dict[str, Any] | None = None,
) -> Touched:
    """Put an op at the end of the queue."""
    body = op.model_dump(mode="json")
    connection.execute(
        text(
            "INSERT INTO pending_ops (op_id, kind, target, conversation_id, fan_id, body, at, attempts, state,"
            " waits_for, shown) VALUES (:id, :kind, :target, :conversation, :fan, :body, :at, 0, 'waiting', :after,"
            " :shown)"
        ),
        {
            "id": body["op_id"],
            "kind": body["kind"],
            "target": target,
            "conversation": conversation_id,
            "fan": fan_id,
            "body": json.dumps(body),
            "at": to_us(datetime.fromisoformat(body["at"])),
            "after": waits_for,
            "shown": json.dumps(shown) if shown is not None else None,
        },
    )
    return _touched(body["kind"], conversation_id, fan_id)


def waiting_on(connection: Connection, target: str, *kinds: str) -> list[PendingOp]:
    """The ops on a target that views still show, in order."""
    found = connection.execute(
        text(f"{_SELECT} WHERE target = :target AND kind IN :kinds ORDER BY seq").bindparams(_KINDS),
        {"target": target, "kinds": list(kinds)},
    )
    return [_op(row) for row in found]


def of_fan(connection: Connection, fan_id: Id) -> list[PendingOp]:
    found = connection.execute(text(f"{_SELECT} WHERE fan_id = :fan ORDER BY seq"), {"fan": fan_id})
    return [_op(row) for row in found]


def replace_body(connection: Connection, op: PendingOp, body: dict[str, Any]) -> Touched:
    """Change what a waiting op says; only for one that no request was begun for."""
    connection.execute(
        text("UPDATE pending_ops SET body = :body WHERE seq = :seq AND attempts = 0"),
        {"body": json.dumps(body), "seq": op.seq},
    )
    return _touched(op.kind, op.conversation_id, op.fan_id)


def drop(connection: Connection, op_ids: Iterable[Id]) -> Touched:
    """Remove ops from the queue; views show the server's rows alone again."""
    gone = connection.execute(
        text("DELETE FROM pending_ops WHERE op_id IN :ids RETURNING op_id, kind, conversation_id, fan_id").bindparams(
            _IDS
        ),
        {"ids": list(op_ids)},
    ).all()
    return Touched.all_of(_touched(row.kind, row.conversation_id, row.fan_id) for row in gone)


# --- the way to the server ----------------------------------------------------------------------------------------


def begin(connection: Connection, limit: int) -> list[PendingOp]:
    """The next ops to bring, in order, noted durably as begun: from here on the server may have them.

    An op that builds on an earlier one of this computer gets its base from the server's row when that one is through,
    and ends the batch until then.
    """
    found = connection.execute(text(f"{_SELECT} WHERE state = 'waiting' ORDER BY seq LIMIT :limit"), {"limit": limit})
    batch: list[PendingOp] = []
    for op in [_op(row) for row in found]:
        if op.waits_for is not None and op.attempts == 0:
            if _is_here(connection, op.waits_for):
                break
            _take_base(connection, op)
        batch.append(op)
    connection.execute(
        text("UPDATE pending_ops SET attempts = attempts + 1 WHERE op_id IN :ids").bindparams(_IDS),
        {"ids": [op.op_id for op in batch]},
    )
    again = connection.execute(
        text(f"{_SELECT} WHERE op_id IN :ids ORDER BY seq").bindparams(_IDS), {"ids": [op.op_id for op in batch]}
    )
    return [_op(row) for row in again]


def never_left(connection: Connection, batch: Iterable[PendingOp]) -> None:
    """The request that `begin` noted found no way out: what was never tried before may still be taken back."""
    connection.execute(
        text("UPDATE pending_ops SET attempts = attempts - 1 WHERE op_id IN :ids").bindparams(_IDS),
        {"ids": [op.op_id for op in batch]},
    )


def answer(connection: Connection, op_id: Id) -> Touched:
    """The server has taken the op; it stays in sight until its row is here."""
    row = connection.execute(
        text("UPDATE pending_ops SET state = 'answered' WHERE op_id = :id RETURNING kind, conversation_id, fan_id"),
        {"id": op_id},
    ).one_or_none()
    return _touched(row.kind, row.conversation_id, row.fan_id) if row is not None else Touched()


def get(connection: Connection, op_id: Id) -> PendingOp | None:
    row = connection.execute(text(f"{_SELECT} WHERE op_id = :id"), {"id": op_id}).one_or_none()
    return _op(row) if row is not None else None


def answered(connection: Connection) -> list[Id]:
    """Ops that a pull which begins now will have the rows of."""
    return list(connection.execute(text("SELECT op_id FROM pending_ops WHERE state = 'answered'")).scalars())


def anything_waits(connection: Connection, *, but_drafts: bool = False) -> bool:
    kinds = " AND kind <> 'save_draft'" if but_drafts else ""
    found = connection.execute(text(f"SELECT 1 FROM pending_ops WHERE state = 'waiting'{kinds} LIMIT 1"))  # noqa: S608
    return found.scalar() is not None


# --- what a person sees of it -------------------------------------------------------------------------------------


def pending_changes(connection: Connection) -> tuple[PendingChange, ...]:
    """What a person did that the server does not have yet, in order; reads and drafts are not listed."""
    found = connection.execute(
        text(
            "SELECT p.op_id, p.kind, p.body, p.at, ifnull(f.name, '') AS fan_name FROM pending_ops AS p"  # noqa: S608
            " LEFT JOIN conversations AS c ON c.id = p.conversation_id"
            " LEFT JOIN fans AS f ON f.id = ifnull(p.fan_id, c.fan_id)"
            f" WHERE p.state = 'waiting' AND p.kind NOT IN {SQL_QUIET} ORDER BY p.seq"
        )
    )
    return tuple(
        PendingChange(row.op_id, row.kind, what(row.kind, json.loads(row.body)), row.fan_name, from_us(row.at))
        for row in found
    )


def count_changes(connection: Connection) -> int:
    found = connection.execute(
        text(f"SELECT count(*) FROM pending_ops WHERE state = 'waiting' AND kind NOT IN {SQL_QUIET}")  # noqa: S608
    )
    return int(found.scalar_one())


def what(kind: str, body: dict[str, Any]) -> str:
    """A short text of an op for a list: the note's text, the tag, the time; empty where the kind says it all."""
    match kind:
        case "add_note":
            return str(body["note"]["text"])
        case "edit_note":
            return str(body["edit"]["text"])
        case "add_tag" | "remove_tag":
            return str(body["tag"]["tag"])
        case "set_field":
            return str(body["value"])
        case "snooze":
            return str(body["until"] or "")
        case "save_draft":
            return str(body["text"])
        case "assign":
            return str(body["note"])
        case _:
            return ""


# --- inside -------------------------------------------------------------------------------------------------------

_SELECT = (
    "SELECT seq, op_id, kind, target, conversation_id, fan_id, body, at, attempts, state, waits_for, shown"
    " FROM pending_ops"
)
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_KINDS: BindParameter[Any] = bindparam("kinds", expanding=True)


def _op(row: Any) -> PendingOp:
    return PendingOp(
        row.seq,
        row.op_id,
        row.kind,
        row.target,
        row.conversation_id,
        row.fan_id,
        json.loads(row.body),
        from_us(row.at),
        row.attempts,
        row.state,
        row.waits_for,
        json.loads(row.shown) if row.shown else None,
    )


def _touched(kind: str, conversation_id: Id | None, fan_id: Id | None) -> Touched:
    if kind == "save_draft":
        return Touched()  # no view shows it
    return Touched(
        conversations=frozenset({conversation_id} if conversation_id else ()),
        fans=frozenset({fan_id} if fan_id else ()),
        changes=True,
    )


def _is_here(connection: Connection, op_id: Id) -> bool:
    return connection.execute(text("SELECT 1 FROM pending_ops WHERE op_id = :id"), {"id": op_id}).scalar() is not None


def _take_base(connection: Connection, op: PendingOp) -> None:
    """Write down the version that the server's row has now as what the op builds on."""
    body = dict(op.body)
    match op.kind:
        case "edit_note":
            ver = connection.execute(text("SELECT ver FROM notes WHERE id = :id"), {"id": body["note_id"]}).scalar()
            body["edit"] = body["edit"] | {"base_ver": ver or 0}
        case "remove_tag":
            ver = connection.execute(text("SELECT ver FROM fans WHERE id = :id"), {"id": op.fan_id}).scalar()
            body["base_ver"] = ver or 0
        case "set_field":
            found = connection.execute(text("SELECT fields FROM fans WHERE id = :id"), {"id": op.fan_id}).scalar()
            field = json.loads(found or "{}").get(body["name"])
            body |= {"base_ver": field["ver"] if field else 0, "base_value": field["value"] if field else ""}
    replace_body(connection, op, body)
