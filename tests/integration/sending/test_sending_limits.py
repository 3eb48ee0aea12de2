"""The account's limit as the platform's journal sees it: ten in any window, the eleventh waits and says how long."""

from __future__ import annotations

import asyncio
from datetime import datetime
from itertools import pairwise
from typing import Any

WINDOW_S = 6.0  # long beside the time that ten sends take on a busy machine


async def test_fourteen_at_once_are_ten_in_any_window_and_all_arrive(house: Any) -> None:
    await house.set_creator(window_s=WINDOW_S)
    chats = house.of_one_account()
    ids = [await house.send(chats[number % len(chats)], f"line {number}") for number in range(14)]
    for message_id in ids:
        await house.until(message_id, "sent", seconds=15)
    assert house.sandbox.most_in_any_window(chats[0].account, WINDOW_S) == 10
    assert len(house.sandbox.arrived()) == 14


async def test_who_must_wait_is_shown_limited_with_the_time_of_its_turn(house: Any) -> None:
    await house.set_creator(window_s=60, send_limit=3)
    chats = house.of_one_account()
    for number in range(3):
        await house.until(await house.send(chats[number], f"line {number}"), "sent")
    late = [await house.send(chat, "one more") for chat in chats[:3]]
    waiting = [await house.until(message_id, "limited") for message_id in late]
    turns = [row.not_before for row in waiting]
    assert turns == sorted(turns)
    answer = await house.answer(late[0])
    assert answer.estimated_at is not None
    assert answer.estimated_at >= answer.server_time
    budget = await house.sending.budget(house.me, chats[0].creator_id)
    assert (budget.remaining, budget.next_at is not None) == (0, True)


async def test_an_account_that_waits_does_not_hold_up_another(house: Any) -> None:
    await house.set_creator(window_s=60)
    busy = house.of_one_account()
    free = next(chat for chat in house.chats if chat.account != busy[0].account)
    ids = [await house.send(busy[number % len(busy)], f"line {number}") for number in range(20)]
    await house.until(ids[11], "limited", "ready")
    await house.until(await house.send(free, "hello"), "sent")
    assert [row["text"] for row in house.sandbox.arrived(free.account)] == ["hello"]
    assert len(house.sandbox.arrived(busy[0].account)) <= 10


async def test_sends_of_an_account_keep_their_distance(house: Any) -> None:
    await house.set_creator(spacing_s=0.3)
    chats = house.of_one_account()
    ids = await asyncio.gather(*(house.send(chat, "one each") for chat in chats[:4]))
    for message_id in ids:
        await house.until(message_id, "sent")
    times = sorted(datetime.fromisoformat(row["executed_at"]) for row in house.sandbox.arrived())
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    assert min(gaps) >= 0.3


async def test_an_unknown_send_keeps_its_slot(house: Any) -> None:
    await house.set_creator(window_s=60)
    await house.sandbox.faults({"kind": "timeout_after_execution", "limit": 1})
    chat, other = house.of_one_account()[:2]
    await house.until(await house.send(chat, "lost answer"), "unknown", "reconciling", "sent")
    budget = await house.sending.budget(house.me, chat.creator_id)
    assert budget.remaining == 9
    await house.until(await house.send(other, "next"), "sent")
    assert (await house.sending.budget(house.me, chat.creator_id)).remaining == 8
