"""The middle column: one conversation with its head, its timeline and the composer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from PySide6.QtCore import QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget

from huntaze_desktop.sdk import (
    Connection,
    Context,
    ConversationRow,
    Creator,
    FanDetails,
    LiveView,
    Message,
    MessageWindow,
    MessageWindowView,
    SdkError,
    SendBudget,
)
from huntaze_desktop.ui_kit.chat import Action, ChatPeople, Timeline
from huntaze_desktop.ui_kit.chat.delivery import can_unsend
from huntaze_desktop.ui_kit.popover import Align
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.assistant_desk import AssistantDesk
from huntaze_plugins.messages.collision import CollisionStrip, HandOverStrip
from huntaze_plugins.messages.composer import Composer
from huntaze_plugins.messages.drafts import Drafts
from huntaze_plugins.messages.editing import Editing, last_editable
from huntaze_plugins.messages.header import ThreadHeader
from huntaze_plugins.messages.idle import IdlePane
from huntaze_plugins.messages.links import LinkPopover
from huntaze_plugins.messages.resolving import Resolving
from huntaze_plugins.messages.sending import Sending
from huntaze_plugins.messages.suggestion_strip import SuggestionStrip
from huntaze_plugins.messages.time_menu import TimePicker, time_menu
from huntaze_plugins.messages.words import is_online, tr

READ_AFTER_MS = 1000
TYPING_RESTS_MS = 5000


class ThreadPane(QWidget):
    """Shows one conversation at a time; every view that it opens for one is closed with it."""

    answered = Signal(bool)
    """A text went to the outbox (or, empty, was skipped); whether to move on."""
    left = Signal()
    row_changed = Signal(object)
    """The open conversation, newer than before."""
    hand_over_wanted = Signal(str)
    """To the colleague of that name."""

    def __init__(self, ctx: Context, theme: ThemeManager, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._theme = theme
        self._row: ConversationRow | None = None
        self._creators: dict[str, Creator] = {}
        self._colleagues: dict[str, str] = {}
        self._zone: str | None = None
        self._online = True
        self._window: MessageWindowView | None = None
        self._row_view: LiveView[ConversationRow | None] | None = None
        self._budget: LiveView[SendBudget | None] | None = None
        self._marked: str | None = None
        """The newest message of the fan that was marked as read since the conversation was opened."""
        self._opened_unread = False
        self._types = False
        self._link: LinkPopover | None = None
        self.idle = IdlePane(theme)
        self.header = ThreadHeader(theme, ctx.now, ctx.team.me.id)
        self.timeline = Timeline(theme, ctx.now)
        self.timeline.view.setObjectName("messages.timeline")
        self.timeline.setProperty("notices", True)  # noqa: FBT003 - Qt's signature
        self.timeline.view.setProperty("pane", True)  # noqa: FBT003 - Qt's signature
        self.handed = HandOverStrip(theme)
        self.handed.setObjectName("messages.handed")
        self.colleague = CollisionStrip(theme)
        self.colleague.setObjectName("messages.collision")
        self.suggestions = SuggestionStrip(theme)
        self.suggestions.setProperty("pane", True)  # noqa: FBT003 - Qt's signature
        self.composer = Composer(theme, ctx.now)
        self.composer.editor.setProperty("pane", True)  # noqa: FBT003 - Qt's signature
        self.drafts = Drafts(ctx, self.composer.text, self.composer.set_text, self)
        self.sending = Sending(ctx, self.composer, self.drafts, lambda one: one == self.conversation_id)
        self.editing = Editing(ctx, self.composer, self.drafts)
        self.assistant = AssistantDesk(ctx, theme, self)
        self.resolving = Resolving(ctx, theme, self, self.editing)
        self._read = _once(self, READ_AFTER_MS, self._mark_read)
        self._typing = _once(self, TYPING_RESTS_MS, lambda: self._tell_typing(types=False))
        self._lay_out()
        self._connect()
        self.show_nothing()

    def _lay_out(self) -> None:
        thread = QWidget()
        column = QVBoxLayout(thread)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self.timeline, 1)
        column.addWidget(self.handed)
        column.addWidget(self.colleague)
        column.addWidget(self.suggestions)
        column.addWidget(self.composer)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.idle)
        self._stack.addWidget(thread)

    def _connect(self) -> None:
        view = self.timeline.view
        view.older_wanted.connect(lambda: self._with_window(lambda window: window.load_older()))
        view.newer_wanted.connect(lambda: self._with_window(lambda window: window.load_newer()))
        self.timeline.newest_wanted.connect(lambda: self._with_window(lambda window: window.jump_to_newest()))
        self.timeline.retry_wanted.connect(self._open_again)
        view.action_requested.connect(self._act)
        view.link_requested.connect(self._ask_about_link)
        composer = self.composer
        composer.submitted.connect(self._submit)
        composer.later_wanted.connect(self._ask_when)
        composer.edit_last_wanted.connect(self._edit_last)
        composer.edit_cancelled.connect(self.editing.cancel)
        composer.edited.connect(self._on_edited)
        composer.left.connect(self.left)
        self.colleague.hand_over_wanted.connect(self.hand_over_wanted)
        self.colleague.answer_wanted.connect(self._take_over)
        self.handed.seen.connect(self._note_seen)

    # what is shown

    @property
    def conversation_id(self) -> str | None:
        return self._row.id if self._row is not None else None

    @property
    def row(self) -> ConversationRow | None:
        """The open conversation as it was last told."""
        return self._row

    def set_creators(self, creators: tuple[Creator, ...]) -> None:
        self._creators = {creator.id: creator for creator in creators}
        self._show_row()

    def set_colleagues(self, ids: Mapping[str, str]) -> None:
        """Ids of the agency's members by name; a name that two have is not among them."""
        self._colleagues = self.resolving.colleagues = dict(ids)
        self._show_row()

    def set_connection(self, connection: Connection) -> None:
        self._online = is_online(connection)
        self.assistant.set_online(online=self._online)
        self.composer.set_online(online=self._online)
        self.colleague.set_online(online=self._online)
        self.timeline.view.set_offline(offline=not self._online)
        self._show_row()

    def set_details(self, details: FanDetails) -> None:
        """What is known of the fan: his time zone stands in the head."""
        fan = details.fan
        if self._row is not None and fan is not None and fan.id == self._row.fan_id:
            self._zone = fan.timezone
            self.assistant.rewriting.set_fan_language(fan.language)
            self._show_row()

    def show_nothing(self) -> None:
        """No conversation is open."""
        self.editing.cancel()
        self.drafts.open(None)
        self._close()
        self._row = None
        self.assistant.open(None)
        self.timeline.clear()
        self._stack.setCurrentIndex(0)

    def open(self, row: ConversationRow) -> None:
        """Open a conversation; the draft of the one that is left is saved first."""
        if self._row is not None and row.id == self._row.id:
            self.update_row(row)
            return
        self.editing.cancel()
        self.drafts.flush()
        self._close()
        self._row, self._zone, self._marked = row, None, None
        self._opened_unread = row.unread > 0 or row.marked_unread
        self._stack.setCurrentIndex(1)
        self.drafts.open(row.id)
        self.assistant.open(row)
        self._show_row()
        self._tell_typing(types=False)
        budget = self._ctx.messages.budget(row.creator_id)
        self._budget = budget
        budget.subscribe(self.composer.set_budget)
        self._open_window(row.id)
        view = self._ctx.conversations.row(row.id)
        self._row_view = view
        view.subscribe(self._on_row)

    def _on_row(self, row: ConversationRow | None) -> None:
        if row is not None:
            self.update_row(row)

    def update_row(self, row: ConversationRow) -> None:
        """The open conversation, as it was told last."""
        if self._row is not None and row.id == self._row.id:
            self._row = row
            self._show_row()
            self._maybe_read()
            self.row_changed.emit(row)

    def close_views(self) -> None:
        """Save the draft and let go of every view."""
        self.editing.cancel()
        self.drafts.flush()
        self.resolving.close()
        self.assistant.close()
        self._close()

    def _open_window(self, conversation_id: str) -> None:
        window = self._ctx.messages.window(conversation_id)
        self._window = window
        window.subscribe(self._on_window)

    def _open_again(self) -> None:
        if self._row is not None:
            if self._window is not None:
                self._window.close()
            self._open_window(self._row.id)

    def _on_window(self, window: MessageWindow) -> None:
        if self._row is not None and window.conversation_id == self._row.id:
            self.timeline.show_window(window)
            if not window.loading:
                self.assistant.suggesting.on_rows(window.conversation_id, window.rows)
            self._maybe_read()

    def _close(self) -> None:
        self._read.stop()
        for view in (self._window, self._row_view, self._budget):
            if view is not None:
                view.close()
        self._window = self._row_view = self._budget = None

    def _show_row(self) -> None:
        row = self._row
        if row is None:
            return
        creator = self._creators.get(row.creator_id)
        me = self._ctx.team.me
        people = ChatPeople(
            row.fan_id, row.fan_name, row.creator_id, creator.name if creator is not None else "", me.id, me.name
        )
        self.timeline.set_people(people)
        self.header.show_row(row, creator, self._zone)
        self.composer.set_target(row, creator)
        self.assistant.update_row(row)
        self.colleague.show_row(row, online=self._online, ids=self._colleagues)
        self.handed.show_row(row, self._colleagues)

    def _with_window(self, act: Callable[[MessageWindowView], None]) -> None:
        if self._window is not None:
            act(self._window)

    def _rows(self) -> tuple[Message, ...]:
        return self._window.value.rows if self._window is not None else ()

    # reading and writing

    def _maybe_read(self) -> None:
        if self.isVisible() and not self._read.isActive() and self._unread_up_to() is not None:
            self._read.start()

    def _newest_of_fan(self) -> str | None:
        return next((message.id for message in reversed(self._rows()) if not message.outgoing), None)

    def _unread_up_to(self) -> str | None:
        """The newest message of the fan, where it has not been marked as read.

        Whoever marks the open conversation as unread wants it to stay so: looking on does not take that away.
        """
        row, newest = self._row, self._newest_of_fan()
        if row is None or newest == self._marked:
            return None
        return newest if row.unread > 0 or self._opened_unread or self._marked is not None else None

    def _mark_read(self) -> None:
        up_to = self._unread_up_to()
        if up_to is not None and self.isVisible() and not self.window().isMinimized():
            self._mark(up_to)

    def _mark_answered(self) -> None:
        """Who answers has read, however quickly, and although it was marked as unread."""
        row, newest = self._row, self._newest_of_fan()
        if row is not None and newest is not None and (row.unread > 0 or row.marked_unread):
            self._mark(newest)

    def _mark(self, up_to: str) -> None:
        if self._row is not None:
            self._marked = up_to
            work = self._ctx.messages.mark_read(self._row.id, up_to)
            self._ctx.spawn(work, on_error=lambda _error: self._unmark(up_to))

    def _unmark(self, up_to: str) -> None:
        if self._marked == up_to:
            self._marked = None

    def _on_edited(self) -> None:
        self.drafts.touched()
        self.assistant.on_edited()
        if self.composer.text() and self.composer.editor.hasFocus():
            self._tell_typing(types=True)
            self._typing.start()

    def _tell_typing(self, *, types: bool) -> None:
        if self._row is not None and (types != self._types or not types):
            self._types = types
            self._ctx.messages.tell_viewing(self._row.id, typing=types)

    def _submit(self, text: str, move_on: bool) -> None:
        row = self._row
        if row is None:
            return
        if self.editing.message_id is not None:
            self.editing.save(text)
            return
        if text:
            self._rest()
            self._mark_answered()
            suggestion = self.assistant.suggesting.in_field(row.id)
            self.sending.send(row, text, done=move_on, suggestion=suggestion)
        self.answered.emit(move_on)

    def _rest(self) -> None:
        self._typing.stop()
        self._tell_typing(types=False)

    def _ask_when(self, beside: QWidget) -> None:
        """Offer good times for what is written; it stays in the field until one is chosen."""
        row = self._row
        if row is None:
            return

        def at(when: datetime) -> None:
            text = self.composer.text()
            if self.conversation_id == row.id and not self.composer.why_not() and not self.composer.is_editing:
                self._rest()
                self._mark_answered()
                suggestion = self.assistant.suggesting.in_field(row.id)
                self.sending.send_at(row, text, when, suggestion=suggestion)

        align: Align = "right" if beside is self.composer.other_ways else "left"

        def pick() -> None:
            picker = TimePicker(self._theme, tr("Send at"), self._ctx.now, at, tr("Schedule"))
            picker.setObjectName("messages.later.picker")
            picker.dismissed.connect(picker.deleteLater)
            picker.open_beside(beside, align=align, above=True)

        menu = time_menu(self._theme, tr("Send later"), self._ctx.now, at, pick, fan=row.fan_name, fan_zone=self._zone)
        menu.dismissed.connect(menu.deleteLater)
        menu.open_at(beside, align=align, above=True)

    def _edit_last(self) -> None:
        message = last_editable(self._rows())
        if message is not None:
            self.editing.begin(message.id, message.conversation_id, message.text)

    # what one does with a message

    def _act(self, message_id: str, action: Action) -> None:
        row = self._row
        message = next((one for one in self._rows() if one.id == message_id), None)
        if row is None or message is None:
            return
        if action is Action.RETRY:
            self._ctx.spawn(self._ctx.messages.retry(message_id), on_error=self.tell_error)
        elif action is Action.DISCARD:
            self._ctx.spawn(self._ctx.messages.cancel(message_id), on_error=self.tell_error)
        elif action is Action.TAKE_BACK:
            self._ctx.spawn(self._take_back(message), on_error=self.tell_error)
        elif action is Action.UNDO:
            self.sending.undo(row.id, message_id)
        elif action is Action.SEND_NOW:
            self.sending.send_now(message)
        elif action is Action.REVIEW:
            self.resolving.review(row, message, self._rows())
        elif action is Action.DECIDE:
            self.resolving.decide(row, message)
        elif action is Action.UNSEND:
            self.resolving.unsend(row, message)
        elif message.editable:
            self.editing.begin(message.id, row.id, message.text)
        else:
            self._write_anew(message)

    async def _take_back(self, message: Message) -> None:
        await self._ctx.messages.cancel(message.id)

        def again() -> None:
            if message.conversation_id == self.conversation_id and not self.composer.is_editing:
                newer = self.composer.text()
                self.composer.set_text(f"{newer}\n{message.text}" if newer else message.text)
                self.composer.editor.setFocus()
            else:
                self.drafts.give_back(message.conversation_id, message.text)

        self._ctx.shell.toast(tr("Cancelled, it will not be sent"), action=tr("Back to the field"), on_action=again)

    def _write_anew(self, message: Message) -> None:
        """Take a refused text back into the field; what only this computer has of it goes."""
        self.editing.cancel()
        refused = message.reason == "COMPLIANCE_BLOCKED"
        newer = self.composer.text()
        self.composer.set_text(f"{newer}\n{message.text}" if newer else message.text)
        self.composer.editor.setFocus()
        if refused:
            why = tr(
                "The server did not take this text: your agency’s rules do not allow it. Change it and send again."
            )
            self.composer.rules.server_refused(self.composer.text(), why)
        before = len(newer) + 1 if newer else 0
        self._ctx.spawn(self._let_go(message, self.composer.text(), before), on_error=self.tell_error)

    async def _let_go(self, message: Message, text: str, before: int) -> None:
        """Mark what the server minded, before the message that knows it goes; the field holds its text now."""
        if message.local:
            found = await self._ctx.messages.findings(message.id)
            self.composer.rules.server_found(text, found, before)
            await self._ctx.messages.cancel(message.id)

    def last_unsendable(self) -> Message | None:
        """One's own newest delivered message that can still be taken back."""
        now = self._ctx.now()
        return next((one for one in reversed(self._rows()) if one.mine and can_unsend(one, now)), None)

    def unsend(self, message: Message) -> None:
        if self._row is not None:
            self.resolving.unsend(self._row, message)

    def tell_error(self, error: Exception) -> None:
        self._ctx.shell.toast(error.text if isinstance(error, SdkError) else str(error))

    # colleagues

    def _take_over(self) -> None:
        row = self._row
        if row is None:
            return

        async def take() -> None:
            await self._ctx.conversations.take_over(row.id)
            if self.conversation_id == row.id:
                self.colleague.settled()
                self.composer.editor.setFocus()

        self._ctx.spawn(take(), on_error=self.tell_error)

    def _note_seen(self) -> None:
        """The hand-over's note has done its work: it goes, on all computers."""
        if self._row is not None:
            work = self._ctx.conversations.assign(self._row.id, self._ctx.team.me.id)
            self._ctx.spawn(work, on_error=self.tell_error)

    def _ask_about_link(self, address: str) -> None:
        if self._link is None:
            self._link = LinkPopover(self._theme, self._open_link)
        self._link.ask(address, self.composer)

    def _open_link(self, address: str) -> None:
        QDesktopServices.openUrl(QUrl(address))

    def answered_beside(self) -> None:
        """Something went to the outbox that did not stand in the field."""
        self._mark_answered()
        self.answered.emit(False)  # noqa: FBT003 - the signal's argument

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Alt with digits and letters, also from the field, which lets them pass."""
        if not self.assistant.take_key(event):
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._maybe_read()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._read.stop()


def _once(parent: QWidget, milliseconds: int, act: Callable[[], None]) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(act)
    return timer
