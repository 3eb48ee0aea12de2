"""A screen reader hears of new messages and failures, and is not flooded."""

from __future__ import annotations

from dataclasses import replace

from huntaze_contract.outgoing import State
from huntaze_desktop.ui_kit.chat.announcer import Announcer
from tests.ui.chat.chat_builders import PEOPLE, Clock, message, window


def test_a_new_message_is_said_and_an_opened_conversation_is_not(clock: Clock) -> None:
    said: list[str] = []
    announcer = Announcer(clock, said.append)
    first = message("Hi", minutes_ago=5)
    announcer.shown(window(first), PEOPLE)
    assert said == []
    announcer.shown(window(first, message("Are you there?", minutes_ago=1)), PEOPLE)
    assert len(said) == 1
    assert said[0].startswith("Daniel Reyes: Are you there?")


def test_older_pages_are_not_news(clock: Clock) -> None:
    said: list[str] = []
    announcer = Announcer(clock, said.append)
    first = message("Hi", minutes_ago=5)
    announcer.shown(window(first), PEOPLE)
    announcer.shown(window(message("Long ago", minutes_ago=500), first), PEOPLE)
    assert said == []


def test_a_failure_is_said_before_a_new_message(clock: Clock) -> None:
    said: list[str] = []
    announcer = Announcer(clock, said.append)
    own = message("Hello", state=State.SENDING, minutes_ago=5)
    announcer.shown(window(own), PEOPLE)
    failed = replace(own, state=State.FAILED, reason="session_expired")
    announcer.shown(window(failed, message("Hm?", minutes_ago=1)), PEOPLE)
    assert said[0].endswith("Not sent, session expired")


def test_one_sentence_in_five_seconds_is_enough(clock: Clock) -> None:
    said: list[str] = []
    announcer = Announcer(clock, said.append)
    rows = [message("Hi", minutes_ago=9)]
    announcer.shown(window(*rows), PEOPLE)
    for number in range(3):
        rows.append(message(f"And {number}", minutes_ago=5 - number))
        announcer.shown(window(*rows), PEOPLE)
    assert len(said) == 1
    clock.pass_(5)
    rows.append(message("Last", minutes_ago=0))
    announcer.shown(window(*rows), PEOPLE)
    assert len(said) == 2
