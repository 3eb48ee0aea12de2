"""HTTP of the fans area: fans, notes, tags, transactions."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response, status

from huntaze_backend.areas.fans import fields, notes, service
from huntaze_backend.core.auth import Signed
from huntaze_backend.core.deps import Db
from huntaze_contract.wire import (
    Fan,
    FanFieldName,
    FieldVersion,
    NewNote,
    NewTag,
    Note,
    NoteEdit,
    NoteVersion,
    Page,
    Transaction,
)
from huntaze_contract.wire.base import Uuid

router = APIRouter(prefix="/api/v2", tags=["fans"])

Cursor = Annotated[str | None, Query(max_length=400, description="`next_cursor` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200)]
TagPath = Annotated[str, Path(min_length=1, max_length=200)]


@router.get("/fans")
async def list_fans(
    who: Signed, db: Db, creator_id: Annotated[Uuid | None, Query()] = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[Fan]:
    """The fans you may see."""
    return await db.read(
        lambda session: service.list_fans(session, who, creator_id=creator_id, cursor=cursor, limit=limit)
    )


@router.get("/fans/{fan_id}")
async def get_fan(who: Signed, db: Db, fan_id: Uuid) -> Fan:
    """One fan with totals and tags."""
    return await db.read(lambda session: service.get_fan(session, who, fan_id))


@router.get("/fans/{fan_id}/notes")
async def list_notes(who: Signed, db: Db, fan_id: Uuid, cursor: Cursor = None, limit: Limit = 50) -> Page[Note]:
    """A fan's notes, the newest first."""
    return await db.read(lambda session: notes.list_notes(session, who, fan_id, cursor=cursor, limit=limit))


@router.post(
    "/fans/{fan_id}/notes",
    status_code=status.HTTP_201_CREATED,
    responses={200: {"model": Note, "description": "A repeat: the note as it stands now."}},
)
async def add_note(who: Signed, db: Db, fan_id: Uuid, new: NewNote, response: Response) -> Note:
    """Write a note. The id is yours; the same id again changes nothing and answers 200."""
    written = await db.write(lambda session: notes.add_note(session, who, fan_id, new))
    if not written:
        response.status_code = status.HTTP_200_OK
    return await db.read(lambda session: notes.get_note(session, who, new.id))


@router.put("/notes/{note_id}")
async def edit_note(who: Signed, db: Db, note_id: Uuid, edit: NoteEdit) -> Note:
    """Change a note's text. 409 with the present text in `errors` if it was changed since `base_ver`."""
    await db.write(lambda session: notes.edit_if_current(session, who, note_id, edit))
    return await db.read(lambda session: notes.get_note(session, who, note_id))


@router.delete("/notes/{note_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_note(who: Signed, db: Db, note_id: Uuid) -> None:
    """Delete a note for everyone."""
    await db.write(lambda session: notes.delete_note(session, who, note_id))


@router.get("/notes/{note_id}/history")
async def note_history(who: Signed, db: Db, note_id: Uuid) -> list[NoteVersion]:
    """What a note said before, and edits that lost against a colleague's; the newest first."""
    return await db.read(lambda session: notes.note_history(session, who, note_id))


@router.get("/fans/{fan_id}/fields/{name}/history")
async def field_history(who: Signed, db: Db, fan_id: Uuid, name: FanFieldName) -> list[FieldVersion]:
    """What a field of a fan said before, and changes that lost against a colleague's; the newest first."""
    return await db.read(lambda session: fields.field_history(session, who, fan_id, name))


@router.post("/fans/{fan_id}/tags")
async def add_tag(who: Signed, db: Db, fan_id: Uuid, new: NewTag) -> Fan:
    """Tag a fan; a tag the fan has already changes nothing."""
    await db.write(lambda session: service.add_tag(session, who, fan_id, new.tag))
    return await db.read(lambda session: service.get_fan(session, who, fan_id))


@router.delete("/fans/{fan_id}/tags/{tag:path}")
async def remove_tag(who: Signed, db: Db, fan_id: Uuid, tag: TagPath) -> Fan:
    """Take a tag off a fan; one that is not there changes nothing."""
    await db.write(lambda session: service.remove_tag(session, who, fan_id, tag))
    return await db.read(lambda session: service.get_fan(session, who, fan_id))


@router.get("/fans/{fan_id}/transactions")
async def list_transactions(
    who: Signed, db: Db, fan_id: Uuid, cursor: Cursor = None, limit: Limit = 50
) -> Page[Transaction]:
    """What a fan paid, the newest first."""
    return await db.read(lambda session: service.list_transactions(session, who, fan_id, cursor=cursor, limit=limit))
