"""The protocols that a plugin programs against; `plugin_host` implements them over the engine."""

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, TypeVar

from huntaze_contract.compliance import Finding
from huntaze_contract.compliance import Verdict as ComplianceVerdict
from huntaze_contract.ids import Id
from huntaze_desktop.model.approvals import ApprovalDecision, ApprovalPast, ApprovalQueue, ApprovalResult
from huntaze_desktop.model.assistant import Rewrite, RewriteKind, SuggestionPiece, UseOutcome
from huntaze_desktop.model.compliance import ComplianceRules
from huntaze_desktop.model.connection import Connection
from huntaze_desktop.model.entities import (
    ChangeNotice,
    ConversationRow,
    Creator,
    Evidence,
    Fan,
    Member,
    Note,
    OutboxItem,
    PendingChange,
    Purchase,
    Review,
    SendBudget,
)
from huntaze_desktop.model.listing import ConversationListing, ConversationQuery
from huntaze_desktop.model.window import MessageWindow

Value_co = TypeVar("Value_co", covariant=True)

Verdict = Literal["sent", "not_sent_send_again", "not_sent_give_up"]
"""What a person found on the platform of a message that nobody could account for."""


class LiveView(Protocol, Generic[Value_co]):
    """A value that the engine keeps up to date.

    `value` is what was last delivered. Listeners are called on the GUI thread, at most once per 16 ms, always with the
    newest value. A view that is not closed is closed by the host when its plugin is deactivated.
    """

    @property
    def value(self) -> Value_co: ...

    def subscribe(self, listener: Callable[[Any], None]) -> Callable[[], None]:
        """Call `listener(value)` now and on every change; returns the function that ends it."""
        ...

    def close(self) -> None: ...


class ConversationListView(LiveView[ConversationListing], Protocol):
    def set_query(self, query: ConversationQuery) -> None:
        """Ask something else; the answer arrives as a change. Raising `limit` loads more of the same."""
        ...


class ConversationsApi(Protocol):
    """Conversations and what the team does with them.

    Changes work offline: they are shown at once, kept on this computer and brought to the backend in the order in which
    they were made. The coroutines return when that is durable here.
    """

    def listing(self, query: ConversationQuery) -> ConversationListView: ...

    def row(self, conversation_id: Id) -> LiveView[ConversationRow | None]:
        """One conversation, whatever the list shows; None until it is read, and when it is not here."""
        ...

    async def mark_unread(self, conversation_id: Id) -> None: ...

    async def snooze(self, conversation_id: Id, until: datetime | None) -> None:
        """Out of sight until then, or until the fan writes; None ends it. Raises ValueError for a time that is past."""
        ...

    async def set_done(self, conversation_ids: Sequence[Id], *, done: bool) -> None:
        """Mark conversations as dealt with, or not; all of them in one transaction."""
        ...

    async def assign(self, conversation_id: Id, member_id: Id | None, *, note: str = "") -> None:
        """Give it to a colleague, to oneself, or to nobody; with a note it is a hand-over."""
        ...

    async def take_over(self, conversation_id: Id) -> None:
        """Take the reply lease although a colleague holds it; raises OfflineError or BackendError.

        Without a colleague the lease is taken by itself while one types (`messages.tell_viewing`).
        """
        ...


class MessageWindowView(LiveView[MessageWindow], Protocol):
    def load_older(self) -> None:
        """Load a page before the first row; without effect while one is loading or at the oldest row."""
        ...

    def load_newer(self) -> None: ...

    def jump_to_newest(self) -> None: ...


