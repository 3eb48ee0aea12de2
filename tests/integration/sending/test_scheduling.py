"""A message with a time: it goes then, not before, after a restart too, and can be changed or taken back until then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update

from huntaze_backend.areas.messages import scheduled
from huntaze_backend.areas.messages.scheduled import next_due, release_due
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.core.db import Database
from huntaze_backend.core.errors import ConflictError, ValidationProblem
from huntaze_contract.ids import new_id
from huntaze_contract.wire import Lane, MessageEdit
from tests.helpers.sending_house import QUICK, build_house, eventually


async def schedule(house: Any, chat: Any, text: str, ahead: timedelta) -> str:
    at = datetime.now(UTC) + ahead
    body = house.body(chat, text).model_copy(update={"send_at": at})
    answer, _ = await house.sending.accept(house.me, new_id(), body)
    return str(answer.message.id)


async def bring_forward(house: Any, *message_ids: str, to: timedelta = timedelta(0)) -> None:
    """As if the time had passed: the test does not wait for a minute."""
    at = datetime.now(UTC) + to
    change = update(MessageRow).where(MessageRow.id.in_(message_ids)).values(not_before=at)
    await house.db.write(lambda session: session.execute(change))


async def test_it_waits_without_a_place_and_says_when_it_goes(still_house: Any) -> None:
    house = still_house
    message_id = await schedule(house, house.chats[0], "tomorrow", timedelta(days=1))
    answer = await house.answer(message_id)
    assert (answer.message.state, answer.message.place, answer.message.lane) == ("scheduled", None, Lane.SCHEDULED)
    assert answer.estimated_at == answer.message.not_before
    assert (await house.sending.budget(house.me, house.chats[0].creator_id)).waiting == 0


async def test_it_goes_at_its_time_and_stands_where_it_was_sent(house: Any) -> None:
    chat = house.chats[0]
    later = await schedule(house, chat, "later", timedelta(seconds=30))
    now = await house.send(chat, "now")
    await house.until(now, "sent")
    assert (await house.row(later)).state == "scheduled"
    due = datetime.now(UTC) + timedelta(seconds=0.4)
    await bring_forward(house, later, to=timedelta(seconds=0.4))
    row = await house.until(later, "sent")
    assert house.sandbox.texts(chat.platform_id) == ["now", "later"]
    (arrived,) = (row for row in house.sandbox.arrived() if row["text"] == "later")
    assert datetime.fromisoformat(arrived["executed_at"]) >= due - timedelta(milliseconds=5)
    conversation = await house.db.read(lambda session: session.get_one(ConversationRow, chat.id))
    assert conversation.last_message_id == later
    assert row.at > (await house.row(now)).at


async def test_a_restart_during_the_wait_changes_nothing(still_house: Any) -> None:
    house = still_house
    house.start()
    message_id = await schedule(house, house.chats[0], "after the restart", timedelta(minutes=1))
    house.stop.set()
    await house.worker
    house.worker = None
    await bring_forward(house, message_id)
    again = await build_house(house.db, house.sandbox)
    again.start()
    await again.until(message_id, "sent")
    await again.end()
    assert house.sandbox.texts(house.chats[0].platform_id) == ["after the restart"]


@pytest.mark.parametrize("ahead", [timedelta(seconds=4), timedelta(0), timedelta(days=-3)])
async def test_a_time_that_is_past_or_very_soon_means_now(still_house: Any, ahead: timedelta) -> None:
    house = still_house
    row = await house.row(await schedule(house, house.chats[0], "now, then", ahead))
    assert (row.state, row.lane, row.place) == ("ready", "live", 1)


async def test_a_time_too_far_ahead_is_refused(still_house: Any) -> None:
    with pytest.raises(ValidationProblem) as caught:
        await schedule(still_house, still_house.chats[0], "in two years", timedelta(days=367))
    assert caught.value.errors[0].field == "send_at"
    await schedule(still_house, still_house.chats[0], "in a year", timedelta(days=365))


async def test_a_cancelled_one_never_goes(still_house: Any) -> None:
    house = still_house
    message_id = await schedule(house, house.chats[0], "no", timedelta(minutes=1))
    await house.sending.cancel(house.me, message_id)
    await bring_forward(house, message_id)
    assert await house.db.write(partial(release_due, timing=QUICK.timing)) == 0
    assert (await house.row(message_id)).state == "cancelled"


async def test_an_edited_one_goes_with_its_new_text(house: Any) -> None:
    message_id = await schedule(house, house.chats[0], "happy birthdya", timedelta(minutes=1))
    ver = (await house.answer(message_id)).message.ver
    await house.sending.edit(house.me, message_id, MessageEdit(text="happy birthday", base_ver=ver))
    assert (await house.row(message_id)).state == "scheduled"
    await bring_forward(house, message_id)
    await house.until(message_id, "sent")
    assert house.sandbox.texts(house.chats[0].platform_id) == ["happy birthday"]


async def test_those_of_one_conversation_enter_in_the_order_of_their_times(still_house: Any) -> None:
    house, chat = still_house, still_house.chats[0]
    second = await schedule(house, chat, "second", timedelta(minutes=2))
    first = await schedule(house, chat, "first", timedelta(minutes=1))
    await bring_forward(house, first, to=timedelta(seconds=-2))
    await bring_forward(house, second, to=timedelta(seconds=-1))
    assert (await house.db.read(next_due)).next_at is not None
    assert await house.db.write(partial(release_due, timing=QUICK.timing)) == 2
    assert [(await house.row(id_)).place for id_ in (first, second)] == [1, 2]
    assert (await house.db.read(next_due)).next_at is None


async def test_cancelling_one_at_its_very_time_is_one_or_the_other(house: Any) -> None:
    """It is sent or it is cancelled, and the platform agrees with what the row says."""
    ids = [await schedule(house, chat, "now or never", timedelta(minutes=1)) for chat in house.chats[:8]]
    await bring_forward(house, *ids, to=timedelta(seconds=0.1))
    for id_ in ids:
        try:
            await house.sending.cancel(house.me, id_)
        except ConflictError as error:
            assert error.code == "ILLEGAL_STATE"  # noqa: PT017  (either outcome is right)

    async def settled() -> bool:
        query = select(MessageRow.state).where(MessageRow.id.in_(ids))
        states = await house.db.read(lambda session: set(session.scalars(query)))
        return states <= {"sent", "cancelled"}

    await eventually(settled, "each is sent or cancelled")
    sent = [id_ for id_ in ids if (await house.row(id_)).state == "sent"]
    assert sorted(row["client_key"] for row in house.sandbox.arrived()) == sorted(sent)


@pytest.mark.parametrize("statement", [scheduled._NEXT, scheduled._DUE.with_only_columns(MessageRow.id)])
async def test_looking_for_what_is_due_reads_no_other_messages(sqlite: Database, statement: Any) -> None:
    def plan(session: Any) -> str:
        named = statement.params(at=datetime.now(UTC))
        sql = str(named.compile(session.get_bind(), compile_kwargs={"render_postcompile": True}))
        asked = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", (0,) * sql.count("?"))
        return str(asked.all())

    assert "ix_messages_scheduled" in await sqlite.read(plan)
