"""Sending from the composer: now with a few seconds to undo it, or later; and giving back what could not be queued."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from PySide6.QtCore import QObject, QTimer

from huntaze_desktop.sdk import Context, ConversationRow, Message, SdkError, Suggestion, UseOutcome
from huntaze_desktop.ui_kit.chat.words import when_text
from huntaze_plugins.messages.composer import Composer
from huntaze_plugins.messages.drafts import Drafts
from huntaze_plugins.messages.words import first_name, tr

UNDO_S = 5.0
"""How long a message stays on this computer after Send, so that Send can be undone."""

_TOPIC = "messages.sends"
"""Of a quick hand's notices only the newest is shown."""


@dataclass(frozen=True, slots=True)
class _Sent:
    """A message that Send can still be undone of."""

    conversation_id: str
    message_id: str
    told: str
    until: datetime
    at_a_time: bool
    reopen: bool


class Sending:
    """Puts what the composer holds into the outbox. `is_open` tells whether a conversation is still the open one."""

    def __init__(self, ctx: Context, composer: Composer, drafts: Drafts, is_open: Callable[[str], bool]) -> None:
        self._ctx = ctx
        self._composer = composer
        self._drafts = drafts
        self._is_open = is_open
        self._undoable: list[_Sent] = []
        self._uses: dict[str, tuple[Suggestion, str]] = {}
        """Suggestions that became a message which can still be undone."""
        self._context = QObject(composer)

    def send(
        self, row: ConversationRow, text: str, *, done: bool = False, suggestion: Suggestion | None = None
    ) -> None:
        """Send; with `done` the conversation is dealt with as well, and one undo takes both back."""
        self._take_text()
        work = self._send(row, text, done=done, suggestion=suggestion)
        self._ctx.spawn(work, on_error=lambda error: self.failed(row.id, text, error))

    def send_beside(self, row: ConversationRow, suggestion: Suggestion) -> None:
        """Send a suggestion as it is; what stands in the field stays there and stays the draft."""
        work = self._send(row, suggestion.text, done=False, suggestion=suggestion)
        self._drafts.sent()
        self._ctx.spawn(work, on_error=lambda error: self.failed(row.id, suggestion.text, error))
        # Sending removed the draft; it is kept again right behind it.
        self._drafts.flush()

    def send_at(self, row: ConversationRow, text: str, at: datetime, *, suggestion: Suggestion | None = None) -> None:
        """Send at a time to come."""
        self._take_text()
        work = self._send_at(row, text, at, suggestion)
        self._ctx.spawn(work, on_error=lambda error: self.failed(row.id, text, error))

    def _take_text(self) -> None:
        self._drafts.sent()
        self._composer.set_text("")
        self._drafts.sent()

    async def _send(self, row: ConversationRow, text: str, *, done: bool, suggestion: Suggestion | None) -> None:
        made_of = suggestion.id if suggestion is not None else None
        message_id = await self._ctx.messages.send(row.id, text, undo_s=UNDO_S, suggestion_id=made_of)
        self._note_use(message_id, text, suggestion)
        if not done:
            self._offer_undo(tr("Message queued"), row.id, message_id)
            return
        await self._ctx.conversations.set_done([row.id], done=True)
        told = tr("Message queued, {0} is done").format(first_name(row.fan_name))
        self._offer_undo(told, row.id, message_id, reopen=not row.done)

    async def _send_at(self, row: ConversationRow, text: str, at: datetime, suggestion: Suggestion | None) -> None:
        made_of = suggestion.id if suggestion is not None else None
        message_id = await self._ctx.messages.send(row.id, text, send_at=at, undo_s=UNDO_S, suggestion_id=made_of)
        self._note_use(message_id, text, suggestion)
        told = tr("Sends {0}").format(when_text(at, self._ctx.now()))
        self._offer_undo(told, row.id, message_id, at_a_time=True)

    def _note_use(self, message_id: str, text: str, suggestion: Suggestion | None) -> None:
        """Tell what became of a suggestion, once Send can no longer be undone."""
        if suggestion is None:
            return
        self._uses[message_id] = (suggestion, text)
        QTimer.singleShot(round(UNDO_S * 1000) + 500, self._context, lambda: self._tell_use(message_id))

    def _tell_use(self, message_id: str) -> None:
        used = self._uses.pop(message_id, None)
        if used is None:
            return
        suggestion, text = used
        outcome: UseOutcome = "sent" if text == suggestion.text else "edited"
        work = self._ctx.ai.used(suggestion.id, outcome, message_id=message_id, final_text=text)
        self._ctx.spawn(work, on_error=lambda _error: None)

    def _offer_undo(
        self, told: str, conversation_id: str, message_id: str, *, at_a_time: bool = False, reopen: bool = False
    ) -> None:
        until = self._ctx.now() + timedelta(seconds=UNDO_S)
        self._undoable.append(_Sent(conversation_id, message_id, told, until, at_a_time, reopen))
        self._tell_of_latest()

    def _tell_of_latest(self) -> None:
        """One notice for all that Send can still be undone of: it undoes the latest."""
        now = self._ctx.now()
        self._undoable = [one for one in self._undoable if one.until > now]
        if not self._undoable:
            return
        latest, count = self._undoable[-1], len(self._undoable)
        told = latest.told if count == 1 or latest.at_a_time else tr("{0} messages queued").format(count)

        async def take_back() -> None:
            await self._undo(latest.conversation_id, latest.message_id, reopen=latest.reopen)

        def undo() -> None:
            self._ctx.spawn(take_back(), on_error=self.tell)

        seconds = (latest.until - now).total_seconds()
        self._ctx.shell.toast(told, action=tr("Undo"), on_action=undo, seconds=seconds, topic=_TOPIC)

    def undo(self, conversation_id: str, message_id: str) -> None:
        """Take Send back from the bubble: the text is the draft again."""

        async def undo() -> None:
            if await self._undo(conversation_id, message_id, reopen=False) and not self._undoable:
                # The notice that offered the same has nothing to offer any more.
                self._ctx.shell.toast(tr("Not sent, the text is back in the field"), topic=_TOPIC)

        self._ctx.spawn(undo(), on_error=self.tell)

    async def _undo(self, conversation_id: str, message_id: str, *, reopen: bool) -> bool:
        if self._is_open(conversation_id):
            await self._drafts.keep()
        undone = await self._ctx.messages.undo_send(message_id)
        self._undoable = [one for one in self._undoable if one.message_id != message_id]
        if not undone:
            told = tr("Too late to undo: the message has left this computer. Its menu says what can still be done.")
            self._ctx.shell.toast(told, topic=_TOPIC)
            return False
        self._uses.pop(message_id, None)
        self._tell_of_latest()
        if reopen:
            await self._ctx.conversations.set_done([conversation_id], done=False)
        await self._drafts.reload(conversation_id)
        if self._is_open(conversation_id):
            self._composer.editor.setFocus()
        return True

    def send_now(self, message: Message) -> None:
        """Send a scheduled message without waiting: it is taken off its time first, so that it goes once."""
        conversation_id, text = message.conversation_id, message.text

        async def again() -> None:
            await self._ctx.messages.send(conversation_id, text)

        async def now() -> None:
            await self._ctx.messages.cancel(message.id)
            # It is off its time: from here on its text must not be lost.
            self._ctx.spawn(again(), on_error=lambda error: self.failed(conversation_id, text, error))

        self._ctx.spawn(now(), on_error=self.tell)

    def failed(self, conversation_id: str, text: str, error: Exception) -> None:
        """Nothing was queued: the text goes back to where it was written."""
        why = error.text if isinstance(error, SdkError) else str(error)
        if self._is_open(conversation_id) and not self._composer.is_editing:
            newer = self._composer.text()
            self._composer.set_text(f"{text}\n{newer}" if newer else text)
            self._composer.set_trouble(tr("Not queued: {0} Your text is back in the field.").format(why))
        else:
            self._drafts.give_back(conversation_id, text)
            self._ctx.shell.toast(tr("Not queued: {0} The text is kept as a draft.").format(why))

    def tell(self, error: Exception) -> None:
        self._ctx.shell.toast(error.text if isinstance(error, SdkError) else str(error))