class MessagesApi(Protocol):
    """Timelines and sending. The coroutines return when the change is durable on this computer."""

    def window(self, conversation_id: Id) -> MessageWindowView: ...

    async def send(
        self,
        conversation_id: Id,
        text: str,
        *,
        send_at: datetime | None = None,
        undo_s: float = 0.0,
        suggestion_id: Id | None = None,
    ) -> Id:
        """Put a text into the outbox and remove the conversation's draft, in one transaction.

        Works offline. With `send_at` it goes at that time and not before; for `undo_s` seconds it does not leave this
        computer. `suggestion_id` says which suggestion the text was made of. Returns the id that the message keeps for
        life. Raises ValueError for a text that is blank or longer than `outgoing.MAX_TEXT`, and for a time that is past
        or more than a year ahead.
        """
        ...

    async def undo_send(self, message_id: Id) -> bool:
        """Take back a message that has not left this computer and make it the draft again; False if it is too late."""
        ...

    async def retry(self, message_id: Id, *, together_with: Sequence[Id] = ()) -> None:
        """Send a failed, expired or overtaken message again; raises OfflineError or BackendError.

        For an overtaken one this is a person's yes to what was missed, also for the messages `together_with` it that
        wait behind it in its conversation: they are not asked about again because of that.
        """
        ...

    async def cancel(self, message_id: Id) -> None:
        """Take back a message that is not yet on its way, or discard one that failed."""
        ...

    async def edit(self, message_id: Id, text: str) -> None:
        """Change the text of a message whose `editable` is true.

        Here at once; for one that the backend has, raises OfflineError, or BackendError when it is too late.
        """
        ...

    async def unsend(self, message_id: Id) -> None:
        """Take a delivered message back from the platform, within 24 h; raises OfflineError or BackendError."""
        ...

    async def review(self, message_id: Id) -> Review | None:
        """Why an expired or overtaken message waits, and what its author missed; None when it no longer does."""
        ...

    async def findings(self, message_id: Id) -> tuple[Finding, ...]:
        """What the backend's rules minded about a message that it rejected for them, and where in its text."""
        ...

    async def evidence(self, message_id: Id) -> Evidence:
        """What can be known now of a message in `needs_human`; lists the platform, so it takes a second or two."""
        ...

    async def resolve(self, message_id: Id, verdict: Verdict, *, platform_id: str | None = None) -> None:
        """Say what became of a message in `needs_human`; raises OfflineError or BackendError."""
        ...

    async def mark_read(self, conversation_id: Id, up_to: Id) -> None: ...

    async def draft(self, conversation_id: Id) -> str: ...

    async def save_draft(self, conversation_id: Id, text: str) -> None: ...

    def budget(self, creator_id: Id) -> LiveView[SendBudget | None]:
        """What the account may still send in the current 60 s; None until the backend told."""
        ...

    def outbox(self) -> LiveView[tuple[OutboxItem, ...]]: ...

    def tell_viewing(self, conversation_id: Id, *, typing: bool) -> None:
        """Let colleagues see that this conversation is open here (kept alive until another one is told)."""
        ...


@dataclass(frozen=True, slots=True)
class FanDetails:
    """The context panel of a fan. `fan` is None while nothing is loaded."""

    fan: Fan | None
    notes: tuple[Note, ...] = ()
    purchases: tuple[Purchase, ...] = ()
    """PPV messages, newest first, at most 50."""
    as_of: datetime | None = None


class FansApi(Protocol):
    """Fans and what the team knows of them. Changes work offline, like those of conversations."""

    def details(self, fan_id: Id) -> LiveView[FanDetails]: ...

    async def add_note(self, fan_id: Id, text: str) -> Id: ...

    async def edit_note(self, note_id: Id, text: str, base_ver: int) -> None: ...

    async def delete_note(self, note_id: Id) -> None: ...

    async def restore_note(self, note_id: Id) -> None:
        """Undo the deletion of a note."""
        ...

    async def add_tag(self, fan_id: Id, tag: str) -> None: ...

    async def remove_tag(self, fan_id: Id, tag: str) -> None: ...

    async def set_field(self, fan_id: Id, name: str, value: str) -> None:
        """Set `nickname`, `about` or `birthday`; raises ValueError for another name or more than 5,000 characters."""
        ...


class ChangesApi(Protocol):
    """What waits on this computer besides messages, and what did not go as its author expected."""

    def waiting(self) -> LiveView[tuple[PendingChange, ...]]: ...

    def notices(self) -> LiveView[tuple[ChangeNotice, ...]]: ...

    async def dismiss(self, notice_id: Id) -> None: ...

    async def restore(self, notice_id: Id) -> None:
        """Make the superseded text stand after all, as a new change on top of what stands now."""
        ...


class ApprovalsApi(Protocol):
    """What waits for a manager's or owner's yes, and deciding about it; chatters get BackendError."""

    def waiting(self) -> LiveView[ApprovalQueue]:
        """The oldest first, at most 100; with `trouble` it is what was last known."""
        ...

    async def decide(self, decisions: Sequence[ApprovalDecision]) -> tuple[ApprovalResult, ...]:
        """Decide about up to 100, each by itself; raises OfflineError or BackendError where nothing was decided.

        A decision counts for what its maker read: where that has changed, or the conversation went on, it is not done.
        """
        ...

    async def past(self) -> tuple[ApprovalPast, ...]:
        """The latest decisions, the newest first."""
        ...


class PieceStream(Protocol):
    """Pieces as they are written; iterate it once, on the GUI thread's loop. Errors are raised by the iteration."""

    def __aiter__(self) -> AsyncIterator[SuggestionPiece]: ...

    async def __anext__(self) -> SuggestionPiece: ...

    def close(self) -> None:
        """End it, and the request behind it, at once; may be called at any time and more than once."""
        ...


class AiApi(Protocol):
    """The assistant: it writes, a person sends. All of it needs the backend; nothing is queued.

    The coroutines raise OfflineError or BackendError; `suggest` raises them when it is iterated.
    """

    def suggest(
        self, conversation_id: Id, *, based_on: Id | None = None, count: int = 3, fresh: bool = False
    ) -> PieceStream:
        """Replies to what stands in the conversation, `count` cards filled in place.

        `based_on` is the last message that is shown; `fresh` asks for another set than the one that is known for it.
        """
        ...

    async def rewrite(
        self,
        conversation_id: Id,
        text: str,
        kind: RewriteKind,
        *,
        tone: str | None = None,
        language: str | None = None,
    ) -> Rewrite:
        """Say a text in another way, in a `tone`, or in a `language` such as `fr`."""
        ...

    async def used(
        self, suggestion_id: Id, outcome: UseOutcome, *, message_id: Id | None = None, final_text: str | None = None
    ) -> None:
        """Tell what became of a suggestion; without a line it is lost, which harms nothing."""
        ...


