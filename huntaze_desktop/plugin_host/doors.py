"""What a plugin gets of the engine: the same APIs, gated by its permissions, with every live view accounted for."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from huntaze_contract.ids import Id
from huntaze_desktop.plugin_host.manifest import Permission
from huntaze_desktop.sdk import (
    ApprovalDecision,
    ApprovalPast,
    ApprovalQueue,
    ApprovalResult,
    ChangeNotice,
    ComplianceFinding,
    ComplianceRules,
    ComplianceVerdict,
    Connection,
    ConversationQuery,
    ConversationRow,
    Creator,
    Evidence,
    FanDetails,
    LiveView,
    Member,
    OutboxItem,
    PendingChange,
    PieceStream,
    Review,
    Rewrite,
    RewriteKind,
    SdkError,
    SendBudget,
    UseOutcome,
    Verdict,
)
from huntaze_desktop.sdk.context import ConversationListView, MessageWindowView

__all__ = [
    "AiDoor",
    "ApprovalsDoor",
    "ChangesDoor",
    "ComplianceDoor",
    "ConversationsDoor",
    "Doorkeeper",
    "EnginePort",
    "FansDoor",
    "MessagesDoor",
    "PermissionRefusedError",
    "TeamDoor",
]

STREAMS = 16
"""Streams of one plugin that are closed with it: more than anybody looks at."""

View = TypeVar("View", bound=LiveView[object])


class EnginePort(Protocol):
    """What the host needs of the engine; `engine.facade.Engine` fits."""

    @property
    def connection(self) -> LiveView[Connection]: ...
    @property
    def compliance(self) -> LiveView[ComplianceRules]: ...
    @property
    def me(self) -> Member: ...
    def now(self) -> datetime: ...
    def listing(self, query: ConversationQuery) -> ConversationListView: ...
    def window(self, conversation_id: Id) -> MessageWindowView: ...
    def fan(self, fan_id: Id) -> LiveView[FanDetails]: ...
    def outbox(self) -> LiveView[tuple[OutboxItem, ...]]: ...
    def creators(self) -> LiveView[tuple[Creator, ...]]: ...
    def budget(self, creator_id: Id) -> LiveView[SendBudget | None]: ...
    def row(self, conversation_id: Id) -> LiveView[ConversationRow | None]: ...
    def members(self) -> LiveView[tuple[Member, ...]]: ...
    def waiting_changes(self) -> LiveView[tuple[PendingChange, ...]]: ...
    def notices(self) -> LiveView[tuple[ChangeNotice, ...]]: ...
    def tell_viewing(self, conversation_id: Id, *, typing: bool) -> None: ...
    async def send(
        self,
        conversation_id: Id,
        text: str,
        *,
        send_at: datetime | None = None,
        undo_s: float = 0.0,
        suggestion_id: Id | None = None,
    ) -> Id: ...
    async def undo_send(self, message_id: Id) -> bool: ...
    async def retry(self, message_id: Id, *, together_with: Sequence[Id] = ()) -> None: ...
    async def cancel(self, message_id: Id) -> None: ...
    async def edit(self, message_id: Id, text: str) -> None: ...
    async def unsend(self, message_id: Id) -> None: ...
    async def review(self, message_id: Id) -> Review | None: ...
    async def findings(self, message_id: Id) -> tuple[ComplianceFinding, ...]: ...
    async def evidence(self, message_id: Id) -> Evidence: ...
    async def resolve(self, message_id: Id, verdict: Verdict, *, platform_id: str | None = None) -> None: ...
    async def draft(self, conversation_id: Id) -> str: ...
    async def save_draft(self, conversation_id: Id, text: str) -> None: ...
    async def mark_read(self, conversation_id: Id, up_to: Id) -> None: ...
    async def mark_unread(self, conversation_id: Id) -> None: ...
    async def snooze(self, conversation_id: Id, until: datetime | None) -> None: ...
    async def set_done(self, conversation_ids: Sequence[Id], *, done: bool) -> None: ...
    async def assign(self, conversation_id: Id, member_id: Id | None, *, note: str = "") -> None: ...
    async def take_over(self, conversation_id: Id) -> None: ...
    async def add_note(self, fan_id: Id, text: str) -> Id: ...
    async def edit_note(self, note_id: Id, text: str, base_ver: int) -> None: ...
    async def delete_note(self, note_id: Id) -> None: ...
    async def restore_note(self, note_id: Id) -> None: ...
    async def add_tag(self, fan_id: Id, tag: str) -> None: ...
    async def remove_tag(self, fan_id: Id, tag: str) -> None: ...
    async def set_field(self, fan_id: Id, name: str, value: str) -> None: ...
    async def dismiss_notice(self, notice_id: Id) -> None: ...
    async def restore_notice(self, notice_id: Id) -> None: ...
    def approvals(self) -> LiveView[ApprovalQueue]: ...
    async def decide_approvals(self, decisions: Sequence[ApprovalDecision]) -> tuple[ApprovalResult, ...]: ...
    async def past_approvals(self) -> tuple[ApprovalPast, ...]: ...
    def suggest(
        self, conversation_id: Id, *, based_on: Id | None = None, count: int = 3, fresh: bool = False
    ) -> PieceStream: ...
    async def rewrite(
        self,
        conversation_id: Id,
        text: str,
        kind: RewriteKind,
        *,
        tone: str | None = None,
        language: str | None = None,
    ) -> Rewrite: ...
    async def suggestion_used(
        self, suggestion_id: Id, outcome: UseOutcome, *, message_id: Id | None = None, final_text: str | None = None
    ) -> None: ...


class PermissionRefusedError(SdkError):
    """The plugin's manifest does not ask for what it tried to do."""


