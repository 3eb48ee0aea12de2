"""The team's notes on fans: written once, edited with a history, deleted with an undo of 35 days.

Sync functions over one unit of work. An edit that meets a colleague's loses and is kept; one that meets a deletion is
kept as well, and is what undoing the deletion brings back. Nothing that a person wrote is dropped before its time.
"""

from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from huntaze_backend.areas.fans.loaders import load_notes
from huntaze_backend.areas.fans.service import require_fan, storable
from huntaze_backend.areas.fans.tables import NotePastRow, NoteRow
from huntaze_backend.areas.fans.verdicts import APPLIED, Verdict
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.changes import record, versions
from huntaze_backend.core.clock import now
from huntaze_backend.core.errors import ConflictError, NotFoundError
from huntaze_backend.core.pages import micros, read_cursor, write_cursor
from huntaze_contract.ids import new_id
from huntaze_contract.wire import FieldError, NewNote, Note, NoteEdit, NoteVersion, Page, ProblemCode

__all__ = [
    "RESTORABLE",
    "add_note",
    "delete_note",
    "edit_if_current",
    "edit_note",
    "forget_deleted",
    "get_note",
    "list_notes",
    "note_history",
    "restore_note",
]

RESTORABLE = timedelta(days=35)
"""How long a deleted note and what was written on it can be brought back; as long as tombstones live."""
_MOST_HISTORY = 200


def list_notes(session: Session, who: Principal, fan_id: str, *, cursor: str | None, limit: int) -> Page[Note]:
    """A fan's notes, the newest first."""
    require_fan(session, who, fan_id)
    at = micros(NoteRow.created_at)
    query = select(NoteRow.id, at).where(NoteRow.fan_id == fan_id, NoteRow.deleted_at.is_(None))
    if keys := read_cursor(cursor, int, str):
        query = query.where(tuple_(at, NoteRow.id) < tuple_(*keys))
    found = session.execute(query.order_by(at.desc(), NoteRow.id.desc()).limit(limit + 1)).all()
    shown = found[:limit]
    rows = load_notes(session, who.agency_id, [id_ for id_, _ in shown])
    following = write_cursor(shown[-1][1], shown[-1][0]) if len(found) > limit else None
    return Page[Note](items=[rows[id_] for id_, _ in shown], next_cursor=following)


def get_note(session: Session, who: Principal, note_id: str) -> Note:
    _check(session.get(NoteRow, note_id), who)
    return load_notes(session, who.agency_id, [note_id])[note_id]


