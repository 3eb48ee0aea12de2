"""Finds telephone numbers, however they are written: with signs, in words of four languages, or both.

What is found has the shape of a telephone number (its length, its first digits, its groups); a price, a date, a count
or a countdown has not. Works on the folded text.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["may_have_phones", "phones"]

_UNITS = {
    word: value
    for value, words in enumerate(
        (
            "zero oh null cero nul", "one un une uno una eins ein", "two deux dos zwei zwo", "three trois tres drei",
            "four quatre cuatro vier", "five cinq cinco funf fuenf", "six seis sechs", "seven sept siete sieben",
            "eight huit ocho acht", "nine neuf nueve neun",
        )
    )
    for word in words.split()
}  # fmt: skip
_TEENS = {
    word: value
    for value, words in enumerate(
        (
            "ten dix diez zehn", "eleven onze once elf", "twelve douze doce zwolf", "thirteen treize trece dreizehn",
            "fourteen quatorze catorce vierzehn", "fifteen quinze quince funfzehn", "sixteen seize dieciseis sechzehn",
            "seventeen diecisiete siebzehn", "eighteen dieciocho achtzehn", "nineteen diecinueve neunzehn",
        ),
        10,
    )
    for word in words.split()
}  # fmt: skip
_TENS = {
    word: value
    for value, words in enumerate(
        (
            "twenty vingt vingts veinte zwanzig", "thirty trente treinta dreissig", "forty quarante cuarenta vierzig",
            "fifty cinquante cincuenta funfzig", "sixty soixante sesenta sechzig", "seventy septante setenta siebzig",
            "eighty octante ochenta achtzig", "ninety nonante noventa neunzig",
        ),
        2,
    )
    for word in words.split()
}  # fmt: skip
_TIMES = {"double": 2, "triple": 3, "doble": 2, "doppel": 2}
_ITEM = re.compile(r"\+|[0-9ol]*[0-9][0-9ol]*|[a-z]+|[^a-z0-9+]+")
_BETWEEN = frozenset(" .,-()/_*~|:'\"\\[]{}")
_FILLERS = frozenset({"et", "und", "y"})
_CONTEXT = re.compile(
    r"\b(?:call|text|txt|phone|cell|mobile|sms|whatsapp|telegram|number|num|numero|tel|appelle|appeler|appel|portable|"
    r"llama|llamame|movil|telefono|ruf|anrufen|handy|nummer|digits|imessage|facetime|viber|wa)\b"
)
_CONTEXT_REACH = 30
_HEX = frozenset("abcdef")
_LEAST, _MOST = 7, 15
_LEAST_MIXED = 9
"""Of a number that is partly said in words, in whatever groups."""
_NOT_DIGITS = re.compile(r"[^0-9]+")
_FEWEST_DIGITS = 4
"""Of a number that is otherwise said in words."""
_FEWEST_COUNTED = 4
"""So many groups with equal steps between them are somebody who counts."""
_NUMBER_WORDS = frozenset((*_UNITS, *_TEENS, *_TENS, *_TIMES))


@dataclass(slots=True)
class _Run:
    """Digits and number words with nothing but separators between them."""

    start: int
    end: int
    groups: list[str]
    """Digits as they stood together; a number word is a group of its own. Of composed ones only the length is right."""
    words: int = 0
    plus: bool = False
    tens: bool = False
    """The last word was a tens word, to which a unit may still belong."""
    colon: bool = False

    @property
    def digits(self) -> str:
        return "".join(self.groups)


def may_have_phones(text: str) -> bool:
    """Quickly: most texts have neither digits nor number words enough."""
    if len(_NOT_DIGITS.sub("", text)) >= _FEWEST_DIGITS:
        return True
    return len(_NUMBER_WORDS.intersection(text.replace("-", " ").replace(",", " ").split(" "))) > 1


def phones(text: str) -> list[tuple[int, int]]:
    """Where telephone numbers stand in the folded text."""
    found = []
    for run in _runs(text):
        near = _CONTEXT.search(text, max(0, run.start - _CONTEXT_REACH), run.start) is not None
        if _is_phone(run, told=near) and (near or not _is_glued(text, run)):
            found.append((run.start, run.end))
    return found


def _is_glued(text: str, run: _Run) -> bool:
    """Whether letters from a to f stand at the digits: some id in hexadecimal, and no number to call."""
    before, after = text[max(0, run.start - 1) : run.start], text[run.end : run.end + 1]
    return any(char in _HEX for char in (before, after) if char)


def _runs(text: str) -> list[_Run]:
    runs: list[_Run] = []
    run: _Run | None = None
    times = 1
    plus = -1
    for item in _ITEM.finditer(text):
        word, start, end = item.group(), item.start(), item.end()
        digits = _digits_of(word)
        if digits is not None:
            if run is None:
                run = _Run(plus if plus >= 0 else start, end, [], plus=plus >= 0)
            _add(run, word, digits * times, end)
            times = 1
        elif word in _TIMES:
            times = _TIMES[word]
        elif word in _FILLERS and run is not None and run.tens:
            continue
        elif run is not None and (len(word) > 4 or not _BETWEEN.issuperset(word)):
            runs.append(run)
            run, times = None, 1
        elif run is not None and ":" in word:
            run.colon = True
        plus = start if word in ("+", "plus") else plus if word == " " else -1
    if run is not None:
        runs.append(run)
    return runs


def _digits_of(word: str) -> str | None:
    if any(char.isdigit() for char in word):
        return word.replace("o", "0").replace("l", "1")
    if word in _UNITS:
        return str(_UNITS[word])
    if word in _TEENS:
        return str(_TEENS[word])
    return f"{_TENS[word]}0" if word in _TENS else None


def _add(run: _Run, word: str, digits: str, end: int) -> None:
    spoken = not any(char.isdigit() for char in word)
    run.end = end
    run.words += spoken
    # "thirty four" is two digits, not three; so is "soixante quatorze".
    if not (spoken and run.tens and (len(digits) == 1 or word in _TEENS)):
        run.groups.append(digits)
    run.tens = word in _TENS or (run.tens and word in ("quatre", "vingt", "vingts"))


def _is_phone(run: _Run, *, told: bool) -> bool:
    digits, groups = run.digits, run.groups
    if not _LEAST <= len(digits) <= _MOST or _counts(groups):
        return False
    if run.words:
        whole = len(digits) >= _LEAST_MIXED and not _is_date(groups)
        return whole or (len(groups) >= 5 and (run.words >= 5 or len(digits) >= 8))
    if run.plus or (digits.startswith("00") and len(digits) >= 10):
        return len(digits) >= 8
    if _is_date(groups) or run.colon:
        return False
    if told and len(groups) <= 6 and not _is_round(digits):
        return True
    if all(len(group) == 1 for group in groups):
        return True
    return _has_national_shape(digits, [len(group) for group in groups])


def _has_national_shape(digits: str, shape: list[int]) -> bool:
    """Of France and its neighbours, Germany, Great Britain, North America and Spain."""
    if _is_round(digits):
        return False
    if digits[0] == "0" and digits[1] != "0" and len(digits) in (10, 11, 12):
        return True
    if len(digits) == 11 and digits[0] == "1" and digits[1] in "23456789":
        return shape in ([11], [1, 10], [1, 3, 3, 4], [1, 3, 7], [4, 3, 4])
    if len(digits) == 10 and digits[0] in "23456789" and digits[3] in "23456789":
        return shape in ([10], [3, 3, 4], [3, 7], [6, 4], [3, 3, 2, 2])
    if len(digits) == 9 and digits[0] in "67":
        return shape in ([9], [3, 3, 3], [3, 2, 2, 2], [1, 2, 2, 2, 2])
    return False


def _is_round(digits: str) -> bool:
    return digits.endswith("000")


def _is_date(groups: list[str]) -> bool:
    return any(len(group) == 4 and group[:2] in ("19", "20") for group in groups) and len(groups) >= 3


def _counts(groups: list[str]) -> bool:
    """Whether somebody counts, up or down, or writes the same again and again."""
    if len(groups) == 1:
        return len(set(groups[0])) == 1
    if len(groups) < _FEWEST_COUNTED:
        return False
    steps = {int(later) - int(earlier) for earlier, later in pairwise(groups)}
    return len(steps) == 1
