"""Compiles a policy into a `RuleSet`, which checks texts: pure, and quick enough to run at every key press.

All terms, triggers and exceptions stand in two automatons (Aho-Corasick); a text passes them once per reading of it,
however many rules there are. What the first finds stands at word borders in the folded or joined text. What the second
finds in the squeezed text is only a suspicion: it counts if each letter can be what the term has there, and if the
term's rule lets words be pulled apart in this way.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from re import Pattern
from re import compile as compile_pattern
from typing import TYPE_CHECKING

from huntaze_contract.compliance.detectors import TEXT_DETECTORS, links
from huntaze_contract.compliance.folding import (
    LOOKS_LIKE,
    Folded,
    Squeezed,
    View,
    fold,
    folded,
    hints,
    readings,
    squeeze,
)
from huntaze_contract.compliance.intervals import Apart, Intervals
from huntaze_contract.compliance.rules import Category, Detector, Policy, Rule, Spread, Tier
from huntaze_contract.compliance.verdict import Finding, Verdict

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick

__all__ = ["RuleSet"]

_LEAST_SQUEEZED = 4
"""Shorter terms hide in too many innocent neighbours to be looked for across words."""
_LONGEST_PIECE = 2
"""Of a term that was spelled out."""
_LONGEST_WHOLE = 3
"""Longer triggers may begin a longer word."""
_EVERYBODY = -1
_STRICTNESS = {Tier.BLOCK: 0, Tier.REPLACE: 1, Tier.WARN: 2}
_Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Term:
    rule: int
    """Its place in the policy, or `_EVERYBODY` for a phrase that is allowed."""
    text: str
    prefix: bool = False
    spread: Spread = Spread.WORD
    exception: bool = False
    trigger: bool = False


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A compiled policy. Share it freely: a check changes nothing in it."""

    policy: Policy = field(repr=False)
    _words: "AhoCorasick" = field(repr=False)
    _terms: Sequence[_Term] = field(repr=False)
    _hints: "AhoCorasick" = field(repr=False)
    """The squeezed terms without any repeated letter: whether it is worth while to squeeze a text."""
    _squeezed: "AhoCorasick" = field(repr=False)
    _squeezed_terms: Sequence[_Term] = field(repr=False)
    _patterns: Sequence[Sequence[Pattern[str]]] = field(repr=False)
    _always: frozenset[int] = field(repr=False)
    """Rules whose patterns have no trigger."""
    _detectors: Sequence[tuple[int, Detector]] = field(repr=False)

    @classmethod
    def compile(cls, policy: Policy) -> "RuleSet":
        """Some milliseconds for some hundred rules: not on the GUI thread.

        Raises:
            re.error: a pattern that is none. ValueError: a term without a letter or digit.
        """
        # Here, because whoever only names findings (a plugin) needs no automaton.
        from ahocorasick_rs import AhoCorasick

        terms: list[_Term] = []
        for index, rule in enumerate(policy.rules):
            terms += (_term(index, term, rule.spread) for term in rule.terms)
            terms += (_Term(index, folded(trigger), trigger=True) for trigger in rule.triggers)
            terms += (_Term(index, _known(phrase), exception=True) for phrase in rule.exceptions)
        terms += (_Term(_EVERYBODY, _known(phrase), exception=True) for phrase in policy.allow)
        wide = [term for term in terms if _is_wide(term)]
        return cls(
            policy,
            AhoCorasick([term.text for term in terms]),
            terms,
            AhoCorasick([hints(term.text)[0] for term in wide]),
            AhoCorasick([squeeze(term.text)[0].text for term in wide]),
            wide,
            [[compile_pattern(pattern) for pattern in rule.patterns] for rule in policy.rules],
            frozenset(i for i, rule in enumerate(policy.rules) if rule.patterns and not rule.triggers),
            [(i, rule.detector) for i, rule in enumerate(policy.rules) if rule.detector is not None],
        )

    def check(self, text: str, price: int | None = None) -> Verdict:
        """What the rules mind about a text and a price (minor units, None: not for sale)."""
        view = fold(text)
        found = _Found([], [])
        self._find_words(view, found)
        if any(self._hints.find_matches_as_indexes(hint) for hint in hints(view.text)):
            for squeezed in squeeze(view.text):
                self._find_squeezed(view, squeezed, found)
        for index, detector in self._detectors:
            found.add(index, view, self._detect(detector, view.text))
        findings = [self._finding(text, index, place) for index, place in self._kept(found)]
        findings += self._of_price(price)
        findings.sort(key=lambda each: (each.start, _STRICTNESS[each.tier], -each.end, each.rule))
        return Verdict(tuple(findings), _replaced(text, findings))

    def _find_words(self, view: Folded, found: "_Found") -> None:
        for each in readings(view):
            woken = set(self._always)
            for number, start, end in self._words.find_matches_as_indexes(each.text, overlapping=True):
                term = self._terms[number]
                if term.trigger:
                    if term.rule not in woken and _may_wake(term.text, each.text, start, end):
                        woken.add(term.rule)
                elif _at_borders(each.text, start, end, open_end=term.prefix, open_start=term.spread is Spread.INSIDE):
                    place = each.span(start, _word_end(each.text, end) if term.prefix else end)
                    (found.exceptions if term.exception else found.places).append((term.rule, place))
            for index in woken:
                for pattern in self._patterns[index]:
                    found.add(index, each, [match.span() for match in pattern.finditer(each.text)])

    def _find_squeezed(self, view: Folded, squeezed: Squeezed, found: "_Found") -> None:
        for number, start, end in self._squeezed.find_matches_as_indexes(squeezed.text, overlapping=True):
            term = self._squeezed_terms[number]
            first, last = squeezed.first[start], squeezed.last[end - 1]
            if _may_be_apart(term, view.text, first, last) and _same_letters(term.text, view, squeezed, start):
                found.places.append((term.rule, view.span(first, last + 1)))

    def _detect(self, detector: Detector, folded_text: str) -> list[_Place]:
        if detector is Detector.LINK:
            return links(folded_text, self.policy.domains)
        known = TEXT_DETECTORS.get(detector)
        return [] if known is None else known(folded_text)

    def _kept(self, found: "_Found") -> Iterable[tuple[int, _Place]]:
        """Without what is meant otherwise; of overlapping places of one category the strictest, then the longest."""
        rules = self.policy.rules
        excepted: dict[int, Intervals] = defaultdict(Intervals)
        for owner, place in sorted(set(found.exceptions)):
            excepted[owner].append(place)
        everybody = excepted[_EVERYBODY]
        places = [
            (index, place)
            for index, place in dict.fromkeys(found.places)
            if not (index in excepted and excepted[index].contain(place))
            and not (everybody and not rules[index].fixed and everybody.contain(place))
        ]
        places.sort(key=lambda each: (_STRICTNESS[rules[each[0]].tier], each[1][0] - each[1][1], each[1][0]))
        taken: dict[Category, Apart] = defaultdict(Apart)
        return [(index, place) for index, place in places if taken[rules[index].category].take(place)]

    def _finding(self, text: str, index: int, place: _Place) -> Finding:
        rule = self.policy.rules[index]
        matched = text[place[0] : place[1]]
        return _finding(rule, place, matched)

    def _of_price(self, price: int | None) -> list[Finding]:
        bounds = self.policy.prices
        if price is None or price == 0 or bounds.least <= price <= bounds.most:
            return []
        return [
            _finding(self.policy.rules[index], (0, 0), "")
            for index, detector in self._detectors
            if detector is Detector.PRICE
        ]


