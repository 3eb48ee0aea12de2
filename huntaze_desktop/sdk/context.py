"""The protocols that a plugin programs against; `plugin_host` implements them over the engine."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from huntaze_contract.ids import Id
from huntaze_desktop.model.connection import Connection
from huntaze_desktop.model.entities import Creator, Fan, Member, Note, OutboxItem, Purchase, SendBudget
from huntaze_desktop.model.listing import ConversationListing, ConversationQuery
from huntaze_desktop.model.window import MessageWindow

Value_co = TypeVar("Value_co", covariant=True)


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
    def listing(self, query: ConversationQuery) -> ConversationListView: ...


class MessageWindowView(LiveView[MessageWindow], Protocol):
    def load_older(self) -> None:
        """Load a page before the first row; without effect while one is loading or at the oldest row."""
        ...

    def load_newer(self) -> None: ...

    def jump_to_newest(self) -> None: ...


class MessagesApi(Protocol):
    """Timelines and sending. The coroutines return when the change is durable on this computer."""

    def window(self, conversation_id: Id) -> MessageWindowView: ...

    async def send(self, conversation_id: Id, text: str) -> Id:
        """Put a text into the outbox and remove the conversation's draft, in one transaction.

        Works offline. Returns the id that the message keeps for life. Raises ValueError for a text that is blank or
        longer than `outgoing.MAX_TEXT`.
        """
        ...

    async def retry(self, message_id: Id) -> None:
        """Send a failed, expired or overtaken message again; raises OfflineError or BackendError."""
        ...

    async def cancel(self, message_id: Id) -> None:
        """Take back a message that is not yet on its way, or discard one that failed."""
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
    """Fans and what the team knows of them. Changes need the backend: offline they raise OfflineError."""

    def details(self, fan_id: Id) -> LiveView[FanDetails]: ...

    async def add_note(self, fan_id: Id, text: str) -> Id: ...

    async def edit_note(self, note_id: Id, text: str, base_ver: int) -> None: ...

    async def delete_note(self, note_id: Id) -> None: ...

    async def add_tag(self, fan_id: Id, tag: str) -> None: ...

    async def remove_tag(self, fan_id: Id, tag: str) -> None: ...


class TeamApi(Protocol):
    @property
    def me(self) -> Member: ...

    def creators(self) -> LiveView[tuple[Creator, ...]]: ...


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the window. `build` is called once, on first opening, on the GUI thread, and returns a QWidget."""

    id: str
    title: str
    icon: str
    build: Callable[[], object]
    shortcut: str | None = None


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

    def toast(self, text: str, *, action: str | None = None, on_action: Callable[[], None] | None = None) -> None: ...


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
    def team(self) -> TeamApi: ...

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
