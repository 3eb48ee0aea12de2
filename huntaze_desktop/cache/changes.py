"""What a person does besides sending: each function is one change, durable and in sight when its transaction ends.

The op is queued and nothing of the server's rows is written. Of drafts, read marks, snoozes and done marks only the
newest of a conversation waits. An op that builds on an earlier one that may be on its way waits for it, so that nobody
is in conflict with themselves.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast, get_args

from sqlalchemy import Connection, text

from huntaze_contract import wire
from huntaze_contract.ids import Id, new_id
from huntaze_contract.outgoing import MAX_TEXT
from huntaze_desktop.cache import ops, overlay
from huntaze_desktop.cache.ops import PendingOp
from huntaze_desktop.cache.touched import Touched

FIELDS = get_args(wire.FanFieldName)
MAX_FIELD = 5000


class NotHereError(LookupError):
    """The store does not know the conversation, fan or note."""


# --- notes --------------------------------------------------------------------------------------------------------


def add_note(connection: Connection, fan_id: Id, note: str, at: datetime) -> tuple[Id, Touched]:
    """Write a note; returns the id that it keeps."""
    new = wire.NewNote(id=new_id(), text=note)
    op = wire.AddNote(op_id=new_id(), at=at, fan_id=fan_id, note=new)
    return new.id, _fan_op(connection, op, new.id, fan_id)


def edit_note(connection: Connection, note_id: Id, note: str, base_ver: int, at: datetime) -> Touched:
    edit = wire.NoteEdit(text=note, base_ver=base_ver)
    waiting = ops.waiting_on(connection, note_id, "add_note", "edit_note")
    last = waiting[-1] if waiting else None
    if last is not None and last.waiting and last.attempts == 0:
        # Nobody has seen the earlier text: this one takes its place, on the same base.
        part = "note" if last.kind == "add_note" else "edit"
        return ops.replace_body(connection, last, last.body | {part: last.body[part] | {"text": edit.text}})
    op = wire.EditNote(op_id=new_id(), at=at, note_id=note_id, edit=edit)
    return _fan_op(connection, op, note_id, _fan_of_note(connection, note_id), waits_for=last)


def delete_note(connection: Connection, note_id: Id, at: datetime) -> Touched:
    fan_id = _fan_of_note(connection, note_id)
    waiting = ops.waiting_on(connection, note_id, "add_note", "edit_note", "restore_note")
    shown = overlay.shown_note(connection, fan_id, note_id)
    unseen = [op for op in waiting if op.waiting and op.attempts == 0]
    touched = ops.drop(connection, [op.op_id for op in unseen])
    if any(op.kind in ("add_note", "restore_note") for op in unseen):
        return touched  # as far as the server knows, it never was
    op = wire.DeleteNote(op_id=new_id(), at=at, note_id=note_id)
    return touched | _fan_op(connection, op, note_id, fan_id, shown=shown)


def restore_note(connection: Connection, note_id: Id, at: datetime) -> Touched:
    """Undo a deletion: one that has not left this computer by forgetting it, another by asking for the note back."""
    deletions = ops.waiting_on(connection, note_id, "delete_note")
    if deletions and deletions[-1].waiting and deletions[-1].attempts == 0:
        return ops.drop(connection, [deletions[-1].op_id])
    last = deletions[-1] if deletions else None
    op = wire.RestoreNote(op_id=new_id(), at=at, note_id=note_id)
    fan_id = last.fan_id if last is not None else None
    shown = last.shown if last is not None else None
    return ops.enqueue(
        connection, op, note_id, fan_id=fan_id, conversation_id=_conversation_of(connection, fan_id), shown=shown
    )


# --- tags and fields ----------------------------------------------------------------------------------------------


def add_tag(connection: Connection, fan_id: Id, tag: str, at: datetime) -> Touched:
    new = wire.NewTag(tag=tag)
    target = _tag_target(fan_id, new.tag)
    earlier = ops.waiting_on(connection, target, "remove_tag")
    if earlier and earlier[-1].waiting and earlier[-1].attempts == 0:
        return ops.drop(connection, [earlier[-1].op_id])
    if new.tag.casefold() in {known.casefold() for known in overlay.shown_tags(connection, fan_id)}:
        return Touched()
    op = wire.AddTag(op_id=new_id(), at=at, fan_id=fan_id, tag=new)
    return _fan_op(connection, op, target, fan_id)


def remove_tag(connection: Connection, fan_id: Id, tag: str, at: datetime) -> Touched:
    target = _tag_target(fan_id, tag)
    earlier = ops.waiting_on(connection, target, "add_tag")
    last = earlier[-1] if earlier else None
    if last is not None and last.waiting and last.attempts == 0:
        return ops.drop(connection, [last.op_id])
    ver = connection.execute(text("SELECT ver FROM fans WHERE id = :id"), {"id": fan_id}).scalar()
    op = wire.RemoveTag(op_id=new_id(), at=at, fan_id=fan_id, tag=wire.NewTag(tag=tag), base_ver=ver or 0)
    return _fan_op(connection, op, target, fan_id, waits_for=last)


def set_field(connection: Connection, fan_id: Id, name: str, value: str, at: datetime) -> Touched:
    """Set one field of a fan; raises ValueError for a field that there is not, or a value that is too long."""
    if name not in FIELDS:
        raise ValueError(f"a fan has no field {name}")
    if len(value) > MAX_FIELD:
        raise ValueError(f"a field has at most {MAX_FIELD} characters")
    target = f"{fan_id} {name}"
    waiting = ops.waiting_on(connection, target, "set_field")
    last = waiting[-1] if waiting else None
    if last is not None and last.waiting and last.attempts == 0:
        return ops.replace_body(connection, last, last.body | {"value": value})
    field = overlay.server_field(connection, fan_id, name)
    op = wire.SetField(
        op_id=new_id(),
        at=at,
        fan_id=fan_id,
        name=cast("wire.FanFieldName", name),
        value=value,
        base_ver=field.ver if field else 0,
        base_value=field.value if field else "",
    )
    return _fan_op(connection, op, target, fan_id, waits_for=last)


# --- conversations ------------------------------------------------------------------------------------------------


def mark_read(connection: Connection, conversation_id: Id, up_to: Id, at: datetime) -> Touched:
    """Say up to where a conversation was seen; without effect where nothing is unread."""
    state = overlay.state_of(connection, conversation_id)
    if state is None or not (state.unread or state.marked_unread):
        return Touched()
    op = wire.MarkReadOp(op_id=new_id(), at=at, conversation_id=conversation_id, up_to=up_to)
    return _newest(connection, op, conversation_id)


def mark_unread(connection: Connection, conversation_id: Id, at: datetime) -> Touched:
    _known(connection, conversation_id)
    return _newest(connection, wire.MarkUnread(op_id=new_id(), at=at, conversation_id=conversation_id), conversation_id)


def snooze(connection: Connection, conversation_id: Id, until: datetime | None, at: datetime) -> Touched:
    """Raises ValueError for a time that is past."""
    _known(connection, conversation_id)
    if until is not None and until <= at:
        raise ValueError("a conversation can be put away until a time to come only")
    op = wire.Snooze(op_id=new_id(), at=at, conversation_id=conversation_id, until=until)
    return _newest(connection, op, conversation_id)


def set_done(connection: Connection, conversation_ids: Sequence[Id], at: datetime, *, done: bool) -> Touched:
    """Mark conversations as dealt with up to the newest message that is here, or as open again."""
    touched = Touched()
    for conversation_id in dict.fromkeys(conversation_ids):
        _known(connection, conversation_id)
        newest = connection.execute(
            text("SELECT id FROM messages WHERE conversation_id = :id ORDER BY at DESC, id DESC LIMIT 1"),
            {"id": conversation_id},
        ).scalar()
        op = wire.SetDone(op_id=new_id(), at=at, conversation_id=conversation_id, done=done, up_to=newest)
        touched |= _newest(connection, op, conversation_id)
    return touched


def assign(connection: Connection, conversation_id: Id, member_id: Id | None, note: str, at: datetime) -> Touched:
    """Give a conversation to a member, or to nobody."""
    state = overlay.state_of(connection, conversation_id)
    if state is None:
        raise NotHereError(conversation_id)
    if state.assignee_id == member_id and not note:
        return Touched()
    op = wire.Assign(
        op_id=new_id(),
        at=at,
        conversation_id=conversation_id,
        member_id=member_id,
        base_member_id=state.assignee_id,
        note=note,
    )
    return ops.enqueue(connection, op, conversation_id, conversation_id=conversation_id)


def draft_changed(connection: Connection, conversation_id: Id, draft: str, at: datetime) -> Touched:
    """Let the other computers of the same member have the draft as it is now; one that is too long stays here."""
    if not _is_known(connection, conversation_id) or len(draft) > MAX_TEXT:
        return Touched()
    op = wire.SaveDraft(op_id=new_id(), at=at, conversation_id=conversation_id, text=draft.replace("\x00", ""))
    return _newest(connection, op, conversation_id)


# --- inside -------------------------------------------------------------------------------------------------------


def _fan_op(
    connection: Connection,
    op: wire.WireModel,
    target: str,
    fan_id: Id,
    *,
    waits_for: PendingOp | None = None,
    shown: dict[str, Any] | None = None,
) -> Touched:
    if connection.execute(text("SELECT 1 FROM fans WHERE id = :id"), {"id": fan_id}).scalar() is None:
        raise NotHereError(fan_id)
    return ops.enqueue(
        connection,
        op,
        target,
        fan_id=fan_id,
        conversation_id=_conversation_of(connection, fan_id),
        waits_for=waits_for.op_id if waits_for is not None else None,
        shown=shown,
    )


def _newest(connection: Connection, op: wire.WireModel, conversation_id: Id) -> Touched:
    """Queue an op of a kind of which only the newest counts; an earlier one that may be on its way is left alone."""
    kind = str(getattr(op, "kind"))  # noqa: B009 - every op has one; their common base does not name it
    before = ops.waiting_on(connection, conversation_id, kind)
    touched = ops.drop(connection, [one.op_id for one in before if one.waiting and one.attempts == 0])
    return touched | ops.enqueue(connection, op, conversation_id, conversation_id=conversation_id)


def _is_known(connection: Connection, conversation_id: Id) -> bool:
    found = connection.execute(text("SELECT 1 FROM conversations WHERE id = :id"), {"id": conversation_id})
    return found.scalar() is not None


def _known(connection: Connection, conversation_id: Id) -> None:
    if not _is_known(connection, conversation_id):
        raise NotHereError(conversation_id)


def _fan_of_note(connection: Connection, note_id: Id) -> Id:
    found: str | None = connection.execute(
        text(
            "SELECT fan_id FROM notes WHERE id = :id"
            " UNION ALL SELECT fan_id FROM pending_ops WHERE target = :id AND fan_id IS NOT NULL LIMIT 1"
        ),
        {"id": note_id},
    ).scalar()
    if found is None:
        raise NotHereError(note_id)
    return found


def _conversation_of(connection: Connection, fan_id: Id | None) -> Id | None:
    found: str | None = connection.execute(
        text("SELECT id FROM conversations WHERE fan_id = :id LIMIT 1"), {"id": fan_id}
    ).scalar()
    return found


def _tag_target(fan_id: Id, tag: str) -> str:
    return f"{fan_id} {tag.strip().casefold()}"
