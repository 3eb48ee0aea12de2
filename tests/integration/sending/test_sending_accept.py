"""The door: one message per key for ever, the sender's order, and nothing for those who may not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from huntaze_backend.areas.accounts.tables import AgencyRow
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.errors import AppError, ConflictError, NotFoundError, ValidationProblem
from huntaze_contract.ids import new_id
from huntaze_contract.wire import Role


async def _written(house: Any) -> int:
    query = select(func.count()).select_from(MessageRow)
    return await house.db.read(lambda session: session.scalar(query) or 0)


async def test_a_repeat_gets_the_present_state_and_makes_no_second_message(still_house: Any) -> None:
    house, key = still_house, new_id()
    body = house.body(house.chats[0], "once only")
    first, replayed = await house.sending.accept(house.me, key, body)
    assert not replayed
    await house.sending.cancel(house.me, key)
    again, replayed = await house.sending.accept(house.me, key, body)
    assert replayed
    assert (again.message.id, again.message.state) == (first.message.id, "cancelled")
    assert await _written(house) == 1


async def test_repeats_at_the_same_moment_make_one_message(still_house: Any) -> None:
    house, key = still_house, new_id()
    body = house.body(house.chats[0], "all together now")

    async def accept() -> str:
        try:
            answer, _ = await house.sending.accept(house.me, key, body)
        except ConflictError as error:
            return str(error.code)
        return str(answer.message.id)

    answers = await asyncio.gather(*(accept() for _ in range(12)))
    assert set(answers) <= {key, "IN_PROGRESS"}
    assert key in answers
    assert await _written(house) == 1


async def test_a_key_cannot_carry_another_message(still_house: Any) -> None:
    house, key = still_house, new_id()
    await house.sending.accept(house.me, key, house.body(house.chats[0], "this"))
    for body in (house.body(house.chats[0], "that"), house.body(house.chats[1], "this")):
        with pytest.raises(ValidationProblem) as caught:
            await house.sending.accept(house.me, key, body)
        assert caught.value.code == "KEY_REUSED"


async def test_a_message_waits_for_the_one_before_it(still_house: Any) -> None:
    house, first = still_house, new_id()
    chat = house.chats[0]
    with pytest.raises(ConflictError) as caught:
        await house.send(chat, "second", prev=first)
    assert caught.value.code == "OUT_OF_ORDER"
    await house.send(chat, "first", key=first)
    second = await house.send(chat, "second", prev=first)
    assert (await house.row(second)).place == 2


async def test_a_foreign_conversation_looks_like_none(still_house: Any) -> None:
    house = still_house
    granted = house.chats[0]
    foreign = next(chat for chat in house.chats if chat.creator_id != granted.creator_id)
    chatter = Principal(new_id(), house.me.agency_id, Role.CHATTER, frozenset({granted.creator_id}), new_id(), "Noor")
    elsewhere = Principal(new_id(), new_id(), Role.OWNER, None, new_id(), "Someone")
    for who, chat in ((chatter, foreign), (elsewhere, granted)):
        with pytest.raises(NotFoundError):
            await house.sending.accept(who, new_id(), house.body(chat, "hello"))
    message_id = await house.send(foreign, "mine")
    with pytest.raises(NotFoundError):
        await house.sending.answer(chatter, message_id)
    with pytest.raises(NotFoundError):
        await house.sending.cancel(elsewhere, message_id)
    with pytest.raises(NotFoundError):
        await house.sending.budget(chatter, foreign.creator_id)


async def test_a_key_of_another_agency_tells_nothing(still_house: Any) -> None:
    """The key is unique within an agency: who guesses a foreign one gets a message of their own, and no hint."""
    house = still_house
    key = await house.send(house.chats[0], "ours")
    other = new_id()

    def move(session: Any) -> None:
        at = session.get_one(AgencyRow, house.me.agency_id).created_at
        session.add(AgencyRow(id=other, name="Elsewhere", created_at=at))
        session.get_one(MessageRow, key).agency_id = other

    await house.db.write(move)
    answer, replayed = await house.sending.accept(house.me, key, house.body(house.chats[1], "also ours"))
    assert not replayed
    assert answer.message.id != key
    again, replayed = await house.sending.accept(house.me, key, house.body(house.chats[1], "also ours"))
    assert replayed
    assert again.message.id == answer.message.id


async def test_a_fan_who_takes_no_messages_is_said_so_at_the_door(still_house: Any) -> None:
    house, chat = still_house, still_house.chats[0]

    def block(session: Any) -> None:
        row = session.get_one(ConversationRow, chat.id)
        row.can_send, row.cannot_send_reason = False, "The fan takes no messages."

    await house.db.write(block)
    with pytest.raises(ValidationProblem) as caught:
        await house.send(chat, "hello")
    assert caught.value.code == "CANNOT_SEND"
    assert "no messages" in caught.value.detail


async def test_a_cancelled_message_is_not_sent_and_lets_the_next_one_pass(still_house: Any) -> None:
    house, chat = still_house, still_house.chats[0]
    first, second = await house.send(chat, "no"), await house.send(chat, "yes")
    await house.sending.cancel(house.me, first)
    await house.sending.cancel(house.me, first)
    house.start()
    await house.until(second, "sent")
    assert house.sandbox.texts(chat.platform_id) == ["yes"]


@pytest.mark.parametrize("decision", ["retry", "cancel"])
async def test_what_the_state_does_not_allow_is_said_so(house: Any, decision: str) -> None:
    message_id = await house.send(house.chats[0], "done")
    await house.until(message_id, "sent")
    with pytest.raises(AppError) as caught:
        await getattr(house.sending, decision)(house.me, message_id)
    assert caught.value.code == "ILLEGAL_STATE"
