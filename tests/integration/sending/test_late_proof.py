"""Whose proof it is when several messages of a conversation read the same."""

from __future__ import annotations

from functools import partial
from typing import Any

from huntaze_backend.areas.messages import reconcile
from tests.helpers.sending_house import eventually


async def test_proof_belongs_to_the_send_under_way_and_not_to_one_that_failed_with_the_same_words(house: Any) -> None:
    """Given to the failed one, the answer of the other found its message taken, and the search sent it again."""
    chat = house.chats[0]
    await house.sandbox.faults({"kind": "refusal_200", "limit": 1}, {"kind": "timeout_after_execution", "limit": 1})
    failed = await house.send(chat, "miss you")
    await house.until(failed, "failed")
    under_way = await house.send(chat, "miss you")
    await house.until(under_way, "sending")

    async def arrived() -> bool:
        return len(house.sandbox.arrived()) == 1

    await eventually(arrived, "it arrived")
    reader = await house.readers.of(next(iter(house.readers._open)))
    page = await reader.messages(chat.account, chat.platform_id)
    tell = partial(reconcile.late_proof, creator_id=chat.creator_id, message=page.items[0])
    assert await house.db.write(tell)
    assert [(await house.row(id_)).state for id_ in (failed, under_way)] == ["failed", "sent"]