@dataclass(slots=True)
class _Found:
    """Places in the original text, each with its rule's index."""

    places: list[tuple[int, _Place]]
    exceptions: list[tuple[int, _Place]]

    def add(self, index: int, view: View, spans: Iterable[_Place]) -> None:
        self.places.extend((index, view.span(start, end)) for start, end in spans if end > start)


def _finding(rule: Rule, place: _Place, matched: str) -> Finding:
    replacement = rule.replacement if rule.tier is Tier.REPLACE else None
    if replacement is not None and matched[:1].isupper():
        replacement = replacement[:1].upper() + replacement[1:]
    return Finding(rule.id, rule.tier, rule.category, *place, matched, rule.reason, replacement)


def _replaced(text: str, findings: Sequence[Finding]) -> str:
    parts: list[str] = []
    end = 0
    for finding in findings:
        if finding.replacement is not None and finding.start >= end:
            parts += (text[end : finding.start], finding.replacement)
            end = finding.end
    return "".join((*parts, text[end:]))


# --- terms ---------------------------------------------------------------------------------------------------------


def _known(phrase: str) -> str:
    known = folded(phrase)
    if not any(char.isalnum() for char in known):
        raise ValueError(f"{phrase!r} has no letter or digit to look for")
    return known


def _term(index: int, written: str, spread: Spread) -> _Term:
    prefix = written.endswith("*")
    return _Term(index, _known(written.rstrip("*")), prefix=prefix, spread=spread)


