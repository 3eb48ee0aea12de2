"""The assistant at the composer: what its cards and keys do to the field, and which rules count there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from huntaze_desktop.sdk import ComplianceRules, Context, ConversationRow
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.rewriting import Rewriting
from huntaze_plugins.messages.suggesting import Suggesting
from huntaze_plugins.messages.suggestion_strip import CARDS
from huntaze_plugins.messages.words import tr

if TYPE_CHECKING:
    from huntaze_plugins.messages.thread import ThreadPane

_SCAN_OF_DIGIT_1 = 10
"""On keyboards where digits need Shift, the physical key says which digit was meant."""


class AssistantDesk:
    """Belongs to a thread pane; knows the open conversation and no other."""

    def __init__(self, ctx: Context, theme: ThemeManager, pane: ThreadPane) -> None:
        self._ctx = ctx
        self._pane = pane
        self._row: ConversationRow | None = None
        self._own_fold = False
        self.suggesting = Suggesting(ctx, pane.suggestions, pane)
        self.rewriting = Rewriting(ctx, theme, pane.composer)
        self._end_rules = ctx.compliance.rules.subscribe(self._on_rules)
        strip = pane.suggestions
        strip.insert_wanted.connect(self.insert)
        strip.send_wanted.connect(self.send)
        strip.rewrite_wanted.connect(self.rewrite)
        strip.folded.connect(self._folded_by_hand)

    # what is shown

    def open(self, row: ConversationRow | None) -> None:
        before, self._row = self._row, row
        self.suggesting.open(row)
        self.rewriting.open(row)
        if row is None or before is None or before.creator_id != row.creator_id:
            self._use_rules()

    def update_row(self, row: ConversationRow) -> None:
        if self._row is not None and row.id == self._row.id:
            self._row = row
            self.suggesting.update_row(row)
            self._say_whether_it_can_be_sent()

    def set_online(self, *, online: bool) -> None:
        self.suggesting.set_online(online=online)

    def set_low(self, *, low: bool) -> None:
        """Low windows have one line for suggestions, unless somebody unfolds them."""
        if not self._own_fold:
            self._pane.suggestions.set_folded(folded=low)

    def on_edited(self) -> None:
        """A key in the field: where nothing is left of a suggestion, what is written next is one's own."""
        if self._row is not None and not self._pane.composer.text().strip():
            self.suggesting.emptied(self._row.id)
        self._say_whether_it_can_be_sent()

    def close(self) -> None:
        self.suggesting.close()
        self._end_rules()

    # what one does with a card

    def insert(self, index: int) -> None:
        """Put it where the cursor stands; a person sends it, as it is or changed."""
        text = self.suggesting.text(index)
        if not text or self._row is None or self._pane.composer.blocked:
            return
        self._pane.composer.insert_text(text)
        suggestion = self.suggesting.suggestion(index)
        if suggestion is not None and not self._pane.composer.is_editing:
            self.suggesting.inserted(suggestion)

    def send(self, index: int) -> None:
        """Send it at once, with the usual seconds to undo; what stands in the field stays."""
        suggestion, row = self.suggesting.suggestion(index), self._row
        if suggestion is None or row is None or self._cannot_send():
            return
        verdict = self._ctx.compliance.check(suggestion.text, row.creator_id)
        if verdict.refused:
            # The rules say why when it stands in the field, and what to write instead.
            self.insert(index)
            self._pane.composer.rules.look()
            return
        self._pane.sending.send_beside(row, suggestion)
        self._pane.answered_beside()

    def rewrite(self, index: int) -> None:
        """Insert it and have it said in another way."""
        self.insert(index)
        self.rewriting.run("rewrite")

    def take_key(self, event: QKeyEvent) -> bool:
        """Alt+1…3 insert, with Shift send; Alt+R offers rewriting, Alt+S asks for a new set."""
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        shift = Qt.KeyboardModifier.ShiftModifier
        if held & ~shift != Qt.KeyboardModifier.AltModifier or self._row is None:
            return False
        digit = event.key() - Qt.Key.Key_1
        if not 0 <= digit < CARDS:
            digit = event.nativeScanCode() - _SCAN_OF_DIGIT_1
        if 0 <= digit < CARDS:
            self.send(digit) if held & shift else self.insert(digit)
        elif event.key() == Qt.Key.Key_R and not held & shift:
            self.rewriting.offer_tones()
        elif event.key() == Qt.Key.Key_S and not held & shift:
            self.suggesting.ask_anew()
        else:
            return False
        return True

    # inside

    def _folded_by_hand(self, _folded: bool) -> None:
        self._own_fold = True

    def _cannot_send(self) -> str:
        composer = self._pane.composer
        return composer.blocked or (tr("Not while you change a message") if composer.is_editing else "")

    def _say_whether_it_can_be_sent(self) -> None:
        self.suggesting.set_cannot_send(self._cannot_send())

    def _on_rules(self, _rules: ComplianceRules) -> None:
        self._use_rules()

    def _use_rules(self) -> None:
        row = self._row
        if row is None:
            self._pane.composer.rules.set_check(None)
            return
        creator_id = row.creator_id
        self._pane.composer.rules.set_check(lambda text: self._ctx.compliance.check(text, creator_id))
