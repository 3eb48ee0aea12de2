"""Changing what waits: the same message with another text, until the moment an attempt is made of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, text

from huntaze_backend.areas.messages.claims import claim
from huntaze_backend.core.audit import AuditRow
from huntaze_backend.core.errors import ConflictError, ForbiddenError
from huntaze_backend.engines.limits.adapters.sql_log import SqlRateGate
from huntaze_contract.ids import new_id
from huntaze_contract.wire import MessageEdit, Role
from tests.helpers.send_simulation import EveryChatWasRead
from tests.helpers.sending_house import COMPLIANCE, QUICK


async def edit(house: Any, message_id: str, words: str, *, who: Any = None, base_ver: int | None = None) -> Any:
    ver = (await house.answer(message_id)).message.ver if base_ver is None else base_ver
    return await house.sending.edit(who or house.me, message_id, MessageEdit(text=words, base_ver=ver))


async def test_it_keeps_its_id_its_place_and_its_key(still_house: Any) -> None:
    house, key = still_house, new_id()
    body = house.body(house.chats[0], "hello tehre")
    await house.sending.accept(house.me, key, body)
    answer = await edit(house, key, "hello there")
    assert (answer.message.id, answer.message.text, answer.message.place) == (key, "hello there", 1)
    assert answer.message.edited_at is not None
    late, replayed = await house.sending.accept(house.me, key, body)
    assert (replayed, late.message.text) == (True, "hello there")
    house.start()
    await house.until(key, "sent")
    assert house.sandbox.texts(house.chats[0].platform_id) == ["hello there"]
    act = await house.db.read(
        lambda session: session.scalars(select(AuditRow).where(AuditRow.action == "message.edit")).one()
    )
    assert (act.subject, act.detail) == (key, {"before": "hello tehre"})


async def test_the_second_of_two_edits_is_told_of_the_first(still_house: Any) -> None:
    house = still_house
    message_id = await house.send(house.chats[0], "one")
    ver = (await house.answer(message_id)).message.ver
    await edit(house, message_id, "two", base_ver=ver)
    with pytest.raises(ConflictError) as caught:
        await edit(house, message_id, "three", base_ver=ver)
    assert caught.value.code == "CONFLICT"
    await edit(house, message_id, "three")


async def test_a_message_that_was_only_told_to_wait_can_still_be_edited(still_house: Any) -> None:
    """The countdown of a limited message changes its row, not its text."""
    house = still_house
    await house.set_creator(window_s=60, send_limit=1)
    first, second = house.of_one_account()[:2]
    await house.send(first, "first")
    message_id = await house.send(second, "secnod")
    ver = (await house.answer(message_id)).message.ver
    house.start()
    await house.until(message_id, "limited")
    assert (await edit(house, message_id, "second", base_ver=ver)).message.state == "limited"


async def test_a_chatter_changes_only_what_they_wrote(still_house: Any) -> None:
    house = still_house
    message_id = await house.send(house.chats[0], "mine")
    noor = replace(house.me, member_id=new_id(), role=Role.CHATTER)
    with pytest.raises(ForbiddenError):
        await edit(house, message_id, "not yours", who=noor)
    await edit(house, message_id, "as your manager", who=replace(noor, role=Role.MANAGER))


async def test_what_was_tried_once_is_not_changed_any_more(house: Any) -> None:
    sent = await house.send(house.chats[0], "done")
    await house.until(sent, "sent")
    await house.sandbox.faults({"kind": "http_429", "limit": 1, "retry_after": 30})
    tried = await house.send(house.chats[0], "too fast?")
    await house.until(tried, "limited")
    for message_id in (sent, tried):
        with pytest.raises(ConflictError) as caught:
            await edit(house, message_id, "other words")
        assert caught.value.code == "ILLEGAL_STATE"


async def test_what_is_sent_is_what_the_row_says_however_close_the_edit_came(house: Any) -> None:
    """Each message is edited as its attempt is being opened: the edit is in time, or it is refused."""

    async def race(chat: Any, number: int) -> tuple[str, bool]:
        message_id = await house.send(chat, f"draft {number}")
        ver = (await house.answer(message_id)).message.ver
        try:
            await edit(house, message_id, f"final {number}", base_ver=ver)
        except ConflictError:
            return message_id, False
        return message_id, True

    await house.set_creator(send_limit=100)
    raced = await asyncio.gather(*(race(chat, number) for number, chat in enumerate(house.chats[:16])))
    for message_id, _ in raced:
        await house.until(message_id, "sent")
    arrived = {row["client_key"]: row["text"] for row in house.sandbox.arrived()}
    for number, (message_id, in_time) in enumerate(raced):
        assert arrived[message_id] == (f"final {number}" if in_time else f"draft {number}")
        assert (await house.row(message_id)).text == arrived[message_id]


async def test_an_edit_waits_for_the_attempt_that_is_just_being_opened(still_house: Any) -> None:
    """The attempt's unit of work holds the row: the edit comes after it, and is told that it is too late."""
    house, chat = still_house, still_house.chats[0]
    message_id = await house.send(chat, "as it was")
    ver = (await house.answer(message_id)).message.ver
    loop, holding = asyncio.get_running_loop(), asyncio.Event()

    def open_slowly(session: Any) -> Any:
        made = claim(
            session,
            SqlRateGate(),
            QUICK,
            chat.creator_id,
            compliance=COMPLIANCE,
            seen=EveryChatWasRead(),
            watched=lambda _: False,
        )
        loop.call_soon_threadsafe(holding.set)
        if session.get_bind().dialect.name == "postgresql":  # elsewhere there is one writer
            session.execute(text("SELECT pg_sleep(0.3)"))
        return made.opened

    opening = asyncio.create_task(house.db.write(open_slowly))
    await holding.wait()
    with pytest.raises(ConflictError) as caught:
        await edit(house, message_id, "too late", base_ver=ver)
    assert caught.value.code == "ILLEGAL_STATE"
    assert (await opening).text == (await house.row(message_id)).text == "as it was"
