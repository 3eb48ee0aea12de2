"""Compiles Unicode's confusables.txt into huntaze_contract/compliance/latin.txt: what looks like ASCII letters.

Run by hand when Unicode publishes a new version: `.venv/bin/python tools/confusables.py path/to/confusables.txt`. Only
single look-alikes of a single ASCII letter or digit are kept (the published table has 9,600 pairs of all scripts), and
none that NFKC already folds. Marks above the target (an accent) are dropped, as the matcher drops accents.
"""

from __future__ import annotations

import sys
import unicodedata
from collections import defaultdict
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "backend" / "huntaze_contract" / "compliance" / "latin.txt"
HEAD = """\
# What looks like a Latin letter or digit: the target, then the code points that are read as it.
# Compiled by tools/confusables.py from confusables.txt of Unicode's security data (UTS 39), Copyright Unicode, Inc.,
# under the Unicode License v3 (https://www.unicode.org/license.txt), as the package confusable-homoglyphs 3.3.1 hands
# it on; the small capitals are ours.
"""
SMALL_CAPITALS = dict(zip("abcdefghijklmnoprstuvwyz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", strict=True))


def plain(text: str) -> str:
    """Lower case without accents, as far as NFKC and case folding know."""
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(char for char in folded if not unicodedata.combining(char))


def compiled(lines: list[str]) -> dict[str, list[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        fields = [field.strip() for field in line.split("#")[0].lstrip("\ufeff").split(";")]
        if len(fields) < 3:
            continue
        source, target = ("".join(chr(int(code, 16)) for code in field.split()) for field in fields[:2])
        letter = plain(target)
        if len(source) != 1 or source.isascii() or len(letter) != 1 or not letter.isascii() or not letter.isalnum():
            continue
        known = plain(source)
        # Full width and mathematical letters fold by themselves, and better: the table takes 𝟎 for an o.
        if not (len(known) == 1 and known.isascii() and known.isalnum()):
            found[letter].add(source)
    for letter, capital in SMALL_CAPITALS.items():
        found[letter].add(capital)
    return {letter: sorted(found[letter]) for letter in sorted(found)}


def main(arguments: list[str]) -> int:
    table = compiled(Path(arguments[0]).read_text(encoding="utf-8").splitlines())
    lines = [f"{letter} {' '.join(f'{ord(char):04X}' for char in chars)}" for letter, chars in table.items()]
    TARGET.write_text(HEAD + "\n".join(lines) + "\n", encoding="ascii")
    print(f"wrote {TARGET.name}: {sum(len(chars) for chars in table.values())} look-alikes of {len(table)} characters")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
