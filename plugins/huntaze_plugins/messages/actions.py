"""What a chatter does with conversations: done, snoozed, given to a colleague, put back on the pile; and the undo.

Every change is durable on this computer before a word is said about it; offline it waits and goes out by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any

from huntaze_desktop.sdk import Context, ConversationRow, Member, SdkError
from huntaze_desktop.ui_kit.chat.words import when_text
from huntaze_plugins.messages.words import first_name, tr


class ConversationActions:
    """Carries out a change and offers to undo it. Undo puts back what each conversation was before."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def toggle_done(self, rows: Sequence[ConversationRow]) -> None:
        """Mark as dealt with what is not; where all are, open them again."""
        open_ones = [row for row in rows if not row.done]
        if open_ones:
            self.set_done(open_ones, done=True)
        elif rows:
            self.set_done(rows, done=False)

    def set_done(self, rows: Sequence[ConversationRow], *, done: bool) -> None:
        ids = [row.id for row in rows]
        if not ids:
            return
        if len(rows) > 1:
            text = (
                tr("%n conversations are done", len(ids)) if done else tr("%n conversations are open again", len(ids))
            )
        else:
            text = (tr("{0} is done") if done else tr("{0} is open again")).format(first_name(rows[0].fan_name))
        api = self._ctx.conversations
        self._change(api.set_done(ids, done=done), text, lambda: api.set_done(ids, done=not done))

    def snooze(self, rows: Sequence[ConversationRow], until: datetime | None) -> None:
        """Out of sight until then; None ends it."""
        if not rows:
            return
        before = [(row.id, row.snoozed_until) for row in rows]
        if until is None:
            text = tr("{0} is back in the list").format(first_name(rows[0].fan_name))
        else:
            when = when_text(until, self._ctx.now())
            if len(rows) > 1:
                text = tr("%n conversations are snoozed until {0}", len(rows)).format(when)
            else:
                text = tr("{0} is snoozed until {1}").format(first_name(rows[0].fan_name), when)

        async def put_back() -> None:
            now = self._ctx.now()
            for conversation_id, earlier in before:
                # A snooze that has meanwhile run out cannot be set again, and need not be.
                ahead = earlier if earlier is not None and earlier > now else None
                await self._ctx.conversations.snooze(conversation_id, ahead)

        self._change(self._snooze_all([row.id for row in rows], until), text, put_back)

    async def _snooze_all(self, ids: Sequence[str], until: datetime | None) -> None:
        for conversation_id in ids:
            await self._ctx.conversations.snooze(conversation_id, until)

    def assign(self, row: ConversationRow, member: Member | None, *, note: str = "") -> None:
        """Give it to a colleague, to oneself or to nobody; with a note it is a hand-over."""
        fan = first_name(row.fan_name)
        if member is None:
            text = tr("{0} is assigned to nobody").format(fan)
        elif member.id == self._ctx.team.me.id:
            text = tr("{0} is assigned to you").format(fan)
        else:
            told = tr("{0} is handed over to {1}") if note else tr("{0} is assigned to {1}")
            text = told.format(fan, first_name(member.name))
        api = self._ctx.conversations
        member_id = member.id if member is not None else None
        self._change(
            api.assign(row.id, member_id, note=note),
            text,
            lambda: api.assign(row.id, row.assignee_id, note=row.handover_note or ""),
        )

    def mark_unread(self, row: ConversationRow) -> None:
        text = tr("{0} is marked as unread").format(first_name(row.fan_name))
        self._change(self._ctx.conversations.mark_unread(row.id), text, None)

    def tell(self, error: Exception) -> None:
        """Say that something could not be done."""
        self._ctx.shell.toast(error.text if isinstance(error, SdkError) else str(error))

    def _change(
        self,
        work: Coroutine[Any, Any, None],
        text: str,
        undo: Callable[[], Coroutine[Any, Any, None]] | None,
    ) -> None:
        async def change() -> None:
            await work
            if undo is None:
                self._ctx.shell.toast(text)
            else:
                self._ctx.shell.toast(text, action=tr("Undo"), on_action=take_back)

        def take_back() -> None:
            if undo is not None:
                self._ctx.spawn(undo(), on_error=self.tell)

        self._ctx.spawn(change(), on_error=self.tell)
