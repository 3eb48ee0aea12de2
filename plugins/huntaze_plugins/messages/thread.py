"""The middle column: one conversation with its head, its timeline and the composer."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QHideEvent, QShowEvent
from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget

from huntaze_desktop.sdk import (
    Connection,
    Context,
    ConversationRow,
    Creator,
    FanDetails,
    LiveView,
    MessageWindow,
    MessageWindowView,
    SdkError,
    SendBudget,
)
from huntaze_desktop.ui_kit.chat import Action, ChatPeople, Timeline
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.composer import Composer
from huntaze_plugins.messages.drafts import Drafts
from huntaze_plugins.messages.header import ThreadHeader
from huntaze_plugins.messages.idle import IdlePane
from huntaze_plugins.messages.links import LinkPopover
from huntaze_plugins.messages.strip import Strip
from huntaze_plugins.messages.words import is_online, tr

READ_AFTER_MS = 1000
TYPING_RESTS_MS = 5000


class ThreadPane(QWidget):
    """Shows one conversation at a time; every view that it opens for one is closed with it."""

    answered = Signal(bool)
    """A text went to the outbox (or, empty, was skipped); whether to move on."""
    left = Signal()

    def __init__(self, ctx: Context, theme: ThemeManager, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._theme = theme
        self._row: ConversationRow | None = None
        self._creators: dict[str, Creator] = {}
        self._zone: str | None = None
        self._window: MessageWindowView | None = None
        self._budget: LiveView[SendBudget | None] | None = None
        self._marked: str | None = None
        self._types = False
        self._link: LinkPopover | None = None
        self.idle = IdlePane(theme)
        self.header = ThreadHeader(theme, ctx.now)
        self.timeline = Timeline(theme, ctx.now)
        self.timeline.view.setObjectName("messages.timeline")
        self.timeline.view.setProperty("pane", True)  # noqa: FBT003 - Qt's signature
        self.colleague = Strip(theme, in_box=False)
        self.composer = Composer(theme, ctx.now)
        self.composer.editor.setProperty("pane", True)  # noqa: FBT003 - Qt's signature
        self.drafts = Drafts(ctx, self.composer.text, self.composer.set_text, self)
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
        column.addWidget(self.colleague)
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
        self.composer.submitted.connect(self._submit)
        self.composer.edited.connect(self._on_edited)
        self.composer.left.connect(self.left)

    # what is shown

    @property
    def conversation_id(self) -> str | None:
        return self._row.id if self._row is not None else None

    def set_creators(self, creators: tuple[Creator, ...]) -> None:
        self._creators = {creator.id: creator for creator in creators}
        self._show_row()

    def set_connection(self, connection: Connection) -> None:
        self.composer.set_online(online=is_online(connection))

    def set_details(self, details: FanDetails) -> None:
        """What is known of the fan: his time zone stands in the head."""
        fan = details.fan
        if self._row is not None and fan is not None and fan.id == self._row.fan_id:
            self._zone = fan.timezone
            self._show_row()

    def show_nothing(self) -> None:
        """No conversation is open."""
        self.drafts.open(None)
        self._close()
        self._row = None
        self.timeline.clear()
        self._stack.setCurrentIndex(0)

    def open(self, row: ConversationRow) -> None:
        """Open a conversation; the draft of the one that is left is saved first."""
        if self._row is not None and row.id == self._row.id:
            self.update_row(row)
            return
        self.drafts.flush()
        self._close()
        self._row, self._zone, self._marked = row, None, None
        self._stack.setCurrentIndex(1)
        self.drafts.open(row.id)
        self._show_row()
        self._tell_typing(types=False)
        budget = self._ctx.messages.budget(row.creator_id)
        self._budget = budget
        budget.subscribe(self.composer.set_budget)
        self._open_window(row.id)

    def update_row(self, row: ConversationRow) -> None:
        """The open conversation, as the newest listing has it."""
        if self._row is not None and row.id == self._row.id:
            self._row = row
            self._show_row()
            self._maybe_read()

    def close_views(self) -> None:
        """Save the draft and let go of every view."""
        self.drafts.flush()
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
            self._maybe_read()

    def _close(self) -> None:
        self._read.stop()
        if self._window is not None:
            self._window.close()
            self._window = None
        if self._budget is not None:
            self._budget.close()
            self._budget = None

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
        self.header.who.show_row(row, creator, self._zone)
        self.composer.set_target(row, creator)
        told = tr("{0} is replying here") if row.colleague_types else tr("{0} has this conversation open")
        self.colleague.say("accent", told.format(row.colleague) if row.colleague else "")

    def _with_window(self, act: Callable[[MessageWindowView], None]) -> None:
        if self._window is not None:
            act(self._window)

    # reading and writing

    def _maybe_read(self) -> None:
        if self.isVisible() and not self._read.isActive() and self._unread_up_to() is not None:
            self._read.start()

    def _unread_up_to(self) -> str | None:
        """The newest message of the fan, where it has not been marked as read."""
        row, window = self._row, self._window
        if row is None or window is None:
            return None
        newest = next((message.id for message in reversed(window.value.rows) if not message.outgoing), None)
        return newest if newest != self._marked and (row.unread > 0 or self._marked is not None) else None

    def _mark_read(self) -> None:
        up_to = self._unread_up_to()
        if self._row is None or up_to is None or not self.isVisible() or self.window().isMinimized():
            return
        self._marked = up_to
        # A read mark that cannot be told now is told with the next one; nothing is lost by it.
        self._ctx.spawn(self._ctx.messages.mark_read(self._row.id, up_to), on_error=lambda _error: self._unmark(up_to))

    def _unmark(self, up_to: str) -> None:
        if self._marked == up_to:
            self._marked = None

    def _on_edited(self) -> None:
        self.drafts.touched()
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
        if text:
            self.drafts.sent()
            self.composer.set_text("")
            self.drafts.sent()
            self._typing.stop()
            self._tell_typing(types=False)
            self._ctx.spawn(self._send(row.id, text), on_error=lambda error: self._not_sent(row.id, text, error))
        self.answered.emit(move_on)

    async def _send(self, conversation_id: str, text: str) -> None:
        await self._ctx.messages.send(conversation_id, text)

    def _not_sent(self, conversation_id: str, text: str, error: Exception) -> None:
        why = error.text if isinstance(error, SdkError) else str(error)
        told = tr("Not queued: {0} Your text is back in the field.").format(why)
        if conversation_id == self.conversation_id:
            newer = self.composer.text()
            self.composer.set_text(f"{text}\n{newer}" if newer else text)
            self.composer.set_trouble(told)
        else:
            self.drafts.give_back(conversation_id, text)
            self._ctx.shell.toast(tr("Not queued: {0} The text is kept as a draft.").format(why))

    def _act(self, message_id: str, action: Action) -> None:
        if action in (Action.RETRY, Action.SEND_NOW):
            self._ctx.spawn(self._ctx.messages.retry(message_id), on_error=self._tell_error)
        elif action in (Action.DISCARD, Action.TAKE_BACK):
            self._ctx.spawn(self._ctx.messages.cancel(message_id), on_error=self._tell_error)
        elif self._window is not None:
            self._edit(message_id, self._window.value)

    def _edit(self, message_id: str, window: MessageWindow) -> None:
        """Take a refused text back into the field; what only this computer has of it goes."""
        message = next((row for row in window.rows if row.id == message_id), None)
        if message is None:
            return
        newer = self.composer.text()
        self.composer.set_text(f"{newer}\n{message.text}" if newer else message.text)
        self.composer.editor.setFocus()
        if message.local:
            self._ctx.spawn(self._ctx.messages.cancel(message_id), on_error=self._tell_error)

    def _tell_error(self, error: Exception) -> None:
        self._ctx.shell.toast(error.text if isinstance(error, SdkError) else str(error))

    def _ask_about_link(self, address: str) -> None:
        if self._link is None:
            self._link = LinkPopover(self._theme, self._open_link)
        self._link.ask(address, self.composer)

    def _open_link(self, address: str) -> None:
        QDesktopServices.openUrl(QUrl(address))

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
