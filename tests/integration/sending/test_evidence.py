"""What a person sees who has to decide: the attempts, and the platform's chat as it is at that moment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from huntaze_backend.areas.accounts.tables import CreatorRow
from huntaze_backend.areas.messages.inquiry import Inquiries
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.core.errors import ConflictError
from huntaze_contract.ids import new_id
from huntaze_contract.wire import Resolution


async def written_elsewhere(house: Any, chat: Any, text: str) -> str:
    made = await house.sandbox.post(f"/api/{chat.account}/chats/{chat.platform_id}/messages", text=text)
    return str(made["data"]["id"])


async def bind_to_another(house: Any, chat: Any, platform_id: str) -> str:
    message_id = new_id()

    def add(session: Any) -> None:
        session.add(
            MessageRow(
                id=message_id,
                agency_id=house.me.agency_id,
                creator_id=chat.creator_id,
                conversation_id=chat.id,
                fan_id=session.get_one(ConversationRow, chat.id).fan_id,
                direction="out",
                at=datetime.now(UTC),
                platform_id=platform_id,
                state="sent",
                client_key=message_id,
            )
        )

    await house.db.write(add)
    return message_id


async def test_the_attempts_and_what_is_new_in_the_chat_are_laid_out(house: Any) -> None:
    chat = house.chats[0]
    inquiries = Inquiries(house.db, house.readers)
    await house.until(await house.send(chat, "before"), "sent")
    lost = {"kind": "timeout_after_execution"}
    await house.sandbox.faults(lost)
    message_id = await house.send(chat, "did it arrive?")
    await house.until(message_id, "sending", "unknown", "reconciling")
    await house.sandbox.faults(lost, {"kind": "listing_error"})
    await house.until(message_id, "needs_human", seconds=20)

    blind = await inquiries.evidence(house.me, message_id)
    assert (blind.complete, blind.candidates) == (False, [])
    assert blind.trouble is not None

    await house.sandbox.faults()
    bound = await written_elsewhere(house, chat, "known to be another")
    owner = await bind_to_another(house, chat, bound)
    stray = await written_elsewhere(house, chat, "from a phone")
    seen = await inquiries.evidence(house.me, message_id)
    assert (seen.complete, seen.trouble, seen.message.state) == (True, None, "needs_human")
    assert [(one.no, one.outcome) for one in seen.attempts] == [(1, "ambiguous")]
    arrived = next(row for row in house.sandbox.arrived() if row["client_key"] == message_id)
    assert [(one.platform_id, one.same_text, one.bound_to) for one in seen.candidates] == [
        (arrived["id"], True, None),
        (bound, False, owner),
        (stray, False, None),
    ]
    verdict = Resolution(verdict="sent", platform_id=seen.candidates[0].platform_id)
    assert (await house.sending.resolve(house.me, message_id, verdict)).message.state == "sent"
    with pytest.raises(ConflictError) as caught:
        await inquiries.evidence(house.me, message_id)
    assert caught.value.code == "ILLEGAL_STATE"


async def test_an_account_that_is_gone_cannot_be_listed_and_that_is_said(still_house: Any) -> None:
    house, chat = still_house, still_house.chats[0]
    message_id = await house.send(chat, "who knows")

    def leave(session: Any) -> None:
        row = session.get_one(MessageRow, message_id)
        row.state, row.reason = "needs_human", "cannot_list"
        session.get_one(CreatorRow, chat.creator_id).connection_id = None

    await house.db.write(leave)
    seen = await Inquiries(house.db, house.readers).evidence(house.me, message_id)
    assert (seen.attempts, seen.candidates, seen.complete) == ([], [], False)
    assert seen.trouble is not None
    assert "not connected" in seen.trouble
