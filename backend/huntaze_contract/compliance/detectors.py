"""What words and patterns cannot say: links, e-mail addresses, accounts with check digits. All on the folded text.

Every expression is bounded, so that the time grows with the text and with nothing else.
"""

import re
from collections.abc import Callable, Sequence

from huntaze_contract.compliance.numbers import may_have_phones, phones
from huntaze_contract.compliance.rules import Detector

__all__ = ["TEXT_DETECTORS", "links"]

Place = tuple[int, int]

# --- links ---------------------------------------------------------------------------------------------------------

# Endings that no sentence has by accident ("nuit.de rien" and "love it.me too" are sentences).
_PLAIN_TLDS = "com|net|org|io|gg|app|xyz|info|biz|dev|eu|uk|online|shop|tv|ly|cc"
_ANY_TLDS = _PLAIN_TLDS + "|me|to|fr|de|es|it|be|ch|ca|us|pt|at|nl|co|link|bio|page|site|store|club|live|fans|ee|ai|pw"
_DOT = r" ?(?:[\[({] ?)?(?:\.|\bdot\b|\bd0t\b|\bpoint\b|\bpunkt\b|\bpunto\b)(?: ?[\])}])? ?"
_NAME = r"[a-z0-9][a-z0-9-]{0,62}"
_ALONE = r"(?<![a-z0-9@.-])"
_LINK = re.compile(
    r"\bh(?:tt|xx)ps? ?: ?/ ?/ ?[^ ]{1,300}"
    rf"|\bwww{_DOT}{_NAME}(?:\.{_NAME}){{0,3}}(?:/[^ ]{{0,200}})?"
    rf"|{_ALONE}(?:{_NAME}\.){{1,3}}(?:{_PLAIN_TLDS})(?![a-z0-9-]|\.[a-z0-9])(?:/[^ ]{{0,200}})?"
    rf"|{_ALONE}(?:{_NAME}\.){{1,3}}(?:{_ANY_TLDS})/[^ ]{{1,200}}"
    rf"|{_ALONE}{_NAME}{_DOT}(?:c[o0]m|net|org|io)\b(?![a-z0-9-])"
    r"|\b[a-z0-9]{3,40}(?:dot(?:com|net|org)|,(?:com|net))\b|\b(?:[a-z0-9] ){2,40}\. ?c ?[o0] ?m\b"
    r"|(?<![a-z0-9])(?:linktr\.ee|t\.me|wa\.me|m\.me|discord\.gg|bit\.ly|beacons\.ai|cash\.me|paypal\.me)\b"
)
_HOST = re.compile(rf"(?:h(?:tt|xx)ps? ?: ?/ ?/ ?)?(?:www{_DOT})?([a-z0-9.-]{{1,253}})(?::\d{{1,5}})?(?:[/?#].*)?")
_SIGN_OF_LINK = re.compile(
    r"\.[a-z]|,(?:com|net)|\. c|://|dot|point|punkt|punto|d0t|\. ?(?:com|net|org|io)|[\[({] ?\.|www|: ?/"
)


def links(text: str, allowed: Sequence[str]) -> list[Place]:
    """Where addresses stand that are not of an allowed domain or below one."""
    if _SIGN_OF_LINK.search(text) is None:
        return []
    found = []
    for link in _LINK.finditer(text):
        host = _HOST.fullmatch(link.group())
        name = "" if host is None else host.group(1).rstrip(".")
        if not any(name == domain or name.endswith("." + domain) for domain in allowed):
            found.append(link.span())
    return found


# --- e-mail --------------------------------------------------------------------------------------------------------

_PROVIDERS = (
    "gmail|googlemail|hotmail|yahoo|outlook|icloud|proton|protonmail|aol|gmx|live|orange|wanadoo|laposte|web|me"
)
_AT = r"(?: ?@ ?| ?[\[({] ?(?:at|arobase|arroba) ?[\])}] ?| (?:at|arobase|arrobas?|klammeraffe) )"
_LOCAL = r"(?<![a-z0-9._%+-])[a-z0-9._%+-]{1,64}"
_EMAIL = re.compile(
    rf"{_LOCAL}(?:@ ?| @ )[a-z0-9-]{{1,40}}{_DOT}[a-z]{{2,10}}\b"
    rf"|{_LOCAL}{_AT}(?:{_PROVIDERS}){_DOT}(?:com|net|org|fr|de|es|me|ch|co)\b"
    rf"|{_LOCAL}{_AT}(?:gmail|hotmail|googlemail|icloud|protonmail|g mail)\b"
    rf"|{_LOCAL}{_AT}[a-z0-9-]{{2,40}} ?(?: dot | point |\(dot\)|\[dot\]) ?(?:com|net|org|fr)\b"
)
_SIGNS_OF_EMAIL = ("@", " at ", "(at", "[at", "{at", "arob", "arroba", "klammeraffe")


