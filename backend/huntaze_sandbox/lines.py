"""What people say: our own texts in five languages, read from the package's data.

A pack holds short lines by occasion and threads, small conversations of alternating turns. History plays whole
threads; a live fan plays its own turns and leaves the creator's to whoever answers.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

LANGUAGES = ("en", "fr", "es", "de", "pt")
FAN_OCCASIONS = ("hello", "ask", "back", "new", "nudge", "answer", "more", "bought", "declined", "tip", "thanks", "bye")
CREATOR_OCCASIONS = ("welcome", "back", "react", "pitch", "thanks_buy", "thanks_tip", "bye")
COMMON_TOPICS = frozenset({"photography", "pets", "books", "daily"})


@dataclass(frozen=True, slots=True)
class Thread:
    """A small conversation: the fan begins, then turns alternate."""

    topic: str
    turns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LinePack:
    """Everything that is said in one language."""

    language: str
    fan: dict[str, tuple[str, ...]]
    creator: dict[str, tuple[str, ...]]
    threads: tuple[Thread, ...]

    def threads_about(self, theme: str) -> tuple[Thread, ...]:
        """Threads that fit an account: those of its theme and those that fit anyone."""
        return tuple(thread for thread in self.threads if thread.topic == theme or thread.topic in COMMON_TOPICS)

    def every_line(self) -> list[str]:
        """Each line once, in the order of the file."""
        occasions = [line for side in (self.fan, self.creator) for lines in side.values() for line in lines]
        return occasions + [turn for thread in self.threads for turn in thread.turns]


def read_data(name: str) -> dict[str, Any]:
    """Read one TOML file of the package's data."""
    return tomllib.loads(files("huntaze_sandbox").joinpath("data", name).read_text(encoding="utf-8"))


@cache
def pack(language: str) -> LinePack:
    """Load the texts of one language, checking that no occasion is missing."""
    data = read_data(f"lines.{language}.toml")
    fan = {occasion: tuple(data["fan"][occasion]) for occasion in FAN_OCCASIONS}
    creator = {occasion: tuple(data["creator"][occasion]) for occasion in CREATOR_OCCASIONS}
    threads = tuple(Thread(row["topic"], tuple(row["turns"])) for row in data["thread"])
    return LinePack(language, fan, creator, threads)


@cache
def threads_for(language: str, theme: str) -> tuple[Thread, ...]:
    return pack(language).threads_about(theme)


def pick(rng: Random, lines: Sequence[str]) -> str:
    """Choose one line; a plain multiplication, because history asks a hundred thousand times."""
    return lines[int(rng.random() * len(lines))]


def greeted(rng: Random, lines: LinePack, opener: str) -> str:
    """Put a greeting before an opener; some greetings announce a question and fit questions only."""
    greetings = lines.fan["hello"] + lines.fan["ask"] if "?" in opener else lines.fan["hello"]
    return f"{pick(rng, greetings)} {opener}"


def fill(line: str, creator_name: str) -> str:
    """Put the creator's first name into a line that asks for it."""
    if "{" not in line:
        return line
    return line.replace("{name}", creator_name.split(" ", 1)[0])
