"""Small builders of wire rows: one agency, with defaults that are right for most tests."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from huntaze_contract import wire
from huntaze_contract.ids import new_id

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KEY = "5a" * 32


@dataclass
class Agency:
    """Makes rows with rising versions, as one server would."""

    seq: int = 0
    me: wire.Member = field(init=False)
    creator: wire.Creator = field(init=False)

    def __post_init__(self) -> None:
        self.me = wire.Member(id=new_id(), name="Iris", role=wire.Role.CHATTER, ver=self.next_seq())
        self.creator = self.new_creator("Mara Lind")

    def next_seq(self) -> int:
        self.seq += 1
        return self.seq

    def member(self, name: str) -> wire.Member:
        return wire.Member(id=new_id(), name=name, role=wire.Role.CHATTER, ver=self.next_seq())

    def new_creator(self, name: str, **more: Any) -> wire.Creator:
        values: dict[str, Any] = {
            "id": new_id(),
            "name": name,
            "username": name.split(maxsplit=1)[0].lower(),
            "platform": "sandbox",
            "timezone": "Europe/Stockholm",
            "state": wire.CreatorState.CONNECTED,
            "state_since": NOON,
            "send_limit": 10,
            "ver": self.next_seq(),
        }
        return wire.Creator(**(values | more))

    def fan(self, name: str = "Daniel Reyes", **more: Any) -> wire.Fan:
        values: dict[str, Any] = {
            "id": new_id(),
            "creator_id": self.creator.id,
            "platform_id": new_id(),
            "name": name,
            "username": name.split(maxsplit=1)[0].lower(),
            "ver": self.next_seq(),
        }
        return wire.Fan(**(values | more))

    def conversation(self, fan: wire.Fan, **more: Any) -> wire.Conversation:
        values: dict[str, Any] = {
            "id": new_id(),
            "creator_id": fan.creator_id,
            "fan_id": fan.id,
            "platform_id": fan.platform_id,
            "last_at": NOON,
            "ver": self.next_seq(),
        }
        return wire.Conversation(**(values | more))

    def message(self, conversation: wire.Conversation, text: str = "Good evening", **more: Any) -> wire.Message:
        values: dict[str, Any] = {
            "id": new_id(),
            "creator_id": conversation.creator_id,
            "conversation_id": conversation.id,
            "fan_id": conversation.fan_id,
            "direction": "in",
            "text": text,
            "at": NOON + timedelta(seconds=self.seq),
            "ver": self.next_seq(),
        }
        return wire.Message(**(values | more))

    def note(self, fan: wire.Fan, text: str, **more: Any) -> wire.Note:
        values: dict[str, Any] = {
            "id": new_id(),
            "fan_id": fan.id,
            "creator_id": fan.creator_id,
            "text": text,
            "author_id": self.me.id,
            "author_name": self.me.name,
            "created_at": NOON,
            "ver": self.next_seq(),
        }
        return wire.Note(**(values | more))


_CHANGES: dict[type[wire.WireModel], Callable[..., wire.Change]] = {
    wire.Member: wire.MemberChange,
    wire.Creator: wire.CreatorChange,
    wire.Fan: wire.FanChange,
    wire.Conversation: wire.ConversationChange,
    wire.Message: wire.MessageChange,
    wire.Note: wire.NoteChange,
    wire.Transaction: wire.TransactionChange,
    wire.ComplianceLayer: wire.ComplianceChange,
}


def changed(row: Any) -> wire.Change:
    """The change that carries a row as it is now."""
    return _CHANGES[type(row)](seq=row.ver, id=row.id, op="U", row=row)


def gone(row: Any, seq: int) -> wire.Change:
    """The change that says a row is gone."""
    return _CHANGES[type(row)](seq=seq, id=row.id, op="D")


def page(changes: list[wire.Change], seq: int, *, cursor: str | None = None, more: bool = False) -> wire.SyncPage:
    return wire.SyncPage(changes=changes, cursor=cursor or f"cursor-{seq}", seq=seq, has_more=more, server_time=NOON)


def snapshot_page(
    changes: list[wire.Change],
    seq: int,
    *,
    next_page: str | None = None,
    done: int = 0,
    total: int = 0,
    epoch: str | None = None,
) -> wire.SnapshotPage:
    return wire.SnapshotPage(
        changes=changes,
        cursor=f"cursor-{seq}",
        seq=seq,
        next_page=next_page,
        done=done,
        total=total,
        epoch=epoch,
        server_time=NOON,
    )
