"""Two people and one fan: the door tells the one who came second, whatever they knew, and exactly that one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update

from huntaze_backend.areas.accounts.tables import CreatorRow
from huntaze_backend.areas.fans.intake import Source
from huntaze_backend.areas.messages import accepting, leases
from huntaze_backend.areas.messages.intake import put_messages
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.core.audit import AuditRow
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.errors import ConflictError
from huntaze_backend.engines.gateways.reading import PlatformMessage
from huntaze_contract.ids import new_id
from huntaze_contract.wire import Collision, Lane, LeaseRequest, Role
from tests.helpers.sending_house import COMPLIANCE


def member(house: Any, name: str) -> Principal:
    return Principal(new_id(), house.me.agency_id, Role.CHATTER, None, new_id(), name)


async def write(house: Any, who: Principal, chat: Any, text: str, **more: Any) -> str:
    body = house.body(chat, text).model_copy(update=more)
    answer, _ = await house.sending.accept(who, new_id(), body)
    return str(answer.message.id)


async def refused(house: Any, who: Principal, chat: Any, **more: Any) -> ConflictError:
    with pytest.raises(ConflictError) as caught:
        await write(house, who, chat, "me too", **more)
    return caught.value


async def reply_rev(house: Any, chat: Any) -> int:
    return int(await house.db.read(lambda session: session.get_one(ConversationRow, chat.id).reply_rev))


async def told(house: Any, chat: Any, *messages: PlatformMessage) -> None:
    def take_in(session: Any) -> None:
        creator = session.get_one(CreatorRow, chat.creator_id)
        put_messages(session, Source(creator.id, creator.agency_id, creator.platform_account_id), messages)

    await house.db.write(take_in)


async def read_before(house: Any, chat: Any) -> None:
    await house.db.write(
        lambda session: session.execute(
            update(ConversationRow).where(ConversationRow.id == chat.id).values(backfilled_at=datetime.now(UTC))
        )
    )


def said(chat: Any, text: str, at: datetime, *, ours: bool = False) -> PlatformMessage:
    return PlatformMessage(id=new_id(), chat=chat.platform_id, from_us=ours, text=text, created_at=at)


async def test_every_outgoing_row_takes_the_count_one_further(still_house: Any) -> None:
    house, chat = still_house, still_house.chats[0]
    ids = [await write(house, house.me, chat, text) for text in ("one", "two")]
    assert [(await house.row(id_)).rev for id_ in ids] == [1, 2]
    assert await reply_rev(house, chat) == 2


async def test_a_colleagues_reply_that_was_not_seen_is_told(still_house: Any) -> None:
    house, chat = still_house, still_house.chats[0]
    noor, pim = member(house, "Noor"), member(house, "Pim")
    first = await write(house, noor, chat, "I have her", base_rev=0)
    error = await refused(house, pim, chat, base_rev=0)
    assert error.code == "COLLISION"
    assert error.collision is not None
    assert (error.collision.reason, error.collision.reply_rev) == ("colleague_replied", 1)
    assert [(row.id, row.author_name) for row in error.collision.missed] == [(first, "Noor")]
    await write(house, pim, chat, "and I saw it", base_rev=error.collision.reply_rev)


async def test_ones_own_messages_are_no_surprise(still_house: Any) -> None:
    house, chat, noor = still_house, still_house.chats[0], member(still_house, "Noor")
    for text in ("one", "two", "three"):
        await write(house, noor, chat, text, base_rev=0)
    assert await reply_rev(house, chat) == 3


async def test_who_names_no_base_is_not_asked(still_house: Any) -> None:
    house, chat = still_house, still_house.chats[0]
    await write(house, member(house, "Noor"), chat, "one")
    await write(house, member(house, "Pim"), chat, "two")


async def test_what_was_taken_back_or_is_a_campaign_is_no_reply(still_house: Any) -> None:
    house, chat = still_house, still_house.chats[0]
    await house.sending.cancel(house.me, await write(house, house.me, chat, "never mind"))
    campaign = partial(
        accepting.queue,
        compliance=COMPLIANCE,
        agency_id=house.me.agency_id,
        conversation_id=chat.id,
        key=new_id(),
    )
    await house.db.write(lambda session: campaign(session, text="To all of you", lane=Lane.CAMPAIGN))
    await write(house, member(house, "Pim"), chat, "me", base_rev=0)
    assert await reply_rev(house, chat) == 3


async def test_a_reply_from_a_phone_is_told_too(still_house: Any) -> None:
    house, chat = still_house, still_house.chats[0]
    await read_before(house, chat)
    at = datetime.now(UTC)
    await told(house, chat, said(chat, "from my phone", at, ours=True), said(chat, "hi", at - timedelta(seconds=1)))
    error = await refused(house, member(house, "Pim"), chat, base_rev=0)
    assert error.collision is not None
    assert [row.text for row in error.collision.missed] == ["from my phone"]
    assert error.collision.missed[0].author_id is None
    await told(house, chat, said(chat, "again", at, ours=True), said(chat, "and again", at, ours=True))
    assert await reply_rev(house, chat) == 3


async def test_history_overtakes_nobody(still_house: Any) -> None:
    house, chat = still_house, still_house.chats[0]
    at = datetime.now(UTC)
    await told(house, chat, *(said(chat, f"line {n}", at - timedelta(days=n), ours=True) for n in range(5)))
    await write(house, house.me, chat, "hello again", base_rev=0)
    assert await reply_rev(house, chat) == 1


@pytest.mark.parametrize(("later", "told_of_it"), [(timedelta(hours=1, minutes=59), False), (timedelta(hours=3), True)])
async def test_a_fan_who_wrote_on_long_after_it_was_composed_may_want_another_answer(
    still_house: Any, later: timedelta, told_of_it: bool
) -> None:
    house, chat, noor = still_house, still_house.chats[0], member(still_house, "Noor")
    composed_at = datetime.now(UTC) - timedelta(hours=5)
    await told(house, chat, said(chat, "soon after", composed_at + timedelta(minutes=5)))
    await told(house, chat, said(chat, "are you there?", composed_at + later))
    seen = {"base_rev": 0, "composed_at": composed_at}
    if not told_of_it:
        await write(house, noor, chat, "yes", **seen)
        return
    error = await refused(house, noor, chat, **seen)
    assert error.collision is not None
    assert error.collision.reason == "fan_wrote_on"
    assert [row.text for row in error.collision.missed] == ["soon after", "are you there?"]


async def test_the_newest_twenty_of_what_was_missed_are_shown_oldest_first(still_house: Any) -> None:
    house, chat, noor = still_house, still_house.chats[0], member(still_house, "Noor")
    for number in range(25):
        await write(house, noor, chat, f"line {number}")
    error = await refused(house, member(house, "Pim"), chat, base_rev=2)
    assert error.collision is not None
    assert [row.text for row in error.collision.missed] == [f"line {number}" for number in range(5, 25)]


async def test_a_lease_that_a_colleague_took_over_is_lost_whatever_its_clock_says(still_house: Any) -> None:
    house, chat = still_house, still_house.chats[0]
    noor, pim = member(house, "Noor"), member(house, "Pim")

    async def take(who: Principal) -> int:
        request = LeaseRequest(device_id=new_id(), take_over=True)
        lease, _ = await house.db.write(lambda session: leases.take(session, who, chat.id, request))
        return int(lease.epoch)

    mine = await take(noor)
    await write(house, noor, chat, "under my lease", lease_epoch=mine)
    theirs = await take(pim)
    error = await refused(house, noor, chat, lease_epoch=mine)
    assert error.code == "LEASE_LOST"
    assert error.collision is not None
    assert (error.collision.reason, error.collision.holder, error.collision.missed) == ("lease_lost", "Pim", [])
    await write(house, noor, chat, "all the same", lease_epoch=mine, override=True)
    await write(house, pim, chat, "mine now", lease_epoch=theirs)


async def test_sending_all_the_same_is_accepted_and_audited(still_house: Any) -> None:
    house, chat = still_house, still_house.chats[0]
    first = await write(house, member(house, "Noor"), chat, "I have her", base_rev=0)
    pim, key = member(house, "Pim"), new_id()
    body = house.body(chat, "both of us").model_copy(update={"base_rev": 0})
    with pytest.raises(ConflictError):
        await house.sending.accept(pim, key, body)
    await house.sending.accept(pim, key, body.model_copy(update={"override": True}))
    query = select(AuditRow).where(AuditRow.action == "message.override")
    act = await house.db.read(lambda session: session.scalars(query).one())
    assert (act.actor_id, act.subject) == (pim.member_id, key)
    assert act.detail == {"reason": "colleague_replied", "missed": [first]}


async def test_a_repeat_of_what_was_accepted_never_collides(still_house: Any) -> None:
    house, chat, noor, key = still_house, still_house.chats[0], member(still_house, "Noor"), new_id()
    body = house.body(chat, "mine").model_copy(update={"base_rev": 0})
    await house.sending.accept(noor, key, body)
    await write(house, member(house, "Pim"), chat, "later", base_rev=1)
    _, replayed = await house.sending.accept(noor, key, body)
    assert replayed


async def test_of_all_who_answer_at_once_exactly_one_is_unaware(still_house: Any) -> None:
    """Real concurrency: each round, several members post at the same moment what they wrote without seeing the rest."""
    house, team = still_house, [member(still_house, name) for name in ("Noor", "Pim", "Ada", "Bo")]
    for base, chat in enumerate([house.chats[0]] * 8):
        outcomes = await asyncio.gather(
            *(write(house, who, chat, who.name, base_rev=base) for who in team), return_exceptions=True
        )
        won = [outcome for outcome in outcomes if isinstance(outcome, str)]
        lost = [outcome for outcome in outcomes if isinstance(outcome, ConflictError)]
        assert (len(won), len(lost)) == (1, len(team) - 1), outcomes
        for error in lost:
            assert isinstance(error.collision, Collision)
            assert [row.id for row in error.collision.missed] == won
    query = select(MessageRow.rev).where(MessageRow.conversation_id == house.chats[0].id).order_by(MessageRow.rev)
    assert await house.db.read(lambda session: list(session.scalars(query))) == list(range(1, 9))


async def test_members_of_different_conversations_do_not_meet(still_house: Any) -> None:
    house = still_house
    await asyncio.gather(
        *(write(house, replace(house.me, member_id=new_id()), chat, "hello", base_rev=0) for chat in house.chats[:6])
    )