def add_note(session: Session, who: Principal, fan_id: str, new: NewNote, *, device_id: str | None = None) -> bool:
    """Write a note; False when the same id is there already, which changes nothing."""
    fan = require_fan(session, who, fan_id)
    text = storable(new.text, "text")
    existing = session.get(NoteRow, new.id)
    if existing is not None:
        if existing.agency_id != who.agency_id or existing.fan_id != fan_id or existing.deleted_at is not None:
            raise ConflictError("A note with this id was written before.", action="Write it as a new note.")
        return False
    row = NoteRow(
        id=new.id,
        agency_id=who.agency_id,
        creator_id=fan.creator_id,
        fan_id=fan_id,
        text=text,
        author_id=who.member_id,
        author_name=who.name,
        created_at=now(session),
        device_id=device_id,
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:  # the same request twice at once, and the other one committed first
        raise ConflictError("This note is being written.", code=ProblemCode.IN_PROGRESS) from error
    _changed(session, row)
    return True


def edit_note(
    session: Session, who: Principal, note_id: str, edit: NoteEdit, *, device_id: str | None = None
) -> Verdict:
    """Replace a note's text if nobody changed it since `edit.base_ver`; else keep the edit in its history.

    `device_id` names the device of an op. Its own ops follow each other: one that was made offline on top of another
    of the same device and member names an old version, and is current all the same.
    """
    row = _check(_locked(session, note_id), who, deleted_too=True)
    text = storable(edit.text, "text")
    at = now(session)
    if row.deleted_at is not None:
        _keep(session, row, text, who.member_id, who.name, at, stood=False)
        return Verdict("superseded", row.deleter_name, None, "The note was deleted; restoring it brings this text.")
    if row.text == text:
        return APPLIED
    current = versions(session, who.agency_id, "note", [note_id]).get(note_id, 0)
    writer_id, writer_name = row.editor_id or row.author_id, row.editor_name or row.author_name
    follows = device_id is not None and (row.device_id, writer_id) == (device_id, who.member_id)
    if edit.base_ver != current and not follows:
        _keep(session, row, text, who.member_id, who.name, at, stood=False)
        return Verdict("superseded", writer_name, row.text, "The note was changed meanwhile; yours is in its history.")
    _keep(session, row, row.text, writer_id, writer_name, row.edited_at or row.created_at, stood=True)
    row.text, row.edited_at = text, at
    row.editor_id, row.editor_name, row.device_id = who.member_id, who.name, device_id
    _changed(session, row)
    return APPLIED


def edit_if_current(session: Session, who: Principal, note_id: str, edit: NoteEdit) -> None:
    """The same for a person who waits for the answer: what would lose is refused, and stays in their editor.

    Raises: ConflictError with the present text and version; NotFoundError for a deleted note.
    """
    row = _check(_locked(session, note_id), who)
    if edit_note(session, who, note_id, edit).outcome == "superseded":
        current = versions(session, who.agency_id, "note", [note_id]).get(note_id, 0)
        raise ConflictError(
            "The note was changed meanwhile.",
            action="Read both texts and save again.",
            errors=[FieldError(field="text", message=row.text), FieldError(field="base_ver", message=str(current))],
        )


def delete_note(session: Session, who: Principal, note_id: str) -> None:
    """Take a note away for everyone; deleting it again changes nothing."""
    row = _check(_locked(session, note_id), who, deleted_too=True)
    if row.deleted_at is None:
        row.deleted_at, row.deleter_name = now(session), who.name
        _changed(session, row, op="D")


def restore_note(session: Session, who: Principal, note_id: str) -> Verdict:
    """Undo a deletion; an edit that came after it is then the note's text.

    Raises: ConflictError with TOO_LATE after 35 days.
    """
    row = _check(_locked(session, note_id), who, deleted_too=True)
    if row.deleted_at is None:
        return APPLIED
    if row.deleted_at < now(session) - RESTORABLE:
        raise ConflictError("The note was deleted more than 35 days ago.", code=ProblemCode.TOO_LATE)
    latest = session.scalar(
        select(NotePastRow)
        .where(NotePastRow.note_id == note_id, NotePastRow.stood.is_(False), NotePastRow.at >= row.deleted_at)
        .order_by(NotePastRow.at.desc(), NotePastRow.id.desc())
        .limit(1)
    )
    row.deleted_at = row.deleter_name = None
    _changed(session, row)
    if latest is None:
        return APPLIED
    writer_id, writer_name = row.editor_id or row.author_id, row.editor_name or row.author_name
    _keep(session, row, row.text, writer_id, writer_name, row.edited_at or row.created_at, stood=True)
    row.text, row.edited_at = latest.text, latest.at
    row.editor_id, row.editor_name, row.device_id = latest.by_id, latest.by_name, None
    latest.stood = True
    return Verdict("merged", latest.by_name, row.text, "With the text that was written when it was deleted already.")


def note_history(session: Session, who: Principal, note_id: str) -> list[NoteVersion]:
    """What a note said before and what lost against a colleague's edit, the newest first; at most 200."""
    _check(session.get(NoteRow, note_id), who, deleted_too=True)
    rows = session.scalars(
        select(NotePastRow)
        .where(NotePastRow.note_id == note_id)
        .order_by(NotePastRow.at.desc(), NotePastRow.id.desc())
        .limit(_MOST_HISTORY)
    )
    return [NoteVersion(text=row.text, by=row.by_name, at=row.at, stood=row.stood) for row in rows]


def forget_deleted(session: Session) -> None:
    """Remove the history of notes that can no longer be restored."""
    gone = select(NoteRow.id).where(NoteRow.deleted_at < now(session) - RESTORABLE)
    session.execute(
        delete(NotePastRow).where(NotePastRow.note_id.in_(gone)).execution_options(synchronize_session=False)
    )


def _keep(session: Session, row: NoteRow, text: str, by_id: str, by_name: str, at: datetime, *, stood: bool) -> None:
    session.add(
        NotePastRow(
            id=new_id(),
            note_id=row.id,
            agency_id=row.agency_id,
            text=text,
            by_id=by_id,
            by_name=by_name,
            at=at,
            stood=stood,
        )
    )


def _locked(session: Session, note_id: str) -> NoteRow | None:
    # Locked, so that two edits of the same version cannot both find it current.
    return session.get(NoteRow, note_id, with_for_update=True)


def _check(row: NoteRow | None, who: Principal, *, deleted_too: bool = False) -> NoteRow:
    if row is None or row.agency_id != who.agency_id or not who.may_see(row.creator_id):
        raise NotFoundError("There is no such note.")
    if row.deleted_at is not None and not deleted_too:
        raise NotFoundError("This note was deleted.")
    return row


def _changed(session: Session, row: NoteRow, op: Literal["U", "D"] = "U") -> None:
    record(session, agency_id=row.agency_id, entity="note", entity_id=row.id, creator_id=row.creator_id, op=op)