class TeamApi(Protocol):
    @property
    def me(self) -> Member: ...

    def creators(self) -> LiveView[tuple[Creator, ...]]: ...

    def members(self) -> LiveView[tuple[Member, ...]]:
        """Active members of the agency, by name."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the window. `build` is called once, on first opening, on the GUI thread, and returns a QWidget."""

    id: str
    title: str
    icon: str
    build: Callable[[], object]
    shortcut: str | None = None
    keys: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """What `?` lists of the page: what a key does, and its caps, such as ("Done", ("E",))."""


class PagesApi(Protocol):
    def add(self, page: Page) -> None: ...

    def set_badge(self, page_id: str, count: int) -> None: ...


class SlotsApi(Protocol):
    """Places that a page offers to other plugins, such as `messages.context_panel`."""

    def declare(self, slot: str, listener: Callable[[tuple[Any, ...]], None]) -> None:
        """Own a slot; `listener` gets all contributions now and on every change."""
        ...

    def contribute(self, slot: str, item: object) -> None: ...


@dataclass(frozen=True, slots=True)
class ContextSection:
    """A contribution to the slot `messages.context_panel`: a section under a fan's details.

    `build` is called once on the GUI thread and returns a QWidget; `show_fan` tells it whose details are shown.
    """

    title: str
    build: Callable[[], object]
    show_fan: Callable[[Id | None], None]
    icon: str = "panel-right"


class ShellApi(Protocol):
    """What a page may ask of the window around it."""

    @property
    def theme(self) -> Any:
        """The ui_kit ThemeManager."""
        ...

    @property
    def selected_creator(self) -> LiveView[Id | None]:
        """The creator chosen in the top bar; None means all."""
        ...

    @property
    def search_text(self) -> LiveView[str]:
        """What is typed in the top bar's search field."""
        ...

    def toast(
        self,
        text: str,
        *,
        action: str | None = None,
        on_action: Callable[[], None] | None = None,
        seconds: float = 8.0,
        topic: str = "",
    ) -> None:
        """Show a short notice for some seconds, with something to do about it where there is.

        A notice takes the place of an earlier one on the same `topic`, such as `messages.sends`. It stands over the
        lower left corner of the page's widget that has the dynamic property `notices`, else at the window's foot.
        """
        ...


class ComplianceApi(Protocol):
    """What the agency's rules say about a text, as the backend will judge it; works offline.

    The backend checks every text again and is the judge: what it refuses comes back as a rejected message with the
    reason COMPLIANCE_BLOCKED, or as a `BackendError` with `findings`. This is so that nobody has to wait for that.
    """

    @property
    def rules(self) -> LiveView[ComplianceRules]:
        """Changes when the rules do: check again what is shown as checked. Until `ready` nothing is found."""
        ...

    def check(self, text: str, creator_id: Id, price: int | None = None) -> ComplianceVerdict:
        """What the rules mind about a text to this creator's fans, at a price in minor units (None: not for sale).

        Pure, some 70 µs for an ordinary message: fit for every key press. One of 10,000 characters takes 10 to 100 ms:
        check long ones on another thread.

        `findings` have their place (`start`, `end`: code points, not Qt's UTF-16 units), the words, the reason in
        English and French and, with the tier `replace`, what to write instead. `text` is the text after replacements;
        the host never changes what is sent, so a page that offers the replacement writes it into its own field.
        """
        ...


class Context(Protocol):
    """Everything that a plugin may reach. The host owns and disposes of what is registered through it."""

    @property
    def plugin_id(self) -> str: ...

    @property
    def conversations(self) -> ConversationsApi: ...

    @property
    def messages(self) -> MessagesApi: ...

    @property
    def fans(self) -> FansApi: ...

    @property
    def changes(self) -> ChangesApi: ...

    @property
    def ai(self) -> AiApi: ...

    @property
    def approvals(self) -> ApprovalsApi: ...

    @property
    def team(self) -> TeamApi: ...

    @property
    def compliance(self) -> ComplianceApi: ...

    @property
    def connection(self) -> LiveView[Connection]: ...

    @property
    def pages(self) -> PagesApi: ...

    @property
    def slots(self) -> SlotsApi: ...

    @property
    def shell(self) -> ShellApi: ...

    def spawn(self, work: Coroutine[Any, Any, None], *, on_error: Callable[[Exception], None] | None = None) -> None:
        """Run a coroutine on the GUI thread's loop; the host holds the task, guards it, and cancels it at the end."""
        ...

    def now(self) -> datetime:
        """The server's time, as well as it is known here; UTC."""
        ...