class Doorkeeper:
    """Knows what one plugin may do, and remembers which views it opened so that the host can close them."""

    def __init__(self, plugin_id: str, permissions: frozenset[Permission]) -> None:
        self._plugin_id = plugin_id
        self._permissions = permissions
        self._open: list[Callable[[], None]] = []
        self._streams: deque[PieceStream] = deque(maxlen=STREAMS)

    def require(self, permission: Permission) -> None:
        if permission not in self._permissions:
            raise PermissionRefusedError(
                f"{self._plugin_id} does not have the permission {permission}; its manifest must ask for it"
            )

    def own(self, view: View) -> View:
        self._open.append(view.close)
        return view

    def own_stream(self, stream: PieceStream) -> PieceStream:
        """Keep only the newest few: a stream ends by itself, and closing one that has ended is harmless."""
        self._streams.append(stream)
        return stream

    def close_all(self) -> None:
        """Close every view this plugin opened; closing twice is harmless."""
        views, self._open = self._open, []
        for close in reversed(views):
            close()
        for stream in self._streams:
            stream.close()
        self._streams.clear()


class ConversationsDoor:
    def __init__(self, engine: EnginePort, keeper: Doorkeeper) -> None:
        self._engine = engine
        self._keeper = keeper

    def listing(self, query: ConversationQuery) -> ConversationListView:
        self._keeper.require(Permission.READ_CONVERSATIONS)
        return self._keeper.own(self._engine.listing(query))

    def row(self, conversation_id: Id) -> LiveView[ConversationRow | None]:
        self._keeper.require(Permission.READ_CONVERSATIONS)
        return self._keeper.own(self._engine.row(conversation_id))

    async def mark_unread(self, conversation_id: Id) -> None:
        self._keeper.require(Permission.WRITE_CONVERSATIONS)
        await self._engine.mark_unread(conversation_id)

    async def snooze(self, conversation_id: Id, until: datetime | None) -> None:
        self._keeper.require(Permission.WRITE_CONVERSATIONS)
        await self._engine.snooze(conversation_id, until)

    async def set_done(self, conversation_ids: Sequence[Id], *, done: bool) -> None:
        self._keeper.require(Permission.WRITE_CONVERSATIONS)
        await self._engine.set_done(conversation_ids, done=done)

    async def assign(self, conversation_id: Id, member_id: Id | None, *, note: str = "") -> None:
        self._keeper.require(Permission.WRITE_CONVERSATIONS)
        await self._engine.assign(conversation_id, member_id, note=note)

    async def take_over(self, conversation_id: Id) -> None:
        self._keeper.require(Permission.WRITE_CONVERSATIONS)
        await self._engine.take_over(conversation_id)


