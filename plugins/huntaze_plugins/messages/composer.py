"""The composer: one to eight lines, what may be sent now, and why not."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QEvent, QObject, QRectF, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from huntaze_desktop.sdk import ConversationRow, Creator, CreatorState, SendBudget, outgoing
from huntaze_desktop.ui_kit.buttons import IconButton
from huntaze_desktop.ui_kit.labels import Label
from huntaze_desktop.ui_kit.painting import rounded_box
from huntaze_desktop.ui_kit.split_button import SplitButton
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_desktop.ui_kit.tooltip import explain_disabled, explain_enabled
from huntaze_plugins.messages.budget import BudgetRing
from huntaze_plugins.messages.editor import MessageEdit
from huntaze_plugins.messages.emoji import EmojiPopover
from huntaze_plugins.messages.rewriting import RewriteTools
from huntaze_plugins.messages.rules import RuleStrip
from huntaze_plugins.messages.strip import Strip
from huntaze_plugins.messages.words import first_name, platform_name, tr

_COUNT_FROM = outgoing.MAX_TEXT - 1000


class Composer(QWidget):
    """Writes to one fan as one creator. It decides whether Send works and says why when it does not."""

    submitted = Signal(str, bool)
    """A text, and whether to move on to the next who waits."""
    later_wanted = Signal(QWidget)
    """The text is to be sent at another time; the widget beside which to ask."""
    edit_last_wanted = Signal()
    """Up in an empty field."""
    edit_cancelled = Signal()
    edited = Signal()
    left = Signal()

    def __init__(self, theme: ThemeManager, now: Callable[[], datetime], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._online = True
        self._blocked = ""
        self._trouble = ""
        self._popover: EmojiPopover | None = None
        self.strip = Strip(theme)
        self.editor = MessageEdit(theme)
        self.editor.setObjectName("messages.composer")
        self.counter = Label(theme, style="small", role="text3")
        self.budget = BudgetRing(theme, now)
        self._rewriting = RewriteTools(theme)
        self.rules = RuleStrip(theme, self.editor)
        self.editing = Strip(theme)
        self.editing.setObjectName("messages.editing")
        self.editing.add_button(tr("Cancel"), self.edit_cancelled.emit, object_name="messages.editing.cancel")
        self._edit_label = ""
        self.split = SplitButton(theme, tr("Send"), more_name=tr("Other ways to send"), key_hint="Ctrl ↵")
        self.send, self.other_ways = self.split.main, self.split.more
        self.send.setObjectName("messages.send")
        self.other_ways.setObjectName("messages.send.more")
        self.later = IconButton(theme, "calendar-clock", tr("Send later (Ctrl+Shift+S)"), size=28)
        self.later.setObjectName("messages.later")
        self._emoji = IconButton(theme, "smile", tr("Emoji"), size=28)
        self._emoji.setObjectName("messages.emoji")
        self._box = _Box(theme, self.editor)
        self._lay_out()
        self.editor.textChanged.connect(self._on_text)
        self.editor.send_wanted.connect(lambda: self._submit(move_on=False))
        self.editor.send_and_next_wanted.connect(lambda: self._submit(move_on=True))
        self.editor.left.connect(self._leave)
        self.editor.later_wanted.connect(self._ask_later)
        self.rules.changed.connect(self._refresh)
        self.editor.up_from_nothing.connect(self.edit_last_wanted)
        self.later.clicked.connect(self._ask_later)
        self.split.menu_wanted.connect(lambda: self._ask_later(self.other_ways))
        self.send.clicked.connect(lambda: self._submit(move_on=False))
        self._emoji.clicked.connect(self._choose_emoji)
        theme.changed.connect(self.update)
        self._refresh()

    def _lay_out(self) -> None:
        tools = QHBoxLayout()
        tools.setContentsMargins(8, 2, 8, 7)
        tools.setSpacing(2)
        tools.addWidget(self._emoji)
        tools.addWidget(self.later)
        tools.addWidget(self._rewriting)
        tools.addStretch(1)
        tools.addWidget(self.counter)
        tools.addSpacing(8)
        tools.addWidget(self.budget)
        tools.addSpacing(8)
        tools.addWidget(self.split)
        inside = QVBoxLayout(self._box)
        inside.setContentsMargins(1, 1, 1, 1)
        inside.setSpacing(0)
        inside.addWidget(self.editing)
        inside.addWidget(self.strip)
        inside.addWidget(self.rules)
        inside.addWidget(self.editor)
        inside.addLayout(tools)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 16, 10)
        column.addWidget(self._box)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def set_target(self, row: ConversationRow | None, creator: Creator | None) -> None:
        """Whom one writes to, as whom, and whether that is possible at all."""
        if row is None:
            self.editor.setPlaceholderText("")
            self._blocked = ""
            self._refresh()
            return
        fan = first_name(row.fan_name)
        as_whom = first_name(creator.name) if creator is not None else ""
        told = tr("Write to {0} as {1}") if as_whom else tr("Write to {0}")
        self.editor.setPlaceholderText(told.format(fan, as_whom))
        self.editor.setAccessibleName(told.format(fan, as_whom))
        self._blocked = _why_not(row, creator)
        self._refresh()

    def set_online(self, *, online: bool) -> None:
        self._online = online
        self.budget.set_online(online=online)
        self._refresh()

    def set_budget(self, budget: SendBudget | None) -> None:
        self.budget.set_budget(budget)
        self._refresh()

    def set_trouble(self, text: str) -> None:
        """A sending that failed before the outbox had it; gone with the next key."""
        self._trouble = text
        self._refresh()

    def set_low(self, *, low: bool) -> None:
        """One line instead of two while there is little text, for low windows."""
        self.editor.set_least_lines(1 if low else 2)

    def begin_edit(self, title: str, text: str, *, label: str) -> None:
        """Show a message that waits in place of what is being written; `label` is what Send does with it."""
        self._edit_label = label
        self.editing.say("accent", title, icon="pencil")
        self.set_text(text)
        self.editor.setFocus()
        self._refresh()

    def end_edit(self, text: str) -> None:
        """Back to what was being written."""
        self._edit_label = ""
        self.editing.say("accent", "")
        self.set_text(text)
        self._refresh()

    @property
    def is_editing(self) -> bool:
        return bool(self._edit_label)

    def text(self) -> str:
        return self.editor.toPlainText()

    def set_text(self, text: str) -> None:
        self.editor.set_text(text)

    @property
    def rewriting(self) -> RewriteTools:
        """The buttons for saying it in another way."""
        return self._rewriting

    def replace_text(self, text: str) -> None:
        """Put another text in the field's place, in one step that Ctrl+Z takes back."""
        cursor = QTextCursor(self.editor.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)
        self.editor.moveCursor(QTextCursor.MoveOperation.End)

    def insert_text(self, text: str) -> None:
        """Put a text where the cursor stands, apart from the words before it."""
        cursor = self.editor.textCursor()
        before = self.text()[: cursor.selectionStart()]
        cursor.insertText(f" {text}" if before and not before[-1].isspace() else text)
        self.editor.setTextCursor(cursor)
        self.editor.setFocus()

    @property
    def blocked(self) -> str:
        """Why nothing at all can be sent to this fan; empty when something can."""
        return self._blocked

    def why_not(self) -> str:
        """Why Send does not work now; empty when it does."""
        if self._blocked:
            return self._blocked
        over = _length(self.text()) - outgoing.MAX_TEXT
        if over > 0:
            limit = f"{outgoing.MAX_TEXT:,}"
            return tr("Too long by {0} characters. A message has at most {1}.").format(f"{over:,}", limit)
        if not self.text().strip():
            return tr("Nothing to send yet")
        return self.rules.refusal

    def _on_text(self) -> None:
        self._trouble = ""
        self.rules.look_soon()
        self._refresh()
        self.edited.emit()

    def _refresh(self) -> None:
        length = _length(self.text())
        self.counter.setVisible(length >= _COUNT_FROM)
        self.counter.setText(f"{length:,} / {outgoing.MAX_TEXT:,}")
        self.counter.set_role("dangerText" if length > outgoing.MAX_TEXT else "text3")
        queues = not self._online or self.budget.is_used_up
        self.send.set_label(self._edit_label or (tr("Queue") if queues else tr("Send")))
        reason = self.why_not()
        later = reason or (tr("Not while you change a message") if self.is_editing else "")
        for widget, told in (
            (self.later, tr("Send later (Ctrl+Shift+S)")),
            (self.other_ways, tr("Other ways to send")),
        ):
            if later:
                explain_disabled(widget, later)
            else:
                explain_enabled(widget, told)
        self._rewriting.set_usable(self._no_rewriting(length))
        if reason:
            explain_disabled(self.send, reason)
        else:
            waits = queues and not self.is_editing
            explain_enabled(self.send, tr("Waits for its turn and goes by itself") if waits else "")
        if self._blocked:
            self.strip.say("danger", self._blocked)
        elif length > outgoing.MAX_TEXT:
            self.strip.say("danger", reason)
        else:
            self.strip.say("warning", self._trouble)

    def _no_rewriting(self, length: int) -> str:
        if not self._online:
            return tr("Rewriting needs a connection")
        if length > outgoing.MAX_TEXT:
            return tr("Too long to be rewritten")
        return "" if self.text().strip() else tr("Nothing to rewrite yet")

    def _submit(self, *, move_on: bool) -> None:
        text = self.text()
        # Whoever is quicker than the marks is no exception to them.
        self.rules.look()
        if not text.strip() and move_on:
            self.submitted.emit("", move_on)
        elif not self.why_not():
            self.submitted.emit(text, move_on)

    def _ask_later(self, beside: object = None) -> None:
        if self.later.isEnabled():
            self.later_wanted.emit(beside if isinstance(beside, QWidget) else self.later)

    def _leave(self) -> None:
        """Esc gives up an edit first."""
        if self.is_editing:
            self.edit_cancelled.emit()
        else:
            self.left.emit()

    def _choose_emoji(self) -> None:
        # Forty buttons that most conversations never need are made when they are first asked for.
        if self._popover is None:
            self._popover = EmojiPopover(self._theme, self._insert)
        self._popover.open_at(self._emoji, above=True)

    def _insert(self, emoji: str) -> None:
        self.editor.insertPlainText(emoji)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("sunken" if theme.is_dark else "subtle"))
        painter.end()


