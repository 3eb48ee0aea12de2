"""Text selected by the mouse within one bubble."""

from __future__ import annotations

import re
from dataclasses import dataclass

from huntaze_desktop.ui_kit.chat.text import between, units


@dataclass(frozen=True, slots=True)
class TextSelection:
    """From where the mouse went down to where it is; positions are Qt's (UTF-16 units)."""

    key: str
    text: str
    anchor: int
    head: int

    @property
    def range(self) -> tuple[int, int] | None:
        """Start and end in reading order; None while nothing is selected."""
        start, end = sorted((self.anchor, self.head))
        return (start, end) if start < end else None

    @property
    def selected(self) -> str:
        found = self.range
        return between(self.text, *found) if found else ""

    def moved(self, head: int) -> TextSelection:
        return TextSelection(self.key, self.text, self.anchor, head)


def word_at(key: str, text: str, position: int) -> TextSelection:
    """The word around a position, as a double click selects it."""
    for match in re.finditer(r"\w+(?:['’]\w+)*|[^\w\s]", text):
        start, end = units(text[: match.start()]), units(text[: match.end()])
        if start <= position <= end:
            return TextSelection(key, text, start, end)
    return TextSelection(key, text, position, position)
