"""The engine's door for other threads: live views, coroutines and a few plain calls.

Made on any thread with an open cache; `start()` brings up its own thread and loop, `stop()` takes everything down and
closes the cache. What it hands out mirrors the sdk's protocols one to one, so that plugin_host only passes it on:

- Views (`listing`, `row`, `window`, `fan`, `outbox`, `notices`, `connection`, ...) return at once with a `Live` that
  belongs to the consumer's thread, that is the one on which `deliver` runs calls. They work offline.
- Coroutines (`send`, `retry`, `add_note`, `sign_in`, ...) may be awaited on any running loop, qasync's included; they
  run on the engine's loop and raise the errors of `huntaze_desktop.sdk`, or ValueError.
- Plain calls (`set_server`, `nudge`, `tell_viewing`) return at once.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any, TypeVar

import httpx2

from huntaze_contract import wire
from huntaze_contract.compliance import Finding
from huntaze_contract.ids import Id
from huntaze_desktop.cache import Cache
from huntaze_desktop.engine.approvals import ApprovalsWatcher
from huntaze_desktop.engine.clock import ServerClock, wall_clock
from huntaze_desktop.engine.core import Core
from huntaze_desktop.engine.costs import CostsWatcher
from huntaze_desktop.engine.errors import EngineError, EngineStoppedError, for_plugins
from huntaze_desktop.engine.live import Deliver, Live, Watcher
from huntaze_desktop.engine.session import NOBODY
from huntaze_desktop.engine.streaming import Stream, Tell
from huntaze_desktop.engine.thread import EngineThread
from huntaze_desktop.engine.timing import Timing
from huntaze_desktop.engine.tokens import TokenStore
from huntaze_desktop.engine.views import (
    BudgetWatcher,
    CreatorsWatcher,
    FanWatcher,
    ListingWatcher,
    MembersWatcher,
    NoticesWatcher,
    OutboxWatcher,
    PendingWatcher,
    RowWatcher,
)
from huntaze_desktop.engine.window import WindowWatcher
from huntaze_desktop.model.approvals import ApprovalDecision, ApprovalPast, ApprovalQueue, ApprovalResult
from huntaze_desktop.model.assistant import Rewrite, RewriteKind, SuggestionPiece, UseOutcome
from huntaze_desktop.model.compliance import ComplianceRules
from huntaze_desktop.model.connection import Connection, ConnectionState
from huntaze_desktop.model.costs import AiCosts
from huntaze_desktop.model.entities import (
    ChangeNotice,
    ConversationRow,
    Creator,
    Evidence,
    Member,
    OutboxItem,
    PendingChange,
    Review,
    SendBudget,
)
from huntaze_desktop.model.listing import ConversationListing, ConversationQuery
from huntaze_desktop.model.window import MessageWindow
from huntaze_desktop.sdk import FanDetails, Verdict

T = TypeVar("T")
W = TypeVar("W", bound=Watcher[Any])


class ListingView(Live[ConversationListing]):
    """Implements the sdk's `ConversationListView`."""

    set_query_on_engine: Callable[[ConversationQuery], None]

    def set_query(self, query: ConversationQuery) -> None:
        """Ask something else; the answer arrives as a change."""
        self.set_query_on_engine(query)


class WindowView(Live[MessageWindow]):
    """Implements the sdk's `MessageWindowView`."""

    on_engine: Callable[[Callable[[WindowWatcher], None]], None]

    def load_older(self) -> None:
        self.on_engine(WindowWatcher.load_older)

    def load_newer(self) -> None:
        self.on_engine(WindowWatcher.load_newer)

    def jump_to_newest(self) -> None:
        self.on_engine(WindowWatcher.jump_to_newest)


class SharedView(Live[T]):
    """A view that all consumers share and that lives as long as the engine."""

    def close(self) -> None:
        """Without effect: the others still look at it."""


