"""Decides at once about a message that was held back and those that stand behind it in its conversation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from PySide6.QtWidgets import QWidget

from huntaze_desktop.sdk import ConversationRow, Message, Review, outgoing
from huntaze_desktop.ui_kit.dialog import Dialog
from huntaze_desktop.ui_kit.labels import SectionHeader
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.review_sheet import TextBox, add_story
from huntaze_plugins.messages.words import tr

_WAITING = (outgoing.State.QUEUED_LOCAL, outgoing.State.NEEDS_REVIEW, outgoing.State.EXPIRED)


def behind(message: Message, rows: Sequence[Message]) -> tuple[Message, ...]:
    """Those of `rows` that this computer wrote after `message` and that wait with it."""
    at = next((number for number, one in enumerate(rows) if one.id == message.id), len(rows))
    return tuple(one for one in rows[at + 1 :] if one.local and one.state in _WAITING)


class ReviewRowSheet(Dialog):
    """What was missed, all that was written in order, and three ways on. An early Enter looks at each."""

    def __init__(
        self,
        theme: ThemeManager,
        window: QWidget,
        review: Review,
        following: Sequence[Message],
        row: ConversationRow,
        now: datetime,
        *,
        colleagues: Mapping[str, str],
        send: Callable[[], object],
        each: Callable[[], object],
        discard: Callable[[], object],
    ) -> None:
        super().__init__(theme, window, tr("Look before they go"), close_name=tr("Close"), width=560)
        self.setObjectName("messages.review_row")
        add_story(self, theme, review, row, now, colleagues)
        self.body.addWidget(SectionHeader(theme, tr("Your messages, in the order of writing"), len(following) + 1))
        for text in (review.text, *(one.text for one in following)):
            self.body.addWidget(TextBox(theme, text))
        self.body.addStretch(1)
        self.discard = self.add_button(tr("Discard all"), kind="quietDanger", object_name="messages.review_row.discard")
        self.each = self.add_button(tr("Look at each"), object_name="messages.review_row.each")
        self.send = self.add_button(tr("Send all as written"), kind="primary", object_name="messages.review_row.send")
        for button, act in ((self.discard, discard), (self.each, each), (self.send, send)):
            button.clicked.connect(lambda _=False, act=act: self._choose(act))

    def _choose(self, act: Callable[[], object]) -> None:
        self.close_dialog()
        act()
