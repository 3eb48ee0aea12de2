"""Reads a text as a person does who is not fooled: some foldings, each with the way back to the original.

`fold` undoes what changes how letters are written (case, accents, look-alikes, full width, emoji letters, zero-width
characters) and keeps words and signs. `join` undoes what changes inside words (leetspeak, letters s p e l l e d out,
drawn ooout letters). `squeeze` keeps letters alone, so that no separator hides a word; who uses it has to look at the
original's word borders afterwards. All are linear, and none of them knows a rule.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Protocol

__all__ = ["LOOKS_LIKE", "Folded", "Squeezed", "View", "fold", "folded", "hints", "join", "readings", "squeeze"]


class View(Protocol):
    """A folded text and the way back. Most texts are only read; the way back is worked out when it is asked for."""

    text: str

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where in the original the characters from `start` to `end` (at least one) come from."""
        ...


# --- how letters are written ---------------------------------------------------------------------------------------

_SPECIAL = {
    "œ": "oe", "æ": "ae", "ø": "o", "đ": "d", "ł": "l", "ð": "d", "þ": "th", "ı": "i",
    "‘": "'", "’": "'", "ʼ": "'", "`": "'", "´": "'", "′": "'", "“": '"', "”": '"', "«": '"', "»": '"',
    "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-", "•": ".", "·": ".", "・": ".", "。": ".", "∙": ".",
    "₿": "b",
    "💲": "$", "💵": "$", "❗": "!", "❕": "!", "➕": "+", "➖": "-", "✖": "x", "❌": "x", "⭕": "o", "🔟": "10",
    "🆎": "ab", "🆑": "cl", "🆒": "cool", "🆓": "free", "🆔": "id", "🆕": "new", "🆗": "ok", "🆘": "sos", "🆙": "up",
    "🆚": "vs", "€": "€", "£": "£",
    "\u3164": "", "\u115f": "", "\u1160": "", "\uffa0": "", "\u2800": "", "\u17b4": "", "\u17b5": "",
}  # fmt: skip
_FIRST_REGIONAL, _LAST_REGIONAL = 0x1F1E6, 0x1F1FF
_LETTER_BLOCKS = (0x1F150, 0x1F170, _FIRST_REGIONAL)
"""Negative circled, negative squared and regional indicator letters; NFKC knows the other emoji letters."""
_SPACES = re.compile(r"[\x00-\x1f\x7f]|  ")
_RUNS = re.compile("  +")
_REGIONAL = re.compile("[\U0001f1e6-\U0001f1ff]")
_FLAG = re.compile("(?<![\U0001f1e6-\U0001f1ff])[\U0001f1e6-\U0001f1ff]{2}(?![\U0001f1e6-\U0001f1ff])")
_OTHER = "~"
"""What every other sign and emoji is read as."""


def _look_alikes() -> dict[str, str]:
    lines = files("huntaze_contract.compliance").joinpath("latin.txt").read_text(encoding="ascii").splitlines()
    found = {}
    for line in lines:
        if not line.startswith("#"):
            letter, *codes = line.split()
            found.update({chr(int(code, 16)): letter for code in codes})
    return found


class _Table(dict[int, str]):
    """How each code point is read, for `str.translate`; worked out once for each that occurs, and kept."""

    def __init__(self) -> None:
        super().__init__({ord(char): read for char, read in _SPECIAL.items()})
        self._alike = _look_alikes()
        for first in _LETTER_BLOCKS:
            self.update({first + i: chr(ord("a") + i) for i in range(26)})

    def __missing__(self, code: int) -> str:
        read = self[code] = self._read(chr(code))
        return read

    def _read(self, char: str) -> str:
        category = unicodedata.category(char)
        if category in ("Cf", "Mn", "Me", "Mc", "Cs"):
            return ""
        if category in ("Cc", "Zs", "Zl", "Zp"):
            return " "
        found = []
        for part in unicodedata.normalize("NFD", self._alike.get(char) or unicodedata.normalize("NFKC", char)):
            for lower in self._alike.get(part, part).casefold():
                read = _SPECIAL.get(lower) or self._alike.get(lower, lower)
                if unicodedata.combining(read[0]) == 0:
                    found.append(read if read.isascii() or read.isalnum() or read in "€£" else _OTHER)
        return "".join(found)


_TABLE: _Table | None = None


def _table() -> _Table:
    # Made at first use: whoever only needs the names of the rules reads no file.
    global _TABLE  # noqa: PLW0603 - a cache of what Unicode says
    if _TABLE is None:
        _TABLE = _Table()
    return _TABLE


