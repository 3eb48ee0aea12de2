"""Words of a chat line, for finding similar lines: without case, accents and the words that every line has."""

import re
import unicodedata
from collections.abc import Sequence

__all__ = ["all_words", "language_of", "terms"]

_WORD = re.compile(r"[^\W_]+")
_LONGEST = 40
_MOST = 24
"""Terms of one line that count: a long story is found by its beginning."""
_SMALL_ENGLISH = (
    "a about am an and are at be been but by can could did do does for from get got had has have he her him his how i "
    "if im in is it its just like me my no not of oh ok on one or our out really she so some tell that the their them "
    "then there they this to too up us was we were what when where which who why will with would yes you your youre"
)
_SMALL_FRENCH = (
    "ai au aux avec c ca ce ces cet cette d dans de des du elle en es est et etait etre fait il ils j je jai l la le "
    "les leur lui m ma mais me meme mes moi mon n ne nos notre nous on ou oui par pas plus pour qu que quel quelle "
    "qui s sa se ses si son sont suis sur t ta te tes toi ton tout tres tu un une vos votre vous y"
)
_ENGLISH, _FRENCH = frozenset(_SMALL_ENGLISH.split()), frozenset(_SMALL_FRENCH.split())


def all_words(text: str) -> list[str]:
    """Every word, in order; "C’était" is "c" and "etait"."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(char for char in plain if not unicodedata.combining(char)))


def terms(text: str) -> tuple[str, ...]:
    """The words that tell lines apart, each once, in order. Of a line that has none: all its words."""
    words = [word[:_LONGEST] for word in all_words(text)]
    telling = [word for word in words if word not in _ENGLISH and word not in _FRENCH and len(word) > 1]
    return tuple(dict.fromkeys(telling or words))[:_MOST]


def language_of(texts: Sequence[str]) -> str:
    """`fr` or `en`: whichever has more of its small words in the texts, the later ones counting as much as all others.

    English where neither has.
    """
    words = [*(word for text in texts for word in all_words(text)), *(all_words(texts[-1]) * 2 if texts else ())]
    english, french = sum(word in _ENGLISH for word in words), sum(word in _FRENCH for word in words)
    return "fr" if french > english or (french == english and _has_french_marks(texts)) else "en"


def _has_french_marks(texts: Sequence[str]) -> bool:
    words = {word for text in texts for word in all_words(text)}
    return bool(words & {"salut", "bonjour", "coucou", "merci", "bonsoir", "bisous", "nuit", "oui"})
