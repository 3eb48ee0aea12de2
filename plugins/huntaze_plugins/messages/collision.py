"""The strips over the composer that are about colleagues: who else is here, and what was said at a hand-over."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from huntaze_desktop.sdk import ConversationRow
from huntaze_desktop.ui_kit.avatars import Avatar
from huntaze_desktop.ui_kit.buttons import Button
from huntaze_desktop.ui_kit.labels import Paragraph
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_desktop.ui_kit.tooltip import explain_disabled, explain_enabled
from huntaze_plugins.messages.words import first_name, tr


class _ColleagueStrip(QWidget):
    """A face, a sentence with a strong beginning, and buttons, across the column."""

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self._theme = theme
        self._face = Avatar(theme, 20)
        self.words = Paragraph(theme, style="small", role="accentText")
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(16, 5, 16, 5)
        self._row.setSpacing(8)
        self._row.addWidget(self._face)
        self._row.addWidget(self.words, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)
        self.hide()

    @property
    def text(self) -> str:
        """What it says; empty while it is hidden."""
        return "" if self.isHidden() else self.words.accessibleName()

    def say(self, name: str, lead: str, text: str, *, person_id: str = "") -> None:
        self._face.set_person(person_id or name, name)
        self.words.set_content(text, lead)
        self.setAccessibleName(f"{lead} {text}")
        self.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("accentSubtle"))
        painter.end()


class CollisionStrip(_ColleagueStrip):
    """`Ana opened this conversation and may answer too.` Hand over to Ana, or I will answer."""

    hand_over_wanted = Signal(str)
    """The colleague's name."""
    answer_wanted = Signal()

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__(theme)
        self._colleague = ""
        self._known = True
        self._settled: tuple[str, str] | None = None
        self._row_id = ""
        self.give = Button(theme, "", kind="ghost", size=24)
        self.give.setObjectName("messages.collision.give")
        self.give.set_text_role("accentText")
        self.give.clicked.connect(lambda: self.hand_over_wanted.emit(self._colleague))
        self.answer = Button(theme, tr("I will answer"), size=24)
        self.answer.setObjectName("messages.collision.answer")
        self.answer.clicked.connect(self.answer_wanted)
        self._row.addWidget(self.give)
        self._row.addWidget(self.answer)

    def show_row(self, row: ConversationRow, *, online: bool, ids: Mapping[str, str]) -> None:
        """Whoever else is in the conversation; `ids` are those of the colleagues it can be handed to, by name."""
        colleague = row.replying or row.colleague
        if not colleague or not online:
            # Presence is only as old as the connection; offline it says nothing about now.
            self._settled = None
            self.hide()
            return
        if self._settled == (row.id, colleague) and row.replying is None:
            self.hide()
            return
        self._colleague, self._row_id = colleague, row.id
        name, person = first_name(colleague), ids.get(colleague, "")
        if row.replying is not None or row.colleague_types:
            self.say(colleague, tr("{0} is replying here").format(name), tr("and has the turn."), person_id=person)
        else:
            self.say(
                colleague, tr("{0} opened this conversation").format(name), tr("and may answer too."), person_id=person
            )
        self.give.set_label(tr("Hand over to {0}").format(name))
        self.give.setVisible(bool(person))

    def set_online(self, *, online: bool) -> None:
        if online:
            explain_enabled(self.answer)
        else:
            explain_disabled(self.answer, tr("Needs a connection"))

    def settled(self) -> None:
        """It was said who answers: quiet until another colleague comes, or this one takes the turn."""
        self._settled = (self._row_id, self._colleague)
        self.hide()


class HandOverStrip(_ColleagueStrip):
    """What the colleague who handed the conversation over wants its new owner to know."""

    seen = Signal()

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__(theme)
        self.ok = Button(theme, tr("Got it"), size=24)
        self.ok.setObjectName("messages.handover.seen")
        self.ok.clicked.connect(self.seen)
        self._row.addWidget(self.ok)

    def show_row(self, row: ConversationRow, ids: Mapping[str, str]) -> None:
        """The note of the colleague who gave it away; gone once it is read."""
        if not row.assigned_to_me or not row.handover_note:
            self.hide()
            return
        name = row.handover_by or ""
        lead = tr("{0} handed this over to you:").format(first_name(name)) if name else tr("Handed over to you:")
        self.say(name or tr("A colleague"), lead, row.handover_note, person_id=ids.get(name, ""))
