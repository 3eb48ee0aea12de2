"""Ops: small changes that a person made, perhaps offline, brought to the server in the order in which they were made.

An op has an id of its own and takes effect once, for ever: a repeat answers what the first answered. Each op stands for
itself; one that is refused does not hold up those behind it, and its answer says what the person should know.
"""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from huntaze_contract.outgoing import MAX_TEXT
from huntaze_contract.wire.base import UtcTime, Uuid, WireModel
from huntaze_contract.wire.fans import FanFieldName, NewNote, NewTag, NoteEdit

Version = Annotated[int, Field(ge=0, le=2**53)]


class _Op(WireModel):
    op_id: Uuid
    at: UtcTime = Field(description="when the person did it, for display; the server's order decides")


class AddNote(_Op):
    kind: Literal["add_note"] = "add_note"
    fan_id: Uuid
    note: NewNote


class EditNote(_Op):
    kind: Literal["edit_note"] = "edit_note"
    note_id: Uuid
    edit: NoteEdit


class DeleteNote(_Op):
    kind: Literal["delete_note"] = "delete_note"
    note_id: Uuid


class RestoreNote(_Op):
    """Undo a deletion, within 35 days."""

    kind: Literal["restore_note"] = "restore_note"
    note_id: Uuid


class AddTag(_Op):
    kind: Literal["add_tag"] = "add_tag"
    fan_id: Uuid
    tag: NewTag


class RemoveTag(_Op):
    """Takes off the tag as it stood at `base_ver` of the fan: one that a colleague put on later stays (add wins)."""

    kind: Literal["remove_tag"] = "remove_tag"
    fan_id: Uuid
    tag: NewTag
    base_ver: Version


class SetField(_Op):
    """Set one field of a fan. Another field never conflicts; the same one merges or keeps the loser in its history."""

    kind: Literal["set_field"] = "set_field"
    fan_id: Uuid
    name: FanFieldName
    value: str = Field(max_length=5000)
    base_ver: Version = Field(description="the field's version that was edited; 0: there was none")
    base_value: str = Field(default="", max_length=5000, description="what it said then, for merging by lines")


class MarkReadOp(_Op):
    """Seen up to a message; also ends `marked_unread`. The furthest mark wins."""

    kind: Literal["mark_read"] = "mark_read"
    conversation_id: Uuid
    up_to: Uuid


class MarkUnread(_Op):
    kind: Literal["mark_unread"] = "mark_unread"
    conversation_id: Uuid


class Snooze(_Op):
    """Out of sight until a time, or until the fan writes; null ends it."""

    kind: Literal["snooze"] = "snooze"
    conversation_id: Uuid
    until: UtcTime | None


class SetDone(_Op):
    """Dealt with, or not. What the fan wrote after `up_to` was not dealt with: then it changes nothing."""

    kind: Literal["set_done"] = "set_done"
    conversation_id: Uuid
    done: bool
    up_to: Uuid | None = Field(default=None, description="newest message that was seen; needed for done")


class Assign(_Op):
    """Give a conversation to a member (null: to nobody), with a note for who takes it over. Compare-and-set."""

    kind: Literal["assign"] = "assign"
    conversation_id: Uuid
    member_id: Uuid | None
    base_member_id: Uuid | None = Field(description="who had it as far as the person saw")
    note: str = Field(default="", max_length=1000)


class SaveDraft(_Op):
    """What a member has begun to write, for their other computers. The latest of a conversation is kept."""

    kind: Literal["save_draft"] = "save_draft"
    conversation_id: Uuid
    text: str = Field(max_length=MAX_TEXT)

    @field_validator("text")
    @classmethod
    def _no_nul(cls, value: str) -> str:
        if "\x00" in value:
            raise ValueError("a draft cannot contain a NUL character")
        return value


Op = Annotated[
    AddNote
    | EditNote
    | DeleteNote
    | RestoreNote
    | AddTag
    | RemoveTag
    | SetField
    | MarkReadOp
    | MarkUnread
    | Snooze
    | SetDone
    | Assign
    | SaveDraft,
    Field(discriminator="kind"),
]


class OpBatch(WireModel):
    device_id: Uuid
    ops: list[Op] = Field(min_length=1, max_length=100)


class OpResult(WireModel):
    """What became of one op.

    `applied`: done. `merged`: done, together with what a colleague did meanwhile. `superseded`: a colleague's later
    change stands, this one is kept in the history. `refused`: cannot be done; `code` and `detail` say why.
    """

    op_id: Uuid
    outcome: Literal["applied", "merged", "superseded", "refused"]
    code: str | None = None
    detail: str = ""
    by: str | None = Field(default=None, description="the colleague whose change stands or was merged")
    theirs: str | None = Field(default=None, description="what stands now, where it is a text")
    replayed: bool = False


class OpResults(WireModel):
    results: list[OpResult]
    server_time: UtcTime


class Draft(WireModel):
    """A member's draft as another computer may take it up."""

    conversation_id: Uuid
    text: str
    changed_at: UtcTime


class FieldVersion(WireModel):
    """One entry of a field's history: what it said, who said it, and whether it ever stood."""

    name: FanFieldName
    value: str
    by: str
    at: UtcTime
    stood: bool


class NoteVersion(WireModel):
    """One entry of a note's history: what it said, who said it, and whether it ever stood."""

    text: str
    by: str
    at: UtcTime
    stood: bool