class _Box(QWidget):
    """The rounded frame; accent while one writes in it."""

    def __init__(self, theme: ThemeManager, editor: MessageEdit) -> None:
        super().__init__()
        self._theme = theme
        self._editor = editor
        editor.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        focused = self._editor.hasFocus()
        edge = theme.color("accent" if focused else "borderStrong")
        box = QRectF(self.rect())
        rounded_box(painter, box, 10, fill=theme.color("surface"), border=edge, width=2 if focused else 1)
        painter.end()


def _length(text: str) -> int:
    """Characters as the server counts them: code points after normalisation."""
    return len(unicodedata.normalize("NFC", text))


def _why_not(row: ConversationRow, creator: Creator | None) -> str:
    if creator is not None and creator.state is CreatorState.SESSION_EXPIRED:
        told = tr("{0} needs to sign in to {1} again. What you write stays here as a draft.")
        return told.format(creator.name, platform_name(creator.platform))
    if creator is not None and creator.state is CreatorState.DISCONNECTED:
        return tr("{0} is not connected. What you write stays here as a draft.").format(creator.name)
    if row.can_send:
        return ""
    fan = first_name(row.fan_name)
    reason = row.cannot_send_reason or ""
    if reason == "blocked":
        return tr("{0} has blocked this account. Messages cannot reach this fan.").format(fan)
    if " " in reason:
        return tr("{0} cannot be written to. The platform says: “{1}”").format(fan, reason)
    return tr("The platform accepts no messages to {0} at present.").format(fan)