class Folded:
    """Lower case Latin letters, digits and signs; runs of white space are one space."""

    __slots__ = ("_at", "original", "text")

    def __init__(self, original: str) -> None:
        self.original = original
        self._at: Sequence[int] | None = None
        if original.isascii() and _SPACES.search(original) is None:
            self.text = original.lower()
            self._at = range(len(original))
        else:
            shown = _FLAG.sub(_OTHER * 2, original) if _REGIONAL.search(original) else original
            self.text = _RUNS.sub(" ", shown.translate(_table()))

    @property
    def at(self) -> Sequence[int]:
        """Where each character comes from."""
        if self._at is None:
            self._at = self._way_back()
        return self._at

    def span(self, start: int, end: int) -> tuple[int, int]:
        return self.at[start], self.at[end - 1] + 1

    def _way_back(self) -> list[int]:
        table = _table()
        flags = {i for found in _FLAG.finditer(self.original) for i in range(*found.span())}
        at: list[int] = []
        spaced = False
        for i, char in enumerate(self.original):
            read = _OTHER if i in flags else table[ord(char)]
            for part in read:
                if not (part == " " and spaced):
                    at.append(i)
                spaced = part == " "
        return at


def fold(text: str) -> Folded:
    return Folded(text)


def folded(text: str) -> str:
    """`fold` without the way back, trimmed: for terms."""
    return fold(text).text.strip()


# --- what stands for a letter --------------------------------------------------------------------------------------

AMBIGUOUS = "1!|"
"""Stand for i and for l."""
_LEET = {
    "4": "a", "@": "a", "3": "e", "€": "e", "0": "o", "5": "s", "$": "s", "7": "t", "+": "t", "8": "b", "9": "g",
    "6": "g", "2": "z", "£": "l", "(": "c", "¢": "c",
}  # fmt: skip
LOOKS_LIKE = {
    **{sign: frozenset(letter) for sign, letter in _LEET.items()},
    **dict.fromkeys(AMBIGUOUS, frozenset("il")),
}
"""What letters a digit or sign can stand for."""
_AS_I = str.maketrans({**_LEET, **dict.fromkeys(AMBIGUOUS, "i")})
_AS_L = str.maketrans({**_LEET, **dict.fromkeys(AMBIGUOUS, "l")})

# --- what is done inside words -------------------------------------------------------------------------------------

_PIECE = re.compile(r"[^\W_]+")
_ELISION = re.compile(r"(?:[ldjmtsnc]|qu)'(?=[^\W\d_])")
_LEET_INSIDE = re.compile(r"[\d@$!|+€£(¢]")
_LETTER = re.compile(r"[a-z]")
_DRAWN = re.compile(r"([^\W\d_])\1\1+")
_OPENING, _CLOSING = "\"'(*-_~.,;:", "\"'!?.,;:)*-_~"
_SHORT = 2
"""Pieces of a word of at most this many letters each were one word: `s.n.a.p`, `in-st-a`."""
_Word = tuple[str, Sequence[int]]
"""A word, and the place of each of its letters."""


class Joined:
    """The folded text as words alone: leetspeak read, spelled out letters joined, drawn out ones shortened."""

    __slots__ = ("_below", "_starts", "_words", "text")

    def __init__(self, below: Folded, words: list[_Word]) -> None:
        self._below = below
        self._words = words
        self._starts: list[int] | None = None
        self.text = " ".join([word for word, _ in words])

    def span(self, start: int, end: int) -> tuple[int, int]:
        first, last = self._place(start), self._place(end - 1)
        return self._below.span(first, max(first, last) + 1)

    def _place(self, at: int) -> int:
        """Where in the folded text the character comes from; a space counts as the letter before it."""
        if self._starts is None:
            self._starts = []
            start = 0
            for word, _ in self._words:
                self._starts.append(start)
                start += len(word) + 1
        number = bisect_right(self._starts, at) - 1
        places = self._words[number][1]
        return places[min(at - self._starts[number], len(places) - 1)]


class Decoded:
    """The folded text with its signs and spaces, leetspeak read in words that have letters: `sn@p: jane`."""

    __slots__ = ("_below", "text")

    def __init__(self, below: Folded) -> None:
        self._below = below
        self.text = " ".join(
            [
                token.translate(_AS_I) if _LEET_INSIDE.search(token) and _LETTER.search(token) else token
                for token in below.text.split(" ")
            ]
        )

    def span(self, start: int, end: int) -> tuple[int, int]:
        return self._below.span(start, end)  # each sign is read as one letter


def readings(view: Folded) -> tuple[View, ...]:
    """The folded text and what else it can be read as, each only where it differs."""
    joined = join(view)
    if _LEET_INSIDE.search(view.text) is None:
        return (view, *joined)
    decoded = Decoded(view)
    return (view, *joined) if decoded.text == view.text else (view, decoded, *joined)


def join(view: Folded) -> tuple[Joined, ...]:
    """Nothing if joining changes nothing; twice where a sign can be an i or an l."""
    first = Joined(view, _words_of(view.text, _AS_I))
    if first.text == view.text:
        return ()
    if not any(sign in view.text for sign in AMBIGUOUS):
        return (first,)
    second = Joined(view, _words_of(view.text, _AS_L))
    return (first,) if second.text == first.text else (first, second)