class Engine:
    """Everything below the window, behind one door."""

    def __init__(
        self,
        cache: Cache,
        tokens: TokenStore,
        deliver: Deliver,
        *,
        device_name: str = "",
        timing: Timing | None = None,
        wall: Callable[[], datetime] = wall_clock,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._cache, self._tokens, self._deliver = cache, tokens, deliver
        self._device_name = device_name
        self._timing = timing or Timing()
        self._clock = ServerClock(wall)
        self._transport = transport
        self._thread = EngineThread()
        self._core: Core | None = None
        self._connection = SharedView(Connection(ConnectionState.CONNECTING, since=wall()), deliver)
        self._compliance = SharedView(ComplianceRules(), deliver)

    # --- life -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Bring the engine up; when this returns, `me` is known and views can be opened. Waits for no network."""
        self._thread.start()
        self._thread.submit(self._start()).result()

    def stop(self) -> None:
        """Take everything down, close the cache, and wait for it. May be called more than once."""
        self._thread.stop(self._stop)

    async def call(self, work: Callable[[Core], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine function on the engine's loop and wait for its result on the caller's."""
        core = self._ready_core
        try:
            return await asyncio.wrap_future(self._thread.submit(_at_the_door(work, core)))
        except EngineStoppedError as error:
            raise for_plugins(error) from error

    # --- views ----------------------------------------------------------------------------------------------------

    @property
    def connection(self) -> Live[Connection]:
        """Whether the backend is reached, and how fresh things are; shared by all."""
        return self._connection

    @property
    def compliance(self) -> Live[ComplianceRules]:
        """The rules that outgoing texts are checked against, compiled; shared by all."""
        return self._compliance

    def listing(self, query: ConversationQuery) -> ListingView:
        """The conversation list. While `loading`, nothing has been read yet."""
        live = ListingView(ConversationListing(query), self._deliver)
        on_engine = self._open(
            live,
            lambda core: ListingWatcher(
                live, self._timing.view, core.store, core.clock, core.presence, core.leases, lambda: core.me
            ),
        )
        live.set_query_on_engine = lambda query: on_engine(lambda watcher: watcher.set_query(query))
        return live

    def row(self, conversation_id: Id) -> Live[ConversationRow | None]:
        """One conversation, whatever the list shows; None until it is read, and where it is not here."""
        live: Live[ConversationRow | None] = Live(None, self._deliver)
        self._open(
            live,
            lambda core: RowWatcher(
                live,
                self._timing.view,
                core.store,
                core.clock,
                core.presence,
                core.leases,
                conversation_id,
                lambda: core.me,
            ),
        )
        return live

    def window(self, conversation_id: Id) -> WindowView:
        """A timeline, opened at its newest end."""
        live = WindowView(MessageWindow(conversation_id), self._deliver)
        live.on_engine = self._open(
            live,
            lambda core: WindowWatcher(
                live, self._timing.view, core.store, core.presence, core.link, conversation_id, lambda: core.me
            ),
        )
        return live

    def fan(self, fan_id: Id) -> Live[FanDetails]:
        live = Live(FanDetails(None), self._deliver)
        self._open(live, lambda core: FanWatcher(live, self._timing.view, core.store, fan_id, lambda: core.me))
        return live

    def outbox(self) -> Live[tuple[OutboxItem, ...]]:
        live: Live[tuple[OutboxItem, ...]] = Live((), self._deliver)
        self._open(live, lambda core: OutboxWatcher(live, self._timing.view, core.store))
        return live

    def creators(self) -> Live[tuple[Creator, ...]]:
        live: Live[tuple[Creator, ...]] = Live((), self._deliver)
        self._open(live, lambda core: CreatorsWatcher(live, self._timing.view, core.store))
        return live

    def members(self) -> Live[tuple[Member, ...]]:
        live: Live[tuple[Member, ...]] = Live((), self._deliver)
        self._open(live, lambda core: MembersWatcher(live, self._timing.view, core.store))
        return live

    def waiting_changes(self) -> Live[tuple[PendingChange, ...]]:
        """What waits on this computer besides messages."""
        live: Live[tuple[PendingChange, ...]] = Live((), self._deliver)
        self._open(live, lambda core: PendingWatcher(live, self._timing.view, core.store))
        return live

    def notices(self) -> Live[tuple[ChangeNotice, ...]]:
        """What did not go as its author expected."""
        live: Live[tuple[ChangeNotice, ...]] = Live((), self._deliver)
        self._open(live, lambda core: NoticesWatcher(live, self._timing.view, core.store))
        return live

    def budget(self, creator_id: Id) -> Live[SendBudget | None]:
        live: Live[SendBudget | None] = Live(None, self._deliver)
        self._open(live, lambda core: BudgetWatcher(live, self._timing.view, core.budgets, creator_id))
        return live

    def approvals(self) -> Live[ApprovalQueue]:
        """What waits for a yes; for owners and managers."""
        live: Live[ApprovalQueue] = Live(ApprovalQueue(), self._deliver)
        self._open(live, lambda core: ApprovalsWatcher(live, self._timing, core.approvals))
        return live

    def costs(self) -> Live[AiCosts | None]:
        """What AI calls cost today, None until it is told; for owners and managers."""
        live: Live[AiCosts | None] = Live(None, self._deliver)
        self._open(live, lambda core: CostsWatcher(live, self._timing, core.api))
        return live

    # --- plain calls ----------------------------------------------------------------------------------------------

    @property
    def me(self) -> Member:
        """Whose profile this is; a member without an id before the first sign-in."""
        return self._core.me if self._core is not None else NOBODY

    def now(self) -> datetime:
        """The server's time, as well as it is known here."""
        return self._clock.now()

    def set_server(self, base_url: str | None) -> None:
        """Where the backend is, such as `http://127.0.0.1:8123`; None while there is none."""
        core = self._ready_core
        self._thread.submit(core.session.use_server(base_url))

    def nudge(self) -> None:
        """The window got the focus or the network came up: try now what waits."""
        self._thread.post(self._ready_core.nudge)

    def tell_viewing(self, conversation_id: Id, *, typing: bool) -> None:
        core = self._ready_core
        self._thread.post(lambda: core.tell_viewing(conversation_id, typing=typing))

    # --- who is signed in -----------------------------------------------------------------------------------------

    async def sign_in(self, email: str, password: str) -> Member:
        """Sign in to the server that was set.

        Raises BackendError (codes WRONG_CREDENTIALS, TOO_MANY_REQUESTS, OTHER_MEMBER, OTHER_MAJOR) or OfflineError.
        """
        return await self.call(lambda core: core.sign_in(email, password, self._device_name))

    async def sign_out(self) -> None:
        """End the sign-in. Removing the profile's files and key is the caller's business, after `stop`."""
        await self.call(lambda core: core.sign_out())

    # --- messages -------------------------------------------------------------------------------------------------

    async def send(
        self,
        conversation_id: Id,
        text: str,
        *,
        send_at: datetime | None = None,
        undo_s: float = 0.0,
        suggestion_id: Id | None = None,
    ) -> Id:
        return await self.call(
            lambda core: core.actions.send(conversation_id, text, send_at, undo_s, suggestion_id=suggestion_id)
        )

    async def undo_send(self, message_id: Id) -> bool:
        return await self.call(lambda core: core.actions.undo_send(message_id))

    async def retry(self, message_id: Id, *, together_with: Sequence[Id] = ()) -> None:
        await self.call(lambda core: core.actions.retry(message_id, together_with))

    async def cancel(self, message_id: Id) -> None:
        await self.call(lambda core: core.actions.cancel(message_id))

    async def edit(self, message_id: Id, text: str) -> None:
        await self.call(lambda core: core.actions.edit(message_id, text))

    async def unsend(self, message_id: Id) -> None:
        await self.call(lambda core: core.actions.unsend(message_id))

    async def review(self, message_id: Id) -> Review | None:
        return await self.call(lambda core: core.actions.review(message_id))

    async def findings(self, message_id: Id) -> tuple[Finding, ...]:
        return await self.call(lambda core: core.actions.findings(message_id))

    async def evidence(self, message_id: Id) -> Evidence:
        return await self.call(lambda core: core.actions.evidence(message_id))

    async def resolve(self, message_id: Id, verdict: Verdict, *, platform_id: str | None = None) -> None:
        resolution = wire.Resolution(verdict=verdict, platform_id=platform_id)
        await self.call(lambda core: core.actions.resolve(message_id, resolution))

    async def draft(self, conversation_id: Id) -> str:
        return await self.call(lambda core: core.actions.draft(conversation_id))

    async def save_draft(self, conversation_id: Id, text: str) -> None:
        await self.call(lambda core: core.actions.save_draft(conversation_id, text))

    # --- conversations --------------------------------------------------------------------------------------------

    async def mark_read(self, conversation_id: Id, up_to: Id) -> None:
        await self.call(lambda core: core.changes.mark_read(conversation_id, up_to))

    async def mark_unread(self, conversation_id: Id) -> None:
        await self.call(lambda core: core.changes.mark_unread(conversation_id))

    async def snooze(self, conversation_id: Id, until: datetime | None) -> None:
        await self.call(lambda core: core.changes.snooze(conversation_id, until))

    async def set_done(self, conversation_ids: Sequence[Id], *, done: bool) -> None:
        await self.call(lambda core: core.changes.set_done(conversation_ids, done=done))

    async def assign(self, conversation_id: Id, member_id: Id | None, *, note: str = "") -> None:
        await self.call(lambda core: core.changes.assign(conversation_id, member_id, note))

    async def take_over(self, conversation_id: Id) -> None:
        await self.call(lambda core: core.changes.take_over(conversation_id))

    # --- fans -----------------------------------------------------------------------------------------------------

    async def add_note(self, fan_id: Id, text: str) -> Id:
        return await self.call(lambda core: core.changes.add_note(fan_id, text))

    async def edit_note(self, note_id: Id, text: str, base_ver: int) -> None:
        await self.call(lambda core: core.changes.edit_note(note_id, text, base_ver))

    async def delete_note(self, note_id: Id) -> None:
        await self.call(lambda core: core.changes.delete_note(note_id))

    async def restore_note(self, note_id: Id) -> None:
        await self.call(lambda core: core.changes.restore_note(note_id))

    async def add_tag(self, fan_id: Id, tag: str) -> None:
        await self.call(lambda core: core.changes.add_tag(fan_id, tag))

    async def remove_tag(self, fan_id: Id, tag: str) -> None:
        await self.call(lambda core: core.changes.remove_tag(fan_id, tag))

    async def set_field(self, fan_id: Id, name: str, value: str) -> None:
        await self.call(lambda core: core.changes.set_field(fan_id, name, value))

    async def dismiss_notice(self, notice_id: Id) -> None:
        await self.call(lambda core: core.changes.dismiss(notice_id))

    async def restore_notice(self, notice_id: Id) -> None:
        await self.call(lambda core: core.changes.restore(notice_id))

    # --- the assistant --------------------------------------------------------------------------------------------

    def suggest(
        self, conversation_id: Id, *, based_on: Id | None = None, count: int = 3, fresh: bool = False
    ) -> Stream[SuggestionPiece]:
        core = self._ready_core

        async def work(tell: Tell[SuggestionPiece]) -> None:
            async def ask(core: Core) -> None:
                await core.suggestions.stream(conversation_id, based_on, count, fresh=fresh, tell=tell)

            await _at_the_door(ask, core)

        return Stream(self._thread.submit, work)

    async def rewrite(
        self,
        conversation_id: Id,
        text: str,
        kind: RewriteKind,
        *,
        tone: str | None = None,
        language: str | None = None,
    ) -> Rewrite:
        return await self.call(
            lambda core: core.suggestions.rewrite(conversation_id, text, kind, tone=tone, language=language)
        )

    async def suggestion_used(
        self, suggestion_id: Id, outcome: UseOutcome, *, message_id: Id | None = None, final_text: str | None = None
    ) -> None:
        await self.call(lambda core: core.suggestions.used(suggestion_id, outcome, message_id, final_text))

    async def decide_approvals(self, decisions: Sequence[ApprovalDecision]) -> tuple[ApprovalResult, ...]:
        return await self.call(lambda core: core.decide(tuple(decisions)))

    async def past_approvals(self) -> tuple[ApprovalPast, ...]:
        return await self.call(lambda core: core.approvals.past())

    # --- platforms ------------------------------------------------------------------------------------------------

    async def connect_platform(self, platform: str, base_url: str, api_key: str) -> wire.Connection:
        """Connect every account that a platform key opens; for owners and managers."""
        new = {"platform": platform, "base_url": base_url, "api_key": api_key}
        return await self.call(lambda core: core.backend.connect_platform(new))

    async def forget_platform(self, connection_id: Id) -> None:
        """Forget a platform key; its creators keep their history and come back when they are connected again."""
        await self.call(lambda core: core.backend.forget_platform(connection_id))

    async def platform_connections(self) -> list[wire.Connection]:
        return await self.call(lambda core: core.backend.platform_connections())

    async def platform_connection(self, connection_id: Id) -> wire.Connection:
        """A connection with how far its history has been read."""
        return await self.call(lambda core: core.backend.platform_connection(connection_id))

    # --- inside ---------------------------------------------------------------------------------------------------

    @property
    def _ready_core(self) -> Core:
        if self._core is None:
            raise RuntimeError("the engine was not started")
        return self._core

    async def _start(self) -> None:
        core = Core(
            self._cache,
            self._tokens,
            self._clock,
            self._timing,
            self._connection.push,
            self._transport,
            on_rules=self._compliance.push,
        )
        self._core = core
        await core.start()

    async def _stop(self) -> None:
        await self._ready_core.stop()

    def _open(self, live: Live[T], make: Callable[[Core], W]) -> Callable[[Callable[[W], None]], None]:
        """Start a view's watcher on the engine's loop; returns a function that runs something with it there."""
        core = self._ready_core
        opened: list[W] = []

        def open_there() -> None:
            watcher = make(core)
            opened.append(watcher)
            core.open_view(watcher)

        def close_there() -> None:
            for watcher in opened:
                core.close_view(watcher)

        def with_watcher(action: Callable[[W], None]) -> None:
            for watcher in opened:
                action(watcher)

        live.on_close(lambda: self._thread.post(close_there))
        self._thread.post(open_there)
        return lambda action: self._thread.post(lambda: with_watcher(action))


async def _at_the_door(work: Callable[[Core], Coroutine[Any, Any, T]], core: Core) -> T:
    """Run something with the engine's errors as those of the plugin's door."""
    try:
        return await work(core)
    except EngineError as error:
        raise for_plugins(error) from error