def _emails(text: str) -> list[Place]:
    if not any(sign in text for sign in _SIGNS_OF_EMAIL):
        return []
    return [found.span() for found in _EMAIL.finditer(text)]


# --- accounts ------------------------------------------------------------------------------------------------------

_IBAN_LENGTHS = {
    "ad": 24, "at": 20, "be": 16, "bg": 22, "ch": 21, "cy": 28, "cz": 24, "de": 22, "dk": 18, "ee": 20, "es": 24,
    "fi": 18, "fr": 27, "gb": 22, "gr": 27, "hr": 21, "hu": 28, "ie": 22, "is": 26, "it": 27, "li": 21, "lt": 20,
    "lu": 20, "lv": 21, "mc": 27, "mt": 31, "nl": 18, "no": 15, "pl": 28, "pt": 25, "ro": 24, "se": 24, "si": 19,
    "sk": 24, "sm": 27,
}  # fmt: skip
_IBAN = re.compile(r"(?<![a-z0-9])([a-z]{2})[ .-]?\d[ .-]?\d(?:[ .-]{0,2}[a-z0-9]){11,28}")
_CARD = re.compile(r"(?<![0-9a-z])\d(?:[ .-]?\d){12,18}(?![0-9a-z])")
_CARD_GROUPS = {(13,), (15,), (16,), (19,), (4, 4, 4, 4), (4, 6, 5), (4, 4, 4, 4, 3), (4,) * 3 + (1,)}
"""How a card's digits are written; others with right check digits (one number in ten) are some other number."""
_CRYPTO = re.compile(
    r"(?<![a-z0-9])(?:0x[0-9a-f]{40}|bc1[a-z0-9]{25,60}|ltc1[a-z0-9]{25,60}|"
    r"[13tl](?=[a-z]{0,33}\d)(?=\d{0,33}[a-z])[a-z0-9]{25,34})(?![a-z0-9])"
)
_LONG_TOKEN = re.compile(r"[a-z0-9]{26}")
_NOT_DIGITS = re.compile(r"[^0-9]+")
_LEAST_DIGITS = 6


def _accounts(text: str) -> list[Place]:
    found = [match.span() for match in _CRYPTO.finditer(text)] if _LONG_TOKEN.search(text) else []
    if len(_NOT_DIGITS.sub("", text)) < _LEAST_DIGITS:
        return found
    found += [place for match in _IBAN.finditer(text) if (place := _iban(match)) is not None]
    found += [match.span() for match in _CARD.finditer(text) if _is_card(match.group())]
    return found


def _iban(match: re.Match[str]) -> Place | None:
    """The place of the account number at the head of a match, if its check digits are right."""
    length = _IBAN_LENGTHS.get(match.group(1))
    if length is None:
        return None
    chars = [(char, match.start() + i) for i, char in enumerate(match.group()) if char.isalnum()][:length]
    if len(chars) < length:
        return None
    account = "".join(char for char, _ in chars)
    number = int("".join(str(int(char, 36)) for char in account[4:] + account[:4]))
    return (match.start(), chars[-1][1] + 1) if number % 97 == 1 else None


def _is_card(written: str) -> bool:
    groups = tuple(len(group) for group in _NOT_DIGITS.split(written))
    return written[0] in "23456" and groups in _CARD_GROUPS and _luhn(_NOT_DIGITS.sub("", written))


def _luhn(digits: str) -> bool:
    if len(set(digits)) == 1:
        return False
    doubled = [int(digit) * (2 if i % 2 else 1) for i, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


# --- telephone numbers ---------------------------------------------------------------------------------------------


def _phones(text: str) -> list[Place]:
    return phones(text) if may_have_phones(text) else []


TEXT_DETECTORS: dict[Detector, Callable[[str], list[Place]]] = {
    Detector.PHONE: _phones,
    Detector.EMAIL: _emails,
    Detector.ACCOUNT: _accounts,
}
