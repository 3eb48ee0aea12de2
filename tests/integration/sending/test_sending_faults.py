"""What goes wrong between us and a platform: nothing is lost, nothing is sent twice, nothing overtakes."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.accounts.tables import CreatorRow
from huntaze_backend.areas.messages import reconcile, thread_store
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_contract.ids import new_id
from huntaze_contract.wire import CreatorState, Resolution
from tests.helpers.sending_house import eventually


async def test_an_answer_that_never_came_is_found_on_the_platform_and_not_sent_again(house: Any) -> None:
    await house.sandbox.faults({"kind": "timeout_after_execution", "limit": 1})
    chat = house.chats[0]
    message_id = await house.send(chat, "did you get this?")
    later = await house.send(chat, "and this?")
    await house.until(message_id, "unknown", "reconciling", "sent")
    row = await house.until(message_id, "sent")
    await house.until(later, "sent")
    assert house.sandbox.texts(chat.platform_id) == ["did you get this?", "and this?"]
    assert row.platform_id == house.sandbox.arrived()[0]["id"]
    assert await house.outcomes(message_id) == ["ambiguous"]


async def test_an_error_before_execution_is_retried_once_after_absence_is_proven(house: Any) -> None:
    await house.sandbox.faults({"kind": "http_5xx_before", "limit": 1, "status": 502, "html": True})
    chat = house.chats[0]
    message_id = await house.send(chat, "hello there")
    later = await house.send(chat, "still there?")
    await house.until(message_id, "sent")
    await house.until(later, "sent")
    assert house.sandbox.texts(chat.platform_id) == ["hello there", "still there?"]
    attempts = [one for one in await house.attempts(message_id) if one.detail != "expired_not_executed"]
    first, *_, second = attempts
    assert (first.outcome, second.outcome) == ("ambiguous", "sent")
    assert second.started_at >= first.started_at + house.outbound._dispatches.policy.timing.quarantine
    assert second.high_water == first.high_water


async def test_an_error_after_execution_is_not_repeated(house: Any) -> None:
    await house.sandbox.faults({"kind": "http_5xx_after", "limit": 1, "status": 502})
    message_id = await house.send(house.chats[0], "one of a kind")
    await house.until(message_id, "sent")
    assert len(house.sandbox.arrived()) == 1


async def test_the_same_words_twice_are_two_messages_even_if_the_first_answer_is_lost(house: Any) -> None:
    await house.sandbox.faults({"kind": "timeout_after_execution", "limit": 1})
    chat = house.chats[0]
    ids = [await house.send(chat, "hi") for _ in range(3)]
    rows = [await house.until(message_id, "sent") for message_id in ids]
    assert house.sandbox.texts(chat.platform_id) == ["hi", "hi", "hi"]
    assert [row.platform_id for row in rows] == [row["id"] for row in house.sandbox.arrived()]


async def test_a_message_that_the_platform_shows_late_is_waited_for(house: Any) -> None:
    await house.sandbox.faults({"kind": "timeout_after_execution", "limit": 1}, {"kind": "listing_lag", "seconds": 1.0})
    message_id = await house.send(house.chats[0], "seen late")
    await house.until(message_id, "sent")
    assert len(house.sandbox.arrived()) == 1


async def test_listings_that_fail_prove_nothing_and_a_person_decides_in_the_end(house: Any) -> None:
    await house.sandbox.faults({"kind": "http_5xx_before", "limit": 1}, {"kind": "listing_error"})
    chat = house.chats[0]
    await house.db.write(partial(_known_to_the_end, chat=chat))
    message_id = await house.send(chat, "hello?")
    row = await house.until(message_id, "needs_human")
    assert row.reason == "cannot_list"
    assert house.sandbox.arrived() == []
    await house.sandbox.faults()
    answer = await house.sending.resolve(house.me, message_id, Resolution(verdict="not_sent_send_again"))
    assert answer.message.state in ("ready", "sending", "sent")
    await house.until(message_id, "sent")
    assert len(house.sandbox.arrived()) == 1


def _known_to_the_end(session: Any, *, chat: Any) -> None:
    """As after a backfill: one message of the chat is stored, so that it need not be read before sending."""

    conversation = session.get_one(ConversationRow, chat.id)
    conversation.high_mark = "gone"
    session.add(
        MessageRow(
            id=new_id(),
            agency_id=conversation.agency_id,
            creator_id=chat.creator_id,
            conversation_id=chat.id,
            fan_id=conversation.fan_id,
            direction="in",
            at=datetime.now(UTC),
            platform_id="gone",
        )
    )


async def test_three_lost_attempts_are_enough_then_a_person_decides(house: Any) -> None:
    await house.sandbox.faults({"kind": "http_5xx_before"})
    message_id = await house.send(house.chats[0], "anyone?")
    row = await house.until(message_id, "needs_human", seconds=20)
    assert row.reason == "attempts_used_up"
    assert await house.outcomes(message_id) == ["ambiguous"] * 3
    await house.sandbox.faults()
    answer = await house.sending.resolve(house.me, message_id, Resolution(verdict="not_sent_give_up"))
    assert answer.message.state == "failed"
    assert house.sandbox.arrived() == []


async def test_a_refusal_fails_the_message_and_lets_the_next_one_pass(house: Any) -> None:
    await house.sandbox.faults({"kind": "refusal_200", "limit": 1})
    chat = house.chats[0]
    refused = await house.send(chat, "not this one")
    passed = await house.send(chat, "but this one")
    row = await house.until(refused, "failed")
    assert row.reason.startswith("refused")
    await house.until(passed, "sent")
    answer = await house.sending.retry(house.me, refused)
    assert answer.message.place > (await house.row(passed)).place
    await house.until(refused, "sent")
    assert house.sandbox.texts(chat.platform_id) == ["but this one", "not this one"]
    first, again = (row["client_key"] for row in house.sandbox.arrived())
    # A platform that remembers the refusal must not repeat it: another key, whichever attempt it was.
    assert first == passed
    assert again.startswith(f"{refused}.")


async def test_a_platform_that_says_not_sent_is_asked_again_soon(house: Any) -> None:
    await house.sandbox.faults({"kind": "http_5xx_before", "limit": 2, "request_outcome": "not_sent", "status": 503})
    message_id = await house.send(house.chats[0], "third time lucky")
    await house.until(message_id, "sent")
    assert await house.outcomes(message_id) == ["not_executed", "not_executed", "sent"]
    budget = await house.sending.budget(house.me, house.chats[0].creator_id)
    assert budget.remaining == 9  # what provably never went does not count


async def test_an_outage_only_delays(house: Any) -> None:
    await house.until(await house.send(house.chats[0], "before"), "sent")
    await house.sandbox.faults({"kind": "outage", "seconds": 1.0, "status": 503})
    message_id = await house.send(house.chats[0], "after")
    await house.until(message_id, "sent", seconds=20)
    assert house.sandbox.texts(house.chats[0].platform_id) == ["before", "after"]


async def test_429_pauses_the_whole_account_and_only_that_one(house: Any) -> None:
    mine, *others = house.of_one_account()
    elsewhere = next(chat for chat in house.chats if chat.account != mine.account)
    await house.sandbox.faults({"kind": "http_429", "limit": 1, "retry_after": 30, "account": mine.account})
    first = await house.send(mine, "too fast?")
    row = await house.until(first, "limited")
    second = await house.send(others[0], "me too")
    waiting = await house.until(second, "limited")
    free = await house.send(elsewhere, "not me")
    await house.until(free, "sent")
    assert waiting.not_before >= row.not_before
    assert (await house.row(first)).state == "limited"
    assert (await house.sending.budget(house.me, mine.creator_id)).remaining == 0


async def test_after_a_429_the_account_goes_on_by_itself(house: Any) -> None:
    await house.sandbox.faults({"kind": "http_429", "limit": 1, "retry_after": 1})
    message_id = await house.send(house.chats[0], "a little slower")
    await house.until(message_id, "sent")
    assert await house.outcomes(message_id) == ["throttled", "sent"]


async def test_a_lost_session_holds_messages_until_the_account_is_back(house: Any) -> None:
    chat, other = house.of_one_account()[:2]
    await house.sandbox.post(f"/admin/accounts/{chat.account}/log-out")
    first, second = await house.send(chat, "hello"), await house.send(other, "hello you")

    async def noticed() -> bool:
        return (await _state(house, chat)) == CreatorState.SESSION_EXPIRED

    await eventually(noticed, "the lost session is noticed")
    await house.sandbox.post(f"/admin/accounts/{chat.account}/log-in")
    assert (await house.row(first)).state in ("ready", "limited")
    await _connect(house, chat)
    await house.until(first, "sent")
    await house.until(second, "sent")
    assert len(house.sandbox.arrived()) == 2


async def _state(house: Any, chat: Any) -> str:

    return await house.db.read(lambda session: session.get_one(CreatorRow, chat.creator_id).state)


async def _connect(house: Any, chat: Any) -> None:

    def change(session: Any) -> None:
        row = accounts.creator(session, house.me.agency_id, chat.creator_id)
        accounts.set_creator_state(session, row, CreatorState.CONNECTED)

    await house.db.write(change)


async def test_a_webhook_that_proves_delivery_before_the_answer_settles_the_message(house: Any) -> None:
    """The proof comes by another way while the send is under way; the answer then changes nothing."""
    chat = house.chats[0]
    await house.sandbox.faults({"kind": "timeout_after_execution", "limit": 1})
    message_id = await house.send(chat, "ring ring")
    await house.until(message_id, "sending")

    async def arrived() -> bool:
        return len(house.sandbox.arrived()) == 1

    await eventually(arrived, "it arrived")
    reader = await house.readers.of(next(iter(house.readers._open)))
    page = await reader.messages(chat.account, chat.platform_id)
    late_proof = partial(reconcile.late_proof, creator_id=chat.creator_id, message=page.items[0])
    assert await house.db.write(late_proof)
    assert (await house.row(message_id)).state == "sent"

    async def settled() -> bool:
        return (await house.attempts(message_id))[0].outcome is not None

    await eventually(settled, "the attempt is settled")
    assert (await house.row(message_id)).state == "sent"
    assert not await house.db.write(late_proof)
    assert len(house.sandbox.arrived()) == 1


async def test_a_row_that_a_poll_made_of_our_message_gives_way_to_the_one_we_wrote(house: Any) -> None:

    chat = house.chats[0]
    message_id = await house.send(chat, "whose is it?")
    await house.until(message_id, "sent")
    platform_id = (await house.row(message_id)).platform_id
    stranger = new_id()

    def confuse(session: Any) -> None:
        ours = session.get_one(MessageRow, message_id)
        conversation = session.get_one(ConversationRow, chat.id)
        ours.platform_id, ours.state, ours.held_place = None, "needs_human", ours.place
        session.flush()
        session.add(
            MessageRow(
                id=stranger,
                agency_id=conversation.agency_id,
                creator_id=chat.creator_id,
                conversation_id=chat.id,
                fan_id=conversation.fan_id,
                direction="out",
                at=datetime.now(UTC),
                platform_id=platform_id,
                state="sent",
            )
        )
        session.flush()
        thread_store.refresh(session, [chat.id])

    await house.db.write(confuse)
    await house.sending.resolve(house.me, message_id, Resolution(verdict="sent", platform_id=platform_id))
    row = await house.row(message_id)
    assert (row.state, row.platform_id) == ("sent", platform_id)
    assert await house.db.read(lambda session: session.get(MessageRow, stranger)) is None
    conversation = await house.db.read(lambda session: session.get_one(ConversationRow, chat.id))
    assert conversation.last_message_id == message_id
