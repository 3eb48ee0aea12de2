"""Asking for suggestions: for the conversation that is shown and no other, once for each thing that its fan said.

A set is kept for as long as the page lives, so that coming back to a conversation costs nothing, online or not. What is
being written for a conversation that is left is stopped: nobody would read it, and somebody would pay for it.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QObject, QTimer

from huntaze_desktop.sdk import (
    BackendError,
    Context,
    ConversationRow,
    Message,
    OfflineError,
    PieceStream,
    SdkError,
    Suggestion,
    SuggestionCut,
    SuggestionPiece,
    SuggestionReady,
    SuggestionText,
)
from huntaze_plugins.messages.suggestion_card import Card
from huntaze_plugins.messages.suggestion_strip import CARDS, SuggestionStrip
from huntaze_plugins.messages.words import tr

ASK_AFTER_MS = 350
"""Who only passes by a conversation asks for nothing."""

_KEPT = 60
_CONFLICT = "CONFLICT"


@dataclass(slots=True)
class _Set:
    """What is known for one thing that a fan said."""

    cards: list[Card | None] = field(default_factory=list)
    complete: bool = False
    trouble: str = ""
    offline: bool = False


class Suggesting(QObject):
    """Keeps the strip in step with the conversation that is open."""

    def __init__(self, ctx: Context, strip: SuggestionStrip, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._strip = strip
        self._row: ConversationRow | None = None
        self._based_on: str | None = None
        self._key: str | None = None
        """The fan's newest message, which the set answers."""
        self._online = True
        self._cannot_send = ""
        self._sets: OrderedDict[str, _Set] = OrderedDict()
        self._stream: PieceStream | None = None
        self._inserted: dict[str, Suggestion] = {}
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(ASK_AFTER_MS)
        self._wait.timeout.connect(self._ask)
        strip.fresh_wanted.connect(self.ask_anew)
        strip.dismissed.connect(self.dismiss)
        strip.folded.connect(lambda folded: None if folded else self._maybe_ask())

    # what is shown

    def open(self, row: ConversationRow | None) -> None:
        """Another conversation, or none: what was being written for the one before stops."""
        self._stop()
        self._row, self._key, self._based_on = row, None, None
        self._show()

    def update_row(self, row: ConversationRow) -> None:
        if self._row is not None and row.id == self._row.id:
            self._row = row

    def on_rows(self, conversation_id: str, rows: tuple[Message, ...]) -> None:
        """The timeline, as it is shown now."""
        if self._row is None or conversation_id != self._row.id:
            return
        known = [one for one in rows if not one.local]
        self._based_on = known[-1].id if known else None
        newest = next((one.id for one in reversed(known) if not one.outgoing), None)
        if newest != self._key:
            self._stop()
            self._key = newest
            self._show()
            self._maybe_ask()

    def set_online(self, *, online: bool) -> None:
        came_back = online and not self._online
        self._online = online
        if not online:
            self._stop()
        self._show()
        if came_back:
            self._maybe_ask()

    def set_cannot_send(self, reason: str) -> None:
        """Why a suggestion cannot be sent at once here; empty when it can."""
        if reason != self._cannot_send:
            self._cannot_send = reason
            self._show()

    def close(self) -> None:
        self._stop()
        self._row = self._key = None

    def suggestion(self, index: int) -> Suggestion | None:
        """The complete suggestion on a card."""
        card = self._card(index)
        return card.suggestion if card is not None else None

    def text(self, index: int) -> str:
        """What a card has, also where it broke off; nothing while it is being written."""
        card = self._card(index)
        if card is None or card.writing:
            return ""
        return card.suggestion.text if card.suggestion is not None else card.text

    # asking

    def ask_anew(self) -> None:
        """Another set for the same thing, because a person asks for it."""
        if self._row is None or self._key is None or not self._online or self._stream is not None:
            return
        before = self._sets.get(self._key)
        self._begin(fresh=before is not None and before.complete and not before.trouble)

    def dismiss(self, index: int) -> None:
        suggestion, known = self.suggestion(index), self._set()
        if known is None or self._card(index) is None:
            return
        known.cards[index] = None
        if suggestion is not None:
            self._tell(self._ctx.ai.used(suggestion.id, "dismissed"))
        self._show()

    def _maybe_ask(self) -> None:
        """Where a fan waits and nothing is known yet, but not while the strip is folded by hand or nobody waits."""
        row = self._row
        waits = row is not None and (row.waiting_since is not None and not row.done)
        if waits and self._key is not None and self._set() is None and self._online:
            self._wait.start()

    def _ask(self) -> None:
        if self._row is not None and self._set() is None and self._key is not None and self._online:
            self._begin(fresh=False)

    def _begin(self, *, fresh: bool) -> None:
        row, key = self._row, self._key
        if row is None or key is None:
            return
        self._stop()
        known = self._sets[key] = _Set([Card() for _ in range(CARDS)])
        self._sets.move_to_end(key)
        while len(self._sets) > _KEPT:
            self._sets.popitem(last=False)
        stream = self._ctx.ai.suggest(row.id, based_on=self._based_on, count=CARDS, fresh=fresh)
        self._stream = stream
        self._show()
        self._ctx.spawn(self._read(stream, known), on_error=lambda error: self._failed(stream, known, error))

    async def _read(self, stream: PieceStream, known: _Set) -> None:
        async for piece in stream:
            if self._stream is not stream:
                return
            self._take(known, piece)
        if self._stream is stream:
            self._ended(known)

    def _take(self, known: _Set, piece: SuggestionPiece) -> None:
        match piece:
            case SuggestionText(index=index, text=text) if index < len(known.cards):
                card = known.cards[index]
                if card is not None:
                    known.cards[index] = replace(card, text=card.text + text)
            case SuggestionReady(index=index, suggestion=suggestion) if index < len(known.cards):
                known.cards[index] = Card(suggestion.text, suggestion)
            case SuggestionCut(index=None, reason=reason):
                known.cards = [_cut(card, reason) for card in known.cards]
            case SuggestionCut(index=int(index), reason=reason) if index < len(known.cards):
                known.cards[index] = _cut(known.cards[index], reason)
        self._show()

    def _ended(self, known: _Set) -> None:
        """Fewer than were asked for is no trouble: cards that nothing was written for go."""
        self._stream = None
        known.complete = True
        known.cards = [
            card if card is not None and (card.suggestion is not None or card.text) else None for card in known.cards
        ]
        known.cards = [_cut(card, tr("Not finished")) for card in known.cards]
        self._show()

    def _failed(self, stream: PieceStream, known: _Set, error: Exception) -> None:
        if self._stream is not stream:
            return
        self._ended(known)
        if isinstance(error, BackendError) and error.code == _CONFLICT and self._key is not None:
            # The conversation has just gone on; the message that did it is on its way to the timeline.
            del self._sets[self._key]
            self._wait.start()
            self._show()
            return
        known.trouble = error.text if isinstance(error, SdkError) else str(error)
        known.offline = isinstance(error, OfflineError)
        self._show()

    def _stop(self) -> None:
        self._wait.stop()
        stream, self._stream = self._stream, None
        if stream is None:
            return
        stream.close()
        # Half of a set is not one: it is asked for again when somebody looks.
        if self._key is not None:
            self._sets.pop(self._key, None)

    # what was taken

    def inserted(self, suggestion: Suggestion) -> None:
        """It stands in the field now; what is sent from there names it."""
        self._inserted[suggestion.conversation_id] = suggestion
        self._tell(self._ctx.ai.used(suggestion.id, "inserted"))

    def emptied(self, conversation_id: str) -> None:
        """Nothing of it stands in the field any more."""
        self._inserted.pop(conversation_id, None)

    def in_field(self, conversation_id: str) -> Suggestion | None:
        return self._inserted.get(conversation_id)

    def _tell(self, work: object) -> None:
        self._ctx.spawn(work, on_error=lambda _error: None)  # type: ignore[arg-type]  # a coroutine of the door

    # inside

    def _set(self) -> _Set | None:
        return self._sets.get(self._key) if self._key is not None else None

    def _card(self, index: int) -> Card | None:
        known = self._set()
        return known.cards[index] if known is not None and 0 <= index < len(known.cards) else None

    def _show(self) -> None:
        known, strip = self._set(), self._strip
        strip.setVisible(self._row is not None)
        if known is not None and any(card is not None for card in known.cards):
            note = known.trouble or ("" if self._online else tr("from before the line broke"))
            loading = self._stream is not None
            strip.show_cards(known.cards, loading=loading, note=note, cannot_send=self._cannot_send)
        elif not self._online or (known is not None and known.offline):
            strip.show_nothing(tr("They need a connection. What you write is kept and sent all the same."), paused=True)
        elif known is not None and known.trouble:
            told = tr("Suggestions are not available. {0}").format(known.trouble)
            strip.show_nothing(told, can_ask=True, trouble=True)
        elif self._wait.isActive():
            strip.show_nothing("")
        elif known is not None:
            strip.show_nothing(tr("Nothing to suggest here."), can_ask=True)
        elif self._key is None:
            strip.show_nothing(tr("Nobody has written yet."))
        else:
            strip.show_nothing(tr("Nobody waits for an answer."), can_ask=True)


def _cut(card: Card | None, reason: str) -> Card | None:
    if card is None or not card.writing:
        return card
    return replace(card, cut=reason) if card.text else None
