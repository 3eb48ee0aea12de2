"""The strip of suggestions above the composer: its head, three cards, or one sentence where there are none."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from huntaze_desktop.ui_kit.buttons import Button, IconButton
from huntaze_desktop.ui_kit.labels import ElidedLabel, IconLabel, KeyHint, Label
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.suggestion_card import Card, SuggestionCard
from huntaze_plugins.messages.words import tr

CARDS = 3
_SHORT_HEAD = 560


class SuggestionStrip(QWidget):
    """Says what there is; what is asked for, and when, is `Suggesting`'s business."""

    insert_wanted = Signal(int)
    send_wanted = Signal(int)
    rewrite_wanted = Signal(int)
    dismissed = Signal(int)
    fresh_wanted = Signal()
    folded = Signal(bool)

    def __init__(self, theme: ThemeManager, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._shown: tuple[Card | None, ...] = ()
        self._note = ""
        self._can_ask = False
        self._loading = False
        self._is_folded = False
        self.setObjectName("messages.suggestions")
        self.setAccessibleName(tr("Suggestions"))
        self._icon = IconLabel(theme, "sparkles", 14, "accentText")
        self.title = Label(theme, tr("Suggestions"), style="small")
        self.note = ElidedLabel(theme, style="small", role="text3")
        self.note.setObjectName("messages.suggestions.note")
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._keys = KeyHint(theme, "Alt", tr("1 to 3"))
        self.fresh = Button(theme, tr("New set"), kind="ghost", size=24, icon="refresh-cw")
        self.fresh.setObjectName("messages.suggestions.fresh")
        self.fresh.setToolTip(tr("Ask for other suggestions (Alt+S)"))
        self.fold = IconButton(theme, "chevron-down", tr("Fold the suggestions"), size=24)
        self.fold.setObjectName("messages.suggestions.fold")
        self.cards = tuple(SuggestionCard(theme, index) for index in range(CARDS))
        self._body = QWidget()
        self._lay_out()
        for card in self.cards:
            card.insert_wanted.connect(self.insert_wanted)
            card.send_wanted.connect(self.send_wanted)
            card.rewrite_wanted.connect(self.rewrite_wanted)
            card.dismissed.connect(self.dismissed)
        self.fresh.clicked.connect(self.fresh_wanted)
        self.fold.clicked.connect(lambda: self.set_folded(folded=not self._is_folded, tell=True))
        theme.changed.connect(self._restyle)
        self._restyle()
        self.show_nothing("")

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(6)
        head.addWidget(self._icon)
        head.addWidget(self.title)
        head.addWidget(self.note, 1)
        head.addWidget(self._keys)
        head.addWidget(self.fresh)
        head.addWidget(self.fold)
        row = QHBoxLayout(self._body)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for card in self.cards:
            row.addWidget(card, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 4, 16, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self._body)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def _restyle(self) -> None:
        self.title.setFont(self._theme.theme.font("small", weight=600))
        self.update()

    @property
    def is_folded(self) -> bool:
        return self._is_folded

    def set_folded(self, *, folded: bool, tell: bool = False) -> None:
        """One line instead of the cards."""
        if folded == self._is_folded:
            return
        self._is_folded = folded
        name = tr("Show the suggestions") if folded else tr("Fold the suggestions")
        self.fold.setAccessibleName(name)
        self.fold.setToolTip(name)
        self._refresh()
        if tell:
            self.folded.emit(folded)

    def show_cards(self, cards: Sequence[Card | None], *, loading: bool, note: str = "", cannot_send: str = "") -> None:
        """Show the cards of a set; None is one that was dismissed."""
        self._shown, self._loading, self._note, self._can_ask = tuple(cards), loading, note, True
        for widget, card in zip(self.cards, (*cards, *[None] * CARDS), strict=False):
            if card is not None:
                widget.show_card(card, cannot_send=cannot_send)
        self._refresh()

    def show_nothing(self, note: str, *, paused: bool = False, can_ask: bool = False, trouble: bool = False) -> None:
        """Show one sentence; `trouble` is one that trying again may mend."""
        self._shown, self._loading, self._note, self._can_ask = (), False, note, can_ask
        self.title.setText(tr("Suggestions paused") if paused else tr("Suggestions"))
        # The sentence says it all, and is long.
        self.title.setVisible(not trouble)
        self._icon.set_icon("triangle-alert" if trouble else "sparkles", "warningText" if trouble else "accentText")
        self.note.set_role("warningText" if trouble else "text3")
        self.fresh.set_label(tr("Try again") if trouble else tr("Suggest") if can_ask else tr("New set"))
        self._refresh()

    def _refresh(self) -> None:
        any_card = any(card is not None for card in self._shown)
        if any_card:
            self.title.setText(tr("Suggestions"))
            self.title.show()
            self._icon.set_icon("sparkles", "accentText")
            self.note.set_role("text3")
            self.fresh.set_label(tr("New set"))
        self.note.setText(self._first_line() if any_card and self._is_folded else self._note)
        self.setAccessibleDescription(self.note.text())
        for widget, card in zip(self.cards, (*self._shown, *[None] * CARDS), strict=False):
            widget.setVisible(card is not None)
        self._body.setVisible(any_card and not self._is_folded)
        self._keys.setVisible(any_card and self.width() >= _SHORT_HEAD)
        self.fold.setVisible(any_card)
        self.fold.set_icon("chevron-up" if self._is_folded else "chevron-down")
        self.fresh.setVisible(self._can_ask)
        self.fresh.setEnabled(not self._loading)

    def _first_line(self) -> str:
        """What the folded strip shows of the best suggestion: Alt+1 still inserts it."""
        first = next((card for card in self._shown if card is not None), None)
        if first is None:
            return ""
        return " ".join((first.suggestion.text if first.suggestion is not None else first.text).split()) or tr(
            "Writing…"
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("sunken" if theme.is_dark else "subtle"))
        painter.fillRect(0, 0, self.width(), 1, theme.color("border"))
        painter.end()
