"""What the team does with fans: read them, tag them, note what matters.

Sync functions over one unit of work. Everything asks the principal first: a creator that is not theirs, or another
agency's row, looks like one that does not exist. Writers return ids: a row's `ver` is known after the commit only.
"""

import unicodedata
from typing import Literal

from sqlalchemy import ColumnElement, delete, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from huntaze_backend.areas.fans.loaders import load_fans, load_notes, load_transactions
from huntaze_backend.areas.fans.rules import MAX_TAG, MAX_TAGS, clean_tag, tag_key
from huntaze_backend.areas.fans.tables import FanRow, FanTagRow, NoteRow, TransactionRow
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.changes import record, versions
from huntaze_backend.core.clock import now
from huntaze_backend.core.errors import ConflictError, NotFoundError, ValidationProblem
from huntaze_backend.core.pages import micros, read_cursor, write_cursor
from huntaze_contract.wire import Fan, FieldError, NewNote, Note, NoteEdit, Page, ProblemCode, Transaction


def visible(who: Principal, creator: InstrumentedAttribute[str]) -> list[ColumnElement[bool]]:
    """The conditions under which the principal may see rows of a creator."""
    return [] if who.creator_ids is None else [creator.in_(sorted(who.creator_ids))]


def require_fan(session: Session, who: Principal, fan_id: str) -> FanRow:
    """The fan's row, if the principal may see it."""
    row = session.get(FanRow, fan_id)
    if row is None or row.agency_id != who.agency_id or not who.may_see(row.creator_id):
        raise NotFoundError("There is no such fan.")
    return row


def get_fan(session: Session, who: Principal, fan_id: str) -> Fan:
    require_fan(session, who, fan_id)
    return load_fans(session, who.agency_id, [fan_id])[fan_id]


def list_fans(session: Session, who: Principal, *, creator_id: str | None, cursor: str | None, limit: int) -> Page[Fan]:
    """The fans the principal may see, of one creator or of all, in the order of their ids."""
    if creator_id is not None:
        who.require_creator(creator_id)
    query = select(FanRow.id).where(FanRow.agency_id == who.agency_id, *visible(who, FanRow.creator_id))
    if creator_id is not None:
        query = query.where(FanRow.creator_id == creator_id)
    if keys := read_cursor(cursor, str):
        query = query.where(FanRow.id > keys[0])
    ids = session.scalars(query.order_by(FanRow.id).limit(limit + 1)).all()
    shown = ids[:limit]
    rows = load_fans(session, who.agency_id, shown)
    following = write_cursor(shown[-1]) if len(ids) > limit else None
    return Page[Fan](items=[rows[id_] for id_ in shown], next_cursor=following)


# --- notes --------------------------------------------------------------------------------------------------------


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


def add_note(session: Session, who: Principal, fan_id: str, new: NewNote) -> bool:
    """Write a note; False when the same id is there already, which changes nothing."""
    fan = require_fan(session, who, fan_id)
    text = _storable(new.text, "text")
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
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:  # the same request twice at once, and the other one committed first
        raise ConflictError("This note is being written.", code=ProblemCode.IN_PROGRESS) from error
    _changed_note(session, row)
    return True


def edit_note(session: Session, who: Principal, note_id: str, edit: NoteEdit) -> None:
    """Replace a note's text, if nobody changed it since `edit.base_ver`."""
    row = _check_note(_locked_note(session, note_id), who)
    text = _storable(edit.text, "text")
    current = versions(session, who.agency_id, "note", [note_id]).get(note_id, 0)
    if row.text == text:
        return
    if edit.base_ver != current:
        raise ConflictError(
            "The note was changed meanwhile.",
            action="Read both texts and save again.",
            errors=[FieldError(field="text", message=row.text), FieldError(field="base_ver", message=str(current))],
        )
    row.text = text
    row.edited_at = now(session)
    _changed_note(session, row)


def delete_note(session: Session, who: Principal, note_id: str) -> None:
    """Take a note away for everyone; deleting it again changes nothing."""
    row = _check_note(_locked_note(session, note_id), who, deleted_too=True)
    if row.deleted_at is None:
        row.deleted_at = now(session)
        _changed_note(session, row, op="D")