class MessagesDoor:
    def __init__(self, engine: EnginePort, keeper: Doorkeeper) -> None:
        self._engine = engine
        self._keeper = keeper

    def window(self, conversation_id: Id) -> MessageWindowView:
        self._keeper.require(Permission.READ_CONVERSATIONS)
        return self._keeper.own(self._engine.window(conversation_id))

    async def send(
        self,
        conversation_id: Id,
        text: str,
        *,
        send_at: datetime | None = None,
        undo_s: float = 0.0,
        suggestion_id: Id | None = None,
    ) -> Id:
        self._keeper.require(Permission.SEND_MESSAGES)
        return await self._engine.send(
            conversation_id, text, send_at=send_at, undo_s=undo_s, suggestion_id=suggestion_id
        )

    async def undo_send(self, message_id: Id) -> bool:
        self._keeper.require(Permission.SEND_MESSAGES)
        return await self._engine.undo_send(message_id)

    async def edit(self, message_id: Id, text: str) -> None:
        self._keeper.require(Permission.SEND_MESSAGES)
        await self._engine.edit(message_id, text)

    async def unsend(self, message_id: Id) -> None:
        self._keeper.require(Permission.SEND_MESSAGES)
        await self._engine.unsend(message_id)

    async def review(self, message_id: Id) -> Review | None:
        self._keeper.require(Permission.READ_CONVERSATIONS)
        return await self._engine.review(message_id)

    async def findings(self, message_id: Id) -> tuple[ComplianceFinding, ...]:
        self._keeper.require(Permission.READ_CONVERSATIONS)
        return await self._engine.findings(message_id)

    async def evidence(self, message_id: Id) -> Evidence:
        self._keeper.require(Permission.READ_CONVERSATIONS)
        return await self._engine.evidence(message_id)

    async def resolve(self, message_id: Id, verdict: Verdict, *, platform_id: str | None = None) -> None:
        self._keeper.require(Permission.SEND_MESSAGES)
        await self._engine.resolve(message_id, verdict, platform_id=platform_id)

    async def retry(self, message_id: Id, *, together_with: Sequence[Id] = ()) -> None:
        self._keeper.require(Permission.SEND_MESSAGES)
        await self._engine.retry(message_id, together_with=together_with)

    async def cancel(self, message_id: Id) -> None:
        self._keeper.require(Permission.SEND_MESSAGES)
        await self._engine.cancel(message_id)

    async def mark_read(self, conversation_id: Id, up_to: Id) -> None:
        self._keeper.require(Permission.READ_CONVERSATIONS)
        await self._engine.mark_read(conversation_id, up_to)

    async def draft(self, conversation_id: Id) -> str:
        self._keeper.require(Permission.SEND_MESSAGES)
        return await self._engine.draft(conversation_id)

    async def save_draft(self, conversation_id: Id, text: str) -> None:
        self._keeper.require(Permission.SEND_MESSAGES)
        await self._engine.save_draft(conversation_id, text)

    def budget(self, creator_id: Id) -> LiveView[SendBudget | None]:
        self._keeper.require(Permission.READ_CONVERSATIONS)
        return self._keeper.own(self._engine.budget(creator_id))

    def outbox(self) -> LiveView[tuple[OutboxItem, ...]]:
        self._keeper.require(Permission.READ_CONVERSATIONS)
        return self._keeper.own(self._engine.outbox())

    def tell_viewing(self, conversation_id: Id, *, typing: bool) -> None:
        self._keeper.require(Permission.READ_CONVERSATIONS)
        self._engine.tell_viewing(conversation_id, typing=typing)


class FansDoor:
    def __init__(self, engine: EnginePort, keeper: Doorkeeper) -> None:
        self._engine = engine
        self._keeper = keeper

    def details(self, fan_id: Id) -> LiveView[FanDetails]:
        self._keeper.require(Permission.READ_FANS)
        return self._keeper.own(self._engine.fan(fan_id))

    async def add_note(self, fan_id: Id, text: str) -> Id:
        self._keeper.require(Permission.WRITE_FANS)
        return await self._engine.add_note(fan_id, text)

    async def edit_note(self, note_id: Id, text: str, base_ver: int) -> None:
        self._keeper.require(Permission.WRITE_FANS)
        await self._engine.edit_note(note_id, text, base_ver)

    async def delete_note(self, note_id: Id) -> None:
        self._keeper.require(Permission.WRITE_FANS)
        await self._engine.delete_note(note_id)

    async def restore_note(self, note_id: Id) -> None:
        self._keeper.require(Permission.WRITE_FANS)
        await self._engine.restore_note(note_id)

    async def set_field(self, fan_id: Id, name: str, value: str) -> None:
        self._keeper.require(Permission.WRITE_FANS)
        await self._engine.set_field(fan_id, name, value)

    async def add_tag(self, fan_id: Id, tag: str) -> None:
        self._keeper.require(Permission.WRITE_FANS)
        await self._engine.add_tag(fan_id, tag)

    async def remove_tag(self, fan_id: Id, tag: str) -> None:
        self._keeper.require(Permission.WRITE_FANS)
        await self._engine.remove_tag(fan_id, tag)


