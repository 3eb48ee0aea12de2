"""In-memory data sources behind the plugin's door, for tests: they keep what they were told and answer at once."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from huntaze_desktop.sdk import (
    ChangeNotice,
    Connection,
    ConnectionState,
    ConversationListing,
    ConversationQuery,
    ConversationRow,
    Creator,
    CreatorState,
    Evidence,
    FanDetails,
    FanField,
    FilterCounts,
    Member,
    Message,
    MessageKind,
    MessageWindow,
    Note,
    Page,
    PendingChange,
    Review,
    Section,
    SectionKind,
    SendBudget,
    outgoing,
)
from tests.ui.messages.fakes_ai import FakeAi, FakeRules, drive

NOW = datetime(2026, 11, 13, 14, 36, tzinfo=UTC)
State = outgoing.State
_numbers = count(1)


class View:
    """A LiveView whose value tests set."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.closed = False
        self._listeners: list[Callable[[Any], None]] = []

    def subscribe(self, listener: Callable[[Any], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        listener(self.value)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def set(self, value: Any) -> None:
        self.value = value
        for listener in tuple(self._listeners):
            listener(value)

    def close(self) -> None:
        self.closed = True
        self._listeners.clear()


class ListView(View):
    def __init__(self, source: FakeConversations, query: ConversationQuery) -> None:
        super().__init__(ConversationListing(query))
        self._source = source
        self.query = query

    def set_query(self, query: ConversationQuery) -> None:
        self.query = query
        self._source.queries.append(query)
        self.refresh()

    def refresh(self) -> None:
        if not self._source.hold:
            self.set(self._source.answer(self.query))


class FakeConversations:
    def __init__(self, now: Callable[[], datetime]) -> None:
        self.rows: list[ConversationRow] = []
        self.queries: list[ConversationQuery] = []
        self.hold = False
        self.views: list[ListView] = []
        self.row_views: dict[str, View] = {}
        self.calls: list[tuple[Any, ...]] = []
        self.error: Exception | None = None
        self._now = now

    def listing(self, query: ConversationQuery) -> ListView:
        view = ListView(self, query)
        self.queries.append(query)
        self.views.append(view)
        view.refresh()
        return view

    def row(self, conversation_id: str) -> View:
        view = self.row_views[conversation_id] = View(self._row(conversation_id))
        return view

    def _row(self, conversation_id: str) -> ConversationRow | None:
        return next((row for row in self.rows if row.id == conversation_id), None)

    def refresh(self) -> None:
        for view in self.views:
            view.refresh()
        for conversation_id, view in self.row_views.items():
            view.set(self._row(conversation_id))

    def _call(self, *call: Any) -> None:
        if self.error is not None:
            raise self.error
        self.calls.append(call)

    async def mark_unread(self, conversation_id: str) -> None:
        self._call("unread", conversation_id)
        self.change(conversation_id, marked_unread=True)

    async def snooze(self, conversation_id: str, until: datetime | None) -> None:
        self._call("snooze", conversation_id, until)
        self.change(conversation_id, snoozed_until=until)

    async def set_done(self, conversation_ids: Sequence[str], *, done: bool) -> None:
        self._call("done", tuple(conversation_ids), done)
        self.rows = [replace(row, done=done) if row.id in conversation_ids else row for row in self.rows]
        self.refresh()

    async def assign(self, conversation_id: str, member_id: str | None, *, note: str = "") -> None:
        self._call("assign", conversation_id, member_id, note)
        name = next((one.name for one in MEMBERS if one.id == member_id), None)
        self.change(
            conversation_id,
            assignee_id=member_id,
            assignee_name=name,
            assigned_to_me=member_id == "me",
            handover_note=note or None,
            handover_by="Sofia Ortega" if note else None,
        )

    async def take_over(self, conversation_id: str) -> None:
        self._call("take_over", conversation_id)
        self.change(conversation_id, replying=None, colleague=None, colleague_types=False)

    def change(self, conversation_id: str, **fields: Any) -> None:
        self.rows = [replace(row, **fields) if row.id == conversation_id else row for row in self.rows]
        self.refresh()

    def answer(self, query: ConversationQuery) -> ConversationListing:
        late_at = self._now() - timedelta(minutes=5)
        here = [row for row in self.rows if query.creator_id in (None, row.creator_id)]
        snoozed = [row for row in here if row.snoozed_until is not None]
        mine = [row for row in here if row.snoozed_until is None]
        assigned = [row for row in mine if row.assigned_to_me]
        late = [row for row in mine if row.waiting_since and row.waiting_since < late_at and not row.done]
        vip = [row for row in mine if row.spent >= 100_000]
        unread = [row for row in mine if row.unread]
        unbought = [row for row in mine if row.last_kind is MessageKind.PPV and not row.last_bought]
        counts = FilterCounts(len(mine), len(unread), len(late), len(vip), len(unbought), len(assigned), len(snoozed))
        wanted = {
            "all": mine, "unread": unread, "late": late, "vip": vip, "unbought": unbought, "mine": assigned,
            "snoozed": snoozed,
        }[query.filter.value]  # fmt: skip
        if query.text:
            wanted = [row for row in wanted if query.text.casefold() in f"{row.fan_name} {row.last_text}".casefold()]
            return ConversationListing(
                query,
                tuple(wanted),
                (Section(SectionKind.RESULTS, len(wanted)),),
                counts,
                len(wanted),
                loading=False,
                as_of=self._now(),
            )
        groups = {
            SectionKind.LATE: sorted((r for r in wanted if r in late), key=lambda r: r.waiting_since),
            SectionKind.WAITING: sorted(
                (r for r in wanted if r.waiting_since and r not in late and not r.done), key=lambda r: r.waiting_since
            ),
            SectionKind.ANSWERED: sorted((r for r in wanted if not r.waiting_since or r.done), key=lambda r: r.last_at)[
                ::-1
            ],
        }
        rows = [row for group in groups.values() for row in group]
        sections = tuple(Section(kind, len(group)) for kind, group in groups.items())
        return ConversationListing(
            query, tuple(rows[: query.limit]), sections, counts, len(rows), loading=False, as_of=self._now()
        )


class WindowView(View):
    def __init__(self, window: MessageWindow) -> None:
        super().__init__(window)
        self.asked: list[str] = []

    def load_older(self) -> None:
        self.asked.append("older")

    def load_newer(self) -> None:
        self.asked.append("newer")

    def jump_to_newest(self) -> None:
        self.asked.append("newest")


class FakeMessages:
    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.history: dict[str, tuple[Message, ...]] = {}
        self.views: dict[str, WindowView] = {}
        self.opened: list[str] = []
        self.broken: set[str] = set()
        self.sent: list[tuple[str, str]] = []
        self.send_options: list[tuple[datetime | None, float]] = []
        self.made_of: list[str | None] = []
        self.undone: list[str] = []
        self.too_late = False
        self.edited: list[tuple[str, str]] = []
        self.unsent: list[str] = []
        self.reviews: dict[str, Review] = {}
        self.found: dict[str, tuple[Any, ...]] = {}
        self.evidence_of: dict[str, Evidence | Exception] = {}
        self.resolved: list[tuple[str, str, str | None]] = []
        self.outbox_view = View(())
        self.retried: list[str] = []
        self.cancelled: list[str] = []
        self.read: list[tuple[str, str]] = []
        self.drafts: dict[str, str] = {}
        self.saved: list[tuple[str, str]] = []
        self.viewing: list[tuple[str, bool]] = []
        self.budgets: dict[str, View] = {}
        self.error: Exception | None = None
        self.loading = False

    def window(self, conversation_id: str) -> WindowView:
        self.opened.append(conversation_id)
        if conversation_id in self.broken:
            window = MessageWindow(conversation_id, loading=False, error="CACHE_READ")
        elif self.loading:
            window = MessageWindow(conversation_id)
        else:
            window = self.window_of(conversation_id)
        view = self.views[conversation_id] = WindowView(window)
        return view

    def window_of(self, conversation_id: str) -> MessageWindow:
        rows = self.history.get(conversation_id, ())
        return MessageWindow(conversation_id, rows=rows, has_oldest=True, loading=False)

    def add(self, conversation_id: str, message: Message) -> None:
        self.history[conversation_id] = (*self.history.get(conversation_id, ()), message)
        if conversation_id in self.views:
            self.views[conversation_id].set(self.window_of(conversation_id))

    async def send(
        self,
        conversation_id: str,
        text: str,
        *,
        send_at: datetime | None = None,
        undo_s: float = 0.0,
        suggestion_id: str | None = None,
    ) -> str:
        if self.error is not None:
            raise self.error
        self.sent.append((conversation_id, text))
        self.made_of.append(suggestion_id)
        self.send_options.append((send_at, undo_s))
        self.drafts.pop(conversation_id, None)
        hold = self._now() + timedelta(seconds=undo_s) if undo_s else None
        made = message(
            conversation_id, text, at=self._now(), state=State.QUEUED_LOCAL, local=True, hold_until=hold,
            not_before=send_at,
        )  # fmt: skip
        self.add(conversation_id, made)
        return made.id

    async def undo_send(self, message_id: str) -> bool:
        if self.too_late:
            return False
        self.undone.append(message_id)
        for conversation_id, rows in list(self.history.items()):
            for one in rows:
                if one.id == message_id:
                    self.drafts[conversation_id] = one.text
                    self.remove(conversation_id, message_id)
        return True

    def remove(self, conversation_id: str, message_id: str) -> None:
        self.history[conversation_id] = tuple(one for one in self.history[conversation_id] if one.id != message_id)
        if conversation_id in self.views:
            self.views[conversation_id].set(self.window_of(conversation_id))

    async def edit(self, message_id: str, text: str) -> None:
        if self.error is not None:
            raise self.error
        self.edited.append((message_id, text))

    async def unsend(self, message_id: str) -> None:
        if self.error is not None:
            raise self.error
        self.unsent.append(message_id)

    async def findings(self, message_id: str) -> tuple[Any, ...]:
        return self.found.get(message_id, ())

    async def review(self, message_id: str) -> Review | None:
        return self.reviews.get(message_id)

    async def evidence(self, message_id: str) -> Evidence:
        found = self.evidence_of[message_id]
        if isinstance(found, Exception):
            raise found
        return found

    async def resolve(self, message_id: str, verdict: str, *, platform_id: str | None = None) -> None:
        if self.error is not None:
            raise self.error
        self.resolved.append((message_id, verdict, platform_id))

    async def retry(self, message_id: str, *, together_with: Sequence[str] = ()) -> None:
        if self.error is not None:
            raise self.error
        self.retried.extend([message_id, *together_with])

    async def cancel(self, message_id: str) -> None:
        self.cancelled.append(message_id)

    async def mark_read(self, conversation_id: str, up_to: str) -> None:
        self.read.append((conversation_id, up_to))

    async def draft(self, conversation_id: str) -> str:
        return self.drafts.get(conversation_id, "")

    async def save_draft(self, conversation_id: str, text: str) -> None:
        self.drafts[conversation_id] = text
        self.saved.append((conversation_id, text))

    def budget(self, creator_id: str) -> View:
        return self.budgets.setdefault(creator_id, View(SendBudget(creator_id, 10, 3)))

    def outbox(self) -> View:
        return self.outbox_view

    def tell_viewing(self, conversation_id: str, *, typing: bool) -> None:
        self.viewing.append((conversation_id, typing))


class FakeFans:
    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.details_of: dict[str, FanDetails] = {}
        self.views: dict[str, View] = {}
        self.calls: list[tuple[str, ...]] = []
        self.error: Exception | None = None
        self.waits = False

    def details(self, fan_id: str) -> View:
        view = self.views[fan_id] = View(self.details_of.get(fan_id, FanDetails(None)))
        return view

    def _change(self, fan_id: str, details: FanDetails) -> None:
        self.details_of[fan_id] = details
        if fan_id in self.views:
            self.views[fan_id].set(details)

    def _reach(self) -> None:
        if self.error is not None:
            raise self.error

    async def add_note(self, fan_id: str, text: str) -> str:
        self._reach()
        self.calls.append(("add_note", fan_id, text))
        before = self.details_of[fan_id]
        note = Note(f"n{next(_numbers)}", fan_id, text, "Sofia Ortega", self._now(), None, mine=True, ver=1,
            pending=self.waits)  # fmt: skip
        self._change(fan_id, replace(before, notes=(note, *before.notes)))
        return note.id

    async def edit_note(self, note_id: str, text: str, base_ver: int) -> None:
        self._reach()
        self.calls.append(("edit_note", note_id, text, str(base_ver)))

    async def delete_note(self, note_id: str) -> None:
        self._reach()
        self.calls.append(("delete_note", note_id))
        for fan_id, details in list(self.details_of.items()):
            if any(note.id == note_id for note in details.notes):
                kept = tuple(note for note in details.notes if note.id != note_id)
                self._change(fan_id, replace(details, notes=kept))

    async def restore_note(self, note_id: str) -> None:
        self.calls.append(("restore_note", note_id))

    async def set_field(self, fan_id: str, name: str, value: str) -> None:
        self._reach()
        self.calls.append(("set_field", fan_id, name, value))
        details = self.details_of[fan_id]
        assert details.fan is not None
        kept = tuple(one for one in details.fan.fields if one.name != name)
        field = FanField(name, value, 1, "Sofia Ortega", self._now(), pending=self.waits)
        self._change(fan_id, replace(details, fan=replace(details.fan, fields=(*kept, field))))

    async def add_tag(self, fan_id: str, tag: str) -> None:
        self._reach()
        self.calls.append(("add_tag", fan_id, tag))
        details = self.details_of[fan_id]
        assert details.fan is not None
        self._change(fan_id, replace(details, fan=replace(
            details.fan,
            tags=(*details.fan.tags, tag),
            pending_tags=details.fan.pending_tags | ({tag} if self.waits else set()),
        )))  # fmt: skip

    async def remove_tag(self, fan_id: str, tag: str) -> None:
        self._reach()
        self.calls.append(("remove_tag", fan_id, tag))
        details = self.details_of[fan_id]
        assert details.fan is not None
        kept = tuple(one for one in details.fan.tags if one != tag)
        self._change(fan_id, replace(details, fan=replace(details.fan, tags=kept)))


class FakeChanges:
    def __init__(self) -> None:
        self.waiting_view = View(())
        self.notices_view = View(())
        self.dismissed: list[str] = []
        self.restored: list[str] = []

    def waiting(self) -> View:
        return self.waiting_view

    def notices(self) -> View:
        return self.notices_view

    async def dismiss(self, notice_id: str) -> None:
        self.dismissed.append(notice_id)
        self._drop(notice_id)

    async def restore(self, notice_id: str) -> None:
        self.restored.append(notice_id)
        self._drop(notice_id)

    def _drop(self, notice_id: str) -> None:
        kept: tuple[ChangeNotice, ...] = self.notices_view.value
        self.notices_view.set(tuple(one for one in kept if one.id != notice_id))


MEMBERS = (Member("ana", "Ana Costa", "chatter"), Member("priya", "Priya Nair", "chatter"),
           Member("me", "Sofia Ortega", "chatter"))  # fmt: skip


class FakeTeam:
    def __init__(self) -> None:
        self.me = Member("me", "Sofia Ortega", "chatter")
        self.view = View(
            (
                creator("mara", "Mara Lind"),
                creator("nia", "Nia Brooks"),
                creator("tess", "Tess Adair"),
                creator("iris", "Iris Roux"),
            )
        )

        self.members_view = View(MEMBERS)

    def creators(self) -> View:
        return self.view

    def members(self) -> View:
        return self.members_view


class FakePages:
    def __init__(self) -> None:
        self.pages: list[Page] = []
        self.badges: list[tuple[str, int]] = []

    def add(self, page: Page) -> None:
        self.pages.append(page)

    def set_badge(self, page_id: str, count_: int) -> None:
        self.badges.append((page_id, count_))


class FakeSlots:
    def __init__(self) -> None:
        self.declared: dict[str, Callable[[tuple[Any, ...]], None]] = {}

    def declare(self, slot: str, listener: Callable[[tuple[Any, ...]], None]) -> None:
        self.declared[slot] = listener
        listener(())

    def contribute(self, slot: str, item: object) -> None:
        self.declared[slot]((item,))


class FakeShell:
    def __init__(self, theme: Any) -> None:
        self.theme = theme
        self.selected_creator = View(None)
        self.search_text = View("")
        self.toasts: list[tuple[str, str | None, Callable[[], None] | None]] = []
        self.stays: list[tuple[str, float]] = []
        """Topic and seconds of each toast."""

    def toast(
        self,
        text: str,
        *,
        action: str | None = None,
        on_action: Callable[[], None] | None = None,
        seconds: float = 8.0,
        topic: str = "",
    ) -> None:
        self.toasts.append((text, action, on_action))
        self.stays.append((topic, seconds))


class FakeContext:
    """An `sdk.Context` over the fakes; coroutines run at once, to their end or to what a test holds back."""

    plugin_id = "messages"

    def __init__(self, theme: Any) -> None:
        self.time = NOW
        self.conversations = FakeConversations(self.now)
        self.messages = FakeMessages(self.now)
        self.fans = FakeFans(self.now)
        self.changes = FakeChanges()
        self.ai = FakeAi()
        self.compliance = FakeRules()
        self.team = FakeTeam()
        self.connection = View(Connection(ConnectionState.ONLINE, NOW))
        self.pages = FakePages()
        self.slots = FakeSlots()
        self.shell = FakeShell(theme)

    def spawn(self, work: Coroutine[Any, Any, None], *, on_error: Callable[[Exception], None] | None = None) -> None:
        drive(work, on_error)

    def now(self) -> datetime:
        return self.time

    def go(self, state: ConnectionState) -> None:
        self.fans.waits = state is not ConnectionState.ONLINE
        self.connection.set(Connection(state, self.time))


def creator(id_: str, name: str, state: CreatorState = CreatorState.CONNECTED) -> Creator:
    return Creator(id_, name, name.split(maxsplit=1)[0].lower(), "onlyfans", "Europe/Berlin", state, NOW, 10)


def pending(kind: str, what: str, fan: str = "Daniel Reyes") -> PendingChange:
    return PendingChange(f"op{next(_numbers)}", kind, what, fan, NOW)


def row(name: str, *, waits: float | None = None, minutes_ago: float = 10, **fields: Any) -> ConversationRow:
    """A conversation with `name`; `waits` minutes without an answer."""
    key = name.split(maxsplit=1)[0].lower()
    values: dict[str, Any] = {
        "id": f"c-{key}",
        "creator_id": "mara",
        "fan_id": f"f-{key}",
        "fan_name": name,
        "spent": 21_000,
        "currency": "USD",
        "fan_is_new": False,
        "unread": 0,
        "waiting_since": NOW - timedelta(minutes=waits) if waits is not None else None,
        "last_at": NOW - timedelta(minutes=waits if waits is not None else minutes_ago),
        "last_text": f"Hello from {name}",
    }
    return ConversationRow(**(values | fields))


def message(conversation_id: str, text: str, *, at: datetime, **fields: Any) -> Message:
    """A message from the fan, or one of ours when it has a state."""
    own = "state" in fields
    values: dict[str, Any] = {
        "id": f"m{next(_numbers):06d}",
        "conversation_id": conversation_id,
        "direction": "out" if own else "in",
        "kind": MessageKind.TEXT,
        "text": text,
        "at": at,
    }
    if own:
        values |= {"mine": True, "author_id": "me", "author_name": "Sofia Ortega"}
    return Message(**(values | fields))