def _is_wide(term: _Term) -> bool:
    wide = term.spread is not Spread.WORD and not term.prefix and not term.exception and not term.trigger
    return wide and len(squeeze(term.text)[0].text) >= _LEAST_SQUEEZED


def _may_wake(trigger: str, text: str, start: int, end: int) -> bool:
    """A trigger stands at the head of a word; a short one is the whole word. `17yo` is two words."""
    if start > 0 and _are_one_word(text[start - 1], trigger[0]):
        return False
    whole = len(trigger) <= _LONGEST_WHOLE or trigger[-1].isdigit()
    return not (whole and end < len(text) and _are_one_word(trigger[-1], text[end]))


def _are_one_word(one: str, other: str) -> bool:
    return (one.isalpha() and other.isalpha()) or (one.isdigit() and other.isdigit())


def _at_borders(text: str, start: int, end: int, *, open_start: bool, open_end: bool) -> bool:
    before = open_start or start == 0 or not text[start - 1].isalnum()
    return before and (open_start or open_end or end == len(text) or not text[end].isalnum())


def _word_end(text: str, end: int) -> int:
    while end < len(text) and text[end].isalnum():
        end += 1
    return end


def _may_be_apart(term: _Term, text: str, first: int, last: int) -> bool:
    """Whether the term's rule lets a word be written as it stands between `first` and `last` of the folded text."""
    middle = text[first : last + 1]
    spaced = " " in middle
    at_borders = _at_borders(text, first, last + 1, open_start=False, open_end=False)
    if not at_borders and (spaced or term.spread is not Spread.INSIDE):
        return False
    if not spaced or term.spread in (Spread.SPLIT, Spread.INSIDE):
        return True
    if middle.count(" ") == term.text.count(" "):
        return True  # a phrase keeps its own spaces; its words may be written with signs
    return all(sum(char.isalnum() for char in piece) <= _LONGEST_PIECE for piece in middle.split(" "))


def _same_letters(term: str, view: Folded, squeezed: Squeezed, start: int) -> bool:
    """Whether each run of the squeezed text can be what the term has there, and is as long.

    A third of it has to be written in letters: `2313` can be read as a word, and is a number.
    """
    i = read = 0
    letters = [char for char in term if char.isalnum()]
    run = start
    while i < len(letters):
        end = i + 1
        while end < len(letters) and letters[end] == letters[i]:
            end += 1
        first, last = squeezed.first[run], squeezed.last[run]
        for place in range(first, last + 1):
            if not _can_be(letters[i], view.text[place], view.original[view.at[place]]):
                return False
        if last - first + 1 < end - i and view.text[first] == letters[i]:
            return False
        read += view.text[first].isalpha()
        i, run = end, run + 1
    return 3 * read >= run - start


def _can_be(letter: str, char: str, written: str) -> bool:
    if char == letter:
        return True
    if char in LOOKS_LIKE:
        return letter in LOOKS_LIKE[char]
    # A capital I and a small l look alike.
    return (written == "I" and letter == "l") or (written == "l" and letter == "i")