class ChangesDoor:
    """What waits, and what became of it. It tells of fans and conversations alike, so it asks for both permissions."""

    def __init__(self, engine: EnginePort, keeper: Doorkeeper) -> None:
        self._engine = engine
        self._keeper = keeper

    def waiting(self) -> LiveView[tuple[PendingChange, ...]]:
        self._require(Permission.READ_CONVERSATIONS, Permission.READ_FANS)
        return self._keeper.own(self._engine.waiting_changes())

    def notices(self) -> LiveView[tuple[ChangeNotice, ...]]:
        self._require(Permission.READ_CONVERSATIONS, Permission.READ_FANS)
        return self._keeper.own(self._engine.notices())

    async def dismiss(self, notice_id: Id) -> None:
        self._require(Permission.WRITE_CONVERSATIONS, Permission.WRITE_FANS)
        await self._engine.dismiss_notice(notice_id)

    async def restore(self, notice_id: Id) -> None:
        self._require(Permission.WRITE_CONVERSATIONS, Permission.WRITE_FANS)
        await self._engine.restore_notice(notice_id)

    def _require(self, *permissions: Permission) -> None:
        for permission in permissions:
            self._keeper.require(permission)


class ComplianceDoor:
    """Whoever may write may ask what may be written."""

    def __init__(self, engine: EnginePort, keeper: Doorkeeper) -> None:
        self._engine = engine
        self._keeper = keeper

    @property
    def rules(self) -> LiveView[ComplianceRules]:
        self._keeper.require(Permission.SEND_MESSAGES)
        return self._engine.compliance

    def check(self, text: str, creator_id: Id, price: int | None = None) -> ComplianceVerdict:
        self._keeper.require(Permission.SEND_MESSAGES)
        return self._engine.compliance.value.check(text, creator_id, price)


class ApprovalsDoor:
    def __init__(self, engine: EnginePort, keeper: Doorkeeper) -> None:
        self._engine = engine
        self._keeper = keeper

    def waiting(self) -> LiveView[ApprovalQueue]:
        self._keeper.require(Permission.DECIDE_APPROVALS)
        return self._keeper.own(self._engine.approvals())

    async def decide(self, decisions: Sequence[ApprovalDecision]) -> tuple[ApprovalResult, ...]:
        self._keeper.require(Permission.DECIDE_APPROVALS)
        return await self._engine.decide_approvals(decisions)

    async def past(self) -> tuple[ApprovalPast, ...]:
        self._keeper.require(Permission.DECIDE_APPROVALS)
        return await self._engine.past_approvals()


class AiDoor:
    def __init__(self, engine: EnginePort, keeper: Doorkeeper) -> None:
        self._engine = engine
        self._keeper = keeper

    def suggest(
        self, conversation_id: Id, *, based_on: Id | None = None, count: int = 3, fresh: bool = False
    ) -> PieceStream:
        self._keeper.require(Permission.ASSISTANT)
        stream = self._engine.suggest(conversation_id, based_on=based_on, count=count, fresh=fresh)
        return self._keeper.own_stream(stream)

    async def rewrite(
        self,
        conversation_id: Id,
        text: str,
        kind: RewriteKind,
        *,
        tone: str | None = None,
        language: str | None = None,
    ) -> Rewrite:
        self._keeper.require(Permission.ASSISTANT)
        return await self._engine.rewrite(conversation_id, text, kind, tone=tone, language=language)

    async def used(
        self, suggestion_id: Id, outcome: UseOutcome, *, message_id: Id | None = None, final_text: str | None = None
    ) -> None:
        self._keeper.require(Permission.ASSISTANT)
        await self._engine.suggestion_used(suggestion_id, outcome, message_id=message_id, final_text=final_text)


class TeamDoor:
    def __init__(self, engine: EnginePort, keeper: Doorkeeper) -> None:
        self._engine = engine
        self._keeper = keeper

    @property
    def me(self) -> Member:
        return self._engine.me

    def creators(self) -> LiveView[tuple[Creator, ...]]:
        return self._keeper.own(self._engine.creators())

    def members(self) -> LiveView[tuple[Member, ...]]:
        return self._keeper.own(self._engine.members())
