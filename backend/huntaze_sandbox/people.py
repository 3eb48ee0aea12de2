"""Who a fan is: name, place and habits, made from (seed, account, index) alone, so that no fan depends on another."""

import unicodedata
from dataclasses import dataclass
from functools import cache
from math import gcd
from random import Random

from huntaze_sandbox.lines import read_data
from huntaze_sandbox.model import Persona

FIRST_FAN_ID = 31_000_000
#: Room for this many fans per account before the id ranges of two accounts would meet.
FANS_PER_ACCOUNT = 1_000_000

#: (share of fans, spending): most fans write and pay little, a few carry the page.
SPENDING = ((0.46, 0.02), (0.30, 0.2), (0.17, 0.5), (0.05, 0.9), (0.02, 1.0))

_SEPARATORS = ("_", ".", "", "-")


@dataclass(frozen=True, slots=True)
class Group:
    """People of one language: names and (city, time zone, hours from UTC in winter)."""

    language: str
    share: float
    first: tuple[str, ...]
    last: tuple[str, ...]
    places: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True, slots=True)
class Person:
    """What is known about a fan on the first day."""

    id: int
    name: str
    username: str
    location: str
    timezone: str
    persona: Persona


@cache
def groups() -> tuple[Group, ...]:
    rows = read_data("people.toml")["group"]
    return tuple(
        Group(
            row["language"],
            row["share"],
            tuple(row["first"]),
            tuple(row["last"]),
            tuple((city, zone, float(offset)) for city, zone, offset in row["places"]),
        )
        for row in rows
    )


def fan_id(account_number: int, index: int) -> int:
    return FIRST_FAN_ID + account_number * FANS_PER_ACCOUNT + index


def person(seed: int, account_number: int, index: int) -> Person:
    """Make the fan with this index of this account; always the same one for a seed."""
    rng = Random(f"{seed}:{account_number}:{index}:person")
    group = _draw_group(rng)
    first, last = _name(group, seed + account_number, index)
    city, zone, offset = group.places[int(rng.random() * len(group.places))]
    separator = _SEPARATORS[account_number % len(_SEPARATORS)]
    style = rng.random()
    if style < 0.5:
        username = _plain(first) + separator + _plain(last)
    elif style < 0.75:
        username = f"{_plain(first)}{separator}{_plain(last)[0]}{index}"
    else:
        username = f"{_plain(last)}{separator}{_plain(first)}{index}"
    return Person(
        id=fan_id(account_number, index),
        name=f"{first} {last}",
        username=username,
        location=city,
        timezone=zone,
        persona=_persona(rng, group.language, offset),
    )


def _draw_group(rng: Random) -> Group:
    every = groups()
    point = rng.random() * sum(group.share for group in every)
    for group in every:
        point -= group.share
        if point < 0:
            return group
    return every[-1]


def _persona(rng: Random, language: str, offset_hours: float) -> Persona:
    first_hour = 6 + int(rng.random() * 8)
    spend = SPENDING[-1][1]
    point = rng.random()
    for share, level in SPENDING:
        point -= share
        if point < 0:
            spend = level
            break
    return Persona(
        language=language,
        offset_hours=offset_hours,
        first_hour=first_hour,
        last_hour=first_hour + 11 + int(rng.random() * 7),
        talk=round(0.1 + 0.9 * rng.random() ** 1.3, 3),
        spend=spend,
        patience_s=30 + int(rng.random() * 900),
    )


def _name(group: Group, shift: int, index: int) -> tuple[str, str]:
    """Walk through all pairs of names in a scattered order, so that names repeat only when all pairs are used."""
    total = len(group.first) * len(group.last)
    step = int(total * 0.618)
    while gcd(step, total) != 1:
        step += 1
    place = (shift * 7_919 + index * step) % total
    return group.first[place % len(group.first)], group.last[place // len(group.first)]


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.lower())
    return "".join(letter for letter in letters if letter.isascii() and letter.isalnum())