def _words_of(text: str, leet: dict[int, str]) -> list[_Word]:
    words: list[_Word] = []
    alone = False  # whether the word before is one of single letters, to which another one belongs
    start = 0
    for token in text.split(" "):
        if (len(token) > 1 and token.isalpha()) or token.isdigit():
            words.append((token, range(start, start + len(token))))
            alone = False
        elif token:
            for word, places in _taken_apart(token, start, leet):
                single = len(word) == 1 and word.isalpha()
                if alone and single:
                    before, places_before = words[-1]
                    words[-1] = (before + word, [*places_before, *places])
                else:
                    words.append((word, places))
                alone = single
        start += len(token) + 1
    if _DRAWN.search(text):
        words = [_shortened(word, places) for word, places in words]
    return words


def _taken_apart(token: str, start: int, leet: dict[int, str]) -> list[_Word]:
    """The words of one token, which begins at `start`."""
    inner = token.rstrip(_CLOSING)
    if inner.isalpha():
        return [(inner, range(start, start + len(inner)))]
    first = start + len(inner)
    inner = inner.lstrip(_OPENING)
    first -= len(inner)
    words: list[_Word] = []
    elided = _ELISION.match(inner)
    if elided is not None:  # l'insta: two words
        words.append((inner[: elided.end() - 1], range(first, first + elided.end() - 1)))
        first, inner = first + elided.end(), inner[elided.end() :]
    if _LEET_INSIDE.search(inner) and _LETTER.search(inner):
        inner = inner.translate(leet)
    at = [first + i for i, char in enumerate(inner) if char != "'"]
    inner = inner.replace("'", "")
    pieces = [piece.span() for piece in _PIECE.finditer(inner)]
    if len(pieces) > 1 and all(end - begin <= _SHORT and inner[begin:end].isalpha() for begin, end in pieces):
        kept = [i for begin, end in pieces for i in range(begin, end)]
        words.append(("".join([inner[i] for i in kept]), [at[i] for i in kept]))
    else:
        words.extend((inner[begin:end], at[begin:end]) for begin, end in pieces)
    return words


def _shortened(word: str, places: Sequence[int]) -> _Word:
    if _DRAWN.search(word) is None:
        return word, places
    kept: list[int] = []
    end = 0
    for run in _DRAWN.finditer(word):
        kept.extend(range(end, run.start() + 1))
        end = run.end()
    kept.extend(range(end, len(word)))
    return "".join([word[i] for i in kept]), [places[i] for i in kept]


# --- letters alone -------------------------------------------------------------------------------------------------

_SIGNS = "@$!|+€£("
_CLASSES = {chr(code): chr(code) for code in range(ord("a"), ord("z") + 1)} | _LEET | dict.fromkeys(AMBIGUOUS, "i")
_CLASSES["l"] = "i"
_CLASSES_OF_LETTERS = {char: read for char, read in _CLASSES.items() if char not in _SIGNS}
_SIGN_INSIDE = re.compile(r"[^\W_][@$!|+€£(]+[^\W_]")
_TO_CLASSES, _TO_CLASSES_OF_LETTERS = str.maketrans(_CLASSES), str.maketrans(_CLASSES_OF_LETTERS)
_NO_LETTER, _REPEATED = re.compile(r"[^a-z]+"), re.compile(r"(.)\1+")


@dataclass(frozen=True, slots=True)
class Squeezed:
    """Letters alone, i and l alike, each run of one letter as one.

    `first[i]` and `last[i]` are the places of a run in the folded text; between two runs there may be anything.
    """

    text: str
    first: Sequence[int]
    last: Sequence[int]


def hints(text: str) -> tuple[str, ...]:
    """What `squeeze` gives, roughly and quickly: every repeated letter is one here, whatever stands between.

    A term that is in the squeezed text is in here, when the same was done to the term.
    """
    first = _REPEATED.sub(r"\1", _NO_LETTER.sub("", text.translate(_TO_CLASSES)))
    if _SIGN_INSIDE.search(text) is None:
        return (first,)
    return first, _REPEATED.sub(r"\1", _NO_LETTER.sub("", text.translate(_TO_CLASSES_OF_LETTERS)))


def squeeze(text: str) -> tuple[Squeezed, ...]:
    """With signs read as letters, and where signs stand between letters once more without them."""
    found = _squeezed(text, _CLASSES)
    return (found, _squeezed(text, _CLASSES_OF_LETTERS)) if _SIGN_INSIDE.search(text) else (found,)


def _squeezed(text: str, classes: dict[str, str]) -> Squeezed:
    chars: list[str] = []
    first: list[int] = []
    last: list[int] = []
    before, place_before = "", -2
    for place, char in enumerate(text):
        read = classes.get(char)
        if read is None:
            continue
        if char == before and place == place_before + 1:
            last[-1] = place
        else:
            chars.append(read)
            first.append(place)
            last.append(place)
        before, place_before = char, place
    return Squeezed("".join(chars), first, last)
