"""Changing the text of a message that still waits, in the composer; what was being written comes back afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from huntaze_desktop.sdk import Context, Message, SdkError
from huntaze_plugins.messages.composer import Composer
from huntaze_plugins.messages.drafts import Drafts
from huntaze_plugins.messages.words import tr


class Editing:
    """Holds the message that is being changed, and the draft that waits meanwhile."""

    def __init__(self, ctx: Context, composer: Composer, drafts: Drafts) -> None:
        self._ctx = ctx
        self._composer = composer
        self._drafts = drafts
        self._message: tuple[str, str, str] | None = None
        self._then_send = False
        self._kept = ""

    @property
    def message_id(self) -> str | None:
        """The message that is being changed, if any."""
        return self._message[0] if self._message is not None else None

    def begin(self, message_id: str, conversation_id: str, text: str, *, then_send: bool = False) -> None:
        """Show its text in the composer; with `then_send` it goes once it is changed (a review's "Edit and send")."""
        if self._message is None:
            self._drafts.pause()
            self._kept = self._composer.text()
        self._message, self._then_send = (message_id, conversation_id, text), then_send
        title = tr("Editing, it goes when you send it") if then_send else tr("Editing a message that waits")
        self._composer.begin_edit(title, text, label=tr("Send") if then_send else tr("Save"))

    def cancel(self) -> None:
        """Leave the message as it is."""
        if self._message is not None:
            self._message = None
            self._composer.end_edit(self._kept)
            self._drafts.resume()
            self._kept = ""

    def save(self, text: str) -> None:
        """Keep the changed text; the field holds the draft again at once."""
        if self._message is None:
            return
        message_id, conversation_id, before = self._message
        then_send = self._then_send
        self.cancel()

        async def change() -> None:
            if text != before:
                await self._ctx.messages.edit(message_id, text)
            if then_send:
                await self._ctx.messages.retry(message_id)
            elif text != before:
                self._ctx.shell.toast(tr("Message changed"))

        self._ctx.spawn(change(), on_error=lambda error: self._failed(conversation_id, text, error))

    def _failed(self, conversation_id: str, text: str, error: Exception) -> None:
        why = error.text if isinstance(error, SdkError) else str(error)
        self._drafts.give_back(conversation_id, text)
        self._ctx.shell.toast(tr("Not changed: {0} Your text is kept as a draft.").format(why))


def last_editable(rows: Sequence[Message]) -> Message | None:
    """One's own newest message whose text may still change."""
    return next((row for row in reversed(rows) if row.mine and row.editable), None)
