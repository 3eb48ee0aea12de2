"""Listing a chat back to its high-water mark: what counts as complete, and what proves nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from huntaze_backend.areas.messages.reconcile import Search, read_back
from huntaze_backend.areas.messages.rules import SendPolicy, fingerprint
from huntaze_backend.engines.gateways.errors import GatewayError, Trouble
from huntaze_backend.engines.gateways.reading import MessagePage, PlatformMessage, PlatformReader

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def message(number: int) -> PlatformMessage:
    return PlatformMessage(str(number), "31", f"text {number}", from_us=True, created_at=NOON)


@dataclass
class Chat:
    """Messages 1..count, newest first, in pages of `size`; page number `fails` raises."""

    count: int
    size: int = 3
    fails: int | None = None
    asked: int = 0

    async def messages(self, account: str, chat: str, *, before: str | None = None, limit: int = 100) -> MessagePage:
        self.asked += 1
        if self.asked == self.fails:
            raise GatewayError(Trouble.PLATFORM_ERROR)
        newest = self.count if before is None else int(before) - 1
        numbers = range(newest, max(newest - self.size, 0), -1)
        return MessagePage(tuple(message(number) for number in numbers), complete=newest - self.size <= 0)


async def listed(chat: Any, *marks: str) -> tuple[list[str], bool]:
    search = Search("m", "c", "acct", "31", 1, marks, NOON)
    listing = await read_back(cast("PlatformReader", chat), search)
    return [message.id for message in listing.messages], listing.complete


async def test_it_stops_at_the_mark_and_shows_only_what_is_newer() -> None:
    assert await listed(Chat(8), "6", "5") == (["8", "7"], True)


async def test_it_turns_pages_until_the_mark() -> None:
    chat = Chat(10)
    assert await listed(chat, "2") == ([str(n) for n in range(10, 2, -1)], True)
    assert chat.asked == 3


async def test_any_of_the_marks_will_do_because_messages_can_be_unsent() -> None:
    assert await listed(Chat(8), "gone", "5") == (["8", "7", "6"], True)


async def test_without_any_mark_left_the_end_of_the_chat_is_not_the_end_of_doubt() -> None:
    assert await listed(Chat(4), "gone") == (["4", "3", "2", "1"], False)


async def test_a_chat_that_was_empty_is_read_to_its_beginning() -> None:
    assert await listed(Chat(4)) == (["4", "3", "2", "1"], True)


async def test_a_page_that_fails_makes_the_listing_prove_nothing() -> None:
    assert await listed(Chat(10, fails=2), "2") == (["10", "9", "8"], False)


async def test_a_mark_out_of_reach_makes_the_listing_prove_nothing() -> None:
    _, complete = await listed(Chat(1000), "1")
    assert not complete


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ("café", "cafe\u0301", True),
        ("one\n two", "one two ", True),
        ("one two", "onetwo", False),
        ("Hi", "hi", False),
    ],
)
def test_a_fingerprint_survives_what_platforms_do_to_text(ours: str, theirs: str, same: bool) -> None:
    assert (fingerprint(ours) == fingerprint(theirs)) is same


def test_price_and_media_are_part_of_the_fingerprint() -> None:
    prints = {
        fingerprint("a"),
        fingerprint("a", 500),
        fingerprint("a", 500, ["photo"]),
        fingerprint("a", 600, ["photo"]),
    }
    assert len(prints) == 4
    assert fingerprint("a", 5, ["photo", "video"]) == fingerprint("a", 5, ["video", "photo"])
    assert fingerprint("a", 0) == fingerprint("a", None)


def test_backing_off_doubles_and_has_a_ceiling() -> None:
    waits = [SendPolicy().back_off(number) for number in (1, 2, 3, 7, 50)]
    assert waits == [timedelta(seconds=s) for s in (1, 2, 4, 60, 60)]