def get_note(session: Session, who: Principal, note_id: str) -> Note:
    _check_note(session.get(NoteRow, note_id), who)
    return load_notes(session, who.agency_id, [note_id])[note_id]


def _locked_note(session: Session, note_id: str) -> NoteRow | None:
    # Locked, so that two edits of the same version cannot both find it current.
    return session.get(NoteRow, note_id, with_for_update=True)


def _check_note(row: NoteRow | None, who: Principal, *, deleted_too: bool = False) -> NoteRow:
    if row is None or row.agency_id != who.agency_id or not who.may_see(row.creator_id):
        raise NotFoundError("There is no such note.")
    if row.deleted_at is not None and not deleted_too:
        raise NotFoundError("This note was deleted.")
    return row


def _changed_note(session: Session, row: NoteRow, op: Literal["U", "D"] = "U") -> None:
    record(session, agency_id=row.agency_id, entity="note", entity_id=row.id, creator_id=row.creator_id, op=op)


# --- tags ---------------------------------------------------------------------------------------------------------


def add_tag(session: Session, who: Principal, fan_id: str, tag: str) -> None:
    """Tag a fan. A tag the fan has already, in whatever case, stays as it was first written."""
    fan = require_fan(session, who, fan_id)
    text = clean_tag(_storable(tag, "tag"))
    if not 0 < len(text) <= MAX_TAG:
        raise ValidationProblem(f"A tag has 1 to {MAX_TAG} characters.", field="tag")
    keys = set(session.scalars(select(FanTagRow.key).where(FanTagRow.fan_id == fan_id)))
    if tag_key(text) in keys:
        return
    if len(keys) >= MAX_TAGS:
        raise ValidationProblem(f"A fan has at most {MAX_TAGS} tags.", field="tag")
    row = FanTagRow(
        fan_id=fan_id,
        key=tag_key(text),
        agency_id=who.agency_id,
        tag=text,
        added_at=now(session),
        added_by=who.member_id,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # a colleague added the same tag at the same moment: it is there, which was the wish
        return
    _changed_fan(session, fan)


def remove_tag(session: Session, who: Principal, fan_id: str, tag: str) -> None:
    """Take a tag off; one that is not there is no error."""
    fan = require_fan(session, who, fan_id)
    key = tag_key(_storable(tag, "tag"))
    gone = delete(FanTagRow).where(FanTagRow.fan_id == fan_id, FanTagRow.key == key).returning(FanTagRow.key)
    if session.scalars(gone).all():
        _changed_fan(session, fan)


def _changed_fan(session: Session, fan: FanRow) -> None:
    record(session, agency_id=fan.agency_id, entity="fan", entity_id=fan.id, creator_id=fan.creator_id)


def _storable(text: str, field: str) -> str:
    if "\x00" in text:  # PostgreSQL has no text with it
        raise ValidationProblem("A text cannot contain a NUL character.", field=field)
    return unicodedata.normalize("NFC", text)


# --- transactions -------------------------------------------------------------------------------------------------


def list_transactions(
    session: Session, who: Principal, fan_id: str, *, cursor: str | None, limit: int
) -> Page[Transaction]:
    """A fan's transactions, the newest first."""
    require_fan(session, who, fan_id)
    at = micros(TransactionRow.at)
    query = select(TransactionRow.id, at).where(TransactionRow.fan_id == fan_id)
    if keys := read_cursor(cursor, int, str):
        query = query.where(tuple_(at, TransactionRow.id) < tuple_(*keys))
    found = session.execute(query.order_by(at.desc(), TransactionRow.id.desc()).limit(limit + 1)).all()
    shown = found[:limit]
    rows = load_transactions(session, who.agency_id, [id_ for id_, _ in shown])
    following = write_cursor(shown[-1][1], shown[-1][0]) if len(found) > limit else None
    return Page[Transaction](items=[rows[id_] for id_, _ in shown], next_cursor=following)
