"""Drafts: what is typed is kept per conversation, a moment after the last key and whenever one leaves."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from huntaze_desktop.sdk import Context

SAVE_AFTER_MS = 400


class Drafts(QObject):
    """Keeps the draft of the open conversation in step with the editor."""

    def __init__(
        self, ctx: Context, read: Callable[[], str], write: Callable[[str], None], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._read = read
        self._write = write
        self._conversation: str | None = None
        self._saved = ""
        self._loaded = False
        self._paused = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SAVE_AFTER_MS)
        self._timer.timeout.connect(self.flush)

    def open(self, conversation_id: str | None) -> None:
        """Save the draft that is being left and load another conversation's."""
        self.flush()
        self._timer.stop()
        self._conversation = conversation_id
        self._saved, self._loaded = "", False
        self._write("")
        if conversation_id is not None:
            self._ctx.spawn(self._load(conversation_id), on_error=lambda _error: self._on_loaded(conversation_id, ""))

    async def _load(self, conversation_id: str) -> None:
        self._on_loaded(conversation_id, await self._ctx.messages.draft(conversation_id))

    def _on_loaded(self, conversation_id: str, text: str) -> None:
        if conversation_id != self._conversation or self._loaded:
            return
        self._loaded = True
        self._saved = text
        # Whoever typed before the draft arrived keeps what is typed: it is the newer text.
        if text and not self._read():
            self._write(text)

    def touched(self) -> None:
        """The text changed; it is saved when the keys rest."""
        if self._conversation is not None and not self._paused:
            self._timer.start()

    def sent(self) -> None:
        """The text went to the outbox, which removed the draft in the same transaction."""
        self._timer.stop()
        self._saved = ""
        self._loaded = True

    def flush(self) -> None:
        """Save now, if there is something new."""
        self._timer.stop()
        text = self._read()
        if self._conversation is None or self._paused or text == self._saved:
            return
        self._saved = text
        self._ctx.spawn(self._ctx.messages.save_draft(self._conversation, text), on_error=self._on_error)

    def pause(self) -> None:
        """What is in the field now is not the draft: a message that waits is being changed."""
        self.flush()
        self._paused = True

    def resume(self) -> None:
        """The field holds the draft again."""
        self._paused = False

    async def keep(self) -> None:
        """Save what is in the field and return when that is durable."""
        self._timer.stop()
        conversation, text = self._conversation, self._read()
        if conversation is not None and not self._paused and text != self._saved:
            self._saved = text
            await self._ctx.messages.save_draft(conversation, text)

    async def reload(self, conversation_id: str) -> None:
        """Show a draft that was changed elsewhere, such as by an undone Send; nothing newer is lost by it."""
        stored = await self._ctx.messages.draft(conversation_id)
        if conversation_id != self._conversation or self._paused:
            return
        newer = self._read()
        if newer.strip() and newer not in stored:
            stored = f"{stored}\n{newer}" if stored else newer
        self._loaded, self._saved = True, ""
        self._write(stored)
        self.flush()

    def give_back(self, conversation_id: str, text: str) -> None:
        """Keep a text that could not be sent as the draft of a conversation that is no longer open."""
        self._ctx.spawn(self._put_before(conversation_id, text), on_error=self._on_error)

    async def _put_before(self, conversation_id: str, text: str) -> None:
        existing = await self._ctx.messages.draft(conversation_id)
        joined = f"{text}\n{existing}" if existing else text
        await self._ctx.messages.save_draft(conversation_id, joined)

    def _on_error(self, error: Exception) -> None:
        self._ctx.shell.toast(str(error))
