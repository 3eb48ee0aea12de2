"""What the platform tells by webhook is verified, taken in once, and may come twice or in any order."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from typing import Any

import pytest
from sqlalchemy import func, select

from huntaze_backend.areas.accounts.tables import CreatorRow
from huntaze_backend.areas.fans.intake import fan_id
from huntaze_backend.areas.fans.loaders import load_fans
from huntaze_backend.areas.fans.tables import TransactionRow
from huntaze_backend.areas.messages.chats import conversation_id
from huntaze_backend.areas.messages.loaders import load_conversations
from huntaze_backend.areas.messages.tables import InboxRow, MessageRow
from huntaze_contract.ids import new_id

SECRET = "what the platform signs with"


def sign(body: bytes) -> str:
    return hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


class Platform:
    """Delivers events by hand, signed as the platform signs them."""

    def __init__(self, house: Any, web: Any) -> None:
        self.house = house
        self.web = web
        self.path = f"/api/webhooks/platform/{house.connection_id}"
        self.source = house.sources[0]

    async def tell(self, event: str, payload: dict[str, Any], *, key: str | None = None) -> int:
        body = json.dumps({"event": event, "account_id": self.source.account, "payload": payload}).encode()
        headers = {"Signature": sign(body)} | ({"X-OFAPI-Idempotency-Key": key} if key else {})
        answer = await self.web.post(self.path, content=body, headers=headers)
        return answer.status_code

    def message(self, number: int, text: str, *, mine: bool = False, **more: Any) -> dict[str, Any]:
        return {
            "id": str(10**12 + number),
            "chatId": "777",
            "text": f"<p>{text}</p>",
            "price": 0,
            "isFree": True,
            "media": [],
            "isSentByMe": mine,
            "fromUser": {"id": "1" if mine else "777", "name": "Jonas Weber", "username": "jonas"},
            "createdAt": f"2026-11-20T18:{number:02d}:00Z",
            **more,
        }

    async def read(self, work: Any) -> Any:
        return await self.house.db.read(work)

    async def conversation(self) -> Any:
        id_ = conversation_id(self.source, "777")
        return await self.read(lambda session: load_conversations(session, self.source.agency_id, [id_])[id_])

    async def timeline(self) -> list[MessageRow]:
        query = select(MessageRow).filter_by(conversation_id=conversation_id(self.source, "777"))
        return await self.read(lambda session: list(session.scalars(query.order_by(MessageRow.at, MessageRow.id))))

    async def fan(self) -> Any:
        id_ = fan_id(self.source, "777")
        return await self.read(lambda session: load_fans(session, self.source.agency_id, [id_])[id_])


@pytest.fixture
def platform(house: Any, web: Any) -> Platform:
    return Platform(house, web)


async def test_a_fan_who_writes_for_the_first_time_gets_a_conversation(platform):
    assert await platform.tell("messages.received", platform.message(1, "Hello &amp; hi")) == 204

    conversation = await platform.conversation()
    assert (conversation.unread, conversation.last.text) == (1, "Hello & hi")
    assert conversation.waiting_since == conversation.last_at
    assert (await platform.fan()).name == "Jonas Weber"


async def test_the_same_event_told_again_changes_nothing(platform):
    message = platform.message(1, "Hello")
    await platform.tell("messages.received", message, key="evt_1")
    before = await platform.house.seq()

    assert await platform.tell("messages.received", message, key="evt_1") == 204
    assert await platform.tell("messages.received", message, key="evt_2") == 204
    assert await platform.tell("messages.received", message) == 204

    assert await platform.house.seq() == before
    assert len(await platform.timeline()) == 1
    taken = await platform.read(lambda session: session.scalar(select(func.count()).select_from(InboxRow)))
    assert taken == 3


async def test_the_same_event_told_ten_times_at_once_is_taken_in_once(platform):
    message = platform.message(1, "Hello")

    answers = await asyncio.gather(*(platform.tell("messages.received", message, key="evt_1") for _ in range(10)))

    assert answers == [204] * 10
    assert len(await platform.timeline()) == 1


async def test_an_answer_that_is_told_before_the_question_still_answers_it(platform):
    await platform.tell("messages.sent", platform.message(2, "Good evening!", mine=True))
    await platform.tell("messages.received", platform.message(1, "Are you there?"))

    conversation = await platform.conversation()
    assert (conversation.waiting_since, conversation.unread, conversation.last.text) == (None, 0, "Good evening!")
    assert [row.state for row in await platform.timeline()] == [None, "sent"]


async def test_a_tip_that_comes_in_two_events_is_counted_once(platform):
    await platform.tell("messages.received", platform.message(1, "For you!", isTip=True, tipAmount=20))
    tip = {
        "id": "tx1",
        "type": "tip",
        "amount": 20,
        "net": 16,
        "fee": 4,
        "currency": "USD",
        "createdAt": "2026-11-20T18:01:00Z",
        "fan": {"id": "777"},
        "messageId": str(10**12 + 1),
        "status": "done",
    }
    await platform.tell("tips.received", {"chatId": "777", "amount": 20, "transactionId": "tx1"})
    await platform.tell("transactions.new", tip)
    await platform.tell("transactions.new", tip, key="again")
    await platform.tell("tips.received", {"chatId": "777", "amount": 20, "transactionId": "tx1"}, key="again too")

    assert (await platform.fan()).totals.lifetime == (await platform.fan()).totals.tips == 2000
    assert sorted((row.kind, row.price) for row in await platform.timeline()) == [("text", None), ("tip", 2000)]
    stored = await platform.read(lambda session: session.scalar(select(func.count()).select_from(TransactionRow)))
    assert stored == 1


async def test_a_sold_message_is_bought_when_its_transaction_says(platform):
    offer = platform.message(
        1, "A new set", mine=True, price=12.5, isFree=False, title="Lake at dawn", media=[{"id": "5", "type": "photo"}]
    )
    sale = {
        "id": "tx9",
        "type": "message",
        "amount": 12.5,
        "net": 10,
        "currency": "USD",
        "createdAt": "2026-11-20T19:00:00Z",
        "fan": {"id": "777"},
        "messageId": offer["id"],
        "status": "done",
    }
    await platform.tell("transactions.new", sale)
    await platform.tell("messages.ppv.unlocked", {"chatId": "777", "messageId": offer["id"], "amount": 12.5})
    await platform.tell("messages.sent", offer | {"isOpened": True})
    await platform.tell("messages.ppv.unlocked", {"chatId": "777", "messageId": offer["id"], "amount": 12.5}, key="2")

    row = (await platform.timeline())[0]
    assert (row.kind, row.title, row.price, row.media[0]["type"]) == ("ppv", "Lake at dawn", 1250, "photo")
    assert row.bought_at is not None
    assert row.bought_at.isoformat() == "2026-11-20T19:00:00+00:00"
    totals = (await platform.fan()).totals
    assert (totals.ppv, totals.bought, totals.offered) == (1250, 1, 1)


async def test_what_a_fan_reads_deletes_and_types_is_followed(platform):
    ours = platform.message(1, "Good evening", mine=True)
    await platform.tell("messages.sent", ours)
    await platform.tell("messages.received", platform.message(2, "Oops"))

    with platform.house.hub.subscribe(platform.source.agency_id) as subscription:
        await platform.tell("users.typing", {"fanId": "777", "chatId": "777"})
        creator, frame = subscription.ephemeral.pop()
    assert creator == platform.source.creator_id
    assert (frame["type"], frame["conversation_id"]) == ("typing", conversation_id(platform.source, "777"))

    await platform.tell("messages.read", {"chatId": "777", "lastReadId": ours["id"]})
    await platform.tell("messages.deleted", {"chatId": "777", "messageId": str(10**12 + 2)})
    await platform.tell("users.online", {"fanId": "777"})
    (row,) = await platform.timeline()
    assert row.read_at is not None
    assert (await platform.conversation()).last.read
    assert (await platform.conversation()).unread == 0
    assert (await platform.fan()).last_seen_at is not None


async def test_an_account_that_loses_its_session_says_so(platform):
    async def state() -> str:
        return await platform.read(lambda session: session.get_one(CreatorRow, platform.source.creator_id).state)

    await platform.tell("accounts.session_expired", {}, key="gone")
    assert await state() == "session_expired"
    await platform.tell("accounts.connected", {}, key="back")
    assert await state() == "connected"


async def test_only_the_platform_can_tell(platform):
    body = json.dumps(
        {"event": "messages.received", "account_id": platform.source.account, "payload": platform.message(1, "Hi")}
    ).encode()
    post = platform.web.post

    assert (await post(platform.path, content=body)).status_code == 401
    assert (await post(platform.path, content=body, headers={"Signature": sign(body + b" ")})).status_code == 401
    elsewhere = f"/api/webhooks/platform/{new_id()}"
    assert (await post(elsewhere, content=body, headers={"Signature": sign(body)})).status_code == 401
    assert (await post(platform.path, content=body, headers={"Signature": sign(body)})).status_code == 204


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b'{"event": "messages.received"}', b"[" * 5000])
async def test_what_is_no_event_is_refused_in_clear_words(platform, body):
    answer = await platform.web.post(platform.path, content=body, headers={"Signature": sign(body)})

    assert answer.status_code == 400
    assert answer.json()["code"] in {"MALFORMED_JSON", "BAD_REQUEST"}


async def test_an_event_without_end_is_cut_off(platform):
    body = b" " * 1_000_001

    answer = await platform.web.post(platform.path, content=body, headers={"Signature": sign(body)})

    assert (answer.status_code, answer.json()["code"]) == (413, "TOO_LARGE")


async def test_events_of_accounts_and_kinds_we_do_not_know_are_taken_and_forgotten(platform):
    assert await platform.tell("stories.new", {}) == 204
    platform.source = platform.source.__class__("x", "y", "acct_elsewhere")
    assert await platform.tell("messages.received", platform.message(1, "Hi")) == 204
    platform.source = platform.house.sources[0]
    assert await platform.timeline() == []
