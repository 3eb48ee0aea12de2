"""How people write around a word list, and how the corpus is read: every `[[made]]` block spelled out into cases."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle, product
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
_LEET = str.maketrans({"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7"})
_CYRILLIC = str.maketrans({"a": "а", "e": "е", "o": "о", "p": "р", "c": "с", "x": "х", "y": "у", "i": "і", "s": "ѕ"})
_ACCENTED = str.maketrans({"a": "á", "e": "ê", "i": "ï", "o": "ö", "u": "ü", "c": "ç", "n": "ñ"})
_SMALL = str.maketrans(dict(zip("abcdefghijklmnoprstuvwyz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", strict=True)))


def _shifted(first: int) -> Callable[[str], str]:
    def write(text: str) -> str:
        return "".join(chr(first + ord(char) - ord("a")) if "a" <= char <= "z" else char for char in text.lower())

    return write


def _full_width(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


def _bold(text: str) -> str:
    letters = _shifted(0x1D41A)(text)
    return "".join(chr(0x1D7CE + int(char)) if char.isascii() and char.isdigit() else char for char in letters)


def _drawn(text: str) -> str:
    return text[:1] + text[1] * 3 + text[1:] if len(text) > 1 else text


TRICKS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "upper": str.upper,
    "spaced": " ".join,
    "dotted": ".".join,
    "dashed": "-".join,
    "underscored": "_".join,
    "leet": lambda text: text.translate(_LEET),
    "leet_soft": lambda text: text.replace("a", "@", 1).replace("s", "$", 1),
    "cyrillic": lambda text: text.lower().translate(_CYRILLIC),
    "zero_width": "\u200b".join,
    "soft_hyphen": "\u00ad".join,
    "full_width": _full_width,
    "small_caps": lambda text: text.lower().translate(_SMALL),
    "accented": lambda text: text.translate(_ACCENTED),
    "circled": _shifted(0x24D0),
    "squared": _shifted(0x1F170),
    "regional": lambda text: "\u2009".join(_shifted(0x1F1E6)(text)),
    "drawn": _drawn,
    "emoji_between": "💕".join,
    "bold": _bold,
    "zalgo": "\u0336".join,
    "script": _shifted(0x1D4EA),
    "keycaps": lambda text: "".join(f"{char}\ufe0f\u20e3" if char.isdigit() else char for char in text),
    "double_space": lambda text: text.replace(" ", "  "),
    "new_line": lambda text: text.replace(" ", "\n"),
}


@dataclass(frozen=True)
class Case:
    text: str
    category: str
    tier: str


def ordinary() -> list[str]:
    data = _read("ordinary.toml")
    made = [
        say.replace("{x}", value) for block in data["made"] for say, value in product(block["say"], block["with"]["x"])
    ]
    return [*data["texts"], *made]


def warned() -> list[str]:
    return list(_read("ordinary.toml")["warned"])


def missed() -> list[str]:
    """Evasions that are known to get past."""
    return list(_read("caught.held_out.toml")["missed"])


def caught(name: str = "caught.toml") -> list[Case]:
    data = _read(name)
    return [*_by_hand(data), *_made(data)]


def _by_hand(data: dict) -> Iterator[Case]:
    for block in data.get("case", []):
        for text in block["texts"]:
            yield Case(text, block["category"], block["tier"])


def _made(data: dict) -> Iterator[Case]:
    for block in data.get("made", []):
        says = cycle(block["say"])
        for item, trick in product(block["items"], block["tricks"]):
            yield Case(next(says).replace("{x}", TRICKS[trick](item)), block["category"], block["tier"])


def _read(name: str) -> dict:
    return tomllib.loads((CORPUS / name).read_text(encoding="utf-8"))
