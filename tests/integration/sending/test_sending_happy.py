"""Messages that nothing goes wrong with: they arrive, once, in order, soon."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from huntaze_backend.areas.messages.tables import ConversationRow
from huntaze_contract.ids import new_id


async def test_a_message_arrives_with_its_text_and_its_row_is_bound(house: Any) -> None:
    chat = house.chats[0]
    message_id = await house.send(chat, "Good evening & welcome <3\nsee you soon")
    row = await house.until(message_id, "sent")
    (arrived,) = house.sandbox.arrived()
    assert (arrived["chat"], arrived["text"]) == (chat.platform_id, "Good evening & welcome <3\nsee you soon")
    assert arrived["client_key"] == message_id
    assert row.platform_id == arrived["id"]
    assert abs((row.at - datetime.fromisoformat(arrived["executed_at"])).total_seconds()) < 1


async def test_the_answer_says_how_the_message_stands_and_when_it_may_go(still_house: Any) -> None:
    answer, replayed = await still_house.sending.accept(
        still_house.me, key := new_id(), still_house.body(still_house.chats[0], "hello")
    )
    assert not replayed
    assert answer.message.id == key
    assert answer.message.state == "ready"
    assert answer.message.place == 1
    assert answer.message.author_name == "Iris"
    assert answer.message.ver > 0
    assert answer.estimated_at is not None


async def test_many_messages_of_many_chats_arrive_once_and_in_each_chats_order(house: Any) -> None:
    chats = house.chats[:12]
    await house.set_creator(send_limit=100)

    async def write(chat: Any) -> list[str]:
        return [await house.send(chat, f"line {number}") for number in range(5)]

    sent = await asyncio.gather(*(write(chat) for chat in chats))
    for ids in sent:
        for message_id in ids:
            await house.until(message_id, "sent", seconds=20)
    for chat in chats:
        assert house.sandbox.texts(chat.platform_id) == [f"line {number}" for number in range(5)]


async def test_delivery_clears_the_wait_and_shows_the_message_as_the_newest(house: Any) -> None:
    chat = house.chats[0]
    message_id = await house.send(chat, "here I am")
    await house.until(message_id, "sent")
    row = await house.db.read(lambda session: session.get_one(ConversationRow, chat.id))
    assert row.last_message_id == message_id
    assert row.waiting_since is None


async def test_the_budget_is_told_as_it_shrinks(house: Any) -> None:
    await house.until(await house.send(house.chats[0], "one"), "sent")
    assert [budget.remaining for budget in house.board.shown] == [9, 9]
    budget = await house.sending.budget(house.me, house.chats[0].creator_id)
    assert (budget.limit, budget.remaining) == (10, 9)


async def test_a_budget_that_nobody_looks_at_is_not_worked_out(house: Any) -> None:
    house.board.looked_at = False
    await house.until(await house.send(house.chats[0], "one"), "sent")
    assert house.board.shown == []
