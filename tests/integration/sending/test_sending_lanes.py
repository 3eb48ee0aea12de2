"""Lanes against a real platform and both databases: machines let people pass, what stops an account stops all."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from sqlalchemy import update

from huntaze_backend.areas.messages import accepting
from huntaze_backend.areas.messages.tables import ConversationRow
from huntaze_backend.core.errors import NotFoundError, ValidationProblem
from huntaze_contract.ids import new_id
from huntaze_contract.wire import Lane, MediaItem
from tests.helpers.sending_house import COMPLIANCE


async def hand_in(house: Any, chat: Any, text: str, lane: Lane, **more: Any) -> str:
    work = partial(
        accepting.queue,
        compliance=COMPLIANCE,
        **({"agency_id": house.me.agency_id, "conversation_id": chat.id, "key": new_id()} | more),
        text=text,
        lane=lane,
    )
    return str((await house.db.write(work)).message_id)


async def test_what_machines_hand_in_lets_people_pass(still_house: Any) -> None:
    house = still_house
    await house.set_creator(spacing_s=0.2)
    chats = house.of_one_account()
    lanes = (Lane.CAMPAIGN, Lane.AUTOMATION, Lane.SCHEDULED)
    ids = [await hand_in(house, chat, lane.value, lane) for chat, lane in zip(chats, lanes, strict=False)]
    ids.append(await house.send(chats[3], "live"))
    house.start()
    for id_ in ids:
        await house.until(id_, "sent")
    assert [row["text"] for row in house.sandbox.arrived()] == ["live", "scheduled", "automation", "campaign"]


async def test_a_message_is_handed_in_once_whatever_happens(still_house: Any) -> None:
    house, chat, key = still_house, still_house.chats[0], new_id()
    media = (MediaItem(platform_id="m1", type="photo"),)
    first = await hand_in(house, chat, "New set", Lane.CAMPAIGN, key=key, price=900, media=media)
    assert await hand_in(house, chat, "New set", Lane.CAMPAIGN, key=key, price=900, media=media) == first
    row = await house.row(first)
    assert (row.kind, row.price, row.lane, row.author_id, row.place) == ("ppv", 900, "campaign", None, 1)
    with pytest.raises(ValidationProblem) as caught:
        await hand_in(house, chat, "Another set", Lane.CAMPAIGN, key=key)
    assert caught.value.code == "KEY_REUSED"


async def test_machines_have_the_same_door(still_house: Any) -> None:
    house, chat = still_house, still_house.chats[0]
    with pytest.raises(ValueError, match="people"):
        await hand_in(house, chat, "hello", Lane.LIVE)
    with pytest.raises(NotFoundError):
        await hand_in(house, chat, "hello", Lane.CAMPAIGN, agency_id=new_id())
    closed = update(ConversationRow).where(ConversationRow.id == chat.id).values(can_send=False)
    await house.db.write(lambda session: session.execute(closed))
    with pytest.raises(ValidationProblem) as caught:
        await hand_in(house, chat, "hello", Lane.AUTOMATION)
    assert caught.value.code == "CANNOT_SEND"


async def test_a_fan_who_had_enough_holds_up_nobody_else(house: Any) -> None:
    await house.set_creator(window_s=60, send_limit=100)
    policy = house.outbound._dispatches.policy
    chat, other = house.of_one_account()[:2]
    many = [await house.send(chat, f"line {n}") for n in range(policy.recipient_limit + 1)]
    await house.until(many[-2], "sent")
    await house.until(await house.send(other, "hello"), "sent")
    await house.until(many[-1], "sent")
    window_s = policy.recipient_window.total_seconds()
    assert house.sandbox.most_in_any_window(chat.account, window_s) <= policy.recipient_limit + 1


@pytest.mark.parametrize("lane", [Lane.SCHEDULED, Lane.CAMPAIGN])
async def test_429_pauses_the_account_in_every_lane(house: Any, lane: Lane) -> None:
    mine, *others = house.of_one_account()
    await house.sandbox.faults({"kind": "http_429", "limit": 1, "retry_after": 30, "account": mine.account})
    first = await hand_in(house, mine, "too fast?", lane)
    paused = await house.until(first, "limited")
    behind = [
        await hand_in(house, others[0], "me too", lane),
        await house.send(others[1], "and a person"),
    ]
    for id_ in behind:
        assert (await house.until(id_, "limited")).not_before >= paused.not_before
    budget = await house.sending.budget(house.me, mine.creator_id)
    assert (budget.remaining, budget.waiting, budget.next_at is not None) == (0, 3, True)
    assert budget.empty_at is not None
    assert budget.empty_at >= paused.not_before
    assert house.sandbox.arrived() == []


@pytest.mark.parametrize("lane", [Lane.AUTOMATION, Lane.CAMPAIGN])
async def test_proof_that_comes_late_promotes_whatever_the_lane(house: Any, lane: Lane) -> None:
    chat = house.chats[0]
    await house.sandbox.faults({"kind": "timeout_after_execution", "limit": 1})
    text = f"from {lane} {new_id()}"
    message_id = await hand_in(house, chat, text, lane)
    await house.until(message_id, "sent")
    assert house.sandbox.texts(chat.platform_id) == [text]


async def test_a_pause_does_not_release_what_was_stopped(house: Any) -> None:
    """Taken back while the platform asked for a pause: it stays cancelled when the pause ends."""
    await house.sandbox.faults({"kind": "http_429", "limit": 1, "retry_after": 1})
    message_id = await house.send(house.chats[0], "never mind")
    await house.until(message_id, "limited")
    await house.sending.cancel(house.me, message_id)
    after = await house.send(house.chats[0], "but this")
    await house.until(after, "sent")
    assert (await house.row(message_id)).state == "cancelled"
    assert house.sandbox.texts(house.chats[0].platform_id) == ["but this"]
