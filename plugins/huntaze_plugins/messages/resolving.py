"""Opens what a message needs from a person: the review of a held one, the decision on a lost one, taking one back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtWidgets import QWidget

from huntaze_desktop.sdk import Context, ConversationRow, Message, Review, SdkError, Verdict
from huntaze_desktop.ui_kit.dialog import Dialog
from huntaze_desktop.ui_kit.labels import Paragraph
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.decide_sheet import DecideSheet
from huntaze_plugins.messages.editing import Editing
from huntaze_plugins.messages.review_row_sheet import ReviewRowSheet, behind
from huntaze_plugins.messages.review_sheet import ReviewSheet, TextBox
from huntaze_plugins.messages.words import first_name, tr


class Resolving:
    """One sheet at a time over the window of `host`."""

    def __init__(self, ctx: Context, theme: ThemeManager, host: QWidget, editing: Editing) -> None:
        self._ctx = ctx
        self._theme = theme
        self._host = host
        self._editing = editing
        self.sheet: Dialog | None = None
        self.colleagues: Mapping[str, str] = {}
        """Ids of the agency's members by name: the colours of their faces follow from them."""

    def review(self, row: ConversationRow, message: Message, rows: Sequence[Message]) -> None:
        """Show why it was held back and what its author missed; with those of `rows` that wait behind it."""

        async def look() -> None:
            review = await self._ctx.messages.review(message.id)
            if review is None:
                self._ctx.shell.toast(tr("This message no longer waits for a review."))
            else:
                following = behind(message, rows)
                if following:
                    self._show_row(row, review, following)
                else:
                    self._show_review(row, review)

        self._ctx.spawn(look(), on_error=self._tell)

    def _show_row(self, row: ConversationRow, review: Review, following: Sequence[Message]) -> None:
        async def discard() -> None:
            # The last first: what stands before it holds it back until it is gone.
            for message_id in [*(one.id for one in reversed(following)), review.message_id]:
                await self._ctx.messages.cancel(message_id)

        send_all = [one.id for one in following]
        sheet = ReviewRowSheet(
            self._theme,
            self._host.window(),
            review,
            following,
            row,
            self._ctx.now(),
            colleagues=self.colleagues,
            send=lambda: self._ctx.spawn(
                self._ctx.messages.retry(review.message_id, together_with=send_all), on_error=self._tell
            ),
            each=lambda: self._show_review(row, review),
            discard=lambda: self._ctx.spawn(discard(), on_error=self._tell),
        )
        self._hold(sheet)
        sheet.open(sheet.each)

    def _show_review(self, row: ConversationRow, review: Review) -> None:
        sheet = ReviewSheet(
            self._theme,
            self._host.window(),
            review,
            row,
            self._ctx.now(),
            colleagues=self.colleagues,
            send=lambda: self._ctx.spawn(self._ctx.messages.retry(review.message_id), on_error=self._tell),
            edit=lambda: self._editing.begin(review.message_id, row.id, review.text, then_send=True),
            discard=lambda: self._ctx.spawn(self._ctx.messages.cancel(review.message_id), on_error=self._tell),
        )
        self._hold(sheet)
        sheet.open(sheet.edit)

    def decide(self, row: ConversationRow, message: Message) -> None:
        """Show what is known of a message that may have been sent, and take a verdict."""

        def take(verdict: Verdict, platform_id: str | None) -> None:
            work = self._ctx.messages.resolve(message.id, verdict, platform_id=platform_id)
            self._ctx.spawn(work, on_error=self._tell)

        sheet = DecideSheet(
            self._theme,
            self._host.window(),
            message.text,
            row.fan_name,
            self._ctx.now,
            self._ctx.spawn,
            lambda: self._ctx.messages.evidence(message.id),
            take,
        )
        self._hold(sheet)
        sheet.begin()

    def unsend(self, row: ConversationRow, message: Message) -> None:
        """Ask before a delivered message is taken back: that cannot be undone."""
        fan = first_name(row.fan_name)
        sheet = Dialog(self._theme, self._host.window(), tr("Unsend this message?"), close_name=tr("Close"), width=440)
        sheet.setObjectName("messages.unsend")
        told = tr("It is taken back from the platform. {0} may have read it already, and it cannot be put back.")
        sheet.body.addWidget(Paragraph(self._theme, told.format(fan), role="text2"))
        sheet.body.addWidget(TextBox(self._theme, message.text or message.title or ""))
        keep = sheet.add_button(tr("Keep it"), object_name="messages.unsend.no")
        keep.clicked.connect(sheet.close_dialog)
        take_back = sheet.add_button(tr("Unsend"), kind="danger", object_name="messages.unsend.yes")

        def unsend() -> None:
            sheet.close_dialog()
            self._ctx.spawn(self._ctx.messages.unsend(message.id), on_error=self._tell)

        take_back.clicked.connect(unsend)
        self._hold(sheet)
        sheet.open(keep)

    def close(self) -> None:
        if self.sheet is not None:
            self.sheet.close_dialog()

    def _hold(self, sheet: Dialog) -> None:
        self.close()
        self.sheet = sheet

        def gone() -> None:
            if self.sheet is sheet:
                self.sheet = None

        sheet.closed.connect(gone)

    def _tell(self, error: Exception) -> None:
        self._ctx.shell.toast(error.text if isinstance(error, SdkError) else str(error))
