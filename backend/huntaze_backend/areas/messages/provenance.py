"""What a machine had to do with a text that somebody wants to send.

The server compares texts by itself; what a client says can only add to it. Words are counted in whatever order they
stand: what a machine wrote is not made a person's by moving it about, by other capitals or by marks between the words.

Known limit: the words of a suggestion that somebody scatters over several messages, less than half of it in each and
without naming it, look like their own.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from huntaze_contract.wire import Provenance

__all__ = ["EDITED_BELOW", "NO_MACHINE", "MachineText", "MachineTexts", "share", "trace"]

EDITED_BELOW = 0.8
"""With a fifth of the words their own, a person wrote it with the machine."""

_LOOKS_LIKE = 0.5
"""An unnamed suggestion counts when half of the text is its words, and half of its words are in the text…"""
_FEWEST_WORDS = 4
"""… and no fewer than these, unless it is the whole text: everybody says "how are you"."""
_WORD = re.compile(r"\w+|[^\w\s]")
_ALNUM = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class MachineText:
    """What a machine wrote for a person to use."""

    text: str
    provider: str
    model: str
    suggestion_id: str | None = None
    confidence: float | None = None


class MachineTexts(Protocol):
    """What machines wrote lately. Whoever keeps suggestions implements it; called in the accepting unit of work."""

    def named(self, session: Session, *, creator_id: str, suggestion_id: str) -> MachineText | None:
        """A suggestion for this creator's fans, if there is such a one."""
        ...

    def recent(self, session: Session, *, creator_id: str, conversation_id: str) -> Sequence[MachineText]:
        """What was suggested lately that may well be used here, newest first, at most 50."""
        ...


class _NoMachine:
    """An installation without suggestions."""

    def named(self, session: Session, *, creator_id: str, suggestion_id: str) -> MachineText | None:
        return None

    def recent(self, session: Session, *, creator_id: str, conversation_id: str) -> Sequence[MachineText]:
        return ()


NO_MACHINE: MachineTexts = _NoMachine()


def trace(
    session: Session,
    machine: MachineTexts,
    *,
    creator_id: str,
    conversation_id: str,
    text: str,
    suggestion_id: str | None,
    before: tuple[str, Provenance] | None = None,
) -> Provenance | None:
    """Where a text comes from; None when nothing of it is known to be a machine's.

    Args:
        session: the unit of work that takes the text in.
        machine: what machines wrote.
        creator_id: in whose name it is to go.
        conversation_id: where.
        text: as it is to go.
        suggestion_id: what its writer says it was made from.
        before: of an edit: the text that was changed, and where that came from.
    """
    words = _words(text)
    best: tuple[float, MachineText] | None = None
    if before is not None:
        old, origin = before
        was = MachineText(old, origin.provider, origin.model, origin.suggestion_id, origin.confidence)
        best = (_share(_words(old), words) * origin.ai_share, was)
    if suggestion_id is not None:
        named = machine.named(session, creator_id=creator_id, suggestion_id=suggestion_id)
        if named is None and before is None:
            # Said to be a machine's, and nobody knows which words: then all of them.
            named = MachineText(text, "unknown", "unknown", suggestion_id)
        if named is not None:
            best = max(filter(None, (best, (_share(_words(named.text), words), named))), key=_by_share)
    for other in machine.recent(session, creator_id=creator_id, conversation_id=conversation_id):
        theirs = _words(other.text)
        if _looks_like(theirs, words):
            found = _share(theirs, words)
            if best is None or found > best[0]:
                best = (found, other)
    if best is None:
        return None
    ai_share, source = best
    return Provenance(
        suggestion_id=source.suggestion_id,
        provider=source.provider,
        model=source.model,
        confidence=source.confidence,
        ai_share=round(ai_share, 4),
        edited=ai_share < EDITED_BELOW,
    )


def share(machine: str, text: str) -> float:
    """How much of `text` stands as the machine wrote it, 0 to 1."""
    return _share(_words(machine), _words(text))


def _by_share(found: tuple[float, MachineText]) -> float:
    return found[0]


def _words(text: str) -> Counter[str]:
    plain = unicodedata.normalize("NFKC", text).casefold()
    visible = "".join(character for character in plain if unicodedata.category(character) != "Cf")
    found = _WORD.findall(visible)
    return Counter([word for word in found if _ALNUM.match(word)] or found)


def _share(machine: Counter[str], text: Counter[str]) -> float:
    total = text.total()
    return (machine & text).total() / total if total else 1.0


def _looks_like(machine: Counter[str], text: Counter[str]) -> bool:
    if machine == text:
        return True
    common = (machine & text).total()
    return common >= _FEWEST_WORDS and common >= _LOOKS_LIKE * text.total() and common >= _LOOKS_LIKE * machine.total()
