"""Sync: pages of changes, the snapshot, and the frames of the event stream.

The event stream is a hint and the pull is the truth: a frame whose `prev` is not the client's `seq` means that
something was missed, and the client pulls `GET /api/v2/sync` with its cursor.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from huntaze_contract.wire.base import UtcTime, Uuid, WireModel
from huntaze_contract.wire.compliance import ComplianceLayer
from huntaze_contract.wire.conversations import Conversation, Lease, Message, SendBudget
from huntaze_contract.wire.costs import CostsFrame
from huntaze_contract.wire.fans import Fan, Note, Transaction
from huntaze_contract.wire.people import Creator, Member


class _Change(WireModel):
    """One entity as it is now (`U`, with its row) or as gone (`D`, without)."""

    seq: int
    id: Uuid
    op: Literal["U", "D"]


class MemberChange(_Change):
    entity: Literal["member"] = "member"
    row: Member | None = None


class CreatorChange(_Change):
    entity: Literal["creator"] = "creator"
    row: Creator | None = None


class FanChange(_Change):
    entity: Literal["fan"] = "fan"
    row: Fan | None = None


class ConversationChange(_Change):
    entity: Literal["conversation"] = "conversation"
    row: Conversation | None = None


class MessageChange(_Change):
    entity: Literal["message"] = "message"
    row: Message | None = None


class ComplianceChange(_Change):
    entity: Literal["compliance"] = "compliance"
    row: ComplianceLayer | None = None


class NoteChange(_Change):
    entity: Literal["note"] = "note"
    row: Note | None = None


class TransactionChange(_Change):
    entity: Literal["transaction"] = "transaction"
    row: Transaction | None = None


Change = Annotated[
    MemberChange
    | CreatorChange
    | ComplianceChange
    | FanChange
    | ConversationChange
    | MessageChange
    | NoteChange
    | TransactionChange,
    Field(discriminator="entity"),
]


class SyncPage(WireModel):
    """Changes after a cursor, in commit order; each entity at most once, in its newest form."""

    changes: list[Change]
    cursor: str
    seq: int
    has_more: bool
    server_time: UtcTime


class SnapshotPage(WireModel):
    """A part of everything the reader may see.

    Pages come in the order a first screen needs: members and creators, fans and conversations, the newest messages of
    the newest conversations, notes and transactions, the rest. `cursor` and `seq` were taken before the first page was
    read, so syncing from them after the last page misses nothing; what comes twice wins by `ver`.
    """

    changes: list[Change]
    cursor: str
    seq: int
    next_page: str | None
    done: int = Field(description="rows delivered up to and including this page")
    total: int = Field(description="rows in all, as counted at the first page")
    epoch: str | None = Field(default=None, description="another one than before: a backup was restored meanwhile")
    server_time: UtcTime


class KindDigest(WireModel):
    """What a reader may see of one entity, boiled down. Equal sets of (id, ver) have equal digests.

    A `ver` belongs to one entity of the agency only, so the set of `ver` stands for the set of rows: how many,
    their sum, and the sum of `ver * ver % 1000003`.
    """

    count: int
    sum: int
    squares: int


class SyncDigest(WireModel):
    """What a client that has synced up to exactly `seq` holds, by entity."""

    seq: int
    kinds: dict[str, KindDigest]


class PresenceKind(StrEnum):
    VIEWING = "viewing"
    TYPING = "typing"
    GONE = "gone"


class Presence(WireModel):
    kind: PresenceKind


class HelloFrame(WireModel):
    """First frame of a stream. A `seq` above the client's means: pull."""

    type: Literal["hello"] = "hello"
    cs: int
    seq: int
    api: str
    server_time: UtcTime


class ChangesFrame(WireModel):
    type: Literal["changes"] = "changes"
    cs: int = Field(description="counts the frames of this connection")
    prev: int = Field(description="the seq this subscriber was brought to before")
    seq: int
    cursor: str
    changes: list[Change]


class BudgetFrame(WireModel):
    type: Literal["budget"] = "budget"
    cs: int
    budget: SendBudget


class PresenceFrame(WireModel):
    """A colleague opened or types in a conversation; forgotten after 30 s (typing: 8 s) without a repeat."""

    type: Literal["presence"] = "presence"
    cs: int
    conversation_id: Uuid
    member_id: Uuid
    member_name: str
    kind: PresenceKind


class TypingFrame(WireModel):
    """The fan types; forgotten after 8 s."""

    type: Literal["typing"] = "typing"
    cs: int
    conversation_id: Uuid


class LeaseFrame(WireModel):
    """A reply lease was taken or given back (`lease` null). Forgotten at its `expires_at` without a repeat."""

    type: Literal["lease"] = "lease"
    cs: int
    conversation_id: Uuid
    lease: Lease | None = None


Frame = Annotated[
    HelloFrame | ChangesFrame | BudgetFrame | PresenceFrame | TypingFrame | LeaseFrame | CostsFrame,
    Field(discriminator="type"),
]

FRAME: TypeAdapter[HelloFrame | ChangesFrame | BudgetFrame | PresenceFrame | TypingFrame | LeaseFrame | CostsFrame] = (
    TypeAdapter(Frame)
)
"""Parses one frame of the event stream; a type it does not know is a validation error the reader skips."""
