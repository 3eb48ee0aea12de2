"""Laying what waits on this computer over what the server said: the rules by which views show pending ops.

The server's rows stay as they are; these functions read both and give what a person should see. An op that the server
has answered is still laid over, because its row may not be here yet, but no longer counts as pending.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from huntaze_contract.ids import Id
from huntaze_desktop.cache import ops, rows
from huntaze_desktop.cache.ops import PendingOp
from huntaze_desktop.cache.times import from_us, to_us
from huntaze_desktop.model.entities import Fan, FanField, Note


@dataclass(frozen=True, slots=True)
class ConversationState:
    """What ops can change of a conversation; times in microseconds, as the store keeps them."""

    id: Id
    unread: int
    marked_unread: bool
    assignee_id: Id | None
    handover_note: str | None
    handover_by: str | None
    snoozed_until: int | None
    done: bool


def states(connection: Connection, conversation_id: Id | None = None) -> list[ConversationState]:
    """Conversations as they look with what waits laid over; only those about which something waits."""
    found = connection.execute(
        text(
            "SELECT p.kind, p.body, p.at, c.id, c.unread, c.marked_unread, c.assignee_id,"  # noqa: S608
            " c.handover_note, c.handover_by, c.snoozed_until, c.done_at, (SELECT name FROM account) AS my_name,"
            f" (SELECT m.at FROM messages AS m WHERE m.conversation_id = c.id AND {_WRITTEN_BY_FAN}"
            "   ORDER BY m.at DESC LIMIT 1) AS last_in,"
            " (SELECT u.at FROM messages AS u WHERE u.id = json_extract(p.body, '$.up_to')) AS up_to_at,"
            " (SELECT count(*) FROM messages AS m, messages AS u WHERE p.kind = 'mark_read'"
            "   AND u.id = json_extract(p.body, '$.up_to') AND m.conversation_id = c.id"
            f"  AND {_WRITTEN_BY_FAN} AND (m.at, m.id) > (u.at, u.id)) AS unread_after"
            " FROM pending_ops AS p JOIN conversations AS c ON c.id = p.conversation_id"
            " WHERE p.fan_id IS NULL AND p.kind <> 'save_draft' AND (:id IS NULL OR c.id = :id) ORDER BY p.seq"
        ),
        {"id": conversation_id},
    )
    shown: dict[Id, ConversationState] = {}
    for row in found:
        before = shown.get(row.id) or _server_state(row)
        shown[row.id] = _with_op(before, row)
    return list(shown.values())


def state_of(connection: Connection, conversation_id: Id) -> ConversationState | None:
    """One conversation with what waits laid over; None where the store does not know it."""
    laid_over = states(connection, conversation_id)
    if laid_over:
        return laid_over[0]
    row = connection.execute(
        text(
            "SELECT id, unread, marked_unread, assignee_id, handover_note, handover_by, snoozed_until, done_at"
            " FROM conversations WHERE id = :id"
        ),
        {"id": conversation_id},
    ).one_or_none()
    return _server_state(row) if row is not None else None


def as_json(shown: Iterable[ConversationState]) -> str:
    """For a query that joins them by `json_each`."""
    return json.dumps([asdict(state) for state in shown])


# --- fans ---------------------------------------------------------------------------------------------------------


def with_ops(
    fan: Fan, notes: Iterable[Note], waiting: Iterable[PendingOp], my_name: str
) -> tuple[Fan, tuple[Note, ...]]:
    """A fan and the notes, newest first, with what waits laid over."""
    tags, pending_tags = list(fan.tags), set(fan.pending_tags)
    fields = {field.name: field for field in fan.fields}
    by_id = {note.id: note for note in notes}
    for op in waiting:
        match op.kind:
            case "add_tag":
                tag = op.body["tag"]["tag"]
                if tag.casefold() not in {known.casefold() for known in tags}:
                    tags.append(tag)
                    if op.waiting:
                        pending_tags.add(tag)
            case "remove_tag":
                gone = op.body["tag"]["tag"].casefold()
                tags = [tag for tag in tags if tag.casefold() != gone]
                pending_tags &= set(tags)
            case "set_field":
                name, value = op.body["name"], op.body["value"]
                ver = fields[name].ver if name in fields else 0
                fields[name] = FanField(name, value, ver, my_name, op.at, pending=op.waiting)
            case _:
                _note_op(by_id, op, fan.id, my_name)
    shown = tuple(sorted(by_id.values(), key=lambda note: note.id))
    shown = tuple(sorted(shown, key=lambda note: note.created_at, reverse=True))
    present = tuple(field for field in fields.values() if field.value or field.pending)
    return replace(fan, tags=tuple(tags), pending_tags=frozenset(pending_tags), fields=present), shown


def shown_tags(connection: Connection, fan_id: Id) -> tuple[str, ...]:
    found = connection.execute(text("SELECT tags FROM fans WHERE id = :id"), {"id": fan_id}).scalar()
    bare = Fan(fan_id, "", "", "", "", tags=tuple(json.loads(found or "[]")))
    return with_ops(bare, (), ops.of_fan(connection, fan_id), "")[0].tags


def shown_note(connection: Connection, fan_id: Id, note_id: Id) -> dict[str, Any] | None:
    """What has to be kept of a note that is being deleted, so that it can be shown again at once."""
    row = connection.execute(
        text(
            "SELECT text, author_name, created_at, author_id = (SELECT member_id FROM account) AS mine FROM notes"
            " WHERE id = :id"
        ),
        {"id": note_id},
    ).one_or_none()
    if row is None:
        return None
    kept = {"text": row.text, "author_name": row.author_name, "created_at": row.created_at, "mine": bool(row.mine)}
    edits = [op for op in ops.of_fan(connection, fan_id) if op.kind == "edit_note" and op.target == note_id]
    return kept | {"text": edits[-1].body["edit"]["text"]} if edits else kept


def server_field(connection: Connection, fan_id: Id, name: str) -> FanField | None:
    """A field as the server has it."""
    found = connection.execute(text("SELECT fields FROM fans WHERE id = :id"), {"id": fan_id}).scalar()
    return next((field for field in rows.fields(found) if field.name == name), None)


# --- inside -------------------------------------------------------------------------------------------------------

_WRITTEN_BY_FAN = "m.direction = 'in' AND m.kind IN ('text', 'ppv')"


def _server_state(row: Any) -> ConversationState:
    return ConversationState(
        row.id,
        row.unread,
        bool(row.marked_unread),
        row.assignee_id,
        row.handover_note,
        row.handover_by,
        row.snoozed_until,
        row.done_at is not None,
    )


def _with_op(state: ConversationState, row: Any) -> ConversationState:
    body = json.loads(row.body)
    match row.kind:
        case "mark_read":
            return replace(state, unread=min(state.unread, row.unread_after), marked_unread=False)
        case "mark_unread":
            return replace(state, marked_unread=True)
        case "snooze":
            until = body["until"]
            # What the fan wrote after it was put away has brought it back.
            back = row.last_in is not None and row.last_in > row.at
            stays = until is not None and not back
            return replace(state, snoozed_until=to_us(datetime.fromisoformat(until)) if stays else None)
        case "set_done":
            seen = row.up_to_at if row.up_to_at is not None else row.at
            wrote_on = row.last_in is not None and row.last_in > seen
            return replace(state, done=bool(body["done"]) and not wrote_on)
        case "assign":
            note = body["note"] or None
            return replace(
                state,
                assignee_id=body["member_id"],
                handover_note=note,
                handover_by=row.my_name if note else None,
            )
        case _:
            return state


def _note_op(by_id: dict[Id, Note], op: PendingOp, fan_id: Id, my_name: str) -> None:
    known = by_id.get(op.target)
    match op.kind:
        case "add_note":
            if known is None:
                words = op.body["note"]["text"]
                by_id[op.target] = Note(
                    op.target, fan_id, words, my_name, op.at, None, mine=True, ver=0, pending=op.waiting
                )
        case "edit_note":
            if known is not None:
                words = op.body["edit"]["text"]
                by_id[op.target] = replace(known, text=words, edited_at=op.at, pending=op.waiting or known.pending)
        case "delete_note":
            by_id.pop(op.target, None)
        case "restore_note":
            if known is None and op.shown is not None:
                kept = op.shown
                written = from_us(kept["created_at"])
                by_id[op.target] = Note(
                    op.target, fan_id, kept["text"], kept["author_name"], written, None, kept["mine"], 0, op.waiting
                )
