"""Text inside bubbles: laid out once per width, hit-tested for selection and links.

Qt counts UTF-16 units where Python counts characters; an emoji is two of the one and one of the other. All positions
that leave this module are Qt's.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from PySide6.QtCore import QPointF
from PySide6.QtGui import QFont, QTextCharFormat, QTextLayout, QTextOption

_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"]+", re.IGNORECASE)
_TRAILING = ".,;:!?)]}'’”"


@dataclass(frozen=True, slots=True)
class Link:
    start: int
    length: int
    address: str


@dataclass(slots=True)
class LaidText:
    """A text in lines of equal height, with its natural width; `layout` draws it at any point."""

    layout: QTextLayout
    width: float
    height: float
    last_line: float
    step: int
    links: tuple[Link, ...]

    def position_at(self, point: QPointF) -> int:
        """The cursor position nearest to a point in the text's own coordinates."""
        count = self.layout.lineCount()
        index = max(0, min(count - 1, int(point.y() // self.step)))
        line = self.layout.lineAt(index)
        return line.xToCursor(point.x())

    def link_at(self, point: QPointF) -> Link | None:
        if not self.links or not 0 <= point.y() < self.height:
            return None
        index = int(point.y() // self.step)
        line = self.layout.lineAt(index)
        if not line.isValid() or not line.naturalTextRect().left() <= point.x() <= line.naturalTextRect().right():
            return None
        position = self.position_at(point)
        return next((link for link in self.links if link.start <= position < link.start + link.length), None)


def units(text: str) -> int:
    """Length in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def between(text: str, start: int, end: int) -> str:
    """The part of a text between two of Qt's positions."""
    raw = text.encode("utf-16-le", "surrogatepass")[start * 2 : end * 2]
    return raw.decode("utf-16-le", "replace")


def links_in(text: str) -> tuple[Link, ...]:
    """Addresses in a plain text, without the punctuation that ends the sentence."""
    found = []
    for match in _URL.finditer(text):
        shown = match.group().rstrip(_TRAILING)
        address = shown if "://" in shown else f"https://{shown}"
        found.append(Link(units(text[: match.start()]), units(shown), address))
    return tuple(found)


def _reads_from_right(text: str) -> bool:
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("R", "AL"):
            return True
        if kind == "L":
            return False
    return False


def lay_out(text: str, font: QFont, width: float, step: int, link_format: QTextCharFormat) -> LaidText:
    """Lay a text out in at most `width` pixels; lines are `step` pixels apart."""
    layout = QTextLayout(text.replace("\n", "\u2028"), font)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    layout.setCacheEnabled(True)
    links = links_in(text)
    if links:
        layout.setFormats([_run(link, link_format) for link in links])
    natural, last = _lines(layout, width, step)
    if _reads_from_right(text):
        # Right-aligned lines hang on the line's width, so they are laid out again in the width they need.
        natural, last = _lines(layout, natural + 1, step)
    height = float(step * max(1, layout.lineCount()))
    return LaidText(layout, natural, height, last, step, links)


def _run(link: Link, link_format: QTextCharFormat) -> QTextLayout.FormatRange:
    run = QTextLayout.FormatRange()
    run.start, run.length, run.format = link.start, link.length, link_format
    return run


def _lines(layout: QTextLayout, width: float, step: int) -> tuple[float, float]:
    natural = last = 0.0
    top = 0.0
    layout.beginLayout()
    while (line := layout.createLine()).isValid():
        line.setLineWidth(width)
        line.setPosition(QPointF(0, top + (step - line.height()) / 2))
        last = line.naturalTextWidth()
        natural = max(natural, last)
        top += step
    layout.endLayout()
    return natural, last
