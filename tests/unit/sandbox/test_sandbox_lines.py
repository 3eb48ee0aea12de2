"""The texts of the sandbox's people: enough of them, each once, and fit to be read at work."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from huntaze_sandbox.lines import COMMON_TOPICS, LANGUAGES, fill, pack, read_data, threads_for

THEMES = ("travel", "cooking", "music", "outdoors")

# Stems in five languages that have no place in a friendly, work-safe chat.
UNSAFE = re.compile(
    r"\b(sex(?!t)|nude|naked|nackt|desnud|nu[eds]?\b|nua\b|porn|erot|érot|strip|lingerie|dessous\b|kiss(?!en)|küss|beso|beij|bisou"
    r"|horny|fuck|shit|bitch|merde|putain|scheiß|mierda|puta|caralho|drug|droge"
    r"|drogue|droga|kill|suicid|whatsapp|telegram|paypal|venmo|cashapp|e-?mail|snapchat)",
    re.IGNORECASE,
)


def every_line() -> list[str]:
    return [line for language in LANGUAGES for line in pack(language).every_line()]


def test_a_shift_has_more_than_eight_hundred_different_lines() -> None:
    assert len(set(every_line())) >= 800


def test_no_line_is_there_twice() -> None:
    assert [line for line, count in Counter(every_line()).items() if count > 1] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_lines_enough_and_threads_for_every_creator(language: str) -> None:
    assert len(set(pack(language).every_line())) >= 150
    topics = {thread.topic for thread in pack(language).threads}
    assert topics == set(THEMES) | COMMON_TOPICS
    assert all(len(threads_for(language, theme)) >= 8 for theme in THEMES)


def test_all_lines_are_safe_for_work() -> None:
    titles = [row[0] for account in read_data("accounts.toml")["account"] for row in account["sets"]]
    assert [line for line in every_line() + titles if UNSAFE.search(line)] == []


@pytest.mark.parametrize("word", ["so sexy tonight", "a nude picture", "write me on WhatsApp", "mon e-mail"])
def test_the_safety_check_finds_what_it_looks_for(word: str) -> None:
    assert UNSAFE.search(word)


def test_the_only_gap_to_fill_is_the_name() -> None:
    assert {gap for line in every_line() for gap in re.findall(r"\{(.*?)\}", line)} == {"name"}
    assert fill("Hey {name}, hello", "Mara Lind") == "Hey Mara, hello"


@pytest.mark.parametrize("language", LANGUAGES)
def test_threads_begin_and_end_with_the_fan(language: str) -> None:
    assert all(len(thread.turns) >= 3 and len(thread.turns) % 2 for thread in pack(language).threads)
